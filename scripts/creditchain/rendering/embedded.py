"""The package that a PDF carries: the one attachment whose name ends in `.json`.

A PDF comes from anybody, and some files keep the libraries that read PDFs busy for ever, or fill the memory. So another
process reads it, which may take so much time and memory and no more.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

from creditchain.packages.fields import PackageError
from creditchain.rendering.embedded_child import LIMITS, NO_PACKAGE

_MAGIC: Final = b"%PDF-"
_UNREADABLE: Final = "the PDF cannot be read"


def is_pdf(raw: bytes) -> bool:
    """Whether a file is a PDF, by its first bytes. A package is JSON, which begins otherwise."""
    return raw.startswith(_MAGIC)


def embedded_package(pdf: bytes) -> bytes:
    """The bytes of the one package in a PDF.

    Raises PackageError: there is none, or more than one; the PDF is damaged, encrypted, too large, or takes too long.
    """
    if len(pdf) > LIMITS.file_bytes:
        raise PackageError(
            "the PDF is too large", expected=f"at most {LIMITS.file_bytes} bytes", found=f"{len(pdf)} bytes"
        )
    reading = [sys.executable, "-m", "creditchain.rendering.embedded_child"]
    try:
        done = subprocess.run(reading, input=pdf, capture_output=True, timeout=LIMITS.seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        hint = "Ask whoever made it for the package file itself."
        raise PackageError(_UNREADABLE, found="it takes too long", hint=hint) from None
    if done.returncode == 0:
        return done.stdout
    raise _fault(done.stderr if done.returncode == NO_PACKAGE else b"")


def _fault(told: bytes) -> PackageError:
    """What the other process says is wrong; that it cannot be read if it says nothing, since a limit ended it."""
    try:
        said = json.loads(told)
    except ValueError:
        hint = "It is damaged, or takes more memory or time than a report does. Ask for the package file itself."
        return PackageError(_UNREADABLE, hint=hint)
    return PackageError(said["message"], expected=said.get("expected"), found=said.get("found"), hint=said.get("hint"))
