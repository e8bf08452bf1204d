"""Turns columns into a file's content: JSON Lines, CSV, or an Arrow table for Parquet."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from creditchain.products import Product
from creditchain.sample.columns import Escape, SampleColumn, data_columns, envelope_columns
from creditchain.sample.population import Flags, Rows
from creditchain.sample.sources import Flag, NumberSource
from creditchain.sample.tables import Bytes

_PRESENT = 179  #: of 256 optional cells, this many have a value


def _json_text(text: str) -> bytes:
    """Text as it stands between the quotes of a JSON string."""
    return orjson.dumps(text)[1:-1]


def _csv_text(text: str) -> bytes:
    """Text as a CSV cell (RFC 4180)."""
    quoted = '"' + text.replace('"', '""') + '"'
    return (quoted if any(character in text for character in '",\r\n') else text).encode()


_JSON = Escape(_json_text, str.encode)
_CSV = Escape(_csv_text, _csv_text)
_PLAIN = Escape(str.encode, str.encode)


class Sheet:
    """A template for lines: literals of every line with cells between them.

    All lines are filled into one matrix of bytes at once, and the NUL bytes of short and empty cells are dropped at the
    end. A cell owns the literals around it (a comma, a key, quotes), which vanish with it when it is empty.
    """

    def __init__(self) -> None:
        self.template = b""
        self.cells: list[tuple[int, int, int, SampleColumn]] = []
        self._memory = threading.local()

    def literal(self, text: str) -> None:
        """Add text that stands in every line."""
        self.template += text.encode()

    def cell(self, column: SampleColumn, before: str = "", after: str = "") -> None:
        """Add a column's cell, with the literals that belong to it."""
        start = len(self.template)
        self.literal(before)
        at = len(self.template)
        self.template += bytes(column.source.width)
        self.literal(after)
        self.cells.append((start, at, len(self.template), column))

    def render(self, rows: Rows) -> bytes:
        """The lines of some rows."""
        out, full = self._buffers(len(rows))
        out[:] = np.frombuffer(self.template, np.uint8)
        for start, at, end, column in self.cells:
            column.source.fill(out[:, at : at + column.source.width], rows)
            if column.optional:
                out[absent(column, rows), start:end] = 0
        np.not_equal(out, 0, out=full)
        text: bytes = out[full].tobytes()
        return text

    def _buffers(self, rows: int) -> tuple[Bytes, npt.NDArray[np.bool_]]:
        """Memory for lines and mask, reused by each thread: getting fresh pages costs more than filling them."""
        kept: list[Bytes] = getattr(self._memory, "kept", [])
        size = rows * len(self.template)
        if not kept or len(kept[0]) < size:
            kept = self._memory.kept = [np.empty(size, np.uint8), np.empty(size, np.uint8)]
        shape = (rows, len(self.template))
        return kept[0][:size].reshape(shape), kept[1][:size].reshape(shape).view(np.bool_)


def absent(column: SampleColumn, rows: Rows) -> Flags:
    """Which cells of an optional column are empty: what its source says, or some at random."""
    if column.source.given is not None:
        return ~column.source.given(rows)
    if column.told:
        return np.zeros(len(rows), np.bool_)
    return rows.draws.below(column.name + "/present", rows.ordinals, 256) >= _PRESENT


def json_sheet(product: Product, seed: int) -> Sheet:
    """One document a line."""
    scheme, number, section, domain, as_of = envelope_columns(product)
    sheet = Sheet()
    sheet.literal(f'{{"product":"{product.ref}","subject":{{')
    sheet.cell(scheme, '"scheme":"', '",')
    sheet.cell(number, '"number":"', '"},')
    sheet.cell(section, '"section":"', '",')
    sheet.cell(domain, '"domain":"', '",')
    sheet.cell(as_of, '"as_of":"', '","data":{')
    for place, column in enumerate(data_columns(product, seed, _JSON)):
        quote = '"' if column.kind == "string" else ""
        sheet.cell(column, f'{"," if place else ""}"{column.name}":{quote}', quote)
    sheet.literal("}}\n")
    return sheet


def csv_sheet(product: Product, seed: int) -> tuple[bytes, Sheet]:
    """The header line, and a sheet with one record a line."""
    columns = (*envelope_columns(product), *data_columns(product, seed, _CSV))
    sheet = Sheet()
    for place, column in enumerate(columns):
        sheet.literal("," if place else "")
        sheet.cell(column)
    sheet.literal("\n")
    return ",".join(column.name for column in columns).encode() + b"\n", sheet


def arrow_sheet(product: Product, seed: int) -> tuple[pa.Schema, Callable[[Rows], pa.RecordBatch]]:
    """The schema of a table and a function that makes its rows: typed columns, or whole documents if fields nest."""
    columns = (*envelope_columns(product), *data_columns(product, seed, _PLAIN))
    if any(column.kind == "json" for column in columns):
        schema, sheet = pa.schema([("document", pa.string())]), json_sheet(product, seed)
        return schema, lambda rows: pa.RecordBatch.from_arrays([_documents(sheet.render(rows))], schema=schema)
    types = {"integer": pa.int64(), "boolean": pa.bool_()}
    schema = pa.schema([(column.name, types.get(column.kind, pa.string())) for column in columns])
    return schema, lambda rows: pa.RecordBatch.from_arrays([_array(column, rows) for column in columns], schema=schema)


def _documents(lines: bytes) -> pa.Array:
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends - np.arange(len(ends))
    text = lines.replace(b"\n", b"")
    return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def _array(column: SampleColumn, rows: Rows) -> pa.Array:
    empty = absent(column, rows) if column.optional else None
    if isinstance(column.source, NumberSource | Flag):
        return pa.array(column.source.values(rows), mask=empty)
    out = np.zeros((len(rows), column.source.width), np.uint8)
    column.source.fill(out, rows)
    if empty is not None:
        out[empty] = 0
    return _strings(out, empty)


def _strings(cells: Bytes, empty: npt.NDArray[np.bool_] | None) -> pa.Array:
    full = cells != 0
    offsets = np.zeros(len(cells) + 1, np.int32)
    np.cumsum(full.sum(axis=1), out=offsets[1:])
    valid = None if empty is None else pa.py_buffer(np.packbits(~empty, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), len(cells), [valid, pa.py_buffer(offsets), pa.py_buffer(cells.ravel()[full.ravel()])]
    )
