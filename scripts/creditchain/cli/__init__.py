"""The command line. One file a group of commands; `app` builds it, `output` is the only place that prints."""

from __future__ import annotations

import sys

from creditchain.errors import ExitCode

__all__ = ["main"]


def main() -> None:
    """Entry point of the `creditchain` script."""
    # Imported here: a Ctrl-C while modules load, which takes a while, must not end in a traceback either.
    try:
        from creditchain.cli.app import main as start

        start()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
