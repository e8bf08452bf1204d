"""The file of `--report-errors`: one fault a line, as JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.errors import Place, UsageError

if TYPE_CHECKING:
    from creditchain.batch import Problem

ReportOption = Annotated[
    Path | None,
    typer.Option("--report-errors", help="Write every fault to this file, as JSON Lines. 错误清单"),
]


@contextmanager
def reporting(path: Path | None, upload: str) -> Iterator[Callable[[str, Problem], None] | None]:
    """Write faults to a file as they come; it is there, perhaps empty, when all is done. None without a path.

    Raises UsageError if that is the upload itself: opening it for writing would erase it.
    """
    import orjson

    from creditchain.batch.errors import storage

    if path is None:
        yield None
        return
    source = Path(upload)
    if path.exists() and source.exists() and path.samefile(source):
        raise UsageError("the report of errors would overwrite the upload", place=Place(str(path)))
    with storage("the report of errors"), path.open("wb") as handle:

        def write(name: str, problem: Problem) -> None:
            handle.write(orjson.dumps(problem.as_json(name)) + b"\n")

        yield write
