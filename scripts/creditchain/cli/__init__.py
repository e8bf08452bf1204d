"""The command line. One file a group of commands; `app` builds it, `output` is the only place that prints."""

from __future__ import annotations

import gc
import sys

from creditchain.errors import ExitCode

__all__ = ["main"]

#: Objects made before garbage is looked for. Loading modules makes some hundred thousand that stay; with Python's usual
#: 700, looking among them took a sixth of a short command's processor time.
OBJECTS_BEFORE_COLLECTION = 100_000


def main() -> None:
    """Entry point of the `creditchain` script."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    # Imported here: a Ctrl-C while modules load, which takes a while, must not end in a traceback either.
    try:
        from creditchain.cli.app import main as start

        start()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
