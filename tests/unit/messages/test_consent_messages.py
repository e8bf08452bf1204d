"""Consents, revocations, requests, receipts and dispute filings against messages.json."""

from dataclasses import replace

import pytest

from creditchain.errors import InputError
from creditchain.messages import (
    NO_KEY,
    Consent,
    Countersignature,
    DeliveryReceipt,
    DisputeFiling,
    EnterpriseSignIn,
    LogDomain,
    Pause,
    QueryExport,
    QueryRequest,
    Resumption,
    Revocation,
    SignIn,
    StatementOfAccount,
    TypedMessage,
    recover,
    salted_digest,
    subject_digest,
)
from vectors.reading import load

VECTORS = load("messages")
CLASSES: dict[str, type[TypedMessage]] = {
    cls.TYPE: cls
    for cls in (
        *(Consent, Revocation, Pause, Resumption, QueryRequest, DeliveryReceipt),
        *(Countersignature, DisputeFiling, SignIn, StatementOfAccount),
        *(EnterpriseSignIn, QueryExport),
    )
}
CASES = [case for case in VECTORS["messages"] if case["type"].split("(")[0] in CLASSES]


def _snake(name: str) -> str:
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)


def _made(case: dict) -> TypedMessage:
    cls = CLASSES[case["type"].split("(")[0]]
    return cls(LogDomain(**case["domain"]), **{_snake(name): value for name, value in case["message"].items()})


def _id(case: dict) -> str:
    return str(case["type"].split("(")[0])


def test_every_message_has_a_vector() -> None:
    assert {_id(case) for case in CASES} == set(CLASSES)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_the_type_string(case: dict) -> None:
    cls = CLASSES[_id(case)]
    assert f"{cls.TYPE}({','.join(f'{kind} {name}' for name, kind in cls.MEMBERS)})" == case["type"]


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_struct_hash_and_digest(case: dict) -> None:
    message = _made(case)
    assert message.struct_hash() == case["struct_hash"]
    assert message.digest() == case["digest"]


FORMS = [case for case in CASES if _id(case) == "Consent"]


@pytest.mark.parametrize("case", FORMS, ids=range(len(FORMS)))
def test_the_form_of_a_consent(case: dict) -> None:
    message = _made(case)
    assert isinstance(message, Consent)
    assert message.form() == case["form"]
    assert Consent.of_form(case["form"], case["domain"]["log_id"]) == message
    for other in (case["form"][:-1], case["form"] + b"\0", b"", case["form"] + bytes(32)):
        with pytest.raises(ValueError, match="a consent has 120 or 132 bytes"):
            Consent.of_form(other, case["domain"]["log_id"])


@pytest.mark.parametrize(
    ("member", "most"),
    [
        *(("institution", 24), ("platform", 24), ("sections", 8), ("domains", 24), ("purpose", 8), ("data_from", 32)),
        *(("data_to", 32), ("not_before", 32), ("not_after", 32), ("uses", 16), ("keep_days", 16), ("deadline", 40)),
    ],
)
def test_what_does_not_fit_into_the_form(member: str, most: int) -> None:
    message = _made(FORMS[0])
    assert isinstance(message, Consent)
    widest = replace(message, **{member: 2**most - 1})
    assert Consent.of_form(widest.form(), message.log) == widest
    for wrong in (2**most, -1):
        with pytest.raises(InputError, match=f"{member} of a consent does not fit") as caught:
            replace(message, **{member: wrong}).form()
        assert (caught.value.expected, caught.value.found) == (f"from 0 to {2**most - 1}", str(wrong))


def test_a_form_has_a_key_or_a_paper() -> None:
    message = _made(FORMS[0])
    assert isinstance(message, Consent)
    with pytest.raises(InputError, match="both a key and a paper"):
        replace(message, paper=b"\1" * 32).form()


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_the_signer_is_recovered(case: dict) -> None:
    assert recover(_made(case), case["signature"]) == VECTORS["signer"]


def test_the_id_of_a_consent_and_of_a_request_is_the_struct_hash() -> None:
    for case in CASES:
        message = _made(case)
        if isinstance(message, Consent | QueryRequest):
            assert message.id == case["struct_hash"]


def test_a_consent_without_a_key_is_on_paper() -> None:
    papers = [message.on_paper for message in map(_made, CASES) if isinstance(message, Consent)]
    assert papers == [case["message"]["key"] == NO_KEY for case in CASES if _id(case) == "Consent"]
    assert True in papers


@pytest.mark.parametrize("case", VECTORS["subject_digests"])
def test_subject_digests(case: dict) -> None:
    assert subject_digest(case["tag"], case["salt"]) == case["digest"]


@pytest.mark.parametrize("case", VECTORS["salted_digests"])
def test_salted_digests(case: dict) -> None:
    assert salted_digest(case["salt"], case["content"]) == case["digest"]


@pytest.mark.parametrize("name", ["log", "subject", "notice", "paper"])
def test_a_digest_has_32_bytes(name: str) -> None:
    case = next(case for case in CASES if _id(case) == "Consent")
    fields = {_snake(key): value for key, value in case["message"].items()}
    with pytest.raises(ValueError, match=f"{name} must be 32 bytes"):
        Consent(LogDomain(**case["domain"]), **{**fields, name: b"\x01"})
