"""The HTML of a report: one file, no script, nothing loaded, and every text of a document escaped."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from shown_world import region_of, view, with_table
from test_report_pdf import squeezed, strings

from creditchain.rendering.html import report_html
from creditchain.rendering.lines import told
from creditchain.views.languages import Language

#: Elements that need no end tag.
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser finds in a page: its text, its elements with attributes, and whether they nest."""

    def __init__(self, html: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.elements, self.open = "", [], []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page_of(lang: Language = Language.BOTH, **changes: Any) -> tuple[Page, dict[str, Any]]:
    region = region_of(6, 4, **changes)
    shown = with_table(view(region, region.honest()))
    return Page(report_html(shown, lang)), told(shown, lang)


@pytest.mark.parametrize("lang", list(Language))
def test_its_text_is_what_the_view_says(lang: Language):
    page, shown = page_of(lang)
    for name in ("notices", "no_records"):
        del shown["words"][name]
    text = squeezed(page.text)
    wanted = sorted({squeezed(one) for one in strings(shown)} - {""}, key=len, reverse=True)
    assert [one for one in wanted if one not in text] == []
    for one in wanted:
        text = text.replace(one, "\0")
    assert re.sub(r"[\0#.0-9]", "", text) == ""
    assert page.open == []


def test_nothing_runs_and_nothing_is_loaded():
    page, _ = page_of()
    assert {"script", "link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.elements} == set()
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]
    sources = [attributes["src"] for _, attributes in page.elements if "src" in attributes]
    assert all(source is not None and source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert len(sources) == 1
    assert not [attributes for _, attributes in page.elements if "href" in attributes]


def test_the_policy_allows_its_own_style_alone():
    region = region_of(2, 1)
    html = report_html(view(region, region.honest())).decode()
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.S)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.replace("&#39;", "'").split("; ") == [
        "default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:", "base-uri 'none'", "form-action 'none'"
    ]  # fmt: skip


def test_markup_in_a_name_is_text():
    name = "</title></style><script>alert('1')</script><img src=x onerror=\"alert(2)\">{{ 7*7 }}&amp;"

    def bend(document: dict[str, Any]) -> None:
        document["data"]["name"] = name

    page, _ = page_of(bend=bend)
    assert name in page.text
    assert "script" not in {tag for tag, _ in page.elements}
    assert sum(tag == "img" for tag, _ in page.elements) == 1


def test_each_language_is_marked_for_screen_readers():
    both, _ = page_of(Language.BOTH)
    english, _ = page_of(Language.EN)
    assert next(attributes["lang"] for tag, attributes in both.elements if tag == "html") == "zh-CN"
    assert next(attributes["lang"] for tag, attributes in english.elements if tag == "html") == "en"
    assert any(attributes.get("lang") == "en" for tag, attributes in both.elements if tag == "span")
    assert all(attributes.get("alt") for tag, attributes in both.elements if tag == "img")
    assert all(attributes.get("scope") for tag, attributes in both.elements if tag == "th")
    levels = [int(tag[1]) for tag, _ in both.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 2 for before, after in itertools.pairwise(levels))
