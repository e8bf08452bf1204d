"""The command line. One file a group of commands; `app` builds it, `output` is the only place that prints."""

from creditchain.cli.app import main

__all__ = ["main"]
