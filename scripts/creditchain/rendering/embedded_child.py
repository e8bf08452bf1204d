"""Reads the package out of the PDF on stdin, writes it to stdout, within limits: what `embedded` runs apart."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pypdf import PdfReader

#: Exit code if the PDF holds no package, or cannot be read; what is wrong is JSON on stderr.
NO_PACKAGE: Final = 4


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """What a PDF may take."""

    file_bytes: int = 64 * 1024 * 1024  #: of the PDF
    package_bytes: int = 64 * 1024 * 1024  #: of the attachment, unpacked; as PACKAGE_LIMITS has it
    memory_bytes: int = 1536 * 1024 * 1024  #: of the address space of the process that reads it
    processor_seconds: int = 10
    seconds: int = 40  #: until nobody waits any longer
    attachments: int = 64
    nodes: int = 256  #: of the tree of attachments' names


LIMITS: Final = PdfLimits()


class _PdfError(Exception):
    """What is wrong with the PDF, as arguments of an error."""


def main() -> int:
    """Read, write, and say what is wrong."""
    _limit()
    raw = sys.stdin.buffer.read()
    try:
        package = _package(raw)
    except _PdfError as fault:
        told = fault.args[0]
    # A library that reads damaged files fails in many ways, and each means the same.
    except Exception as error:
        told = {"message": "the PDF cannot be read", "found": type(error).__name__}
    else:
        sys.stdout.buffer.write(package)
        return 0
    sys.stderr.write(json.dumps(told))
    return NO_PACKAGE


def _limit() -> None:
    """Bound memory and processor time, where the system can. The timeout of whoever waits holds everywhere."""
    with contextlib.suppress(ImportError):
        import resource

        for which, most in (
            (resource.RLIMIT_AS, LIMITS.memory_bytes),
            (resource.RLIMIT_CPU, LIMITS.processor_seconds),
        ):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(which, (most, most))


def _package(raw: bytes) -> bytes:
    import io
    import logging

    from pypdf import PdfReader

    logging.disable(logging.CRITICAL)  # its warnings would stand where the fault is told
    reader = PdfReader(io.BytesIO(raw))
    if reader.is_encrypted:
        raise _PdfError({"message": "the PDF is encrypted", "hint": "Save it without a password."})
    found = {place: stream for name, place, stream in _attachments(reader) if name.endswith(".json")}
    if len(found) != 1:
        raise _PdfError(
            {
                "message": "the PDF holds no package" if not found else "the PDF holds more than one package",
                "expected": "one attachment whose name ends in .json",
                "found": str(len(found)) if found else "none",
                "hint": "Ask whoever made it for the package file itself.",
            }
        )
    (stream,) = found.values()
    content = stream.get_data()
    if len(content) > LIMITS.package_bytes:
        raise _PdfError({"message": "the package in the PDF is too large"})
    return bytes(content)


def _attachments(reader: PdfReader) -> Iterator[tuple[str, object, Any]]:
    """Name, place and stream of each attachment: of the tree of names, and of the catalogue's associated files."""
    catalogue = reader.trailer["/Root"]
    for count, one in enumerate(_specifications(catalogue), 1):
        if count > LIMITS.attachments:
            most = f"at most {LIMITS.attachments}"
            raise _PdfError({"message": "the PDF holds too many attachments", "expected": most})
        specification = one.get_object()
        streams = specification["/EF"].get_object()
        name = "/UF" if "/UF" in streams else "/F"
        stream = streams.raw_get(name)
        place = (stream.idnum, stream.generation) if hasattr(stream, "idnum") else id(stream)
        yield str(specification.get("/UF", specification.get("/F", ""))), place, stream.get_object()


def _specifications(catalogue: Any) -> Iterator[Any]:
    names = catalogue.get("/Names", {}).get("/EmbeddedFiles")
    if names is not None:
        yield from _named(names.get_object())
    yield from catalogue.get("/AF", ())


def _named(root: Any) -> Iterator[Any]:
    """What the leaves of a tree of names stand for. A tree may refer to itself, so only so many nodes are looked at."""
    waiting, seen = [root], 0
    while waiting:
        seen += 1
        if seen > LIMITS.nodes:
            raise _PdfError({"message": "the PDF's tree of attachments is too large"})
        node = waiting.pop()
        yield from node.get("/Names", ())[1::2]
        waiting += [kid.get_object() for kid in node.get("/Kids", ())[: LIMITS.nodes]]


if __name__ == "__main__":
    sys.exit(main())
