"""The package in a PDF: exactly one, whoever wrote the file, and no file keeps its reader busy or fills the memory."""

from __future__ import annotations

import io
import os
import time
import zlib
from collections.abc import Sequence

import pypdf
import pytest
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, TextStringObject

from creditchain.packages.fields import PackageError
from creditchain.rendering.embedded import embedded_package, is_pdf
from creditchain.rendering.embedded_child import LIMITS

PACKAGE = b'{"format":"creditchain/report-package@1"}\n'


def pdf_with(attachments: Sequence[tuple[str, bytes]], locked: bool = False) -> bytes:
    """A PDF of one page with these attachments."""
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in attachments:
        writer.add_attachment(name, content)
    if locked:
        writer.encrypt("of the tests")
    return written(writer)


def written(writer: pypdf.PdfWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def raw_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def stream(content: bytes, extra: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), extra, content)


CATALOGUE = b"<</Names<</EmbeddedFiles %s>>/Pages<</Kids[]/Count 0>>>>"
FILE = b"<</F(a.json)/EF<</F 3 0 R>>>>"


def test_one_package():
    assert embedded_package(pdf_with([("creditchain-package.json", PACKAGE)])) == PACKAGE
    assert embedded_package(raw_pdf(CATALOGUE % b"<</Names[(a)2 0 R]>>", FILE, stream(PACKAGE))) == PACKAGE


def test_other_attachments_do_no_harm():
    pdf = pdf_with([("invoice.xml", b"<x/>"), ("report.json", PACKAGE), ("photo.png", b"\x89PNG")])
    assert embedded_package(pdf) == PACKAGE


def test_one_that_is_listed_in_two_places_is_one():
    pdf = raw_pdf((CATALOGUE % b"<</Names[(a)2 0 R]>>").replace(b"/Pages", b"/AF[2 0 R]/Pages"), FILE, stream(PACKAGE))
    assert embedded_package(pdf) == PACKAGE


@pytest.mark.parametrize(
    ("attachments", "message", "found"),
    [
        ([], "the PDF holds no package", "none"),
        ([("notes.txt", PACKAGE)], "the PDF holds no package", "none"),
        ([("a.json", PACKAGE), ("b.json", PACKAGE)], "the PDF holds more than one package", "2"),
        ([("a.json", PACKAGE), ("b.json", b"{}")], "the PDF holds more than one package", "2"),
    ],
)
def test_none_or_two(attachments: list[tuple[str, bytes]], message: str, found: str):
    with pytest.raises(PackageError, match=message) as caught:
        embedded_package(pdf_with(attachments))
    assert caught.value.found == found
    assert caught.value.expected == "one attachment whose name ends in .json"
    assert caught.value.hint


def test_a_second_one_that_only_the_list_of_associated_files_names():
    writer = pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_attachment("one.json", PACKAGE)
    hidden = DecodedStreamObject()
    hidden.set_data(b"{}")
    specification = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject("two.json"),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(hidden)}),
        }
    )
    writer.root_object[NameObject("/AF")] = ArrayObject([writer._add_object(specification)])
    with pytest.raises(PackageError, match="more than one package"):
        embedded_package(written(writer))


def test_an_encrypted_one_says_so():
    with pytest.raises(PackageError, match="encrypted"):
        embedded_package(pdf_with([("a.json", PACKAGE)], locked=True))


@pytest.mark.parametrize("length", [5, 8, 60, 300])
def test_a_cut_off_file_is_one_error(length: int):
    with pytest.raises(PackageError):
        embedded_package(pdf_with([("a.json", PACKAGE)])[:length])


def test_noise_is_one_error():
    with pytest.raises(PackageError):
        embedded_package(b"%PDF-1.7\n" + os.urandom(100_000))


def hostile(name: str) -> bytes:
    """A file that is made to keep a reader busy, by what it does."""
    named, packed = CATALOGUE % b"<</Names[(a)2 0 R]>>", b"/Filter/FlateDecode"
    match name:
        case "a stream of 200 MB in 200 KB":
            return raw_pdf(named, FILE, stream(zlib.compress(bytes(200_000_000), 9), packed))
        case "a stream packed twice":
            twice = zlib.compress(zlib.compress(bytes(1_000_000_000), 9), 9)
            return raw_pdf(named, FILE, stream(twice, b"/Filter[/FlateDecode/FlateDecode]"))
        case "a tree whose branch is itself":
            return raw_pdf(CATALOGUE % b"2 0 R", b"<</Kids[2 0 R 2 0 R]>>")
        case "a tree of 64 to the power of 10":
            kids = [b"<</Kids[" + b"%d 0 R " % (at + 3) * 64 + b"]>>" for at in range(10)]
            return raw_pdf(CATALOGUE % b"2 0 R", *kids, b"<</Names[]>>")
        case "a reference to itself":
            return raw_pdf(CATALOGUE % b"2 0 R", b"2 0 R")
        case "a length that is itself":
            return raw_pdf(named, FILE, b"<</Length 3 0 R>>stream\nx\nendstream")
        case "lists in lists":
            return raw_pdf(b"[" * 200_000)
        case "more attachments than a person has":
            return raw_pdf(CATALOGUE % (b"<</Names[" + b"(a)2 0 R" * 100_000 + b"]>>"), FILE, stream(b"{}"))
        case _:
            return raw_pdf(named, FILE, stream(b"{}")).replace(b"/Root 1 0 R", b"/Root 9 0 R/Prev 9")


@pytest.mark.parametrize(
    "name",
    [
        "a stream of 200 MB in 200 KB",
        "a stream packed twice",
        "a tree whose branch is itself",
        "a tree of 64 to the power of 10",
        "a reference to itself",
        "a length that is itself",
        "lists in lists",
        "more attachments than a person has",
        "a table that begins before itself",
    ],
)
def test_no_file_keeps_its_reader_busy(name: str):
    pdf, start = hostile(name), time.monotonic()
    with pytest.raises(PackageError) as caught:
        embedded_package(pdf)
    assert caught.value.message
    # The limit ends the other process at the latest, on a slow machine too.
    assert time.monotonic() - start < 2 * LIMITS.seconds


def test_a_file_that_is_too_large_is_not_read():
    with pytest.raises(PackageError, match="too large"):
        embedded_package(b"%PDF-" + bytes(LIMITS.file_bytes))


def test_what_is_a_pdf():
    assert is_pdf(pdf_with([]))
    assert not is_pdf(PACKAGE)
    assert not is_pdf(b"")
