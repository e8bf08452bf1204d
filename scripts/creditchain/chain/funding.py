"""Money for gas on local development chains, given by the node itself."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.chain.connect import Chain
from creditchain.chain.errors import RpcError, SignerError
from creditchain.chain.fees import suggest
from creditchain.chain.refusals import Refusal

#: Wei that an account gets, and below which it gets it again.
ENOUGH, TOO_LITTLE = 100 * 10**18, 10**18
#: How Anvil and Ganache are told to set a balance.
_METHODS = ("anvil_setBalance", "evm_setAccountBalance")


def fund_dev_accounts(chain: Chain, addresses: Sequence[str]) -> None:
    """Give accounts of a local chain money for gas, where gas costs and they have too little.

    Raises:
        SignerError: the chain is not local, or its node cannot do that.
    """
    if not chain.local:
        raise SignerError("only local development chains give money", found=f"network {chain.network.name}")
    if suggest(chain).limit == 0:
        return
    for address, balance in zip(addresses, chain.balances(addresses), strict=True):
        if balance < TOO_LITTLE:
            _set_balance(chain, address)


def _set_balance(chain: Chain, address: str) -> None:
    for method in _METHODS:
        try:
            chain.request(method, address, hex(ENOUGH))
        except RpcError as error:
            if error.refusal is Refusal.PASSING:
                raise
            continue
        return
    raise SignerError(
        "this node does not give development accounts money",
        hint=f"Send {address} some, or use a network without fees.",
    )
