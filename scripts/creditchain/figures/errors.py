"""The error of a rule that cannot be computed."""

from __future__ import annotations

from creditchain.errors import ConfigError


class FigureError(ConfigError):
    """A rule is wrong. The place's field is the dotted path from the name of the figure."""
