"""Judging a request: the ledger's findings in the ledger's order, each an error of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from creditchain.consents import errors
from creditchain.consents.errors import QueryRefusedError
from creditchain.consents.findings import MEANING
from creditchain.consents.judging import View, judge
from creditchain.log.query_items import QueryItem
from creditchain.log.views import ConsentState, MemberAt, Metered
from creditchain.messages import NO_DIGEST, LogDomain, QueryRequest
from creditchain.vocabulary import Finding, Role

NOW = 1_800_000_000
REQUEST = QueryRequest(
    domain=LogDomain(bytes(32)),
    institution=3,
    provider=1,
    consent=b"\1" * 32,
    subject=b"\2" * 32,
    product=b"\3" * 32,
    sections=0b110,
    domains=0b11,
    purpose=1,
    staff=b"\4" * 32,
    issued_at=NOW - 10,
    deadline=NOW + 10,
    nonce=5,
)
STATE = ConsentState(3, 0b110, 0b11, 1, NOW - 100, NOW + 100, 2, 1, 0, 0, 0, 0)
VIEW = View(
    NOW,
    None,
    True,
    MemberAt(Role.INSTITUTION, True, None, None),
    MemberAt(Role.BUREAU, True, None, None),
    True,
    STATE,
    0,
)

METERED = Metered(5, NOW, QueryItem(3, 1, 0, 5, 3, NOW, 60, 6, 1, 0, *(bytes([number]) * 32 for number in range(6))))

#: In the ledger's order: finding, changes to the request, to the view, to the consent.
CASES: list[tuple[Finding, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (Finding.SCOPE, {"sections": 0}, {}, {}),
    (Finding.NOT_ISSUED, {"issued_at": NOW + 1}, {}, {}),
    (Finding.PAST_DEADLINE, {"deadline": NOW - 1}, {}, {}),
    (Finding.REPLAYED, {}, {"metered": METERED}, {}),
    (Finding.INSTITUTION, {}, {"institution": MemberAt(Role.INSTITUTION, False, None, None)}, {}),
    (Finding.PROVIDER, {}, {"provider": MemberAt(Role.SOURCE, True, None, None)}, {}),
    (Finding.REQUEST_SIGNATURE, {}, {"signed": False}, {}),
    (Finding.BROKER, {"via": 9}, {"broker": MemberAt(Role.BUREAU, True, None, None), "brokered": True}, {}),
    (Finding.BROKER_SIGNATURE, {"via": 9}, {"broker": MemberAt(Role.PLATFORM, True, None, None)}, {}),
    (Finding.CONSENT_UNKNOWN, {}, {"consent": None}, {}),
    (Finding.CONSENT_INSTITUTION, {}, {}, {"institution": 4}),
    (Finding.CONSENT_PURPOSE, {}, {}, {"purpose": 2}),
    (Finding.CONSENT_SECTIONS, {}, {}, {"sections": 0b10}),
    (Finding.CONSENT_DOMAINS, {}, {}, {"domains": 0b1}),
    (Finding.CONSENT_NOT_YET_VALID, {}, {}, {"valid_from": NOW + 1}),
    (Finding.CONSENT_EXPIRED, {}, {}, {"not_after": NOW - 1}),
    (Finding.CONSENT_REVOKED, {}, {}, {"revoked_at": NOW}),
    (Finding.OVERDRAWN, {}, {}, {"used": 2}),
]
#: What only the provider's own receipt, or the block that meters it, can bring about.
RECEIPTS = {Finding.IN_FUTURE, Finding.METER_BY, Finding.RECEIPT_SIGNATURE}


def judged(*cases: tuple[Finding, dict[str, Any], dict[str, Any], dict[str, Any]]) -> None:
    request, view, state = REQUEST, VIEW, STATE
    for _, asked, seen, kept in reversed(cases):
        request, view, state = replace(request, **asked), replace(view, **seen), replace(state, **kept)
    if view.consent is not None:
        view = replace(view, consent=state)
    judge(request, view)


def test_what_fits_is_not_refused() -> None:
    judged()
    judge(replace(REQUEST, issued_at=NOW, deadline=NOW), VIEW)
    for edge in ({"valid_from": NOW}, {"not_after": NOW}, {"revoked_at": NOW + 1}):
        judge(REQUEST, replace(VIEW, consent=replace(STATE, **edge)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].label)
def test_each_finding_is_an_error_of_its_own(case: Any) -> None:
    with pytest.raises(QueryRefusedError) as caught:
        judged(case)
    assert caught.value.finding is case[0]
    assert caught.value.expected
    assert caught.value.found


def test_the_first_finding_counts() -> None:
    for start in range(len(CASES)):
        with pytest.raises(QueryRefusedError) as caught:
            judged(*CASES[start:])
        assert caught.value.finding is CASES[start][0]


def test_domains_that_need_no_consent() -> None:
    judge(replace(REQUEST, consent=NO_DIGEST), replace(VIEW, consent=None, open_domains=0b11))
    judge(replace(REQUEST, domains=0b111), replace(VIEW, open_domains=0b100))
    with pytest.raises(errors.ConsentUnknownError) as caught:
        judge(replace(REQUEST, consent=NO_DIGEST), replace(VIEW, consent=None, open_domains=0b1))
    assert (caught.value.expected, caught.value.found) == ("domains among registry", "judicial")


def test_a_nonce_far_from_those_in_use() -> None:
    with pytest.raises(errors.NonceError) as caught:
        judge(REQUEST, replace(VIEW, near=False))
    assert caught.value.found == "5"


def test_a_nonce_that_another_request_used() -> None:
    for name, item in (
        ("answered already", replace(METERED.item, request=REQUEST.id)),
        ("another request", METERED.item),
    ):
        with pytest.raises(errors.RequestReplayedError, match=name):
            judge(REQUEST, replace(VIEW, metered=replace(METERED, item=item)))


def test_a_paused_consent() -> None:
    with pytest.raises(errors.ConsentPausedError):
        judge(REQUEST, replace(VIEW, consent=replace(STATE, paused_at=NOW - 5, turns=1)))
    judge(REQUEST, replace(VIEW, consent=replace(STATE, paused_at=NOW - 5, resumed_at=NOW, turns=2)))


def test_every_finding_has_a_meaning_and_an_error() -> None:
    assert set(MEANING) == set(Finding)
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, QueryRefusedError)]
    known = {one.finding for one in kinds if one.finding is not None}
    assert known == {case[0] for case in CASES}
    assert known | RECEIPTS | {Finding.FITS, Finding.WITHOUT_CONSENT} == set(Finding)
