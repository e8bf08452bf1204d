"""Errors about products: a wrong product file, an unknown product, a document that does not fit its product."""

from __future__ import annotations

from creditchain.errors import ConfigError, InputError


class ProductFileError(ConfigError):
    """A product file is wrong, or no folder has the named product."""


class ProductError(InputError):
    """A document does not fit its product. The place's field is the dotted path; the value found is never quoted."""
