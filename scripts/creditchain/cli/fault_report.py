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
def reporting(
    path: Path | None, upload: str, *others: str | Path | None
) -> Iterator[Callable[[str, Problem], None] | None]:
    """Write faults to a file as they come; it is there, perhaps empty, however the command ends. None without a path.

    An older report is replaced. Raises OutputIsInputError if the report would erase the upload, a file in the folder
    that is the upload, or one of the `others` that the command reads (None, and names that are no files, pass).
    Raises StorageError.
    """
    import orjson

    from creditchain.home.files import check_output, new_file

    if path is None:
        yield None
        return
    inputs = [_local(upload), *(Path(other) for other in others if other is not None)]
    check_output(path, overwrite=True, inputs=[*inputs, *_inside(path, inputs[0])])
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


def _local(upload: str) -> Path:
    """The path of an upload; of a store elsewhere, one where no file is."""
    return Path(upload.removeprefix("file://"))


def _inside(path: Path, folder: Path) -> list[Path]:
    """The report itself, if it would be a file of the folder that is the upload."""
    return [path] if folder.is_dir() and path.resolve().is_relative_to(folder.resolve()) else []
