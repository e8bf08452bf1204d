"""A web3 provider over a connection of this package, for scripts that want web3's own interface."""

from __future__ import annotations

from typing import Any

from web3 import Web3
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from creditchain.chain.connect import Chain
from creditchain.chain.errors import RpcError


def web3_of(chain: Chain) -> Web3:
    """A web3 object over a connection, also where the chain is embedded."""
    return Web3(ChainProvider(chain))


class ChainProvider(JSONBaseProvider):
    """Hands web3's requests to a chain, with its deadlines and retries."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        self._chain = chain

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Answer one request in JSON-RPC's shape."""
        try:
            return {"jsonrpc": "2.0", "id": 1, "result": self._chain.request(method, *params)}
        except RpcError as error:
            described: Any = {"code": error.code, "message": error.reason}
            if error.data is not None:
                described["data"] = "0x" + error.data.hex()
            return {"jsonrpc": "2.0", "id": 1, "error": described}

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002 - web3's signature
        """Always: a chain is connected from its beginning to its end."""
        return True
