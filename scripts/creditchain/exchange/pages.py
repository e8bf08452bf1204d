"""Pages for people: what the service is, and the Verify page. Rendered here; no other host, no session, no cookie."""

from __future__ import annotations

import time
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request, Response

from creditchain.exchange import measures
from creditchain.exchange.checking import CheckedFile, Pages
from creditchain.exchange.problems import HttpError
from creditchain.exchange.service import service_of
from creditchain.rendering.pages import assets, home_page, result_page, verify_page
from creditchain.times import moment
from creditchain.verification.verdict import Text
from creditchain.views.languages import Language
from creditchain.views.texts import readable

router = APIRouter(include_in_schema=False)

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
#: What every page and every file of it comes with.
HEADERS: Final = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)
#: Characters of a file's name that are shown.
_NAME: Final = 120
#: What is wrong, by the code of the error; whoever reads a page gets it in both languages.
_PROBLEMS: Final = {
    "body-incomplete": Text("The file did not arrive whole.", "文件未完整送达。"),
    "body-timeout": Text("The file did not arrive in time.", "文件未在限定时间内送达。"),
    "body-too-large": Text("The file is too large.", "文件过大。"),
    "busy": Text("Too many files are being checked. Try again in a few seconds.", "正在核验的文件过多，请稍后再试。"),
    "check-timeout": Text("The check takes too long. Try again later.", "核验耗时过长，请稍后再试。"),
    "form-malformed": Text("The form is malformed.", "表单格式有误。"),
    "media-type": Text("Send the file with this form.", "请用本表单提交文件。"),
    "no-file": Text("Choose a file first.", "请先选择文件。"),
    "too-many-calls": Text("Too many files within a minute. Wait a moment.", "一分钟内提交的文件过多，请稍候。"),
}


def _pages(request: Request) -> Pages:
    pages = service_of(request).pages
    if pages is None:
        raise TypeError("these routes belong to a service with pages")
    return pages


@router.get("/")
async def home(request: Request) -> Response:
    """What the service is."""
    return _html(home_page(_pages(request).place, _language(request)))


@router.get("/verify")
async def form(request: Request) -> Response:
    """The form for a package."""
    pages = _pages(request)
    return _html(verify_page(pages.place, _language(request), pages.checker.limits.upload_bytes))


@router.post("/verify")
async def verify(request: Request) -> Response:
    """The verdict on the package that was sent, with what it says."""
    pages, lang = _pages(request), _language(request)
    try:
        return await pages.checker.check(request, lambda checked: _result(pages, checked, lang))
    except HttpError as error:
        return _refused(pages, lang, error)


def _result(pages: Pages, checked: CheckedFile, lang: Language) -> Response:
    """The page with a verdict. `lang`: unless the form names another."""
    sent, viewed = checked.sent, checked.viewed
    lang = sent.lang or lang
    if viewed is None:
        return _refused(pages, lang, HttpError(422, "no-file", "no file was chosen"))
    name, when = readable(sent.name[:_NAME]), moment(int(time.time()))
    return _html(result_page(pages.place, lang, name, when, viewed.verdict, viewed.view))


def _refused(pages: Pages, lang: Language, error: HttpError) -> Response:
    """The form again, with what was wrong."""
    measures.PROBLEMS.labels(error.code).inc()
    limit = pages.checker.limits.upload_bytes
    answer = _html(verify_page(pages.place, lang, limit, _PROBLEMS[error.code]), error.status)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


@router.get("/pages/{name}")
async def asset(request: Request, name: str) -> Response:
    """A file that pages load."""
    found = assets().get(name)
    if found is None:
        raise HttpError(404, "not-found", "there is nothing at this address")
    etag = f'"{name}"'
    headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable", "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)


def _html(content: bytes, status: int = 200) -> Response:
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return Response(content, status, headers=headers, media_type="text/html; charset=utf-8")


def _language(request: Request) -> Language:
    """The language that the address names, or the first one that the reader's browser prefers; else both."""
    accepted = request.headers.get("accept-language", "").split(",")
    named = [request.query_params.get("lang", ""), *(one.strip()[:2].lower() for one in accepted)]
    known = {one.value: one for one in Language}
    return next((known[one] for one in named if one in known), Language.BOTH)
