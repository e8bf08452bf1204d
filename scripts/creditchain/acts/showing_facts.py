"""Putting into packages the cells and entries that a verifier needs, under a checkpoint: so that it asks nobody.

What a verification asks for is found by computing its evidence from the local index, and noting every question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.region import Region
from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.facts import (
    CellRow,
    EntryRow,
    ShownFacts,
    facts_digest,
    parse_region_facts,
    region_facts_file,
)
from creditchain.checkpoints.file import SignedCheckpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.errors import InputError
from creditchain.evidence.record import EvidenceFetcher, origin_of
from creditchain.evidence.report import ReportEvidenceFetcher
from creditchain.home.layout import Home
from creditchain.index.facts import IndexedFacts
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import open_log
from creditchain.index.state import IndexedState
from creditchain.log.cells import cell_key
from creditchain.log.facts import Basis, EntryPlace
from creditchain.log.publishing_cells import CURRENT_EPOCH_KEY, auditor_key, book_key, current_epoch_of, flags_key
from creditchain.log.reading import RegionReading
from creditchain.log.recorded_facts import RecordedFacts
from creditchain.log.state_proofs import CellRange, KeyRange, prefix_range, single_key
from creditchain.log.views import BlockRef
from creditchain.merkle.runs import runs_proof
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.verdict import Source
from creditchain.vocabulary import Space

_Package = TypeVar("_Package", bound=RecordPackage | ReportPackage)

#: Cells that no package needs are shown too if that saves a proof of its own, some 700 bytes.
_CELLS_BETWEEN: Final = 8
#: The same for entries, of some 400 bytes each.
_ENTRIES_BETWEEN: Final = 1
#: Entries of batches and books in a file of region facts. Packages carry what more they need.
MOST_SHARED_ENTRIES: Final = 600
_LARGEST_ID: Final = 2**248 - 1
#: What all packages of a region share, in ranges of keys: members, their keys, key epochs and what nodes published;
#: last audited books, closed nodes, products and publishers; limits; members' past and stolen keys; signers.
_SHARED: Final = (
    KeyRange(cell_key(Space.NODE, 0), cell_key(Space.BOOK, _LARGEST_ID)),
    KeyRange(cell_key(Space.AUDIT, 1 << 64), cell_key(Space.AUDIT, (3 << 64) - 1)),
    KeyRange(cell_key(Space.PRODUCT, 0), cell_key(Space.PUBLISHER, _LARGEST_ID)),
    prefix_range(Space.LIMIT),
    KeyRange(cell_key(Space.MEMBER, 0), cell_key(Space.COUNT, _LARGEST_ID)),
    prefix_range(Space.SIGNER),
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint, the log as of it, and a file of region facts that verifiers have."""

    checkpoint: SignedCheckpoint
    log: IndexedLog
    region_facts: bytes | None = None  #: the file's bytes

    def pinned(self) -> PinnedSigners:
        """Whoever signed: nobody is trusted here, since all was computed from the log."""
        message = self.checkpoint.message
        signers = frozenset(self.checkpoint.signers())
        return PinnedSigners(message.domain.log_id, message.signer_epoch, signers, len(signers))


def open_signed(
    region: Region,
    home: Home | None,
    checkpoint: SignedCheckpoint,
    region_facts: bytes | None = None,
    watch: Watch = no_watch,
) -> Signed:
    """The log as a checkpoint says it is.

    Raises:
        CheckpointError: it is of another log, says something else than the log, or nobody signed it.
        As `open_log`.
    """
    message = checkpoint.message
    if message.domain.log_id != region.deployment.log_id:
        expected, found = "0x" + region.deployment.log_id.hex(), "0x" + message.domain.log_id.hex()
        raise CheckpointError("the checkpoint is of another log", expected=expected, found=found)
    if not checkpoint.signatures:
        raise CheckpointError("nobody signed the checkpoint", expected="at least one signature", found="none")
    block = BlockRef(message.block_number, message.block_hash, message.block_time)
    log = open_log(region, home, block, watch, (message.size, message.root))
    _require_same(message, log)
    return Signed(checkpoint, log, region_facts)


def with_facts(region: Region, signed: Signed, package: _Package) -> _Package:
    """The package with all that its verification needs under the checkpoint; facts that it had are replaced.

    What the region facts show is left out.

    Raises:
        InputError: a batch or book that it shows came after the checkpoint.
        CheckpointError: the region facts are not under the checkpoint.
        IndexDamagedError: the index is not what was written there.
    """
    shown = [package.batch.entry] if isinstance(package, RecordPackage) else [one.index for one in _shown_by(package)]
    if max(shown, default=0) >= signed.log.size:
        raise InputError(
            "a batch of the package was anchored after the checkpoint",
            expected=f"entries below {signed.log.size}",
            found=str(max(shown)),
            hint="Take a later checkpoint.",
        )
    asked = RecordedFacts(IndexedFacts(signed.log, Basis.SIGNED))
    origin, block = origin_of(region.deployment), signed.log.block
    records = EvidenceFetcher(origin, asked, lambda: Source(asked.basis, 0, block))
    if isinstance(package, RecordPackage):
        records.fetch(package)
    else:
        ReportEvidenceFetcher(records).fetch(package)
    return replace(package, facts=shown_facts(signed, asked.cells, [place.index for place in asked.asked]).as_json())


def _shown_by(package: ReportPackage) -> list[EntryPlace]:
    """The entries of the batches and books that a report shows."""
    return [*(one.place for one in package.ranges), *(one.place for one in package.origins)]


def shown_facts(signed: Signed, keys: Iterable[bytes], entries: Iterable[int]) -> ShownFacts:
    """These cells and entries under the checkpoint, but for what the region facts show. Raises CheckpointError."""
    shared = None
    if signed.region_facts is not None:
        shared = SignedFacts(parse_region_facts(signed.region_facts), signed.pinned())
        if shared.checkpoint != signed.checkpoint.message:
            raise CheckpointError("the region facts are under another checkpoint")
    state = signed.log.state()
    places = [_place(state, key) for key in keys if shared is None or not shared.knows(key)]
    own = [one for one in entries if shared is None or not shared.has_entry(one)]
    shown = _shown(signed.checkpoint, signed.log, set().union(*places), own)
    return shown if signed.region_facts is None else replace(shown, region_facts=facts_digest(signed.region_facts))


def region_facts(signed: Signed) -> bytes:
    """The file of what all packages of a region share under a checkpoint."""
    log, entries = signed.log, _shared_entries(signed.log)
    state, reading = log.state(), RegionReading(IndexedFacts(log, Basis.SIGNED))
    places = set().union(*(_places(state.prove_range(keys)) for keys in _SHARED))
    for entry in entries:
        places |= _place(state, flags_key(entry))
        if reading.flags(entry).audited:
            places |= _place(state, auditor_key(entry))
    return region_facts_file(_shown(signed.checkpoint, log, places, entries))


def _shared_entries(log: IndexedLog) -> list[int]:
    """Of each publisher, under the current key epoch, the last book whose audit counts and what came after it."""
    facts = IndexedFacts(log, Basis.SIGNED)
    reading = RegionReading(facts)
    epoch = current_epoch_of(facts.words([CURRENT_EPOCH_KEY])[0])
    found: list[int] = []
    for node in reading.publishers():
        audited = reading.counting_book(reading.published(node, epoch).audited_book)
        for written in reading.writes_of(book_key(node, epoch)):
            if len(found) >= MOST_SHARED_ENTRIES or written.entry.index < audited:
                break
            found.append(written.entry.index)
    return found


def _shown(checkpoint: SignedCheckpoint, log: IndexedLog, places: Iterable[int], entries: Iterable[int]) -> ShownFacts:
    """The cells at these places of the state tree, and these entries."""
    cells, cells_proof = log.state().prove_runs(list(_runs(sorted(places), _CELLS_BETWEEN)))
    runs = list(_runs(sorted(set(entries)), _ENTRIES_BETWEEN))
    return ShownFacts(
        checkpoint=checkpoint,
        cells=tuple(CellRow(first, row) for first, row in cells),
        cells_proof=cells_proof,
        entries=tuple(
            EntryRow(tuple(log.entry(index).appended for index in range(first, first + count))) for first, count in runs
        ),
        entries_proof=tuple(runs_proof(log.tree, runs)),
    )


def _places(shown: CellRange) -> set[int]:
    """The places of the cells of a range; the neighbours' too, between which others would stand."""
    first = shown.first - (0 if shown.left is None else 1)
    return set(range(first, first + len(shown.shown())))


def _place(state: IndexedState, key: bytes) -> set[int]:
    """The place of a cell; if there is none, those of its neighbours."""
    shown = state.prove_range(single_key(key))
    return {shown.first} if shown.cells else _places(shown)


def _runs(places: Sequence[int], between: int) -> Iterator[tuple[int, int]]:
    """First place and number of each run; places that are at most so far apart stand in one."""
    start = 0
    for at, place in enumerate(places):
        if at + 1 == len(places) or places[at + 1] - place > between + 1:
            yield places[start], place - places[start] + 1
            start = at + 1


def _require_same(message: Checkpoint, log: IndexedLog) -> None:
    state = log.state()
    said = (message.size, message.root, message.cells, message.state_root)
    own = (log.size, log.root, state.size, state.root)
    if said != own:
        raise CheckpointError(
            "the checkpoint says something else than the log as of its block",
            expected=f"{own[0]} entries, root 0x{own[1].hex()}, {own[2]} cells, root 0x{own[3].hex()}",
            found=f"{said[0]} entries, root 0x{said[1].hex()}, {said[2]} cells, root 0x{said[3].hex()}",
        )
