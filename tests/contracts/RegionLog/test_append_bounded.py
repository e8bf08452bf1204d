"""`RegionLog.append` against a model of it, exhaustively over small masks, kinds, keys, old and new values.

All trials of one set of rights are made in a few `eth_call`s (`Rehearsal`), each undone after it. Of each the revert
data or index, every cell, the frontier and the root are compared; the root holds the hash of the entry, and so each
old word. `make test-all` tries all sets of rights, `make test` some.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import reference
from brownie import accounts, web3
from eth_abi import decode, encode
from log_model import Log, Refused, Rights, Writes, perfect
from world import WHOLE_SPACE, all_entries, cell_key, deploy, word

#: Kinds: one that anybody may get, revocations, and those that no writer may append or that are none.
PLAIN, REVOCATION = 3, 9
KINDS = (PLAIN, REVOCATION, 0, 13, 14, 31, 32, 255)
#: Two spaces that are granted; the log's own; the first that is none, and the last.
SHARED, OTHER, OWN, NONE, LAST = 5, 23, 0, 24, 255
TOP = 1 << 199
#: Old values by id; the first cell was never written, the second holds a written 0.
OLD = (None, 0, 1, 2, 3, TOP | 1)
NEW = (0, 1, 2, 3, 5, TOP | 3, 1 << 200)
#: Runs of bits, which the head of the log holds, one that is none, and all.
SHARES = (0, 1, 2, 3, 5, WHOLE_SPACE)
TRIALS_A_CALL = 150
CALL_GAS = 2**30


@dataclass(frozen=True)
class Setting:
    """Rights of two writers in the shared space, and whether the log is sealed."""

    kinds: frozenset[int]
    bits: int
    others_bits: int
    sealed: bool


SETTINGS = [
    Setting(frozenset(kinds), one, other, sealed)
    for kinds in ((PLAIN,), (REVOCATION,), (PLAIN, REVOCATION))
    for one, other in itertools.product(SHARES, repeat=2)
    if not one & other
    for sealed in (False, True)
]
#: Those of `make test`: each pair of shares once, and each set of kinds sealed.
SOME = [one for one in SETTINGS if one.kinds == {PLAIN} and not one.sealed]
SOME += [one for one in SETTINGS if one.sealed and (one.bits, one.others_bits) == (1, 2)]


class Stage:
    """A log that the rehearsal governs, and three wallets of it, of which the third is no writer."""

    def __init__(self) -> None:
        self.manager = deploy("AccessManager", accounts[0])
        self.log = deploy("RegionLog", self.manager, word(b"YRD"))
        self.rehearsal = deploy("Rehearsal")
        self.manager.grantRole(0, self.rehearsal, 0)
        self.wallets = [deploy("Wallet", self.rehearsal) for _ in range(4)]
        self.addresses = [int(wallet.address, 16) for wallet in self.wallets]
        self.ids = [self.log.writerId(wallet, code_hash(wallet)) for wallet in self.wallets]

    def places(self) -> list[int]:
        """Every cell that a trial might touch."""
        ids = range(len(OLD))
        shared = [cell_key(SHARED, n) for n in ids]
        return [*shared, *(cell_key(space, 0) for space in (OTHER, OWN, NONE, LAST)), cell_key(OWN, self.ids[0])]

    def reading(self) -> list[tuple[str, bytes]]:
        """The steps that tell all that a trial may change."""
        read = call("read(uint256[])", ["uint256[]"], self.places())
        return [(self.log.address, data) for data in (read, call("frontier()", []), call("root()", []))]

    def prepared(self, setting: Setting) -> list[tuple[str, bytes]]:
        """The steps that make a log of this setting, with old values that a former writer left."""
        former, spaces = self.wallets[3], [(SHARED, WHOLE_SPACE), (OTHER, WHOLE_SPACE)]
        steps = [self.granted(0, former, {PLAIN}, spaces)]
        steps.append(self.append(3, PLAIN, b"", tuple(
            (cell_key(SHARED, n), value) for n, value in enumerate(OLD) if value is not None
        )))  # fmt: skip
        steps.append(self.granted(self.ids[3], "0x" + "00" * 20, set(), []))
        for wallet, kinds, bits, more in (
            (self.wallets[0], setting.kinds, setting.bits, [(OTHER, WHOLE_SPACE)]),
            (self.wallets[1], {PLAIN}, setting.others_bits, []),
        ):
            steps.append(self.granted(0, wallet, kinds, [*([(SHARED, bits)] if bits else []), *more]))
        if setting.sealed:
            steps.append((self.log.address, call("seal()", [])))
        return [
            *steps,
            *self.reading(),
            (self.log.address, call("sealedAt()", [])),
            (self.log.address, call("size()", [])),
        ]

    def granted(
        self, removed: int, added: Any, kinds: set[int] | frozenset[int], shares: list[Any]
    ) -> tuple[str, bytes]:
        types = ["uint160", "address", "uint32", "(uint8,uint200)[]"]
        mask = sum(1 << kind for kind in kinds)
        return self.log.address, call(f"setWriter({','.join(types)})", types, removed, str(added), mask, shares)

    def append(self, who: int, kind: int, body: bytes, writes: Writes) -> tuple[str, bytes]:
        types = ["uint8", "bytes", "(uint256,uint256)[]"]
        inner = call(f"append({','.join(types)})", types, kind, body, list(writes))
        data = call("execute(address,bytes)", ["address", "bytes"], self.log.address, inner)
        return self.wallets[who].address, data

    def ask(
        self, first: list[Any], trials: list[Any], overrides: Any = None
    ) -> tuple[int, list[bytes], list[list[bytes]]]:
        types = ["(address,bytes)[]", "(address,bytes)[][]"]
        data = call(f"rehearse({','.join(types)})", types, first, trials)
        asked = {"to": self.rehearsal.address, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        answer = web3.provider.make_request("eth_call", [asked, "latest", *([overrides] if overrides else [])])
        assert "result" in answer, answer
        time, prepared, results = decode(["uint256", "bytes[]", "bytes[][]"], bytes.fromhex(answer["result"][2:]))
        return time, list(prepared), [list(one) for one in results]

    def as_it_is(self, setting: Setting, time: int, told: list[bytes]) -> Log:
        """The log after `prepared`, as its last steps tell."""
        assert all(one[:1] == b"\x01" for one in told)
        words, peaks, root, sealed, size = (one[1:] for one in told[-5:])
        mine = {space: bits for space, bits in ((SHARED, setting.bits), (OTHER, WHOLE_SPACE)) if bits}
        other = {SHARED: setting.others_bits} if setting.others_bits else {}
        rights = {self.addresses[0]: Rights(setting.kinds, mine), self.addresses[1]: Rights(frozenset({PLAIN}), other)}
        cells = dict(zip(self.places(), decode(["uint256[]", "uint64", "uint64", "bytes32"], words)[0], strict=True))
        numbers = int.from_bytes(sealed, "big"), int.from_bytes(size, "big")
        log = Log(bytes(self.log.logId()), time, rights, *numbers, tuple(decode(["bytes32[]"], peaks)[0]), cells)
        assert log.root == root
        return log

    def with_peaks(self, time: int, size: int, peaks: tuple[bytes, ...]) -> Log:
        """The log of `sized`, with another size and frontier."""
        return Log(bytes(self.log.logId()), time, {self.addresses[0]: Rights(frozenset({PLAIN}))}, 0, size, peaks, {})


#: What a trial does: appends, one after the other.
Trial = tuple[tuple[int, int, Writes], ...]


def trials(stage: Stage) -> Iterator[Trial]:
    """By the writer with the setting's rights, by the other one, and by one that is none."""
    single = [cell_key(SHARED, n) for n in range(len(OLD))]
    elsewhere = [key for key in stage.places() if key not in single]
    few = [cell_key(SHARED, 0), cell_key(SHARED, 2), cell_key(OTHER, 0), cell_key(NONE, 0)]
    for who in range(3):
        for kind, writes in itertools.product(KINDS, ((), ((few[2], 1),))):
            yield ((who, kind, writes),)
        for kind in (PLAIN, REVOCATION):
            for key, value in itertools.product(single, NEW):
                yield ((who, kind, ((key, value),)),)
        for key in elsewhere:
            yield ((who, PLAIN, ((key, 1),)),)
        for keys in itertools.product(few, repeat=2):
            for values in itertools.product((1, 2), repeat=2):
                yield ((who, PLAIN, tuple(zip(keys, values, strict=True))),)
        for keys in itertools.product(few[:3], repeat=3):
            yield ((who, PLAIN, tuple((key, 1) for key in keys)),)
    # The log remembers who wrote last, and what that one may do.
    for callers in itertools.product(range(3), repeat=3):
        for kinds in itertools.product((PLAIN, REVOCATION), repeat=3):
            yield tuple(
                (who, kind, ((few[0], n % 2),)) for n, (who, kind) in enumerate(zip(callers, kinds, strict=True))
            )


@pytest.fixture(scope="module")
def stage(_module: None) -> Stage:
    return Stage()


@pytest.fixture(scope="module")
def sized(stage: Stage) -> Stage:
    """One of which a wallet is a writer already."""
    found = Stage()
    found.log.setWriter(0, found.wallets[0], 1 << PLAIN, [])
    return found


def compared(stage: Stage, setting: Setting, wanted: list[Trial]) -> int:
    """Make these trials in a setting. Returns how many."""
    first = stage.prepared(setting)
    for start in range(0, len(wanted), TRIALS_A_CALL):
        some = wanted[start : start + TRIALS_A_CALL]
        steps = [
            [*(stage.append(who, kind, b"body", writes) for who, kind, writes in one), *stage.reading()] for one in some
        ]
        time, told, results = stage.ask(first, steps)
        before = stage.as_it_is(setting, time, told)
        for trial, result in zip(some, results, strict=True):
            require_as_modelled(stage, before, trial, result)
    return len(wanted)


def require_as_modelled(stage: Stage, log: Log, trial: Trial, result: list[bytes]) -> None:
    for (who, kind, writes), found in zip(trial, result[: len(trial)], strict=True):
        try:
            after = log.append(stage.addresses[who], kind, b"body", writes)
        except Refused as refused:
            wrapped = call("WalletCallFailed(bytes)", ["bytes"], refused.data)
            expected = b"\x00" + wrapped
        else:
            expected = b"\x01" + encode(["bytes"], [encode(["uint64"], [log.size])])
            log = after
        assert found == expected, trial
    words, peaks, root = (one[1:] for one in result[len(trial) :])
    held, size, *_ = decode(["uint256[]", "uint64", "uint64", "bytes32"], words)
    assert (size, list(held)) == (log.size, [log.cells[key] for key in stage.places()]), trial
    assert (tuple(decode(["bytes32[]"], peaks)[0]), root) == (log.peaks, log.root), trial


def test_append_does_what_the_model_does(stage: Stage) -> None:
    assert sum(compared(stage, setting, list(trials(stage))) for setting in SOME) > 5_000


def test_every_kind_and_every_space(stage: Stage) -> None:
    """Rights are packed into one word beside each other: no number may reach into the next part of it."""
    setting = Setting(frozenset({PLAIN, REVOCATION}), WHOLE_SPACE, 0, sealed=False)
    wanted: list[Trial] = [((who, kind, ()),) for who in range(2) for kind in range(256)]
    wanted += [((who, PLAIN, ((cell_key(space, 0), 1),)),) for who in range(2) for space in range(256)]
    # The second time, the log remembers who wrote last.
    wanted += [((0, PLAIN, ()), *trial) for trial in wanted]
    assert compared(stage, setting, wanted) == 2048


@pytest.mark.slow
def test_append_does_what_the_model_does_in_every_setting(stage: Stage) -> None:
    assert sum(compared(stage, setting, list(trials(stage))) for setting in SETTINGS) > 20_000


@pytest.mark.parametrize("most", [130, pytest.param(1200, marks=pytest.mark.slow)])
def test_frontier_of_every_size(sized: Stage, most: int) -> None:
    """It is that of the reference tree, which is built from all leaves each time."""
    bodies = [number.to_bytes(2, "big") for number in range(most)]
    steps = [step for body in bodies for step in (sized.append(0, PLAIN, body, ()), *sized.reading()[1:])]
    time, told, _ = sized.ask(steps, [])
    leaves = all_entries(sized.log)
    log = sized.with_peaks(time, len(leaves), tuple(perfect(leaves)))
    for number, body in enumerate(bodies):
        leaves.append(log.entry(sized.addresses[0], PLAIN, body, b""))
        log = log.append(sized.addresses[0], PLAIN, body, ())
        frontier, root = told[3 * number + 1 : 3 * number + 3]
        assert list(decode(["bytes32[]"], frontier[1:])[0]) == perfect(leaves) == list(log.peaks)
        assert root[1:] == log.root
    assert log.root == reference.mth(leaves)


def test_frontier_of_sizes_that_nobody_reaches_here(sized: Stage) -> None:
    """Sizes around powers of two up to 2^39, put into the log's storage for the call: peaks merge where they must."""
    chance = random.Random(random.random())  # noqa: S311 - pytest-randomly's seed repeats it
    near = {(1 << height) + off for height in range(1, 40) for off in (-1, 0, 1)}
    for size in sorted(near | {chance.getrandbits(height) | 1 << height for height in range(40)}):
        peaks = tuple(chance.randbytes(32) for _ in range(size.bit_count()))
        slots = {f"0x{2 + n:064x}": "0x" + peak.hex() for n, peak in enumerate(peaks)}
        changed = {sized.log.address: {"stateDiff": {f"0x{1:064x}": f"0x{size:064x}", **slots}}}
        indices = [0, size - 1, chance.randrange(size)]
        shown = [(sized.log.address, call("peakOf(uint64)", ["uint64"], index)) for index in [*indices, size]]
        time, told, _ = sized.ask([*shown, sized.append(0, PLAIN, b"", ()), *sized.reading()[1:]], [], changed)
        for index, found in zip(indices, told, strict=False):
            assert decode(["bytes32", "uint64"], found[1:]) == holder(peaks, size, index)
        assert told[3] == b"\x00" + call("RegionLogNoEntry(uint64)", ["uint64"], size)
        log = sized.with_peaks(time, size, peaks).append(sized.addresses[0], PLAIN, b"", ())
        assert (decode(["bytes32[]"], told[5][1:])[0], told[6][1:]) == (log.peaks, log.root)


def holder(peaks: tuple[bytes, ...], size: int, index: int) -> tuple[bytes, int]:
    """The peak over an entry, and the number of entries under it."""
    start = 0
    for peak, height in zip(peaks, (n for n in range(63, -1, -1) if size >> n & 1), strict=True):
        start += 1 << height
        if index < start:
            return peak, 1 << height
    raise AssertionError(index)


def call(signature: str, types: list[str], *values: Any) -> bytes:
    return reference.keccak(signature.encode())[:4] + encode(types, values)


def code_hash(contract: Any) -> bytes:
    return reference.keccak(bytes(web3.eth.get_code(contract.address)))
