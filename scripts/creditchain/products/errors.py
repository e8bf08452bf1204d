"""The errors of this room: a wrong product file, a product nobody has, a document that does not fit its product."""

from __future__ import annotations

from creditchain.errors import ConfigError, InputError


class ProductFileError(ConfigError):
    """A product file is wrong, or a product that was named is not in any folder."""


class ProductError(InputError):
    """A document does not fit its product. The place's field is the dotted path; the value found is never quoted."""
