"""The global options of one call, as every command finds them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from creditchain.cli.output import Output
from creditchain.home.databases.address import DatabaseAddress


@dataclass(frozen=True)
class Settings:
    """The global options of one call."""

    network: str
    networks_file: Path | None
    home: Path
    deployments: Path
    output: Output
    database: DatabaseAddress | None = None


def settings(ctx: typer.Context) -> Settings:
    """The global options, from any command."""
    found = ctx.find_root().obj
    if not isinstance(found, Settings):  # pragma: no cover - only a programming error
        raise TypeError("the command was called without its application")
    return found
