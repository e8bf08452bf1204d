"""EIP-712 bytes of the operator acceptance and the tag statement, and which signatures are accepted."""

import json
from dataclasses import replace

import pytest
from eth_account import Account

from creditchain.messages import (
    LogDomain,
    OperatorAcceptance,
    SignatureError,
    TagStatement,
    TypedMessage,
    compact,
    recover,
    require_signature,
    signed_by,
)
from creditchain.messages.domains import require_address
from vectors.reading import load

VECTORS = load("messages")
SIGNER = VECTORS["signer"]
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
CASES = [case for case in VECTORS["messages"] if case["type"].startswith(("OperatorAcceptance(", "TagStatement("))]


def _message(case: dict, **changes: object) -> TypedMessage:
    values = case["message"] | changes
    if case["type"].startswith("OperatorAcceptance("):
        return OperatorAcceptance(LogDomain(**case["domain"]), **values)
    return TagStatement(
        LogDomain(**case["domain"]),
        platform=values["platform"],
        key_epoch=values["keyEpoch"],
        subject_tag=values["subjectTag"],
        scheme=values["scheme"],
        number=values["number"],
        issued_at=values["issuedAt"],
    )


def _id(case: dict) -> str:
    return str(case["type"].split("(")[0])


def test_both_messages_have_vectors() -> None:
    assert {_id(case) for case in CASES} == {"OperatorAcceptance", "TagStatement"}


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_digest_and_signer(case: dict) -> None:
    message = _message(case)
    assert message.digest() == case["digest"]
    assert recover(message, case["signature"]) == SIGNER
    assert signed_by(message, case["signature"], SIGNER)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_wallets_sign_the_typed_data_as_it_goes_over_json_rpc(case: dict) -> None:
    typed_data = json.loads(json.dumps(_message(case).typed_data()))
    assert typed_data["primaryType"] == _id(case)
    assert _by_account(typed_data) == case["signature"]


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_every_member_is_signed(case: dict) -> None:
    for name, value in case["message"].items():
        if isinstance(value, bytes):
            other: object = bytes(32)
        elif isinstance(value, str):
            other = "0x" + "11" * 20 if value.startswith("0x") else value + "x"
        else:
            other = value - 1 if value else 1
        assert recover(_message(case, **{name: other}), case["signature"]) != SIGNER


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_replay_on_another_log(case: dict) -> None:
    moved = replace(_message(case), domain=LogDomain(bytes(32)))
    assert not signed_by(moved, case["signature"], SIGNER)


def _by_account(typed_data: dict) -> bytes:
    return compact(bytes(Account.from_key(VECTORS["key"]).sign_typed_data(full_message=typed_data).signature))


def _usual(signature: bytes) -> bytes:
    """The 65 bytes r || s || v that wallets give."""
    return signature[:32] + bytes([signature[32] & 0x7F]) + signature[33:] + bytes([27 + (signature[32] >> 7)])


def _malleable(signature: bytes) -> bytes:
    """The other signature of the same key over the same digest, as 65 bytes: n - s, and the other v."""
    usual = _usual(signature)
    s = ORDER - int.from_bytes(usual[32:64])
    return usual[:32] + s.to_bytes(32) + bytes([55 - usual[64]])


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_high_s_has_no_form(case: dict) -> None:
    malleable = _malleable(case["signature"])
    by_others = Account._recover_hash(case["digest"], signature=malleable)
    assert by_others == SIGNER
    with pytest.raises(SignatureError, match="malleable"):
        compact(malleable)
    for parity in (0, 1 << 255):
        short = malleable[:32] + (int.from_bytes(malleable[32:64]) | parity).to_bytes(32)
        assert not signed_by(_message(case), short, SIGNER)
    assert not signed_by(_message(case), malleable, SIGNER)


@pytest.mark.parametrize("case", CASES, ids=_id)
def test_what_wallets_give_is_shortened(case: dict) -> None:
    usual = _usual(case["signature"])
    assert compact(usual) == compact(usual[:64] + bytes([usual[64] - 27])) == case["signature"]
    with pytest.raises(SignatureError, match="expected 65 bytes; found 64"):
        compact(usual[:64])


@pytest.mark.parametrize("v", [v for v in range(256) if v not in (0, 1, 27, 28)])
def test_other_spellings_of_v_are_refused(v: int) -> None:
    with pytest.raises(SignatureError, match=f"expected 27 or 28; found {v}"):
        compact(_usual(CASES[0]["signature"])[:64] + bytes([v]))


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_another_length_is_refused(length: int) -> None:
    signature = (CASES[0]["signature"] * 2)[:length]
    with pytest.raises(SignatureError, match=f"found {length} bytes"):
        recover(_message(CASES[0]), signature)


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (0, 0), (ORDER, 1), (2**256 - 1, 1), (1, ORDER // 2 + 1), (1, 2**255), (1, 2**256 - 1)]
)
def test_values_out_of_range_are_refused(r: int, s: int) -> None:
    with pytest.raises(SignatureError):
        require_signature(r.to_bytes(32) + s.to_bytes(32))


def test_the_largest_low_s_is_in_range() -> None:
    require_signature((1).to_bytes(32) + (ORDER // 2).to_bytes(32))


def test_an_r_that_is_no_point_has_no_signer() -> None:
    # 5 is no x coordinate on secp256k1.
    with pytest.raises(SignatureError, match="no key"):
        recover(_message(CASES[0]), (5).to_bytes(32) + (1).to_bytes(32))


@pytest.mark.parametrize("at", range(64))
def test_each_byte_of_a_signature_flipped_gives_no_or_another_signer(at: int) -> None:
    signature = CASES[0]["signature"]
    flipped = signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1 :]
    assert not signed_by(_message(CASES[0]), flipped, SIGNER)


@pytest.mark.parametrize("address", ["", "0x", SIGNER.lower(), SIGNER.upper(), SIGNER[2:], SIGNER[:-1]])
def test_addresses_carry_their_checksum(address: str) -> None:
    with pytest.raises(ValueError, match="contract must be an address with its EIP-55 checksum"):
        require_address(address, "contract")
    with pytest.raises(ValueError, match="operator must be an address with its EIP-55 checksum"):
        OperatorAcceptance(LogDomain(bytes(32)), 1, address, 0)


def test_hashes_have_their_length() -> None:
    with pytest.raises(ValueError, match="log_id must be 32 bytes"):
        LogDomain(b"")
    with pytest.raises(ValueError, match="subject_tag must be 32 bytes"):
        TagStatement(LogDomain(bytes(32)), 1, 1, b"", "USCC", "", 0)


def test_a_statement_shows_neither_tag_nor_number() -> None:
    statement = TagStatement(LogDomain(bytes(32)), 1, 1, b"\xab" * 32, "TWUBN", "04595257", 0)
    assert "04595257" not in repr(statement)
    assert repr(b"\xab")[2:-1] not in repr(statement)
    assert statement.subject.number == "04595257"


@pytest.mark.parametrize("refused", VECTORS["signatures_refused"], ids=lambda case: case["why"])
def test_signatures_that_nobody_may_accept(refused: dict) -> None:
    case = next(one for one in CASES if one["digest"] == refused["digest"])
    assert not signed_by(_message(case), refused["signature"], SIGNER)
