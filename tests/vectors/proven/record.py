"""Records `recorded.json` from real nodes: `python tests/vectors/proven/record.py`. Anvil and Ganache come by `npm ci`.

    headers   a block of each fork's form, as the node gives it: its hash is the node's own
    proof     a region log on Anvil: its block, the answer to eth_getProof, and the words that `log.read` gives
    older     the same answer at an earlier block
    other     the same slots of another contract at the same block

Times and keys of each recording differ, so no test compares the file with a new one: it is what nodes once said.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "e2e")]

from acting import publisher, region_on  # noqa: E402
from servers import Server, anvil, ganache  # noqa: E402

from creditchain.chain.connect import connect  # noqa: E402
from creditchain.home.journal import open_journal  # noqa: E402
from creditchain.index.opening import region_log  # noqa: E402
from creditchain.log.cells import parse_writes  # noqa: E402
from creditchain.proven.log_state import slots_of  # noqa: E402

FORKS = ("london", "paris", "shanghai", "cancun", "prague")
ABSENT = "0x17" + "ab" * 31


def block_of(server: Server) -> dict[str, Any]:
    server.ask("evm_mine")
    found: dict[str, Any] = server.ask("eth_getBlockByNumber", "latest", False)
    return found


def headers() -> Iterator[dict[str, Any]]:
    for fork in FORKS:
        with anvil("--hardfork", fork) as server:
            yield {"form": fork, "node": server.ask("web3_clientVersion"), "block": block_of(server)}
    for fork in ("london", "merge", "shanghai"):
        with ganache("--chain.hardfork", fork) as server:
            yield {"form": fork, "node": server.ask("web3_clientVersion"), "block": block_of(server)}


def proof() -> dict[str, Any]:
    with (
        anvil() as server,
        tempfile.TemporaryDirectory() as folder,
        connect(server.network()) as chain,
        open_journal(Path(folder) / "journal.sqlite") as journal,
    ):
        region = region_on(chain, journal)
        before = chain.head().number
        publisher(region, journal, 1)
        written = [
            write.key for entry in region_log(region).entries() for write in parse_writes(entry.writes, entry.index)
        ]
        keys = [*dict.fromkeys(written[-3:]), bytes.fromhex(ABSENT[2:])]
        at, log = chain.head().number, region.deployment.contracts["RegionLog"]
        slots = ["0x" + slot.hex() for slot in slots_of(keys)]

        def asked(address: str, number: int) -> Any:
            return chain.request("eth_getProof", address, slots, hex(number))

        return {
            "log": {
                "address": log.address,
                "code_hash": "0x" + log.code_hash.hex(),
                "log_id": "0x" + region.deployment.log_id.hex(),
            },
            "keys": ["0x" + key.hex() for key in keys],
            "words": ["0x" + word.hex() for word in region.words(keys, at)],
            "size": region.log_size(at),
            "block": chain.request("eth_getBlockByNumber", hex(at), False),
            "answer": asked(log.address, at),
            "older": asked(log.address, before),
            "other": asked(region.deployment.address("NodeRegistry"), at),
        }


if __name__ == "__main__":
    recorded = {"headers": list(headers()), **proof()}
    (HERE / "recorded.json").write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
