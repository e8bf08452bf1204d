"""Encodings of text uploads: which may be named, reading lines in one, and guessing which one a file has.

Documents are UTF-8 whatever the upload was: an encoding says only how to read the envelope. Nothing is guessed when
reading; the guess goes into the hint of the error, and a person decides.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterable, Iterator
from functools import partial
from typing import IO

from creditchain.batch.errors import UploadError
from creditchain.errors import Place, UsageError

UTF_8 = "utf-8"
#: The names to choose from, and Python's codec for each. Where there is a common superset, that one reads: GB18030
#: reads GBK and GB2312, code page 950 is what Windows means by Big5.
ENCODINGS = {
    UTF_8: "utf-8",
    "gb18030": "gb18030",
    "big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
}
_ALIASES = {
    "utf8": UTF_8,
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "cp950": "big5",
    "utf16": "utf-16",
}
UTF_8_MARK = codecs.BOM_UTF8
_MARK = "\ufeff"
_STEP = 256 << 10
#: Bytes that a guess looks at.
SAMPLE_BYTES = 64 << 10
#: Most bytes of a line (characters of UTF-16): many times a document.
MAX_LINE = 16 << 20
#: Fewer bytes tell nothing of the encoding.
_LEAST = 16


def parse_encoding(name: str) -> str:
    """The name in its one form. Raises UsageError."""
    found = _ALIASES.get(name.lower().replace("_", "-"), name.lower().replace("_", "-"))
    if found not in ENCODINGS:
        raise UsageError("an encoding that uploads cannot have", expected=", ".join(ENCODINGS), found=name[:40])
    return found


def decoded_lines(handle: IO[bytes], encoding: str, name: str) -> Iterator[str]:
    """The lines of a file with their line feeds, without a byte order mark.

    Raises UploadError at the first line that is not of the encoding, with the likely one as hint.
    """
    lines = _wide_lines(handle, encoding, name) if encoding.startswith("utf-16") else _lines(handle, encoding, name)
    for number, line in enumerate(lines):
        yield line.removeprefix(_MARK) if number == 0 else line


def _lines(handle: IO[bytes], encoding: str, name: str) -> Iterator[str]:
    """Lines of an encoding in which the byte 0x0A is always a line feed, and so ends a line."""
    codec = ENCODINGS[encoding]
    for number, line in enumerate(iter(partial(handle.readline, MAX_LINE + 1), b""), 1):
        if len(line) > MAX_LINE:
            raise _too_long(name, number)
        try:
            yield line.decode(codec)
        except UnicodeDecodeError as error:
            raise wrong_encoding(encoding, [line, *_some_of(handle)], name, number, error.start) from None


def _wide_lines(handle: IO[bytes], encoding: str, name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(ENCODINGS[encoding])()
    number, rest = 1, ""
    while True:
        block = handle.read(_STEP)
        try:
            text = rest + decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise _wrong_wide(error, encoding, rest, name, number) from None
        except UnicodeError:  # no byte order mark
            raise wrong_encoding(encoding, [block], name, number, 0) from None
        *whole, rest = text.split("\n")
        number += len(whole)
        yield from (line + "\n" for line in whole)
        if len(rest) > MAX_LINE:
            raise _too_long(name, number)
        if not block:
            break
    if rest:
        yield rest


def _wrong_wide(error: UnicodeDecodeError, encoding: str, rest: str, name: str, number: int) -> UploadError:
    """The error for a block that is not UTF-16, at the line in which its first wrong byte stands.

    `rest` is what was read of line `number` before the block.
    """
    codec = "utf-16-be" if encoding.endswith("be") or error.encoding.endswith("be") else "utf-16-le"
    before = rest + error.object[: error.start].decode(codec, "replace")
    last = before.rpartition("\n")[2]
    # A few bytes, as at the end of a file that was cut off, tell nothing of the encoding.
    return wrong_encoding(encoding, [error.object], name, number + before.count("\n"), 2 * len(last))


def _too_long(name: str, line: int) -> UploadError:
    hint = "Is this a text file whose lines end with line feeds?"
    return UploadError("the line is too long", expected=f"at most {MAX_LINE} bytes", hint=hint, place=Place(name, line))


def wrong_encoding(encoding: str, sample: Iterable[bytes], name: str, line: int, at: int) -> UploadError:
    """The error for a line that is not of the encoding; `sample` begins with it."""
    whole = b"".join(sample)
    likely = likely_encoding(whole) if len(whole) >= _LEAST else None
    hint = "Save the file as UTF-8."
    if likely is not None and likely != encoding:
        hint = f"It looks like {likely}: run again with --encoding {likely}, or save the file as UTF-8."
    return UploadError(
        f"the line is not {encoding.upper() if encoding != 'big5' else 'Big5'}",
        expected=encoding.upper(),
        found=f"byte {at} of the line",
        hint=hint,
        place=Place(name, line),
    )


def likely_encoding(sample: bytes) -> str | None:
    """The encoding that a sample most likely has; None where nothing fits.

    Byte order marks and zero bytes tell UTF-16. GB18030 and Big5 share most of their bytes: of those that decode, the
    one that gives more everyday characters is meant.
    """
    if sample.startswith(UTF_8_MARK):
        return UTF_8
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = sample.count(0)
    if zeros > len(sample) // 20:
        return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    if _decoded(sample, UTF_8) is not None:
        return UTF_8
    scores = {
        encoding: _everyday(text)
        for encoding in ("gb18030", "big5")
        if (text := _decoded(sample, encoding)) is not None
    }
    best = max(scores, key=lambda encoding: scores[encoding], default=None)
    return best if best is not None and scores[best] > 0.5 else None


def _decoded(sample: bytes, encoding: str) -> str | None:
    """The sample as text, a character that its end cuts left out; None where it does not decode."""
    decoder = codecs.getincrementaldecoder(ENCODINGS[encoding])()
    try:
        return decoder.decode(sample[:SAMPLE_BYTES])
    except UnicodeDecodeError:
        return None


def _everyday(text: str) -> float:
    """The share of everyday characters among those that are not ASCII.

    Both standards sort characters by how common they are: level 1 of GB 2312 is rows B0 to D7, of Big5 rows A4 to C6.
    Punctuation of Chinese text counts too.
    """
    wide = [character for character in text if ord(character) > 127]
    if not wide:
        return 0.0
    return sum(map(_is_everyday, wide)) / len(wide)


def _is_everyday(character: str) -> bool:
    if character in "，。、：；（）《》“”‘’！？·—…￥％　" or "０" <= character <= "ｚ":
        return True
    if unicodedata.category(character) != "Lo":
        return False
    return _in_rows(character, "gb2312", 0xB0, 0xD7) or _in_rows(character, "big5", 0xA4, 0xC6)


def _in_rows(character: str, codec: str, low: int, high: int) -> bool:
    try:
        return low <= character.encode(codec)[0] <= high
    except UnicodeEncodeError:
        return False


def _some_of(handle: IO[bytes]) -> list[bytes]:
    return [handle.read(SAMPLE_BYTES)]
