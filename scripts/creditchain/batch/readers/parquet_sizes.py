"""How much of a Parquet file may be unpacked at a time: judged from its metadata, before anything is.

A file of some kilobytes can unpack to gigabytes in four ways: pages that compress extremely well; one long value in a
dictionary that every row points at; values that share long beginnings; and lists that repeat one item. The first and
the last are refused. Of the others as few rows are read at a time as fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditchain.batch.errors import UploadError
from creditchain.errors import Place

#: Rows that are judged at a time, and bytes of them, about.
ROWS = 65_536
BLOCK_BYTES = 32 << 20
MOST_BYTES = 4 * BLOCK_BYTES
#: Bytes that a row takes at least, once it is written as a document.
ROW_BYTES = 512
#: Bytes a value that a column of texts takes at most where its values repeat.
CODED_BYTES = 8
#: A chunk of a column that unpacks to more than this must not be so many times as small in the file.
_CHUNK_BYTES, _RATIO = 64 << 20, 200
#: Items that the lists of one column may have in one row group.
_ITEMS = 16 << 20


def require_sane(metadata: pq.FileMetaData, name: str) -> None:
    """Raise UploadError for a file whose pages or lists unpack out of all proportion."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            unpacked, packed = column.total_uncompressed_size, max(1, column.total_compressed_size)
            if unpacked > _CHUNK_BYTES and unpacked // packed > _RATIO:
                raise UploadError(
                    "a column unpacks to far more than the file has",
                    expected=f"at most {_RATIO} times as much, or {_CHUNK_BYTES} bytes",
                    found=f"{unpacked} bytes from {packed} in row group {number + 1}",
                    hint="Data for a batch does not compress like this. Check the longest values.",
                    place=Place(name, field=column.path_in_schema.split(".")[0]),
                )
            if column.num_values > _ITEMS and column.num_values > 64 * max(1, group.num_rows):
                raise UploadError(
                    "the lists of a column are too long",
                    expected=f"at most {_ITEMS} items in a row group",
                    found=f"{column.num_values} items in {group.num_rows} rows",
                    place=Place(name, field=column.path_in_schema.split(".")[0]),
                )


def rows_at_once(size: int, rows: int) -> int:
    """How many rows to judge at a time, of so many bytes and rows."""
    return max(1, min(ROWS, BLOCK_BYTES // max(ROW_BYTES, size // max(1, rows))))


def rows_of(groups: Sequence[pq.RowGroupMetaData]) -> int:
    """How many rows of some row groups to judge at a time."""
    rows = rows_at_once(sum(one.total_byte_size for one in groups), sum(one.num_rows for one in groups))
    # A value may be as long as all of its chunk where each only says how it differs from the one before.
    shared = [
        column.total_uncompressed_size
        for group in groups
        for column in map(group.column, range(group.num_columns))
        if "DELTA_BYTE_ARRAY" in column.encodings
    ]
    return min(rows, max(1, MOST_BYTES // max(shared, default=1)))


def coded_columns(handle: Any, metadata: pq.FileMetaData, numbers: Sequence[int], rows: int) -> list[str]:
    """The columns of texts to read as numbers of different values.

    Those whose values repeat, because they are looked at once a value; and those with a value so long that `rows` of
    them would not fit the memory, if each row had it.
    """
    groups = [metadata.row_group(number) for number in numbers]
    found, open_ones = [], []
    for number in range(groups[0].num_columns):
        columns = [group.column(number) for group in groups]
        if columns[0].physical_type != "BYTE_ARRAY" or not any(column.has_dictionary_page for column in columns):
            continue
        whole = all(column.has_dictionary_page for column in columns)
        if whole and all(column.total_uncompressed_size < CODED_BYTES * column.num_values for column in columns):
            found.append(columns[0].path_in_schema)
        elif max(column.total_uncompressed_size for column in columns) * rows > MOST_BYTES:
            open_ones.append(columns[0].path_in_schema)
    return found + [name for name in open_ones if _longest(handle, metadata, numbers, name) * rows > MOST_BYTES]


def _longest(handle: Any, metadata: pq.FileMetaData, numbers: Sequence[int], name: str) -> int:
    """Bytes of the longest value in the dictionaries of a column. Nothing but the dictionaries is unpacked."""
    if "." in name:
        return 0  # texts inside lists and structures are read as they are
    longest = 0
    parquet = pq.ParquetFile(handle, metadata=metadata, read_dictionary=[name])
    for number in numbers:
        batch = next(parquet.iter_batches(batch_size=1, row_groups=[number], columns=[name], use_threads=False), None)
        if batch is not None and len(batch) and pa.types.is_dictionary(batch.column(0).type):
            longest = max(longest, int(pc.max(pc.binary_length(batch.column(0).dictionary)).as_py() or 0))
    return longest
