"""Cutting the keys of all runs into spans: one part of the leaves each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from creditchain.batch.making.task import Making
from creditchain.batch.making.worker import Run, Slice, Span

#: Leaves that are merged at a time: small enough for the memory that a worker has in use already, and for its caches.
_SPAN_BYTES = 12 << 20


def spans(making: Making, runs: Sequence[Run], *, keep: bool = True, dropped: tuple[int, ...] = ()) -> Iterator[Span]:
    """Spans of keys with about the same number of bytes each, small enough for all workers to sort one at a time.

    Of a folder of files a span ends between two subjects: one file in two of its sections stands twice, far apart.
    """
    limits, files = making.limits, making.upload.kind == "folder"
    filled = [run for run in runs if run.rows]
    lines = list(accumulate((0 if run.numbered else run.lines for run in runs), initial=0))
    documents = list(accumulate((run.rows for run in runs), initial=0))
    whole = sum(run.bytes for run in filled)
    # A worker holds what it read, the sorted copy and keys: about three times the span.
    most = limits.workers * min(_SPAN_BYTES, limits.sort_memory // (3 * limits.workers))
    count = limits.workers * max(1, -(-whole // most)) if filled and filled[0].held is None else 1
    bounds = _bounds(filled, count, whole_subjects=files)
    for number, (low, high) in enumerate(zip([None, *bounds], [*bounds, None], strict=True)):
        slices = [_slice(run, low, high, lines[run.number], documents[run.number]) for run in filled]
        touched = tuple(piece for piece in slices if piece.start < piece.stop)
        yield Span(number, touched, low, high, files, making.faults.skip, keep, dropped)


def _bounds(runs: Sequence[Run], count: int, *, whole_subjects: bool) -> list[bytes]:
    """Keys that cut all runs into `count` spans, told by the fences of the runs; fewer where fences are few."""
    if count < 2:
        return []
    fences = np.sort(np.concatenate([run.fences for run in runs]))
    chosen = fences[(np.arange(1, count) * len(fences)) // count]
    length = 32 if whole_subjects else 65
    cut = {bytes(bound)[:length].ljust(65, b"\0") for bound in chosen if bound > fences[0]}
    return sorted(cut)


def _slice(run: Run, low: bytes | None, high: bytes | None, lines: int, documents: int) -> Slice:
    """The batches of a run that may hold keys from `low` to below `high`.

    Where a batch begins with `low`, the one before may end with it: a leaf can stand twice.
    """
    start = 0 if low is None else max(0, int(np.searchsorted(run.fences, np.bytes_(low), side="left")) - 1)
    stop = len(run.fences) if high is None else int(np.searchsorted(run.fences, np.bytes_(high), side="left"))
    return Slice(run.path, run.held, start, stop, lines, documents)
