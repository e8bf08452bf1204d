"""Errors of this room."""

from __future__ import annotations

from creditchain.errors import InputError


class DocumentError(InputError):
    """A document breaks the format. `place.field` is the dotted path of the member; no content is ever quoted."""
