"""Rows of text cells become records; a row that does not is told with all its faults, Excel's leavings by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from creditchain.batch.accepting.faults import value_faults
from creditchain.batch.accepting.lines import accept_values
from creditchain.batch.accepting.loaded import Loaded
from creditchain.batch.accepting.rules import Rules
from creditchain.batch.accepting.table import ENVELOPE, Layout, envelope, layout, typed
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.readers import leavings
from creditchain.batch.readers.mapping import UploadMapping
from creditchain.batch.readers.pieces import CellsPiece, Row
from creditchain.documents import JsonObject
from creditchain.errors import InputError, Place
from creditchain.products.explaining import shape_of

#: Cells of a row by their column's name, or what is wrong with it.
Source = dict[str, str] | Problem
#: Without a mapping each field has the column of its own name.
_SAME: Mapping[str, str] = {}
#: Dotted fields of documents and the columns of the envelope that hold them.
_COLUMNS = {"subject.number": "subject_number", "subject.scheme": "subject_scheme", "subject": "subject_number"}


def check_columns(names: Sequence[str], rules: Rules, mapping: UploadMapping | None) -> None:
    """Raise UploadError unless a table with these columns can hold documents of the product."""
    if mapping is not None:
        mapping.require_columns(names)
    else:
        layout(names, rules.product)


def gather(
    rows: Iterator[tuple[int, Row]], names: tuple[str, ...], piece_bytes: int, mapping: UploadMapping | None
) -> Iterator[CellsPiece]:
    """Rows of about `piece_bytes` together."""
    gathered: list[tuple[int, Row]] = []
    size = 0
    for line, cells in rows:
        gathered.append((line, cells))
        size += len(names) if isinstance(cells, Problem) else sum(map(len, cells)) + len(cells)
        if size >= piece_bytes:
            yield CellsPiece(names, tuple(gathered), size, mapping)
            gathered, size = [], 0
    if gathered:
        yield CellsPiece(names, tuple(gathered), size, mapping)


def load(piece: CellsPiece, rules: Rules) -> Loaded:
    """The records of the rows."""
    rows: list[tuple[int, Source]] = []
    for line, cells in piece.rows:
        rows.append((line, cells if isinstance(cells, Problem) else dict(zip(piece.names, cells, strict=True))))
    return load_sources(rows, piece.names, piece.mapping, rules)


def load_sources(
    rows: Sequence[tuple[int, Source]], names: Sequence[str], mapping: UploadMapping | None, rules: Rules
) -> Loaded:
    """The records of rows whose cells have their columns' names; the names are the mapping's where there is one."""
    table = layout(mapping.names if mapping is not None else names, rules.product)
    values: list[JsonObject] = []
    good: list[_Row] = []
    problems: list[Problem] = []
    for line, source in rows:
        if isinstance(source, Problem):
            problems.append(source)
            continue
        row = _read_row(line, source, table, mapping)
        if row.faults:
            problems += _all_faults(row, table, rules)
        else:
            values.append(_document(row, rules))
            good.append(row)
    loaded = accept_values(values, [row.line for row in good], rules)
    by_line = {row.line: row for row in good} if loaded.problems else {}
    problems += [_explained(problem, by_line[problem.line or 0], table) for problem in loaded.problems]
    problems.sort(key=lambda problem: problem.line or 0)
    return replace(loaded, problems=tuple(problems), lines=len(rows))


@dataclass(slots=True)
class _Row:
    """A row on its way: its cells by field, the columns they come from, typed values of `data`, and faults so far."""

    line: int
    cells: Mapping[str, str]
    source: Mapping[str, str]  #: cells by column, as they stand in the upload
    columns: Mapping[str, str]  #: columns by field, where their names differ
    data: JsonObject = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)

    def refuse(self, name: str, error: InputError) -> None:
        """Add a fault of a field."""
        place = Place(field=name if name in ENVELOPE else f"data.{name}")
        self.faults.append(Problem.of(error.at(place), self.line))


def _read_row(line: int, source: dict[str, str], table: Layout, mapping: UploadMapping | None) -> _Row:
    row = _Row(line, source, source, _SAME) if mapping is None else _mapped(line, source, mapping)
    if leavings.may_be_refused("\x1f".join(row.cells.values())):
        for name, cell in row.cells.items():
            if (left := leavings.refused(cell)) is not None:
                row.refuse(name, UploadError("not a value", found=left.found, hint=left.hint))
    refused = {(fault.field or "").removeprefix("data.") for fault in row.faults}
    for name in table.names:
        if name not in ENVELOPE and name not in refused and row.cells[name] != "":
            try:
                row.data[name] = typed(name, row.cells[name], table.types[name])
            except InputError as error:
                row.faults.append(Problem.of(error, line))
    return row


def _mapped(line: int, source: dict[str, str], mapping: UploadMapping) -> _Row:
    cells: dict[str, str] = {}
    columns = {rule.name: rule.column for rule in mapping.rules if rule.column is not None}
    row = _Row(line, cells, source, columns)
    for rule in mapping.rules:
        try:
            cells[rule.name] = rule.value(source)
        except InputError as error:
            cells[rule.name] = ""
            row.refuse(rule.name, error)
    return row


def _document(row: _Row, rules: Rules) -> JsonObject:
    return envelope(row.cells, row.data, rules.product)


def _all_faults(row: _Row, table: Layout, rules: Rules) -> list[Problem]:
    """The faults of a row whose cells are wrong, and those of the document that the other cells make."""
    told = {fault.field for fault in row.faults}
    others = [Problem.of(error, row.line) for error in value_faults(_document(row, rules), rules)]
    faults = [*row.faults, *(fault for fault in others if fault.field not in told and _envelope(fault) not in told)]
    return [_explained(fault, row, table) for fault in faults]


def _explained(problem: Problem, row: _Row, table: Layout) -> Problem:
    """The problem with its column, and with what the cell looks like in place of mere length."""
    name = _column_field(problem)
    column = row.columns.get(name, name)
    cell = row.source.get(column)
    told = replace(problem, column=column) if column != name and cell is not None else problem
    if cell is None or problem.message == "not a value":
        return told
    odd = leavings.oddity(cell, _wanted(name, problem, table))
    if odd is not None:
        return replace(told, found=odd.found, hint=odd.hint)
    if cell == "":
        return replace(told, found="an empty cell")
    return told if told.found is not None else replace(told, found=shape_of(cell))


def _wanted(name: str, problem: Problem, table: Layout) -> str:
    if problem.field == "as_of" or "date" in (problem.expected or ""):
        return "date"
    return table.types.get(name, "string")


def _envelope(problem: Problem) -> str:
    """The envelope's column that a problem is about, as `refuse` names it."""
    return _COLUMNS.get(problem.field or "", problem.field or "")


def _column_field(problem: Problem) -> str:
    """The field, as rows and mappings name it."""
    return _envelope(problem).removeprefix("data.").partition(".")[0]
