"""The index follows a log: in any steps, beside others, over kills, and never past what the log's root says."""

from __future__ import annotations

import multiprocessing
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "log"))

from random_logs import LOG_ID, random_log

from creditchain.chain.errors import LyingEndpointError
from creditchain.errors import InputError
from creditchain.home.files import remove_folder
from creditchain.index import following, snapshots
from creditchain.index.errors import ForkedLogError, IndexDamagedError
from creditchain.index.facts import IndexedFacts
from creditchain.index.following import IndexPlace, follow_log, rebuild_index
from creditchain.index.opened import IndexedLog
from creditchain.index.snapshots import Snapshots
from creditchain.index.states import States
from creditchain.log.appended import AppendedEntry
from creditchain.log.cell_columns import CellColumns
from creditchain.log.cells import NO_WORD, Cell, parse_writes
from creditchain.log.facts import Basis, MissingFactError
from creditchain.log.reading import RegionReading
from creditchain.log.state_proofs import prefix_range
from creditchain.log.state_tree import StateTree
from creditchain.merkle import consistency_proof, inclusion_proof, root
from tools.bench.log_chain import Change, LogChain

LENGTH = 90
ENTRIES, CELLS = random_log(LENGTH)
OTHERS, _ = random_log(LENGTH, seed=2)
HASHES = [entry.hash(LOG_ID) for entry in ENTRIES]
#: How many entries each block has.
SIZES = [1, 0, 3, 12, 0, 0, 5, 30, 1, 1, 20, 17]


@dataclass(frozen=True)
class Followed:
    """A chain, and an index of its log."""

    chain: LogChain
    place: IndexPlace

    def follow(self, block: int | None = None) -> IndexedLog:
        region = self.chain.region(log_range_blocks=2)
        at = region.chain.final_block() if block is None else region.chain.block(block)
        return follow_log(region, self.place, at)


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(LogChain(LOG_ID), IndexPlace(tmp_path / "index", tmp_path / "lock"))


def blocks(entries: Sequence[AppendedEntry] = ENTRIES) -> list[list[AppendedEntry]]:
    made, start = [], 0
    for size in SIZES:
        made.append(list(entries[start : start + size]))
        start += size
    return made


def is_like(log: IndexedLog, size: int) -> None:
    """Everything that the log says is what its first `size` entries say."""
    assert (log.size, log.root) == (size, root(HASHES[:size]))
    assert [entry.appended for entry in log.entries()] == ENTRIES[:size]
    assert [entry.hash for entry in log.entries()] == HASHES[:size]
    state = log.state()
    cells = CellColumns.of(Cell(key, word) for key, word in CELLS[size - 1].items())
    assert (state.size, state.root) == (len(cells), StateTree(cells).root)
    assert {cell.key: cell.word for cell in state.cells} == CELLS[size - 1]
    keys = [*CELLS[-1], bytes([3]) * 32]
    assert log.words(keys) == [CELLS[size - 1].get(key, NO_WORD) for key in keys]


def test_it_follows_block_by_block(followed: Followed):
    done = 0
    for number, entries in enumerate(blocks(), 1):
        followed.chain.append(entries)
        done += len(entries)
        log = followed.follow()
        assert log.block.number == number
        is_like(log, done)


def test_it_reads_only_what_is_new(followed: Followed):
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    asked = followed.chain.asked
    asked.clear()
    is_like(followed.follow(), LENGTH)
    assert "eth_getLogs" not in asked
    followed.chain.append(random_log(LENGTH + 1)[0][LENGTH:])
    asked.clear()
    assert followed.follow().size == LENGTH + 1
    assert asked.count("eth_getLogs") == 1


def test_the_log_as_of_an_earlier_block(followed: Followed):
    done = 0
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    for number, size in enumerate(SIZES, 1):
        done += size
        is_like(followed.follow(number), done)


def test_proofs(followed: Followed):
    for entries in blocks():
        followed.chain.append(entries)
    log = followed.follow()
    for index in range(LENGTH):
        assert log.inclusion(index) == inclusion_proof(HASHES, index)
        assert log.consistency(index) == consistency_proof(HASHES, index)
        assert log.root_at(index) == root(HASHES[:index])
        level = (index ^ LENGTH).bit_length() - 1
        first = index >> level << level
        opening = log.opening(index)
        assert list(opening.proof) == inclusion_proof(HASHES[first : first + (1 << level)], index - first)
        assert (opening.index, opening.time) == (index, ENTRIES[index].time)
    for bad in (-1, LENGTH):
        with pytest.raises(InputError, match="this is not an entry's index; expected 0 to 89"):
            log.inclusion(bad)
    with pytest.raises(InputError, match="this is not an earlier size; expected 0 to 90; found 91"):
        log.consistency(LENGTH + 1)


@pytest.mark.parametrize("final", [1, 2, 17, 63, 64, 65, 89])
def test_an_opening_fits_the_log_with_entries_that_are_not_final(followed: Followed, final: int):
    followed.chain.append(ENTRIES[:final])
    log = followed.follow()
    for size in {final, final + 1, min(final + 7, LENGTH), LENGTH}:
        for index in range(final):
            level = (index ^ size).bit_length() - 1
            first = index >> level << level
            expected = inclusion_proof(HASHES[first : first + (1 << level)], index - first)
            assert list(log.opening(index, HASHES[final:size]).proof) == expected


def test_entries_of_kinds(followed: Followed):
    followed.chain.append(ENTRIES)
    log = followed.follow()
    for kinds in ((ENTRIES[3].kind,), (ENTRIES[4].kind, ENTRIES[80].kind), (255, 0)):
        expected = [entry.index for entry in ENTRIES if entry.kind in kinds]
        assert [entry.index for entry in log.of_kind(*kinds)] == expected  # type: ignore[arg-type]
        assert [entry.index for entry in log.of_kind(*kinds, first=4, stop=80)] == [  # type: ignore[arg-type]
            index for index in expected if 4 <= index < 80
        ]
    body = ENTRIES[50].body
    assert [entry.index for entry in log.of_kind(ENTRIES[50].kind, holding=body[1:])] == [50]  # type: ignore[arg-type]


def test_the_history_of_each_cell(followed: Followed):
    followed.chain.append(ENTRIES)
    log = followed.follow()
    for key in CELLS[-1]:
        wrote = [entry.index for entry in ENTRIES if key in {w.key for w in parse_writes(entry.writes, entry.index)}]
        assert [one.entry.index for one in RegionReading(IndexedFacts(log, Basis.TOLD)).writes_of(key)] == wrote[::-1]
    assert list(RegionReading(IndexedFacts(log, Basis.TOLD)).writes_of(bytes([9]) * 32)) == []
    key = next(iter(CELLS[-1]))
    with pytest.raises(MissingFactError, match="did not write the word"):
        list(RegionReading(OtherWord(log, Basis.TOLD)).writes_of(key))


class OtherWord(IndexedFacts):
    """Says that another entry wrote each cell."""

    def words(self, keys: Sequence[bytes]) -> list[bytes]:
        return [word[:-1] + b"\x05" for word in super().words(keys)]


def test_the_state_at_every_size(followed: Followed):
    followed.chain.append(ENTRIES)
    log = followed.follow()
    for size in range(LENGTH + 1):
        state = log.state(size)
        held = CELLS[size - 1] if size else {}
        assert {cell.key: cell.word for cell in state.cells} == held
        for key in CELLS[-1]:
            assert state.word(key) == held.get(key, NO_WORD)
        assert state.words(list(CELLS[-1])) == [held.get(key, NO_WORD) for key in CELLS[-1]]
        shown = state.prove_range(prefix_range(2))
        assert [cell.key for cell in shown.cells] == sorted(key for key in held if key[0] == 2)


@pytest.fixture
def kept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are kept after a few entries, as they are after thousands."""
    monkeypatch.setattr("creditchain.index.states.KEPT_AFTER", 10)
    monkeypatch.setattr("creditchain.index.states.WORTH_KEEPING", 1)


def test_states_that_were_kept(followed: Followed, kept_often: None):
    done = 0
    for entries in blocks():
        followed.chain.append(entries)
        done += len(entries)
        is_like(followed.follow(), done)
    kept = sorted(int(path.name) for path in (followed.place.folder / "state").iterdir())
    assert kept
    assert len(kept) <= 3
    log = followed.follow()
    for size in (kept[0] - 1, kept[0], kept[0] + 1, LENGTH):
        assert {cell.key: cell.word for cell in log.state(size).cells} == CELLS[size - 1]


# Endpoints that lie.


def of_logs(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    return lambda method, _, result: change(result) if method == "eth_getLogs" else result


def with_data(log: dict[str, Any], place: int) -> dict[str, Any]:
    digits = log["data"]
    return {**log, "data": digits[:place] + ("0" if digits[place] != "0" else "1") + digits[place + 1 :]}


def with_index(log: dict[str, Any], index: int) -> dict[str, Any]:
    return {**log, "topics": [log["topics"][0], "0x" + index.to_bytes(32).hex(), *log["topics"][2:]]}


LIES: dict[str, tuple[Change, str]] = {
    "the last event left out": (of_logs(lambda logs: logs[:-1]), "do not give its root|contradict each other"),
    "an event in the middle left out": (
        of_logs(lambda logs: logs[:1] + logs[2:]),
        "contradict each other: entry|do not give its root",
    ),
    "all events left out": (of_logs(lambda _: []), "do not give its root"),
    "an event twice": (of_logs(lambda logs: logs + logs[-1:]), "contradict each other: entry"),
    "a changed time": (of_logs(lambda logs: [with_data(log, 65) for log in logs]), "do not give its root"),
    "a changed place": (of_logs(lambda logs: [with_data(log, 129) for log in logs]), "contradict each other: event"),
    "other numbers": (
        of_logs(lambda logs: [with_index(log, int(log["topics"][1], 16) + 1) for log in logs]),
        "contradict each other: entry",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_endpoint_that_lies_about_events_leaves_nothing(followed: Followed, lie: str):
    change, message = LIES[lie]
    for entries in blocks()[:4]:
        followed.chain.append(entries)
    is_like(followed.follow(), 16)
    for entries in blocks()[4:]:
        followed.chain.append(entries)
    followed.chain.changed = change
    with pytest.raises(LyingEndpointError, match=message) as caught:
        followed.follow()
    assert not isinstance(caught.value, ForkedLogError)
    followed.chain.changed = lambda _, __, result: result
    is_like(followed.follow(), LENGTH)


def test_an_endpoint_that_lies_about_the_root(followed: Followed):
    followed.chain.append(ENTRIES[:40])
    is_like(followed.follow(), 40)
    honest, lie = followed.chain.heads[1], (40, bytes(32))
    followed.chain.heads[1] = lie
    with pytest.raises(ForkedLogError, match="the log at block 1 is not the one that was read before") as caught:
        followed.follow()
    assert caught.value.expected == f"40 entries with root 0x{honest[1].hex()} at block 1"
    assert caught.value.found == f"40 entries with root 0x{bytes(32).hex()} at block 1"
    followed.chain.append(ENTRIES[40:])
    followed.chain.heads[2] = (LENGTH, bytes(32))
    with pytest.raises(LyingEndpointError, match="do not give its root at block 2"):
        followed.follow()
    followed.chain.heads[1:] = [honest, (LENGTH, root(HASHES))]
    is_like(followed.follow(), LENGTH)


def test_a_liar_whose_part_was_saved_is_read_again(followed: Followed, monkeypatch: pytest.MonkeyPatch):
    """A run that a liar's events came to, and that was killed before the root was asked, is not trusted later."""
    monkeypatch.setattr(following, "SAVED_AFTER_ENTRIES", 1)
    for entries in blocks()[:4]:
        followed.chain.append(entries)
    followed.follow()
    for entries in blocks()[4:]:
        followed.chain.append(entries)

    def no_checking(*_: object) -> None:
        raise KeyboardInterrupt

    followed.chain.changed = of_logs(lambda logs: [with_data(log, 65) for log in logs])
    with monkeypatch.context() as patched:
        patched.setattr(following._Follower, "_keep_state", no_checking)
        patched.setattr(following, "_other_root", no_checking)
        with pytest.raises(KeyboardInterrupt):
            followed.follow()
    head = following.read_head(followed.place.folder)
    assert head is not None
    assert (head.checked, head.entries) == (16, LENGTH)
    followed.chain.changed = lambda _, __, result: result
    is_like(followed.follow(), LENGTH)


# Forks.


@pytest.mark.parametrize("left", [3, 7, 11])
def test_a_reorganisation_is_noticed_and_said(followed: Followed, left: int):
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    before = followed.chain.heads[-1]
    followed.chain.drop(len(SIZES) - left)
    followed.chain.fork = b"another"
    for entries in blocks(OTHERS)[left:]:
        followed.chain.append([replace(entry, writes=b"") for entry in entries])
    message = f"the chain no longer has block {len(SIZES)}, which was final when the log was read"
    with pytest.raises(ForkedLogError, match=message) as caught:
        followed.follow()
    assert caught.value.expected == f"{LENGTH} entries with root 0x{before[1].hex()} at block {len(SIZES)}"
    assert caught.value.hint is not None
    assert "creditchain log index --rebuild" in caught.value.hint
    # Blocks that both forks have are served as before.
    is_like(followed.follow(left), sum(SIZES[:left]))
    region = followed.chain.region()
    log = rebuild_index(region, followed.place, region.chain.final_block())
    assert log.root == followed.chain.heads[-1][1] != before[1]
    assert followed.follow().root == log.root


def test_a_log_that_got_shorter(followed: Followed):
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    followed.chain.drop(2)
    followed.chain.fork = b"another"
    followed.chain.append([])
    followed.chain.append([])
    with pytest.raises(ForkedLogError, match="the chain no longer has block 12"):
        followed.follow()


def test_a_chain_that_lost_blocks_and_is_shorter_than_the_index(followed: Followed):
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    followed.chain.drop(6)
    is_like(followed.follow(), sum(SIZES[:6]))
    followed.chain.fork = b"another"
    followed.chain.append([replace(entry, writes=b"", time=1) for entry in ENTRIES[16:30]])
    with pytest.raises(ForkedLogError, match="the chain no longer has block 12"):
        followed.follow()


def test_another_log_is_another_index(tmp_path: Path):
    """A chain that was started anew has another log id, and the home keeps its index elsewhere."""
    from creditchain.home.layout import Home

    home = Home(tmp_path)
    places = [IndexPlace.of(home.region(log_id)) for log_id in (LOG_ID, bytes(32))]
    assert places[0].folder != places[1].folder
    assert places[0].lock != places[1].lock


def test_the_index_of_another_log_is_damage(followed: Followed):
    """Somebody copied a folder: entries of one log are not those of the other, though each was checked."""
    followed.chain.append(ENTRIES)
    followed.follow()
    other = LogChain(bytes(32))
    other.append(ENTRIES)
    region = other.region()
    with pytest.raises(IndexDamagedError, match="it is of another log"):
        follow_log(region, followed.place, region.chain.final_block())


# Damage.


@pytest.fixture
def whole(followed: Followed, kept_often: None) -> Followed:
    for entries in blocks():
        followed.chain.append(entries)
    followed.follow()
    return followed


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def everything(log: IndexedLog) -> None:
    """Read all that an index has to say."""
    assert [entry.appended for entry in log.entries()] == ENTRIES
    for kind in range(256):
        assert [one.index for one in log.of_kind(kind)] == [  # type: ignore[arg-type]
            entry.index for entry in ENTRIES if entry.kind == kind
        ]
    for index in range(LENGTH):
        log.inclusion(index)
        log.consistency(index)
        log.opening(index)
    state = log.state()
    for key, word in CELLS[-1].items():
        assert state.word(key) == log.word(key) == word
    assert [entry.block for entry in log.entries()] == [
        number for number, size in enumerate(SIZES, 1) for _ in range(size)
    ]


def test_any_changed_byte_is_noticed_or_does_not_matter(whole: Followed):
    """Only blocks and transactions are not in the log's hash: they lead to events and decide nothing."""
    random = Random(3)  # noqa: S311
    noticed = 0
    for path in files_of(whole.place.folder):
        if path.name in ("blocks.bin", "transactions.bin"):
            continue
        raw = path.read_bytes()
        places = range(len(raw)) if len(raw) < 40 else random.sample(range(len(raw)), 30)
        for place in places:
            path.write_bytes(raw[:place] + bytes([raw[place] ^ (1 << random.randrange(8))]) + raw[place + 1 :])
            try:
                everything(whole.follow())
            except IndexDamagedError:
                noticed += 1
        path.write_bytes(raw)
    assert noticed > 150
    everything(whole.follow())


def test_a_cut_file_is_noticed(whole: Followed):
    for path in files_of(whole.place.folder):
        raw = path.read_bytes()
        path.write_bytes(raw[:-1])
        with pytest.raises(IndexDamagedError, match="the index of the log is damaged"):
            everything(whole.follow())
        path.unlink()
        if path.name != "head.json":
            with pytest.raises(IndexDamagedError, match="the index of the log is damaged"):
                everything(whole.follow())
        path.write_bytes(raw)
    everything(whole.follow())


def test_a_damaged_index_is_not_extended(whole: Followed):
    whole.chain.append(random_log(LENGTH + 1)[0][LENGTH:])
    path = whole.place.folder / "tree.bin"
    raw = path.read_bytes()
    path.write_bytes(raw[:32] + bytes([raw[32] ^ 1]) + raw[33:])
    # The new root rests on peaks that are right, so the log can be followed; what is wrong is never handed out.
    log = whole.follow()
    with pytest.raises(IndexDamagedError, match="does not give the root of the log"):
        log.entry(1)


@pytest.mark.parametrize("name", ["head.json", "tree.bin", "kinds.bin", "state"])
def test_a_rebuilt_index_is_whole(whole: Followed, name: str):
    path = whole.place.folder / name
    if path.is_dir():
        shutil.rmtree(next(path.iterdir()))
    else:
        path.write_bytes(b"")
    region = whole.chain.region()
    everything(rebuild_index(region, whole.place, region.chain.final_block()))
    everything(whole.follow())


def test_what_a_killed_process_left_is_overwritten(whole: Followed):
    for path in whole.place.folder.glob("*.bin"):
        with path.open("ab") as file:
            file.write(b"\xff" * 1000)
    everything(whole.follow())
    whole.chain.append(random_log(LENGTH + 3)[0][LENGTH:])
    log = whole.follow()
    assert [entry.appended for entry in log.entries()] == random_log(LENGTH + 3)[0]


def test_the_index_of_a_home_that_was_deleted_while_it_is_open(whole: Followed):
    log = whole.follow()
    shutil.rmtree(whole.place.folder)
    everything(log)


# Several processes.


@pytest.mark.parametrize("whole_one", [False, True])
@pytest.mark.parametrize("made_anew", [False, True])
def test_a_state_that_another_process_removes_while_it_is_read(
    followed: Followed, kept_often: None, monkeypatch: pytest.MonkeyPatch, made_anew: bool, whole_one: bool
):
    for entries in blocks():
        followed.chain.append(entries)
        followed.follow()
    folder = followed.place.folder / "state"
    *_, older, newest = sorted(int(path.name) for path in folder.iterdir())
    read, removed = snapshots._manifest, []

    def read_and_remove(path: Path) -> snapshots.SnapshotManifest:
        manifest = read(path)
        if not removed:
            removed.append(path)
            copy = folder / ".copy"
            shutil.copytree(path, copy)
            remove_folder(path)
            if made_anew:
                copy.rename(path)
        return manifest

    monkeypatch.setattr(snapshots, "_manifest", read_and_remove)
    size, tree = Snapshots(followed.place.folder).nearest(newest, whole=whole_one) or (0, None)
    assert removed == [folder / str(newest)]
    assert size == (newest if made_anew else older)
    assert tree is not None
    assert tree.root == StateTree(CellColumns.of(Cell(*each) for each in CELLS[size - 1].items())).root


def _follow_again_and_again(place: IndexPlace, step: int, failed: Any) -> None:
    try:
        chain = LogChain(LOG_ID)
        for entries in blocks():
            chain.append(entries)
        region = chain.region(log_range_blocks=2)
        for number in range(1, len(SIZES) + 1, step):
            is_like(follow_log(region, place, region.chain.block(number)), sum(SIZES[:number]))
        is_like(follow_log(region, place, region.chain.final_block()), LENGTH)
    except BaseException as error:
        failed.put(repr(error))
        raise


def test_several_processes_at_once(tmp_path: Path, kept_often: None):
    """Each follows the same chain at its own pace; all end with the same index."""
    place = IndexPlace(tmp_path / "index", tmp_path / "lock")
    context = multiprocessing.get_context("fork")
    failed = context.Queue()
    workers = [context.Process(target=_follow_again_and_again, args=(place, pace, failed)) for pace in (1, 1, 2, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed.empty(), failed.get()
    assert [worker.exitcode for worker in workers] == [0] * len(workers)


def test_states_of_one_index_are_computed_once(whole: Followed, monkeypatch: pytest.MonkeyPatch):
    log, computed = whole.follow(), []
    original = States._replayed
    monkeypatch.setattr(States, "_replayed", lambda *given: computed.append(given[2]) or original(*given))
    for _ in range(3):
        log.state()
    assert len(computed) <= 1
