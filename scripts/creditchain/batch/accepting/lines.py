"""Accept many JSON texts or values: all at once where they are good, one by one where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import orjson
import pyarrow as pa

from creditchain.batch.accepting.bulk_lines import Lines, line_acceptor
from creditchain.batch.accepting.faults import text_faults
from creditchain.batch.accepting.loaded import Collector, Loaded
from creditchain.batch.accepting.rules import Rules, accept_text
from creditchain.batch.errors import Problem, UploadError
from creditchain.batch.records import RECORDS, Record, joined
from creditchain.documents import JsonObject
from creditchain.errors import InputError


def accept_lines(lines: Lines, rules: Rules) -> Loaded:
    """The records of texts; the first stands at line 1."""
    acceptor = line_acceptor(rules)
    first = acceptor.accept(lines) if acceptor is not None else None
    collector = Collector()
    for place in range(len(lines)) if first is None else first.rest:
        _take(collector, place + 1, lines[place], rules)
    loaded = collector.loaded(len(lines), numbered=False)
    if first is None or not len(first.records):
        return loaded
    return replace(loaded, records=joined(first.records, loaded.records))


def _take(collector: Collector, number: int, line: bytes, rules: Rules) -> None:
    """Add the record of a line, or everything that is wrong with it."""
    try:
        collector.columns.add(number, accept_line(line, rules))
    except InputError as refusal:
        collector.problems += [Problem.of(error, number) for error in text_faults(line, rules, refusal)]


def accept_values(values: Sequence[JsonObject], numbers: Sequence[int], rules: Rules) -> Loaded:
    """The records of values that stand at the lines `numbers` of the upload. They are judged as texts are."""
    loaded = accept_lines(Lines(b"".join([orjson.dumps(value) + b"\n" for value in values])), rules)
    lines = np.asarray([0, *numbers], dtype=np.int64)
    at = RECORDS.get_field_index("line")
    placed = pa.array(lines[loaded.records.column("line").to_numpy()])
    records = loaded.records.set_column(at, RECORDS.field(at), placed)
    problems = tuple(replace(problem, line=int(lines[problem.line or 0])) for problem in loaded.problems)
    return replace(loaded, records=records, problems=problems, numbered=True)


def accept_line(line: bytes, rules: Rules) -> Record:
    """The record of one line, which may end with a carriage return. Raises InputError."""
    if not line.strip():
        raise UploadError("the line is empty", expected="one JSON document a line")
    return accept_text(line, rules)
