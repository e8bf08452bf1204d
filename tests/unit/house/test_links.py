"""Links in the documentation lead somewhere: to files of this repository, and to headings that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
#: README is shown on a package index too, where a relative link leads nowhere.
BLOB = "https://github.com/creditchain/creditchain/blob/main/"
READMES = ("README.md", "README.zh-CN.md")
PAGES = [ROOT / name for name in (*READMES, "CHANGELOG.md")] + sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"\]\(([^()\s]+)\)")


def links(page: Path) -> list[str]:
    """Targets of all links of a page; fenced blocks hold commands, no links."""
    return LINK.findall(re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", READMES)
def test_links_of_readme_are_absolute(name: str) -> None:
    found = links(ROOT / name)
    assert found
    assert [link for link in found if not link.startswith("https://")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_what_exists(page: Path) -> None:
    wrong = []
    for link in links(page):
        if link.startswith("http") and not link.startswith(BLOB):
            continue
        path, _, heading = link.removeprefix(BLOB).partition("#")
        base = ROOT if link.startswith(BLOB) else page.parent
        target = base / path if path else page
        if not target.exists() or (heading and heading not in anchors(target)):
            wrong.append(link)
    assert wrong == []


@pytest.mark.parametrize("name", READMES)
def test_every_page_is_linked(name: str) -> None:
    found = set(links(ROOT / name))
    assert [page.name for page in sorted((ROOT / "docs").glob("*.md")) if f"{BLOB}docs/{page.name}" not in found] == []
