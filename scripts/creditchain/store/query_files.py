"""Files of queries for a regulator: CSV (RFC 4180) and Parquet, of the same columns (docs/format.md, section 7)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from itertools import islice
from typing import IO, Final

#: Rows that are held in memory at a time.
_TOGETHER: Final = 10_000


class QueryFileKind(StrEnum):
    """The kinds of files."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query, without content. Digests are 0x and 64 hex digits, times unix seconds; "" or 0 where there is none."""

    delivered_at: int
    institution: int  #: who asked, by its node number; 0: the enterprise itself
    provider: int
    via: int  #: node of the broker
    staff: str  #: salted digest of who of the institution's staff asked
    purpose: int
    purpose_name: str
    product: str  #: name/version, if the exchange knows the product
    product_digest: str
    sections: str  #: names, joined by blanks
    domains: str  #: names, joined by blanks
    consent: str
    request: str
    report: str  #: commitment to what was shown
    state: str  #: promised, metered, rejected; "own" for an enterprise's report about itself
    entry: int  #: of the region's log


def write_queries(kind: QueryFileKind, rows: Iterable[QueryRow], file: IO[bytes]) -> int:
    """Write rows in their order, a few at a time; how many they were. The file is at its end then."""
    return _write_csv(rows, file) if kind is QueryFileKind.CSV else _write_parquet(rows, file)


def _write_csv(rows: Iterable[QueryRow], file: IO[bytes]) -> int:
    count = 0
    for part in _parts(rows, [tuple(one.name for one in fields(QueryRow))]):
        text = io.StringIO(newline="")
        csv.writer(text).writerows(part)
        file.write(text.getvalue().encode())
        count += len(part)
    return count - 1  # the names of the columns are no query


def _write_parquet(rows: Iterable[QueryRow], file: IO[bytes]) -> int:
    # Loaded where it is used: the service starts without it.
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"int": pa.int64(), "str": pa.string()}
    schema = pa.schema([pa.field(one.name, kinds[str(one.type)], nullable=False) for one in fields(QueryRow)])
    count = 0
    with pq.ParquetWriter(file, schema) as writer:
        for part in _parts(rows, []):
            columns = [pa.array(column, one.type) for column, one in zip(zip(*part, strict=True), schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            count += len(part)
    return count


def _parts(rows: Iterable[QueryRow], first: list[tuple[str, ...]]) -> Iterator[list[tuple[object, ...]]]:
    """The rows' values, `_TOGETHER` at a time, after `first`; at least one part if `first` is not empty."""
    source, begun = iter(rows), [tuple[object, ...](one) for one in first]
    while part := begun + [astuple(one) for one in islice(source, _TOGETHER)]:
        yield part
        begun = []
