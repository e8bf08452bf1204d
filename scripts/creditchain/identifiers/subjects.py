"""Subjects: an enterprise by scheme and number, parsed once and valid from then on (docs/format.md section 2).

python-stdnum computes the checks it knows. Here stands what it lacks: the check of the organisation code inside a
USCC, letters in its first two places, and the rule of 2023 for Taiwan's business numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from operator import mul

from stdnum.cn import uscc
from stdnum.tw import ubn

from creditchain.errors import InputError, Place
from creditchain.hashing import keccak256

USCC = "USCC"
TWUBN = "TWUBN"

# GB 32100-2015: department, type, six digits of division, nine of organisation code, check. The letters are the
# 26 without I, O, S, V, Z. python-stdnum wants a digit as department; the standard also gives letters (N, Y, ...).
_USCC_FORM = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
# The organisation code counts its letters with all 26: A is 10, Z is 35.
_ORGANISATION_VALUES = {character: int(character, 36) for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_TWUBN_FORM = re.compile(r"[0-9]{8}", re.ASCII)


class IdentifierError(InputError):
    """An identifier is not well formed or fails a check digit. Carries lengths and positions, never the number."""


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """An enterprise: `scheme` ("USCC" or "TWUBN") and `number` in its one canonical form, both ASCII.

    Make one with the parse functions, which check it. The number is left out of `repr`, so that it reaches no log.
    """

    scheme: str
    number: str = field(repr=False)


def organisation_check(code: str) -> str:
    """Check character of the first eight of an organisation code (GB 11714-1997): "0" to "9", or "X" for 10."""
    total = sum(map(mul, _ORGANISATION_WEIGHTS, map(_ORGANISATION_VALUES.__getitem__, code)))
    return "0123456789X"[-total % 11]


def parse_uscc(text: str) -> Subject:
    """A unified social credit code (GB 32100-2015): 18 characters in upper case, both check characters right.

    Raises IdentifierError for wrong length or characters, a wrong inner check (character 17, organisation code) or a
    wrong last check (character 18).
    """
    if len(text) != 18:
        raise _error(USCC, "has a wrong length", expected="18 characters", found=f"{len(text)} characters")
    if not _USCC_FORM.fullmatch(text):
        raise _error(
            USCC,
            "has characters that do not belong there",
            expected="digits and capital letters without I, O, S, V, Z; digits in places 3 to 8",
            hint="Write it in capitals, without spaces or hyphens.",
        )
    if organisation_check(text[8:16]) != text[16]:
        raise _error(USCC, "fails the check of its organisation code (place 17)", hint="Look for a mistyped character.")
    if uscc.calc_check_digit(text[:17]) != text[17]:
        raise _error(USCC, "fails its check character (place 18)", hint="Look for a mistyped character.")
    return Subject(USCC, text)


def parse_twubn(text: str) -> Subject:
    """A business number of the Taiwan region: 8 digits, the weighted digit sum divisible by 5 (rule of 2023).

    The tens and ones of each product are added. If digit 7 is a 7, its product 28 gives 10, which may count as 1 or
    as 0 (the same as 10 here). Every number valid under the older rule (divisible by 10) stays valid.
    Raises IdentifierError.
    """
    if not _TWUBN_FORM.fullmatch(text):
        raise _error(TWUBN, "is not well formed", expected="8 digits", found=f"{len(text)} characters")
    remainder = ubn.calc_checksum(text) % 5
    if remainder != 0 and not (text[6] == "7" and remainder == 4):
        raise _error(TWUBN, "fails its check (weighted digit sum divisible by 5)", hint="Look for a mistyped digit.")
    return Subject(TWUBN, text)


def parse_subject(scheme: str, number: str, exceptions: Collection[bytes] = ()) -> Subject:
    """The subject of a scheme ("USCC" or "TWUBN") and number. Raises IdentifierError, also for an unknown scheme.

    `exceptions` are digests (`exception_digest`) of numbers that a register issued although they fail the check, whole
    or their first 25 bytes, as a cell of the log holds them.
    """
    subject = well_formed_subject(scheme, number)
    if exceptions:
        digest = exception_digest(subject)
        if digest in exceptions or digest[:25] in exceptions:
            return subject
    return _PARSERS[scheme](number)


def well_formed_subject(scheme: str, number: str) -> Subject:
    """A subject whose number has the right form, whether its check digits hold or not. Raises IdentifierError.

    For whoever reads what was published: the publisher has judged the check digits, and the tag binds the number.
    """
    parse = _PARSERS.get(scheme)
    if parse is None:
        raise IdentifierError(
            "the scheme of the subject is not known",
            expected=" or ".join(_PARSERS),
            found=f"{len(scheme)} characters",
            place=Place(field="scheme"),
        )
    # The parser says best what is wrong with the form, which it looks at first.
    return Subject(scheme, number) if _FORMS[scheme].fullmatch(number) else parse(number)


def exception_digest(subject: Subject) -> bytes:
    """keccak256(scheme || 0x00 || number), 32 bytes: how a list of exceptions names a number (docs/format.md, 2).

    Without a salt: registers of enterprises are public, so that a list of digests tells no more than which numbers of
    a public register fail their check, and anybody can compute and compare it.
    """
    return keccak256(subject.scheme.encode("ascii") + b"\x00" + subject.number.encode("ascii"))


_FORMS = {USCC: _USCC_FORM, TWUBN: _TWUBN_FORM}
_PARSERS = {USCC: parse_uscc, TWUBN: parse_twubn}


def _error(
    scheme: str, fault: str, *, expected: str | None = None, found: str | None = None, hint: str | None = None
) -> IdentifierError:
    return IdentifierError(f"the {scheme} number {fault}", expected=expected, found=found, hint=hint)
