"""`creditchain demo`: the whole story of a region and of one report, by the commands a user would type."""

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

from creditchain.cli import demo_serving
from creditchain.cli.demo_report import TEST_WORDS, WORDS, ReportTour
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
        records: Annotated[int, typer.Option("--records", min=1, help="Registrations of the first upload.")] = 10_000,
        serve: Annotated[
            bool, typer.Option("--serve", help="Keep the exchange running at the end, until Ctrl-C or SIGTERM.")
        ] = False,
        port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens, on 127.0.0.1.")] = 8420,
    ) -> int:
        """Tell the whole story on a local chain: publish, verify, consent, query, meter, report, dispute. 演示

        26 members, three data sources, one enterprise. Each step is a command that you can type yourself. With --serve
        an exchange answers at the end, and the last chapter says what to open; it needs the extra `exchange`.
        """
        chosen, started = settings(ctx), time.monotonic()
        if serve:
            _require_exchange(port)
        with _workplace(directory) as place, _secrets():
            shell = DemoShell(chosen, run, place)
            story = _tell_story(shell, records)
            chosen.output.note(("bold", f"done in {time.monotonic() - started:.0f} s"), "  演示完成")
            if serve:
                chosen.output.event({"steps": shell.done} if chosen.output.as_json else {})
                demo_serving.serve(shell, port)
                return int(ExitCode.OK)
            if directory is not None:
                demo_serving.lead(shell, chosen.network, chosen.networks_file)
            demo_serving.tell_next(shell, kept=directory is not None, pdf=story.pdf)
        chosen.output.emit({"steps": shell.done}, text="")
        return int(ExitCode.OK)


def _tell_story(shell: DemoShell, records: int) -> ReportTour:
    tour = Tour(shell)
    tour.region()
    tour.publishing(records)
    tour.record()
    report = ReportTour(tour)
    for chapter in (report.consent, report.query, report.metering, report.reading, report.dispute, report.log):
        chapter()
    return report


def _require_exchange(port: int) -> None:
    """Before the story, not after it: what it needs is installed, and the port is free."""
    from creditchain.cli.serving_extra import serving_module

    serving_module()
    demo_serving.require_free(port)


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
def _secrets() -> Iterator[None]:
    """A fresh tag key and the enterprise's words in the environment, where the commands look for them."""
    values = {TAG_KEY: "0x" + secrets.token_hex(32), WORDS: TEST_WORDS}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]
