"""The extra `exchange`, for the commands that serve."""

from __future__ import annotations

from types import ModuleType

from creditchain.errors import ConfigError


def serving_module() -> ModuleType:
    """The module that serves. Raises ConfigError where the extra is not installed."""
    try:
        from creditchain.exchange import serving
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the exchange needs packages that are not installed",
            found=f"no {error.name}",
            hint="pip install 'creditchain[exchange]'",
        ) from error
    return serving
