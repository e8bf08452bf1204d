"""The PDF of a report: what it says is what the view says, it keeps PDF/A-3, and it carries its package."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
from report_world import Region
from shown_world import region_of, view, with_table

from creditchain.packages.report_package import ReportPackage
from creditchain.rendering.embedded import embedded_package
from creditchain.rendering.fonts import chinese_font
from creditchain.rendering.lines import told
from creditchain.rendering.pdf import ATTACHMENT, report_pdf
from creditchain.views.languages import Language
from creditchain.views.shown import ReportView

NAMESPACE = "http://www.aiim.org/pdfa/ns/id/"


def squeezed(text: str) -> str:
    """The text without white space: where lines end is the layout's matter."""
    return re.sub(r"\s+", "", text)


def strings(value: Any) -> Iterator[str]:
    """Every text that a template shows."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("lang", "kind", "tone", "digest") or not isinstance(inner, str):
                yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


def extracted(pdf: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


class Printed:
    """A report, its view and its PDF."""

    def __init__(self, region: Region, lang: Language = Language.BOTH) -> None:
        self.package: ReportPackage = region.honest()
        self.raw = self.package.to_json()
        self.view: ReportView = with_table(view(region, self.package))
        self.lang = lang
        self.pdf = report_pdf(self.view, self.raw, lang)


@pytest.fixture(scope="module", params=list(Language))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(region_of(6, 4), request.param)


def test_its_text_is_what_the_view_says_and_nothing_else(printed: Printed):
    text = squeezed("".join(extracted(printed.pdf)))
    shown = told(printed.view, printed.lang)
    if not shown["notices"]:
        del shown["words"]["notices"]
    if all(part["records"] for part in shown["parts"]):
        del shown["words"]["no_records"]
    wanted = sorted({squeezed(one) for one in strings(shown)} - {""}, key=len, reverse=True)
    assert [one for one in wanted if one not in text] == []
    left = text
    for one in wanted:
        left = left.replace(one, "\0")
    # What remains is layout: marks of lists, the point after a record's number, page numbers, and an empty step number.
    assert re.sub(r"[\0▽•./0-9]", "", left) == ""


def test_every_page_says_which_report_it_is_of(printed: Printed):
    pages = extracted(printed.pdf)
    for number, page in enumerate(pages, 1):
        assert squeezed(f"{number} / {len(pages)}") in squeezed(page)
        assert printed.view.number in page
        assert printed.view.as_of in page


def test_the_verdict_is_on_the_first_page(printed: Printed):
    first = squeezed(extracted(printed.pdf)[0])
    verdict = told(printed.view, printed.lang)
    for text in (*verdict["status"]["text"], *verdict["facts"], *verdict["words"]["verdict"], printed.view.names):
        assert squeezed(text) in first


def test_it_keeps_what_archives_ask_for(printed: Printed):
    """PDF/A-3a (ISO 19005-3): it says so; colours have a profile, fonts are embedded, text is tagged."""
    reader = pypdf.PdfReader(io.BytesIO(printed.pdf))
    root: Any = reader.root_object
    metadata = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part>3<", metadata)
    assert re.search(r"pdfaid:conformance>A<", metadata)
    assert NAMESPACE in metadata
    (intent,) = root["/OutputIntents"]
    assert intent.get_object()["/S"] == "/GTS_PDFA1"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]).startswith("en" if printed.lang is Language.EN else "zh")
    assert not reader.is_encrypted
    assert "/JavaScript" not in str(root.get("/Names", {}))
    fonts = [font for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        descendant = font.get_object()["/DescendantFonts"][0].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(descendant["/FontDescriptor"].get_object())
        assert "/ToUnicode" in font.get_object()


def test_it_carries_its_package_as_the_source_of_the_document(printed: Printed):
    reader = pypdf.PdfReader(io.BytesIO(printed.pdf))
    assert list(reader.attachments) == [ATTACHMENT]
    root: Any = reader.root_object
    (associated,) = root["/AF"]
    assert associated.get_object()["/AFRelationship"] == "/Source"
    assert embedded_package(printed.pdf) == printed.raw


def test_equal_views_give_equal_bytes(printed: Printed):
    assert report_pdf(printed.view, printed.raw, printed.lang) == printed.pdf


def test_the_title_of_the_file_is_the_report(printed: Printed):
    title = str((pypdf.PdfReader(io.BytesIO(printed.pdf)).metadata or {}).get("/Title"))
    assert printed.view.number in title
    assert printed.lang.of(printed.view.title)[0] in title
    assert "914403001922038216" not in title


def test_a_long_report_has_every_record():
    printed = Printed(region_of(70, 52))
    text = squeezed("".join(extracted(printed.pdf)))
    shown = [record for part in printed.view.parts for record in part.records]
    assert len(shown) > 120
    assert all(record.leaf in text for record in shown)


def test_what_a_document_holds_is_never_markup():
    name = '*粗* _斜_ #eval("1") $x$ `raw` @ref <label> <script>x</script> \\u{41} [b] = 题 // --- ~ \'a\' "b"'

    def bend(document: dict[str, Any]) -> None:
        document["data"]["name"] = name

    printed = Printed(region_of(2, 1, bend=bend))
    assert squeezed(name) in squeezed("".join(extracted(printed.pdf)))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("龘鱻麤𠮷号", "龘鱻麤𠮷号"),
        ("臺灣繁體字公司", "臺灣繁體字公司"),
        ("某\ue815公司", "某〔U+E815〕公司"),
        ("某\U0002a6a5公司", "某〔U+2A6A5〕公司"),
        ("A" * 100, "A" * 100),
        ("مرحبا公司", "〔U+0645〕〔U+0631〕〔U+062D〕〔U+0628〕〔U+0627〕公司"),
    ],
)
def test_names_of_rare_characters_are_shown_or_written_out(name: str, shown: str):
    def bend(document: dict[str, Any]) -> None:
        document["data"]["name"] = name

    printed = Printed(region_of(2, 1, bend=bend))
    assert shown in squeezed("".join(extracted(printed.pdf)))


def test_the_font_knows_what_it_has():
    font = chinese_font()
    assert font.family == "Noto Sans CJK SC"
    assert all(map(font.has, "征信链A𠮷，。元\U000e0100"))
    assert not font.has("\ue815")
    assert font.shown("征\U0001f600") == "征〔U+1F600〕"


def test_no_long_word_leaves_the_page():
    def bend(document: dict[str, Any]) -> None:
        document["data"]["name"] = "W" * 100

    printed = Printed(region_of(2, 1, bend=bend))
    lines = [line for page in extracted(printed.pdf) for line in page.splitlines() if "WW" in line]
    # A W of this size is some 7.6 points wide, and the column for a value a quarter of a page.
    assert max(line.count("W") for line in lines) <= 28
    assert sum(line.count("W") for line in lines) in (100, 200)  # in the record, and where it is the report's too
