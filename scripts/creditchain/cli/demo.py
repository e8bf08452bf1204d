"""`creditchain demo`: one regional chain from deployment to a refused forgery, by the commands a user would type."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.demo_shell import DemoShell, Run
from creditchain.cli.demo_tour import TAG_KEY, Tour
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode, UsageError


def register(app: typer.Typer, run: Run) -> None:
    """Add the command; `run` runs the others."""

    @app.command()
    def demo(
        ctx: typer.Context,
        directory: Annotated[
            Path | None,
            typer.Option("--directory", help="Empty folder to work in and keep; by default a temporary one."),
        ] = None,
        records: Annotated[int, typer.Option("--records", min=1, help="Records of the upload.")] = 10_000,
    ) -> int:
        """Demonstrate all on a local chain: deploy, admit 26 members, anchor, prove, verify, refuse forgeries. 演示"""
        chosen = settings(ctx)
        started = time.monotonic()
        with _workplace(directory) as place, _tag_key():
            shell = DemoShell(chosen, run, place)
            Tour(shell).take(records)
        chosen.output.emit({"steps": shell.done}, text="")
        chosen.output.note(("bold", f"done in {time.monotonic() - started:.0f} s"), "  演示完成")
        return int(ExitCode.OK)


@contextlib.contextmanager
def _workplace(directory: Path | None) -> Iterator[Path]:
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="creditchain-demo-") as temporary:
            yield Path(temporary)
        return
    if directory.exists() and any(directory.iterdir()):
        raise UsageError("the folder is not empty", found=str(directory), hint="Name one that is empty or not there.")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory


@contextlib.contextmanager
def _tag_key() -> Iterator[None]:
    """A fresh tag key in the environment, where the commands look for it."""
    os.environ[TAG_KEY] = "0x" + secrets.token_hex(32)
    try:
        yield
    finally:
        del os.environ[TAG_KEY]
