"""A real headless Chromium, from npm: it comes packed, with the libraries that a bare system lacks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
#: Milliseconds. Nothing here measures.
PATIENCE = 600_000
#: Unpacks what Brotli packed; Python has no Brotli of its own.
_UNPACK = """
const fs = require("fs"), zlib = require("zlib"), { pipeline } = require("stream/promises");
const [from, to] = process.argv.slice(1);
pipeline(fs.createReadStream(from), zlib.createBrotliDecompress(), fs.createWriteStream(to, { mode: 0o755 }));
"""
#: The only fonts: those of the extra `report`. So a page looks the same on every machine.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser; the test is skipped where npm's packages are not installed."""
    if not (PACKAGE.is_dir() and AXE.is_file()):
        pytest.skip("NO BROWSER, so the pages are not tested: run `make node_modules/.done`")
    folder = _unpacked()
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=folder / "chromium", env=environment, timeout=PATIENCE, chromium_sandbox=False
        )
        try:
            yield started
        finally:
            started.close()


def _unpacked() -> Path:
    """The folder with the browser and its libraries. Made once for all workers, and anew for another version."""
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    folder = build / f"chromium-{version}"
    with FileLock(build / "chromium.lock"):
        if not folder.exists():
            made = build / "chromium.part"
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            for name in ("chromium", "al2023.tar"):
                words = ["node", "-e", _UNPACK, str(PACKAGE / "bin" / f"{name}.br"), str(made / name)]
                subprocess.run(words, check=True)
            subprocess.run(["tar", "-xf", "al2023.tar"], cwd=made, check=True)
            made.rename(folder)
        fonts = _FONTS.format(folder=files("noto_cjk_sans_otc"), cache=folder / "fonts")
        (folder / "fonts.conf").write_text(fonts)
    return folder


@dataclass
class Watched:
    """A page, and what went wrong in it: nothing may."""

    page: Page
    origin: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note errors, what the policy of the page forbids, and every request to another host."""
        self.page.on("console", lambda told: self._unless(told.type not in ("error", "warning"), told.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda sent: self._unless(sent.url.startswith(self.origin), sent.url))
        self.page.on("requestfailed", lambda sent: self.faults.append(f"{sent.url}: {sent.failure}"))

    def _unless(self, good: bool, told: str) -> None:
        if not good:
            self.faults.append(told)

    def axe(self) -> list[str]:
        """What axe-core finds: WCAG 2.2, levels A and AA, and its best practices."""
        self.page.evaluate(AXE.read_text("utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found: Any = self.page.evaluate("tags => axe.run({ runOnly: tags })", tags)
        assert found["passes"]
        return [
            f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@contextmanager
def watched(browser: Browser, origin: str, **options: Any) -> Iterator[Watched]:
    """A fresh page of a browser that knows nothing; in the end, nothing went wrong in it."""
    context: BrowserContext = browser.new_context(base_url=origin, **options)
    context.set_default_timeout(PATIENCE)
    try:
        one = Watched(context.new_page(), origin)
        one.watch()
        yield one
        assert one.faults == []
        assert context.cookies() == []
    finally:
        context.close()
