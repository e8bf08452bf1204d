"""The `creditchain` command: global options, groups, and the one place that turns an error into an exit code."""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from creditchain import __version__
from creditchain.cli.failures import explained, usage_error
from creditchain.cli.global_options import to_the_front
from creditchain.cli.lazy_commands import LazyCommands
from creditchain.cli.logs import LogFormat, log_to_stderr
from creditchain.cli.output import Output
from creditchain.cli.record_commands import RECORD_COMMANDS
from creditchain.cli.region_commands import REGION_COMMANDS
from creditchain.cli.settings import Settings
from creditchain.cli.streams import OutputClosedError, finish_streams, guarded_stdout, prepare_streams
from creditchain.errors import CreditchainError, ExitCode
from creditchain.home.databases.address import DatabaseAddress

_LOG = logging.getLogger(__name__)


@functools.cache
def whole_command() -> Any:  # a type that is private to typer
    """The command. What stands under it is loaded when it is named, so that a short command starts quickly."""
    app = typer.Typer(
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Verifiable enterprise credit reporting on EVM chains. 征信链: anchor, prove and verify credit records.",
    )
    app.callback()(_options)
    command: Any = typer.main.get_command(app)
    command.commands = LazyCommands({"demo": _demo, **REGION_COMMANDS, **RECORD_COMMANDS})
    return command


def _demo(app: typer.Typer) -> None:
    from creditchain.cli import demo

    demo.register(app, run)


def _show_version(wanted: bool) -> None:
    if wanted:
        Output().line(f"creditchain {__version__}")
        raise typer.Exit


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
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            envvar="CREDITCHAIN_DATABASE",
            help="PostgreSQL database of the journal, postgresql://USER@HOST/NAME; without it, a file in the home.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log to stderr; twice: every step.")] = 0,
    log_format: Annotated[
        LogFormat,
        typer.Option("--log-format", envvar="CREDITCHAIN_LOG_FORMAT", help="How --verbose writes: text or json."),
    ] = LogFormat.TEXT,
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Global options work wherever they stand on the line."""
    log_to_stderr(verbose, log_format)
    output, address = Output(as_json=as_json, quiet=quiet), DatabaseAddress(database) if database else None
    ctx.obj = Settings(network, networks_file, home, deployments, output, address)
    _LOG.info("creditchain %s, network %s, command %s", __version__, network, ctx.invoked_subcommand)


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Nothing below this function exits or prints an error."""
    with guarded_stdout():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    output = Output(as_json="--json" in arguments)
    try:
        moved, rest = to_the_front(arguments, whole_command())
        output = Output(as_json="--json" in moved)
        result = whole_command().main(args=[*moved, *rest], prog_name="creditchain", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        # Nothing is said of a group without a command: its help has been shown.
        return _tell(output, usage_error(error.format_message() or "a command is missing"))
    except (typer.Abort, KeyboardInterrupt):
        output.note("interrupted; run the same command again to go on")
        return int(ExitCode.INTERRUPTED)
    except Exception as error:
        if {"-v", "--verbose"} & set(arguments) and not isinstance(error, CreditchainError):
            _LOG.exception("uncaught")
        return _tell(output, explained(error))
    return result if isinstance(result, int) else 0


def _tell(output: Output, error: CreditchainError) -> int:
    # Nobody is told that nobody listens; and if stderr is closed too, the exit code alone has to do.
    with contextlib.suppress(CreditchainError, OSError):
        if not isinstance(error, OutputClosedError):
            output.error(error)
    return int(error.exit_code)


def main() -> None:
    """Entry point of the `creditchain` script."""
    prepare_streams()
    code = run(sys.argv[1:])
    sys.exit(finish_streams(code))
