"""The file of `--report-errors`: one fault a line, as JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.errors import CreditchainError

if TYPE_CHECKING:
    from creditchain.batch.errors import Problem

ReportOption = Annotated[
    Path | None,
    typer.Option("--report-errors", help="Write every fault to this file, as JSON Lines. 错误清单"),
]


@contextmanager
def reporting(path: Path | None, upload: str) -> Iterator[Callable[[str, Problem], None] | None]:
    """Write faults to a file as they come; it is there, perhaps empty, however the command ends. None without a path.

    An older report is replaced. Raises OutputIsInputError if the report would erase the upload, StorageError.
    """
    import orjson

    from creditchain.home.files import check_output, new_file

    if path is None:
        yield None
        return
    check_output(path, overwrite=True, inputs=[Path(upload)] if "://" not in upload else [])
    failure: CreditchainError | None = None
    with new_file(path, overwrite=True) as handle:

        def write(name: str, problem: Problem) -> None:
            handle.write(orjson.dumps(problem.as_json(name)) + b"\n")

        try:
            yield write
        except CreditchainError as error:
            failure = error  # the file is finished first: it says why
    if failure is not None:
        raise failure
