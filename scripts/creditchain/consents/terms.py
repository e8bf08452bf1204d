"""Checks of a consent's terms by the contract's rules, and the terms in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from creditchain.consents.errors import TermsError
from creditchain.consents.judging import domain_names, purpose_name, section_names
from creditchain.documents import Domain, Section
from creditchain.errors import Place
from creditchain.messages import NO_DIGEST, NO_KEY, Consent
from creditchain.products import Purpose
from creditchain.times import moment

_SECTIONS = sum(1 << section for section in Section)
_DOMAINS = sum(1 << domain for domain in Domain)

#: What fits into the cell of a consent: the most uses, and the last second (in the year 2106).
MOST_USES, LAST_TIME = 2**16 - 1, 2**32 - 1


def require_terms(consent: Consent, now: int) -> None:
    """Raise TermsError unless the contract would accept these terms at `now` (unix seconds); signatures aside.

    Stricter than the contract in one point: purposes, sections and domains must be known by name.
    """
    for name, mask, known in (("sections", consent.sections, _SECTIONS), ("domains", consent.domains, _DOMAINS)):
        if mask == 0 or mask & ~known:
            raise _wrong(name, "at least one, all of them known", f"the bit set {mask:#x}")
    if consent.purpose not in set(Purpose):
        raise _wrong("purpose", "a purpose code from 1 to 12", str(consent.purpose))
    if not 1 <= consent.uses <= MOST_USES:
        raise _wrong("uses", f"from 1 to {MOST_USES}", str(consent.uses))
    for name in ("subject", "notice"):
        if getattr(consent, name) == NO_DIGEST:
            raise _wrong(name, "a digest", "zeros")
    first, last = day(consent.data_from, "dataFrom"), day(consent.data_to, "dataTo")
    if first > last:
        raise _wrong("dataTo", f"a day from {first} on", str(last))
    if consent.not_before > consent.not_after:
        raise _wrong("notAfter", f"a time from {moment(consent.not_before)} on", moment(consent.not_after))
    if consent.not_after > LAST_TIME:
        raise _wrong("notAfter", f"a time until {moment(LAST_TIME)}", moment(consent.not_after))
    if consent.deadline < now:
        raise _wrong("deadline", f"a time after now, {moment(now)}", moment(consent.deadline))
    if consent.not_after < now:
        raise _wrong("notAfter", f"a time after now, {moment(now)}", moment(consent.not_after))


def day(number: int, name: str) -> date:
    """The date that a number YYYYMMDD means. Raises TermsError with the field."""
    try:
        return date(number // 10000, number // 100 % 100, number % 100)
    except ValueError:
        raise _wrong(name, "a day as YYYYMMDD", str(number)) from None


def described(consent: Consent) -> dict[str, Any]:
    """The terms in words. Nodes are given by number, the enterprise not at all."""
    return {
        "id": consent.id,
        "institution": consent.institution,
        "platform": consent.platform,
        "purpose": purpose_name(consent.purpose),
        "sections": section_names(consent.sections).split(", "),
        "domains": domain_names(consent.domains).split(", "),
        "data_from": consent.data_from,
        "data_to": consent.data_to,
        "not_before": consent.not_before,
        "not_after": consent.not_after,
        "deadline": consent.deadline,
        "uses": consent.uses,
        "keep_days": consent.keep_days,
        "key": None if consent.key == NO_KEY else consent.key,
        "on_paper": consent.paper != NO_DIGEST,
    }


def _wrong(name: str, expected: str, found: str) -> TermsError:
    return TermsError("the consent's terms are impossible", expected=expected, found=found, place=Place(field=name))
