"""The Verify page of a real exchange, over HTTP and in a real browser."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from html import escape, unescape
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pypdf
import pytest
import uvicorn
from browsers import Watched, chromium, watched
from exchange_world import kept_market
from exchanges import PATIENCE, Exchange, exchange
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from region_world import PLATFORM, TAG_KEY, region_of
from report_market import Market, delivered, opened
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from creditchain.acts.verifying import Judge
from creditchain.documents import canonical_bytes
from creditchain.exchange.checking import CheckLimits, PackageChecker
from creditchain.exchange.problems import HttpError
from creditchain.packages.report_package import ReportPackage
from creditchain.verification.verdict import STEPS, Outcome, Status

#: Opens a page of the exchange in a browser.
Watch = Callable[..., AbstractContextManager[Watched]]
POLICY = 'format = "creditchain/policy@1"\n[completeness]\nlag_seconds = 0\n'
MARKUP = "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\"> & {{ 7*7 }}"


@dataclass(frozen=True)
class World:
    """An exchange with pages, and files to verify there."""

    market: Market
    exchange: Exchange
    files: Mapping[str, Path]
    policy: Path

    def post(self, file: Path, **fields: str) -> httpx.Response:
        with self.client() as client:
            return client.post("/verify", files={"package": (file.name, file.read_bytes())}, data=fields)

    def client(self) -> httpx.Client:
        """A client at an address of its own, as a proxy on this machine names it: addresses have a rate."""
        client = self.exchange.client()
        client.headers["X-Forwarded-For"] = f"2001:db8::{secrets.token_hex(2)}:{secrets.token_hex(2)}"
        return client

    def verified(self, file: Path) -> dict[str, Any]:
        """What the command says."""
        answer = self.market.commands("verify", str(file), "--policy", str(self.policy))
        return dict(answer.value[0])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("files")
    with kept_market(tmp_path_factory) as kept, kept.lasting(folder / "world") as place:
        market, policy = opened(place), folder / "policy.toml"
        policy.write_text(POLICY)
        files = _files(market, folder, policy)
        with exchange(place, PLATFORM, "--page-policy", str(policy)) as running:
            yield World(market, running, files, policy)


def _files(market: Market, folder: Path, policy: Path) -> dict[str, Path]:
    """Files of all kinds, by what they are."""
    assembled = market.assembled(folder)
    good = delivered(market, assembled)
    bent = replace(good.records[0], record=replace(good.records[0].record, salt=bytes(32)))
    made: dict[str, bytes] = {
        "good": good.to_json(),
        "pending": delivered(market, assembled, meter=False).to_json(),
        "undelivered": assembled.to_json(),
        "altered": replace(good, records=(bent, *good.records[1:])).to_json(),
        "foreign": replace(good, log_id=bytes(32)).to_json(),
        "markup": _named(good, MARKUP).to_json(),
        "junk": b'{"format": "something else"}',
        "empty": b"",
    }
    files = {}
    for name, content in made.items():
        files[name] = folder / f"{name}.json"
        files[name].write_bytes(content)
    files["pdf"] = folder / "good.pdf"
    market.commands.done("report", "show", str(files["good"]), "--pdf", str(files["pdf"]), "--policy", str(policy))
    for name, count in (("pdf without a package", 0), ("pdf with two packages", 2)):
        files[name] = folder / f"{count}.pdf"
        writer = pypdf.PdfWriter()
        writer.add_blank_page(100, 100)
        for number in range(count):
            writer.add_attachment(f"{number}.json", files["good"].read_bytes())
        writer.write(files[name])
    files["record"] = _record(market, folder)
    return files


def _named(package: ReportPackage, name: str) -> ReportPackage:
    """The package, with another name of the enterprise in the report."""
    value = json.loads(package.report.content)
    value["data"]["name"] = name
    return replace(package, report=replace(package.report, content=canonical_bytes(value)))


def _record(market: Market, folder: Path) -> Path:
    """The package of one record."""
    out = folder / "records"
    out.mkdir()
    batches = next(path.parent.parent for path in market.place.folder.rglob("batches/*/manifest.json"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        words = ("--number", market.number, "--tag-key", "env:REGION_KEY", "--tag-statement", str(market.statement))
        for batch in sorted(batches.iterdir()):
            if market.commands("prove", "--batch", batch.name, *words, "-o", str(out)).code == 0:
                break
    return min(out.glob("*.json"))


#: Every kind of file, and the verdict that it deserves.
KINDS = {
    "good": "valid",
    "pdf": "valid",
    "record": "valid",
    "pending": "could not be checked",
    "undelivered": "could not be checked",
    "altered": "not valid",
    "foreign": "not valid",
    "markup": "not valid",
    "junk": "not valid",
    "empty": "not valid",
    "pdf without a package": "not valid",
    "pdf with two packages": "not valid",
}


def texts(html: str, element: str) -> list[str]:
    """The text of every such element, without markup."""
    found = re.findall(rf"<{element}[^>]*>(.*?)</{element.split()[0]}>", html, re.S)
    return [unescape(re.sub(r"<[^>]*>", "", one)).strip() for one in found]


@pytest.mark.parametrize(("kind", "verdict"), KINDS.items())
def test_the_verdict_is_that_of_the_command(world: World, kind: str, verdict: str) -> None:
    file = world.files[kind]
    answer, wanted = world.post(file), world.verified(file)
    assert (answer.status_code, wanted["verdict"]) == (200, verdict)
    status = Status(verdict)
    assert texts(answer.text, 'strong class="status"') == [f"{status.zh} {status.value.upper()}"]
    steps = [(Outcome(step["outcome"]).zh, step["outcome"], step["name"]["zh"]) for step in wanted["steps"]]
    assert len(steps) == len(STEPS) == 11
    shown = zip(texts(answer.text, 'td class="outcome'), texts(answer.text, 'th scope="row"'), strict=True)
    assert [(outcome, name.partition(" ")[0]) for outcome, name in shown] == [
        (f"{zh} {en}", name.partition(" ")[0]) for zh, en, name in steps
    ]
    for step in wanted["steps"]:
        assert escape(step["reason"]["zh"], quote=False) in answer.text.replace("&#39;", "'").replace("&#34;", '"')


def test_what_a_page_may_do_is_nothing_but_its_own(world: World) -> None:
    with world.client() as client:
        pages = [client.get("/"), client.get("/verify"), world.post(world.files["good"]), client.post("/verify")]
        for page in pages:
            policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
            assert policy.pop("default-src") == policy.pop("frame-ancestors") == policy.pop("base-uri") == "'none'"
            assert set(policy.values()) == {"'self'"}
            assert page.headers["referrer-policy"] == "no-referrer"
            assert page.headers["x-content-type-options"] == "nosniff"
            assert page.headers["cache-control"] == "no-store"
            assert "set-cookie" not in page.headers
            assert not re.search(r"<style|<script>|\son[a-z]+=|\sstyle=|https?://(?!www\.w3\.org/2000/svg)", page.text)
        assert {page.status_code for page in pages} == {200, 415}


def test_files_of_pages_are_named_by_what_is_in_them(world: World) -> None:
    with world.client() as client:
        page = client.get("/verify").text
        names = set(re.findall(r'(?:href|src)="(pages/[^"]+)"', page))
        assert len(names) == 4
        for name in names:
            found = client.get(name)
            assert found.status_code == 200
            assert hashlib.sha256(found.content).hexdigest().startswith(name.split(".")[1])
            assert "immutable" in found.headers["cache-control"]
            assert found.headers["x-content-type-options"] == "nosniff"
            again = client.get(name, headers={"If-None-Match": found.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert client.get("/pages/page.0000000000000000.js").status_code == 404


class TestUploads:
    """What is no form with a file is refused with a page that says why, and the exchange goes on."""

    def refused(self, answer: httpx.Response, status: int, told: str) -> None:
        assert answer.status_code == status, answer.text
        (alert,) = re.findall(r'role="alert">(.*?)</div>', answer.text, re.S)
        assert told in alert

    def test_without_a_file(self, world: World) -> None:
        with world.client() as client:
            nothing = client.post("/verify", files={"package": ("", b"")}, data={"lang": "en"})
        self.refused(nothing, 422, "Choose a file first.")
        assert 'value="en" id="only-en" form="form" checked' in nothing.text

    @pytest.mark.parametrize(
        "body",
        [
            b"", b"--x", b"no boundary at all", b"--x\r\n\r\nfile without a name\r\n--x--\r\n",
            b'--x\r\nContent-Disposition: form-data; name="package"; filename="a"\r\n\r\ncut off',
            b'--x\r\nContent-Disposition: form-data; name="lang"\r\n\r\n' + b"e" * 100 + b"\r\n--x--\r\n",
            b'--x\r\nContent-Disposition: form-data; name="package"; filename="a"\r\n\r\n1\r\n' * 2 + b"--x--\r\n",
            b'--x\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n' * 9 + b"--x--\r\n",
            b"--x\r\n" + b"A: b\r\n" * 99 + b"\r\n1\r\n--x--\r\n",
        ],
    )  # fmt: skip
    def test_malformed(self, world: World, body: bytes) -> None:
        with world.client() as client:
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            self.refused(client.post("/verify", content=body, headers=headers), 400, "The form is malformed.")

    def test_without_a_boundary_and_of_another_media_type(self, world: World) -> None:
        with world.client() as client:
            plain = client.post("/verify", content=b"{}", headers={"Content-Type": "application/json"})
            self.refused(plain, 415, "Send the file with this form.")
            bare = client.post("/verify", content=b"{}", headers={"Content-Type": "multipart/form-data"})
            self.refused(bare, 400, "The form is malformed.")

    @pytest.mark.parametrize("told", [True, False], ids=["with its length", "in pieces"])
    def test_too_large(self, world: World, told: bool) -> None:
        big = bytes(9 << 20)
        with world.client() as client:
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            answer = client.post("/verify", content=big + big if told else iter([big, big]), headers=headers)
        self.refused(answer, 413, "The file is too large.")

    def test_cut_off_in_the_middle(self, world: World) -> None:
        host, port = world.exchange.url.removeprefix("http://").split(":")
        head = "POST /verify HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        for _ in range(20):  # more than may be under way: each gives its place back
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(head.encode() + b"--x\r\n")
        end = time.monotonic() + PATIENCE
        while (answer := world.post(world.files["junk"])).status_code == 503 and time.monotonic() < end:
            time.sleep(0.05)  # the service takes a moment to notice that they are gone
        assert answer.status_code == 200, answer.text

    def test_too_many_of_one_address(self, world: World) -> None:
        with world.client() as client:
            answers = [client.post("/verify", files={"package": ("", b"")}) for _ in range(31)]
        assert {one.status_code for one in answers[:30]} == {422}
        self.refused(answers[30], 429, "Too many files within a minute.")
        assert int(answers[30].headers["retry-after"]) > 0

    def test_nothing_of_a_file_is_in_logs_or_metrics(self, world: World) -> None:
        assert world.post(world.files["good"]).status_code == 200
        with world.client() as client:
            told = client.get("/metrics").text + world.exchange.log.read_text()
        assert 'route="/verify",status="200"' in told
        assert world.market.number not in told


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


class TestInABrowser:
    @pytest.fixture
    def watch(self, world: World, browser: Browser) -> Callable[..., AbstractContextManager[Watched]]:
        def opened_page(**options: Any) -> AbstractContextManager[Watched]:
            headers = {"X-Forwarded-For": world.client().headers["X-Forwarded-For"]}
            return watched(browser, world.exchange.url, extra_http_headers=headers, **options)

        return opened_page

    @pytest.mark.parametrize("kind", ["good", "pdf"])
    def test_dropped(self, world: World, watch: Watch, kind: str) -> None:
        file = world.files[kind]
        with watch() as one:
            page = one.page
            page.goto("/verify")
            drop(page, file)
            expect(page.locator(".status")).to_contain_text("有效")
            assert page.locator(".steps tbody tr").count() == 11
            assert page.locator("article.record").count() > 3
            assert page.inner_text(".file") == file.name

    def test_in_either_language_or_both(self, world: World, watch: Watch) -> None:
        with watch(locale="en-US") as one:
            page = one.page
            page.goto("/verify")
            assert page.inner_text("h1") == "Verify a credit report"
            page.get_by_label("中文", exact=True).check()
            assert page.inner_text("h1") == "核验征信报告"
            send(page, world.files["good"])
            assert page.inner_text(".status") == "有效"
            assert not re.search(r"\b(passed|anchored|Registered capital|Verify another)\b", page.inner_text("body"))
            page.get_by_label("English", exact=True).check()
            assert page.inner_text(".status") == "VALID"
            assert page.evaluate("document.documentElement.lang") == "en"
            assert not re.search("[通过锚定步骤]", page.inner_text(".steps") + page.inner_text(".verdict"))
            page.get_by_label("中 / EN").check()
            assert page.inner_text(".status").split() == ["有效", "VALID"]
            page.get_by_role("button", name="Verify another file").click()
            assert page.url.endswith("/verify?lang=both")

    def test_without_scripts(self, world: World, watch: Watch) -> None:
        with watch(java_script_enabled=False, locale="en-US") as one:
            page = one.page
            page.goto("/")
            page.get_by_role("button", name="Verify a report").click()
            assert not page.get_by_text("Or drop the file here").is_visible()
            send(page, world.files["altered"])
            assert page.inner_text(".status") == "NOT VALID"
            assert not page.get_by_role("button", name="Print").is_visible()
            page.get_by_label("中文", exact=True).check()
            assert page.inner_text(".status") == "无效"

    def test_with_the_keyboard_alone(self, world: World, watch: Watch) -> None:
        with watch(locale="en-US") as one:
            page = one.page
            page.goto("/verify")
            reached = []
            for _ in range(12):
                page.keyboard.press("Tab")
                reached.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                if reached[-1] == "only-en":
                    page.keyboard.press("ArrowRight")
                    page.keyboard.press("ArrowLeft")
                if reached[-1] == "package":
                    while True:  # the key is pressed again where Chromium did not take it
                        try:
                            with page.expect_file_chooser(timeout=15_000) as chooser:
                                page.keyboard.press("Enter")
                        except PlaywrightTimeout:
                            continue
                        break
                    chooser.value.set_files(world.files["good"])
                if reached[-1] == "BUTTON":
                    break
            assert reached == ["A", "A", "only-en", "package", "BUTTON"]
            page.keyboard.press("Enter")
            expect(page.locator(".status")).to_have_text("VALID", use_inner_text=True)

    def test_printed(self, world: World, watch: Watch) -> None:
        with watch(locale="zh-CN") as one:
            page = one.page
            page.goto("/verify")
            send(page, world.files["good"])
            printed = page.pdf(format="A4", print_background=True)
            reader = pypdf.PdfReader(io.BytesIO(printed))
            text = re.sub(r"\s", "", "".join(sheet.extract_text() for sheet in reader.pages))
            for wanted in ("有效", "核验步骤", "范围内无遗漏", world.market.number, "请重新核验数据包"):
                assert wanted in text
            for button in ("核验另一个文件", "打印", "Language", "VALID"):
                assert button not in text
            page.evaluate("window.print = () => { document.title = 'printing'; }")
            page.get_by_role("button", name="打印").click()
            assert page.title() == "printing"

    def test_markup_in_a_name_does_nothing(self, world: World, watch: Watch) -> None:
        with watch() as one:
            page = one.page
            page.goto("/verify")
            send(page, world.files["markup"])
            assert MARKUP in page.inner_text("body")
            assert page.title().startswith("无效 NOT VALID")
            assert page.locator("main script, main img").count() == 0

    def test_what_is_wrong_with_a_form_is_said_in_the_page(self, world: World, watch: Watch) -> None:
        with watch(locale="en-US") as one:
            page = one.page
            page.goto("/verify")
            page.evaluate("document.querySelector('#package').required = false")
            page.get_by_role("button", name="Verify").click()
            assert page.inner_text("[role=alert]") == "Choose a file first."
            assert one.axe() == []
            one.faults.clear()  # that the answer is no success stands on the console

    def test_axe_finds_nothing(self, world: World, watch: Watch) -> None:
        with watch(locale="en-US") as one:
            page = one.page
            page.goto("/")
            assert one.axe() == []
            for kind in ("junk", "record", "good"):
                page.goto("/verify?lang=both")
                send(page, world.files[kind])
                assert one.axe() == [], kind

    def test_on_a_telephone_in_the_dark(self, world: World, watch: Watch) -> None:
        with watch(viewport={"width": 360, "height": 740}, locale="zh-CN", color_scheme="dark") as one:
            page = one.page
            for step in (
                lambda: page.goto("/"),
                lambda: page.goto("/verify"),
                lambda: send(page, world.files["record"]),
            ):
                step()
                assert page.evaluate("document.documentElement.scrollWidth") <= 360
                assert one.axe() == []
            page.goto("/verify")
            send(page, world.files["altered"])
            assert page.evaluate("document.documentElement.scrollWidth") <= 360

    def test_the_picture_of_the_readme(self, world: World, watch: Watch, tmp_path: Path) -> None:
        """`PICTURES=docs/images` makes it anew; it is looked at by people."""
        with watch(viewport={"width": 1080, "height": 1640}, locale="en-US") as one:
            page = one.page
            page.goto("/verify?lang=both")
            send(page, world.files["good"])
            file = Path(os.environ.get("PICTURES", tmp_path)) / "verify-page.png"
            assert 20_000 < len(page.screenshot(path=file)) < 400_000


def send(page: Page, file: Path) -> None:
    """Choose a file and send the form."""
    page.set_input_files("#package", file)
    page.click(".upload button")
    page.wait_for_selector(".status")


def drop(page: Page, file: Path) -> None:
    """Drop a file onto the form, as a hand does."""
    kind = "application/pdf" if file.suffix == ".pdf" else "application/json"
    data = page.evaluate_handle(
        """([content, name, type]) => {
            const made = new DataTransfer();
            made.items.add(new File([Uint8Array.from(atob(content), one => one.charCodeAt(0))], name, { type }));
            return made;
        }""",
        [base64.b64encode(file.read_bytes()).decode(), file.name, kind],
    )
    for event in ("dragover", "drop"):
        page.dispatch_event("[data-drop]", event, {"dataTransfer": data})
    page.wait_for_selector(".status")


def test_slow_uploads_end_and_give_their_place_back(world: World) -> None:
    """On a service of its own, with room for one file and little patience."""
    limits = CheckLimits(upload_seconds=3.0, under_way=1)
    with (
        region_of(world.market.place) as region,
        served(PackageChecker(region, Judge({}), lambda _: None, limits)) as url,
    ):
        host, port = url.removeprefix("http://").split(":")
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999\r\n\r\n--x"
        with httpx.Client(timeout=PATIENCE) as other:
            told = ""
            while told != "busy":  # until the slow one was there first
                with socket.create_connection((host, int(port))) as slow:
                    slow.sendall(head)
                    told = other.post(url, content=b"").text
                    answer = slow.makefile("rb").read()
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert other.post(url, content=b"").text == "media-type"


@contextmanager
def served(checker: PackageChecker) -> Iterator[str]:
    """A server that tells what a checker refuses."""

    async def check(request: Request) -> PlainTextResponse:
        try:
            return await checker.check(request, lambda _: PlainTextResponse("checked"))
        except HttpError as error:
            return PlainTextResponse(error.code, error.status)

    listening = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=[Route("/", check, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
