"""`log replay`: the state of a region follows from its entries alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from acting import admission, batch, publisher, set_profile
from founded import founded_on

from creditchain.acts.replaying import replay_log
from creditchain.chain.abi import interface
from creditchain.chain.connect import Chain
from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.networks import load_network, require_url
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.rpc import Answer, HttpWire, Wire
from creditchain.chain.signers import dev_signer
from creditchain.cli.app import run
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.log.cells import cell_key
from creditchain.log.entries import AnswerBody
from creditchain.vocabulary import DisputeState, Life, Role, Space

#: The slot of `RegionLog`'s mapping of cells; those before it hold authority, head and 64 peaks.
CELLS_SLOT = 66


def busy_region(chain: Chain, journal: Journal) -> Region:
    """A region in which a bureau anchored three batches and changed the lives of two records, one of them twice.

    A platform disputed a third one twice; the bureau answered the first filing.
    """
    region = founded_on(chain, journal)
    outbox = region.outbox(publisher(region, journal, 1), journal)
    calls, reason = region.calls, keccak256(b"reason")
    for number in (1, 2, 3):
        outbox.submit(f"anchor {number}", calls.anchor(batch(1, number)))
    for leaf, life in ((b"a", Life.REVOKED), (b"b", Life.REVOKED), (b"b", Life.ERASED)):
        outbox.submit(f"{leaf!r} {life}", calls.set_life(1, keccak256(leaf), life, reason_digest=reason))
    _disputes(region, outbox, journal)
    region.outbox(dev_signer(0, chain), journal).submit("profile", set_profile(region, 1, 1))
    return region


def _disputes(region: Region, bureau: Outbox, journal: Journal) -> None:
    calls, leaf, reason = region.calls, keccak256(b"c"), keccak256(b"reason")
    operator = dev_signer(2, region.chain)
    fund_dev_accounts(region.chain, [operator.address])
    governor = region.outbox(dev_signer(0, region.chain), journal)
    governor.submit("platform", calls.admit(admission(operator.address, Role.PLATFORM)))
    platform = region.outbox(operator, journal)
    for number in (1, 2):
        platform.submit(f"dispute {number}", calls.file_dispute(2, 1, leaf, reason))
    bureau.submit("answer", calls.answer_dispute(AnswerBody(1, leaf, 1, DisputeState.UPHELD, bytes(32), reason)))


def test_every_cell_follows_from_the_entries(chain: Chain, journal: Journal) -> None:
    region = busy_region(chain, journal)
    state = replay_log(region, compare=True)
    assert state.head.size == region.log_size()
    spaces = Counter(cell.space for cell in state.cells)
    assert (spaces[Space.BOOK], spaces[Space.PUBLISHER], spaces[Space.PRODUCT], spaces[Space.RECORD]) == (1, 3, 3, 2)
    assert spaces[Space.DISPUTE] == 2
    record = region.record(1, keccak256(b"c"))
    assert (record.open, record.filings, record.outcome) == (1, 2, DisputeState.UPHELD)
    assert [cell.value for cell in state.cells if cell.space == Space.BOOK] == [3 * 7 << 32 | 3]
    epoch = next(cell for cell in state.cells if cell.key == cell_key(Space.EPOCH, 0))
    assert epoch.value == region.current_key_epoch() == 1
    absent = cell_key(Space.RECORD, 5)
    assert region.words([absent, epoch.key]) == [bytes(32), epoch.word]


@pytest.mark.parametrize("chain", ["anvil", "ganache"], indirect=True)
def test_cells_are_what_the_storage_holds(chain: Chain, journal: Journal) -> None:
    """Read from storage itself, not through a function of the contract."""
    region = busy_region(chain, journal)
    log = region.deployment.address("RegionLog")
    with closing(HttpWire(require_url(chain.network.url))) as wire:
        for cell in replay_log(region).cells:
            slot = keccak256(cell.key + CELLS_SLOT.to_bytes(32, "big"))
            params = [log, "0x" + slot.hex(), "latest"]
            asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_getStorageAt", "params": params}
            held = wire.exchange(asked, 30).value["result"]
            assert int(held, 16).to_bytes(32, "big") == cell.word


def test_as_of_an_earlier_block(chain: Chain, journal: Journal) -> None:
    region = busy_region(chain, journal)
    now, earlier = replay_log(region), replay_log(region, chain.head().number - 1, compare=True)
    assert earlier.head.size == now.head.size - 1
    # The last entry, a change of a profile, may write cells, but takes none away.
    assert {cell.key for cell in earlier.cells} <= {cell.key for cell in now.cells}


class Lying(Wire):
    """An endpoint that changes the results of calls of one function."""

    def __init__(self, wire: Wire, selector: bytes, change: Callable[[str], str]) -> None:
        self.name, self._wire, self.close = wire.name, wire, wire.close
        self._selector, self._change, self.on = "0x" + selector.hex(), change, False

    def exchange(self, payload: Any, seconds: float) -> Answer:
        answer = self._wire.exchange(payload, seconds)
        asked = "" if isinstance(payload, list) else str(payload["params"])
        if not self.on or self._selector not in asked:
            return answer
        return Answer({**answer.value, "result": self._change(answer.value["result"])})


def test_a_cell_that_is_told_wrongly(journal: Journal) -> None:
    from creditchain.chain.embedded_rpc import open_embedded

    def change(result: str) -> str:
        """The first bit of the first word."""
        at = 2 + 64 * 5
        return result[:at] + f"{int(result[at], 16) ^ 8:x}" + result[at + 1 :]

    read = interface("RegionLog").functions["read"].selector
    wire = Lying(open_embedded(3133710, None, 1), read, change)
    with Chain(load_network("embedded"), wire) as lying:
        region = busy_region(lying, journal)
        replay_log(region, compare=True)
        wire.on = True
        with pytest.raises(LyingEndpointError, match="is not what the entries add up to"):
            replay_log(region, compare=True)


def test_the_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    places = ["--home", str(tmp_path / "home"), "--deployments", str(tmp_path)]
    assert run(["deploy", "--region", "YRD", "--signer", "dev:0", *places, "--quiet"]) == 0
    capfd.readouterr()
    assert run(["log", "replay", "--compare", "--json", *places]) == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["compared"], len(told["words"])) == (True, told["cells"])
    assert run(["log", "replay", *places]) == 0
    lines = dict(line.split("  ", 1) for line in capfd.readouterr().out.splitlines())
    assert (lines["state_root 状态根"], lines["cells 单元数"]) == (told["state_root"], str(told["cells"]))
