"""Nonces of requests: which ones this home has given out. A nonce is reserved before anything is signed with it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from creditchain.home.files import OutputExistsError, storage, write_file


def reserve(folder: Path, institution: int, provider: int, least: int) -> int:
    """A nonce that this home gave out to nobody else, at least `least`. Its file is durable when this returns.

    Args:
        folder: `RegionHome.nonces`.
    Raises:
        StorageError: it cannot be kept.
    """
    place = folder / f"{institution}-{provider}"
    nonce = max(least, 1 + max(_given(place), default=-1))
    while True:
        # A new file: two processes never get the same one.
        with suppress(OutputExistsError):
            write_file(place / str(nonce), b"")
            break
        nonce += 1
    with storage("the nonces"):
        for earlier in _given(place):
            if earlier < nonce:
                (place / str(earlier)).unlink(missing_ok=True)
    return nonce


def last_given(folder: Path, institution: int, provider: int) -> int | None:
    """The last nonce given out; None before the first."""
    return max(_given(folder / f"{institution}-{provider}"), default=None)


def _given(place: Path) -> list[int]:
    with storage("the nonces"):
        return [int(file.name) for file in place.iterdir() if file.name.isdecimal()] if place.is_dir() else []
