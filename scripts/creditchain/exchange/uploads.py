"""Reading the form of the Verify page: one file and the language, in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from creditchain.exchange.problems import HttpError
from creditchain.views.languages import Language

FORM = "multipart/form-data"
#: Names of the form's fields.
_PACKAGE, _LANGUAGE = b"package", b"lang"
#: Parts that are looked at; the form has two.
_PARTS = 4
#: Bytes of a part that is no file.
_FIELD_BYTES = 64


@dataclass(frozen=True, slots=True)
class SentFile:
    """What the form brought. `content`: None if no file was chosen."""

    name: str
    content: bytes | None = field(repr=False)
    lang: Language | None


def parse_form(content_type: str, body: bytes) -> SentFile:
    """The file in a form's body. Raises HttpError: 415 for another media type, 400 for a form that is malformed."""
    media_type, parameters = parse_options_header(content_type)
    if media_type.decode("latin-1").lower() != FORM:
        raise HttpError(
            415, "media-type", "another media type is expected", expected=FORM, found=content_type[:100] or "none"
        )
    fields: list[Field] = []
    files: list[File] = []

    def took(part: Field | File) -> None:
        (files if isinstance(part, File) else fields).append(part)  # type: ignore[arg-type]
        if len(fields) + len(files) > _PARTS or (isinstance(part, Field) and len(part.value or b"") > _FIELD_BYTES):
            raise FormParserError("more than the form has")

    # Whatever its size, a file stays in memory: the body is bounded, and nothing of it may be kept.
    config = {"MAX_MEMORY_FILE_SIZE": float("inf"), "UPLOAD_ERROR_ON_BAD_CTE": True}
    ended: list[bool] = []
    try:
        parser = FormParser(FORM, took, took, lambda: ended.append(True), parameters.get(b"boundary"), config=config)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise _malformed() from error
    if not ended:
        raise _malformed()
    return _sent(fields, files)


def _sent(fields: list[Field], files: list[File]) -> SentFile:
    chosen = [one for one in files if one.field_name == _PACKAGE and one.file_name]
    if len(chosen) > 1:
        raise _malformed()
    told = next((one.value for one in fields if one.field_name == _LANGUAGE), None)
    lang = next((one for one in Language if one.value.encode() == told), None)
    if not chosen:
        return SentFile("", None, lang)
    file = chosen[0].file_object
    file.seek(0)
    return SentFile((chosen[0].file_name or b"").decode("utf-8", "replace"), file.read(), lang)


def _malformed() -> HttpError:
    return HttpError(400, "form-malformed", "the form is malformed", expected="one file in the field `package`")
