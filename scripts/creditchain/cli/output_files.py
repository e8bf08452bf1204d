"""Writing output files: whole or not at all, and never over an existing file without --force."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

OutOption = Annotated[Path, typer.Option("--output", "-o", help="File to write.")]
ChangedOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write, instead of replacing the one that was read.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
AgainOption = Annotated[
    bool,
    typer.Option("--force", help="Replace a file that exists; drop the file's signatures and sign again."),
]


def require_writable(path: Path, *, force: bool, inputs: tuple[Path, ...] = ()) -> None:
    """Raise, before anything is asked or signed, if the file exists (without `force`) or is an input."""
    from creditchain.home.files import check_output

    check_output(path, overwrite=force, inputs=inputs)


def save(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file, for its owner alone: it holds salts. Raises OutputExistsError, StorageError."""
    from creditchain.home.files import write_file

    write_file(path, content, overwrite=force)


def require_place(out: Path | None, source: Path, *, force: bool) -> Path:
    """Where a changed file goes: over the input, or to a new file. Raises as `require_writable`."""
    if out is None:
        return source
    require_writable(out, force=force, inputs=(source,))
    return out
