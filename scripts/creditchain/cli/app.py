"""The `creditchain` command: global options, groups, and the one place that turns an error into an exit code."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
import typer.main

from creditchain.cli.output import Output
from creditchain.errors import CreditchainError, ExitCode, UsageError

#: Modules under `creditchain.cli`, each with a function `register(app)` that adds its commands.
GROUPS: tuple[str, ...] = (
    "demo",
    "deploy",
    "network",
    "keys",
    "node",
    "epoch",
    "log",
    "product",
    "sample",
    "anchor",
    "prove",
    "batch",
    "report",
    "verify",
    "record",
    "consent",
    "query",
    "loans",
    "dispute",
    "audit",
    "tag",
    "backup",
)


@dataclass(frozen=True)
class Settings:
    """The global options of one call."""

    network: str
    networks_file: Path | None
    home: Path
    deployments: Path
    output: Output


def settings(ctx: typer.Context) -> Settings:
    """The global options, from any command."""
    found = ctx.find_root().obj
    if not isinstance(found, Settings):  # pragma: no cover - only a programming error
        raise TypeError("the command was called without its application")
    return found


def build() -> typer.Typer:
    """The application with every group."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Verifiable enterprise credit reporting on EVM chains. 征信链: anchor, prove and verify credit records.",
    )
    app.callback()(_options)
    for name in GROUPS:
        importlib.import_module(f"creditchain.cli.{name}").register(app)
    return app


def _options(
    ctx: typer.Context,
    network: Annotated[
        str,
        typer.Option(
            "--network", "-n", envvar="CREDITCHAIN_NETWORK", help="Network name; built in: embedded, anvil, ganache."
        ),
    ] = "embedded",
    networks_file: Annotated[
        Path | None,
        typer.Option("--networks", envvar="CREDITCHAIN_NETWORKS", help="TOML file with networks of your own."),
    ] = None,
    home: Annotated[
        Path, typer.Option("--home", envvar="CREDITCHAIN_HOME", help="Folder for journal, batches and embedded chains.")
    ] = Path(".creditchain"),
    deployments: Annotated[
        Path, typer.Option("--deployments", envvar="CREDITCHAIN_DEPLOYMENTS", help="Folder of <network>.json files.")
    ] = Path("deployments"),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
) -> None:
    ctx.obj = Settings(network, networks_file, home, deployments, Output(as_json=as_json, quiet=quiet))


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Nothing below this function exits or prints an error."""
    output = Output(as_json="--json" in arguments)
    try:
        # These are welcome anywhere on the line, as users expect of global switches.
        ordered = sorted(arguments, key=lambda word: word not in ("--json", "--quiet", "-q"))
        result = typer.main.get_command(build()).main(args=ordered, prog_name="creditchain", standalone_mode=False)
    except CreditchainError as error:
        output.error(error)
        return int(error.exit_code)
    except typer.TyperException as error:
        output.error(UsageError(error.format_message(), hint="See `creditchain --help`, or --help of the command."))
        return int(ExitCode.USAGE)
    except (typer.Abort, KeyboardInterrupt):
        output.note("interrupted; run the same command again to go on")
        return int(ExitCode.INTERRUPTED)
    return result if isinstance(result, int) else 0


def main() -> None:
    """Entry point of the `creditchain` script."""
    sys.exit(run(sys.argv[1:]))
