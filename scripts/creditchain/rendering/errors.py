"""What can go wrong when a view becomes a file."""

from __future__ import annotations

from creditchain.errors import ConfigError

#: What to do where the libraries are not installed.
INSTALL = "pip install 'creditchain[report]'"


class RenderingError(ConfigError):
    """A library or a font that this rendering needs is not installed here."""


def not_installed(what: str, library: str) -> RenderingError:
    """The error of an environment without the extra."""
    return RenderingError(f"{what} needs libraries that are not installed here", expected=library, hint=INSTALL)
