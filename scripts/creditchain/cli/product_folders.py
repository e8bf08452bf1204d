"""The option that names folders with product files of one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

FOLDERS_OPTION = typer.Option(
    "--products", envvar="CREDITCHAIN_PRODUCTS", help=f"Folder of product files, more than one joined by {os.pathsep}."
)
Folders = Annotated[str | None, FOLDERS_OPTION]


def folders_of(option: str | None) -> list[Path]:
    """The folders that --products names."""
    return [Path(name) for name in (option or "").split(os.pathsep) if name]
