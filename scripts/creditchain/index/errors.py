"""Errors of the index of a region's log."""

from __future__ import annotations

from creditchain.chain.errors import LyingEndpointError
from creditchain.errors import Place, UnavailableError

REBUILD = "Read the log anew with `creditchain log index --rebuild`."


class IndexDamagedError(UnavailableError):
    """The files of the index are not what was written there. Nothing of them was used."""

    def __init__(self, what: str, *, expected: str | None = None, found: str | None = None, file: str = "") -> None:
        place = Place(file) if file else None
        super().__init__(f"the index of the log is damaged: {what}", expected=expected, found=found, hint=REBUILD)
        self.place = place


class ForkedLogError(LyingEndpointError):
    """The chain no longer has the log that was final when it was indexed: reorganised, started anew, or a lie."""
