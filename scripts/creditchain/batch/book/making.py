"""Make a book from the leaves of batches, or from an earlier book and the batches since. No document is touched.

Batches are read one after the other into memory, up to a limit, and sorted. What is more becomes runs on disk, of which
equally large ones are merged, so that each leaf is written a few times and not once for each run. Everything is written
beside its place and gets its name, the root, in one step: killed anywhere, run it again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from creditchain.batch.book.manifest import (
    FILE,
    BookBatch,
    BookError,
    BookManifest,
    BookPart,
    BookTerms,
    require_numbers,
)
from creditchain.batch.book.merging import merged_parts, sorted_run
from creditchain.batch.book.opened import BookFolder
from creditchain.batch.book.rows import LEVELS, PartRows, open_part
from creditchain.batch.book.sources import BatchSource, blocks_of
from creditchain.batch.folder.files import Syncer, file_digest
from creditchain.batch.folder.tree_file import TreeWriter
from creditchain.batch.progress import Watch, no_watch
from creditchain.errors import InputError
from creditchain.home.files import fsync_path, private_folder, remove_folder, rename, storage, write_file
from creditchain.merkle.rows import KEY_BYTES, Numbers, Rows

#: Leaves that are held in memory and sorted at a time, 73 bytes each and twice as much again meanwhile.
RUN_LEAVES = 1 << 18


@dataclass(frozen=True, slots=True)
class MadeBook:
    """A book that was made, or was there already."""

    path: Path
    manifest: BookManifest


def make_book(
    dest: Path,
    terms: BookTerms,
    sources: Sequence[BatchSource],
    *,
    base: BookFolder | None = None,
    gone: Iterable[int] = (),
    watch: Watch = no_watch,
    threads: int = 0,
) -> MadeBook:
    """Make the book of all leaves of `base` and `sources` in `dest`, under its root in hex.

    Args:
        base: an earlier book of the node and key epoch; its batches need not be among the sources.
        gone: numbers of broken or annulled batches. Their leaves are not in the book, nor need they be given.
        threads: 0 for all cores.
    Raises:
        InputError: no batch is left.
        BookError: a number is missing or there twice, leaves do not ascend, have another root, or stand twice; the base
            is another node's, epoch's or log's.
        StorageError.
    """
    plan = _planned(terms, sources, base, tuple(sorted(set(gone))))
    work = dest / f".making-{terms.node}-{terms.key_epoch}"
    with storage("the book in the making"):
        shutil.rmtree(work, ignore_errors=True)
        private_folder(work)
    try:
        manifest = _written(plan, terms, work, watch, threads)
        path = dest / manifest.root.hex()
        with storage("the book"):
            if path.exists():
                _replace_if_other(path, manifest)
            if not path.exists():
                fsync_path(work)
                rename(work, path)
        return MadeBook(path, manifest)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Plan:
    sources: tuple[BatchSource, ...]
    parts: tuple[PartRows, ...]
    manifest: BookManifest  #: what is known of it: no root, no parts
    leaving: Numbers  #: batches of the base whose leaves are left out


@dataclass(slots=True)
class _Gathered:
    """Leaves of batches as they were read, up to what is merged at a time."""

    keys: list[Rows] = field(default_factory=list)
    origins: list[Numbers] = field(default_factory=list)
    rows: int = 0

    def add(self, keys: Rows, number: int) -> None:
        self.keys.append(keys)
        self.origins.append(np.full(len(keys), number, np.uint32))
        self.rows += len(keys)

    def taken(self, threads: int) -> list[PartRows]:
        """The leaves as a run in memory; nothing is left behind."""
        nothing = np.empty((0, KEY_BYTES), np.uint8), np.empty(0, np.uint32)
        keys, origins = np.concatenate([nothing[0], *self.keys]), np.concatenate([nothing[1], *self.origins])
        self.keys, self.origins, self.rows = [], [], 0
        return sorted_run(keys, origins, threads=threads)


def _planned(terms: BookTerms, sources: Sequence[BatchSource], base: BookFolder | None, gone: tuple[int, ...]) -> _Plan:
    if base is not None and base.manifest.terms != terms:
        raise BookError(
            "the earlier book is of another node, key epoch or log",
            expected=f"node {terms.node}, epoch {terms.key_epoch}",
            found=f"node {base.manifest.terms.node}, epoch {base.manifest.terms.key_epoch}",
        )
    held = base.manifest.batches if base is not None else ()
    _require_same(held, sources)
    known = {batch.number for batch in held}
    ordered = sorted(sources, key=lambda one: one.batch.number)
    added = tuple(one for one in ordered if one.batch.number not in known and one.batch.number not in gone)
    # A batch may be missing only where it is gone; what was gone for the base is gone for good.
    lost = tuple(sorted({*gone, *(base.manifest.gone if base is not None else ())}))
    batches = [batch for batch in (*held, *(one.batch for one in added)) if batch.number not in lost]
    require_numbers((batch.number for batch in batches), lost)
    size = sum(batch.size for batch in batches)
    if not size:
        found = f"none of node {terms.node} under key epoch {terms.key_epoch}"
        raise InputError(
            "a book needs at least one batch", found=found, hint="`creditchain batch list` shows all here."
        )
    whole = BookManifest(terms, b"", size, tuple(sorted(batches, key=lambda one: one.number)), lost, (), "")
    leaving = np.array(sorted(known & set(lost)), np.uint32)
    return _Plan(added, base.parts if base is not None else (), whole, leaving)


def _require_same(held: Sequence[BookBatch], sources: Sequence[BatchSource]) -> None:
    """A chain that was reorganised may have another batch under a number than when the earlier book was made."""
    given = {one.batch.number: one.batch for one in sources}
    for batch in held:
        other = given.get(batch.number, batch)
        if other != batch:
            raise BookError(
                f"batch {batch.number} is another than in the earlier book",
                expected="0x" + batch.root.hex(),
                found="0x" + other.root.hex(),
                hint="Make the book from its batches alone.",
            )


def _written(plan: _Plan, terms: BookTerms, work: Path, watch: Watch, threads: int) -> BookManifest:
    """Write all files into `work`; the manifest last."""
    old, new = _two_runs(plan, work, watch, threads)
    size, written = plan.manifest.size, list[BookPart]()
    with ExitStack() as stack:
        syncer = stack.enter_context(Syncer(background=True))
        tree = stack.enter_context(_tree(work, size, threads))
        for merged in merged_parts(old, new, plan.leaving, work, hashed=True, threads=threads, syncer=syncer):
            with storage(LEVELS):
                tree.append(merged.hashes)
            written.append(merged.part)
            watch("merge", sum(part.rows for part in written), size)
        with storage(LEVELS):
            root = tree.finish()
        syncer.add(work / LEVELS)
        levels = file_digest(work / LEVELS)  # while the disk is busy with what was written
    made = BookManifest(terms, root, size, plan.manifest.batches, plan.manifest.gone, tuple(written), levels)
    _forget_runs(work)
    write_file(work / FILE, made.to_bytes())
    for folder in (work / "leaves", work / "origins"):
        with storage(folder.name):
            fsync_path(folder)
    return made


def _tree(work: Path, size: int, threads: int) -> TreeWriter:
    with storage(LEVELS):
        return TreeWriter(work / LEVELS, size, threads=threads, durable=False)


def _two_runs(plan: _Plan, work: Path, watch: Watch, threads: int) -> tuple[Sequence[PartRows], Sequence[PartRows]]:
    """What is left to merge: the base and all new leaves; without a base, two runs of new leaves, or one."""
    runs, gathered = _Runs(work, threads), _Gathered()
    total, read = sum(one.batch.size for one in plan.sources), 0
    for number, keys in _leaves_of(plan.sources, threads):
        gathered.add(keys, number)
        read += len(keys)
        watch("read", read, total)
        if gathered.rows >= RUN_LEAVES and read < total:
            runs.add(gathered.taken(threads))
    rest = gathered.taken(threads)
    if plan.parts:
        return plan.parts, runs.merged_with(rest)
    return runs.merged(), rest


class _Runs:
    """Sorted runs on disk. Two of one height become one of the next, as digits carry in a binary counter."""

    def __init__(self, work: Path, threads: int) -> None:
        self._work, self._threads, self._made = work, threads, 0
        self._runs: list[tuple[int, Path, list[PartRows]]] = []

    def add(self, run: Sequence[PartRows]) -> None:
        """Take a run of leaves in memory."""
        self._push(0, [], run)
        while len(self._runs) > 1 and self._runs[-1][0] == self._runs[-2][0]:
            self._merge_last()

    def merged(self) -> Sequence[PartRows]:
        """All runs as one."""
        while len(self._runs) > 1:
            self._merge_last()
        return self._runs[0][2] if self._runs else []

    def merged_with(self, rest: Sequence[PartRows]) -> Sequence[PartRows]:
        """All runs and `rest`, which is in memory, as one."""
        if not self._runs:
            return rest
        self._push(0, self.merged(), rest)
        return self._runs[-1][2]

    def _merge_last(self) -> None:
        (height, one, old), (_, other, new) = self._runs[-2:]
        del self._runs[-2:]
        self._push(height + 1, old, new)
        for folder in (one, other):
            shutil.rmtree(folder, ignore_errors=True)

    def _push(self, height: int, old: Sequence[PartRows], new: Sequence[PartRows]) -> None:
        folder, nothing = self._work / f"run-{self._made}", np.empty(0, np.uint32)
        self._made += 1
        merged = merged_parts(old, new, nothing, folder, hashed=False, threads=self._threads, syncer=None)
        parts = [open_part(folder, number, one.part.rows) for number, one in enumerate(merged)]
        self._runs.append((height, folder, parts))


def _leaves_of(sources: Sequence[BatchSource], threads: int) -> Iterator[tuple[int, Rows]]:
    for source in sources:
        for keys in blocks_of(source, threads=threads):
            yield source.batch.number, keys


def _forget_runs(work: Path) -> None:
    for folder in work.glob("run-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _replace_if_other(path: Path, manifest: BookManifest) -> None:
    """Remove the book that is there unless it is the same: its files may be cut otherwise, its gone batches fewer."""
    if (path / FILE).read_bytes() != manifest.to_bytes():
        remove_folder(path)
