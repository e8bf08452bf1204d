"""Writes a sample to a file, as JSON Lines, CSV or Parquet; the file gets its name when it is complete."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from creditchain.home.files import new_file
from creditchain.sample.population import Rows
from creditchain.sample.sampling import Sample, SampleError
from creditchain.sample.sheets import arrow_sheet, csv_sheet, json_sheet

_Made = TypeVar("_Made")


#: Rows in a row group of Parquet; tens of thousands to a million are usual.
_GROUP_ROWS = 65_536


class Form(StrEnum):
    """Formats of an upload."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


FORMS = tuple(Form)


def form_of(path: Path) -> Form:
    """The format by a file name's ending. Raises SampleError."""
    try:
        return Form(path.suffix.lower().removeprefix("."))
    except ValueError as error:
        raise SampleError(
            "the file name has no ending of a known format",
            expected=", ".join(f".{form}" for form in Form),
            found=path.name,
        ) from error


def write_sample(
    sample: Sample,
    path: Path,
    form: Form,
    on_progress: Callable[[int], object] = lambda _: None,
    *,
    overwrite: bool = False,
) -> int:
    """Write the sample to `path` and return the file's bytes; `on_progress` is told the rows of each piece.

    Raises OutputExistsError, StorageError; nothing is left under the name then.
    """
    with new_file(path, overwrite=overwrite) as handle:
        _WRITERS[form](sample, handle, on_progress)
        return handle.tell()


def json_lines(sample: Sample) -> Iterator[bytes]:
    """The sample as JSON Lines, a few thousand lines at a time."""
    return _ahead(json_sheet(sample.product, sample.seed).render, sample)


def _write_json(sample: Sample, handle: BinaryIO, on_progress: Callable[[int], object]) -> None:
    for lines in json_lines(sample):
        handle.write(lines)
        on_progress(lines.count(b"\n"))


def _write_csv(sample: Sample, handle: BinaryIO, on_progress: Callable[[int], object]) -> None:
    header, sheet = csv_sheet(sample.product, sample.seed)
    handle.write(header)
    for lines in _ahead(sheet.render, sample):
        handle.write(lines)
        on_progress(lines.count(b"\n"))


def _write_parquet(sample: Sample, handle: BinaryIO, on_progress: Callable[[int], object]) -> None:
    schema, make = arrow_sheet(sample.product, sample.seed)
    group: list[pa.RecordBatch] = []
    with pq.ParquetWriter(handle, schema) as writer:
        for batch in _ahead(make, sample):
            group.append(batch)
            if sum(map(len, group)) >= _GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(group), row_group_size=_GROUP_ROWS)
                group = []
            on_progress(len(batch))
        if group:
            writer.write_table(pa.Table.from_batches(group), row_group_size=_GROUP_ROWS)


def _ahead(make: Callable[[Rows], _Made], sample: Sample) -> Iterator[_Made]:
    """Make pieces on all cores, in order, a few ahead of the one that is asked for."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[_Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for rows in sample.chunks():
            waiting.append(pool.submit(make, rows))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_WRITERS: dict[Form, Callable[[Sample, BinaryIO, Callable[[int], object]], None]] = {
    Form.JSONL: _write_json,
    Form.CSV: _write_csv,
    Form.PARQUET: _write_parquet,
}
