"""Checkpoints: the signed bytes, the file, and who may have signed it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account

from creditchain.checkpoints.checking import PinnedSigners, check_checkpoint
from creditchain.checkpoints.errors import CheckpointError
from creditchain.checkpoints.file import MOST_SIGNERS, SignedCheckpoint, parse_checkpoint
from creditchain.checkpoints.message import Checkpoint
from creditchain.errors import ConfigError
from creditchain.hashing import keccak256
from creditchain.merkle import EMPTY_ROOT
from creditchain.messages import LogDomain, SignatureError, compact, recover, signed_by
from creditchain.packages.delivery import message_json, read_message
from creditchain.packages.fields import PackageError
from vectors.reading import load

VECTORS = load("checkpoints")
CASES = VECTORS["messages"]
FILE = VECTORS["file"].encode()
SIGNERS = VECTORS["signers"]
SIGNED = parse_checkpoint(FILE)
LOG_ID = SIGNED.message.domain.log_id
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def pinned(threshold: int = 2, **changes: Any) -> PinnedSigners:
    return PinnedSigners(
        **{"log_id": LOG_ID, "epoch": 1, "addresses": frozenset(SIGNERS), "threshold": threshold} | changes
    )


def message(case: dict[str, Any]) -> Checkpoint:
    values = {
        name: f"0x{value.hex()}" if isinstance(value, bytes) else value for name, value in case["message"].items()
    }
    return read_message(Checkpoint, values, "message", LogDomain(**case["domain"]))


def by_stranger(checkpoint: Checkpoint, seed: bytes = b"stranger") -> bytes:
    return compact(
        bytes(Account.from_key(keccak256(seed)).sign_typed_data(full_message=checkpoint.typed_data()).signature)
    )


@pytest.mark.parametrize("case", CASES)
def test_digest_and_signer(case: dict[str, Any]):
    made = message(case)
    assert made.struct_hash() == case["struct_hash"]
    assert made.digest() == case["digest"] == keccak256(b"\x19\x01" + case["domain_separator"] + case["struct_hash"])
    assert recover(made, case["signature"]) == VECTORS["signer"]
    assert f"Checkpoint({','.join(f'{kind} {name}' for name, kind in made.MEMBERS)})" == case["type"]


@pytest.mark.parametrize("case", CASES)
def test_the_domain_names_the_log_and_nothing_else(case: dict[str, Any]):
    typed = json.loads(json.dumps(message(case).typed_data()))
    assert typed["domain"] == {"name": "creditchain", "version": "1", "salt": f"0x{case['domain']['log_id'].hex()}"}
    assert (
        compact(bytes(Account.from_key(VECTORS["key"]).sign_typed_data(full_message=typed).signature))
        == case["signature"]
    )


@pytest.mark.parametrize("case", CASES)
def test_every_member_and_the_log_are_signed(case: dict[str, Any]):
    made = message(case)
    for name, value in message_json(made).items():
        other = value ^ 1 if isinstance(value, int) else f"0x{keccak256(value.encode()).hex()}"
        changed = read_message(Checkpoint, message_json(made) | {name: other}, "message", made.domain)
        assert not signed_by(changed, case["signature"], VECTORS["signer"])
    assert not signed_by(replace(made, domain=LogDomain(bytes(32))), case["signature"], VECTORS["signer"])


@pytest.mark.parametrize("name", ["root", "state_root", "block_hash"])
def test_hashes_have_their_length(name: str):
    with pytest.raises(ValueError, match=f"{name} must be 32 bytes, not 31"):
        replace(SIGNED.message, **{name: bytes(31)})


def test_the_file_comes_back():
    assert SIGNED.message == message(CASES[0])
    assert parse_checkpoint(SIGNED.to_json()) == SIGNED
    assert json.loads(SIGNED.to_json()) == json.loads(FILE)


def test_enough_signers():
    for count in range(4):
        for threshold in (2, 3):
            some = replace(SIGNED, signatures=SIGNED.signatures[:count])
            checked = check_checkpoint(some, pinned(threshold))
            assert checked.signers == tuple(SIGNERS[:count])
            assert checked.enough is (count >= threshold)
            if checked.enough:
                assert checked.require_enough() == SIGNED.message
            else:
                with pytest.raises(CheckpointError, match=f"expected {threshold} of 3 pinned signers; found {count}: "):
                    checked.require_enough()


def test_signatures_are_added_in_order():
    for first in SIGNED.signatures:
        others = [one for one in SIGNED.signatures if one != first]
        made = SignedCheckpoint(SIGNED.message, (first,)).signed(others[0]).signed(others[1])
        assert made == SIGNED
        with pytest.raises(CheckpointError, match="has signed already"):
            made.signed(first)
        with pytest.raises(SignatureError):
            made.signed(first[:63])


def refused(signatures: list[bytes], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        check_checkpoint(replace(SIGNED, signatures=tuple(signatures)), pinned())


def test_signatures_out_of_order():
    one, two, three = SIGNED.signatures
    refused([two, one, three], CheckpointError, rf"signatures\[1\].*a signer after {SIGNERS[1]}; found {SIGNERS[0]}")
    refused([one, three, two], CheckpointError, r"signatures\[2\].*not in the order")


def test_a_signer_twice():
    one, two, _ = SIGNED.signatures
    refused([one, one, two], CheckpointError, rf"signatures\[1\].*signed twice; .*found {SIGNERS[0]}")
    refused([one, two, one], CheckpointError, r"signatures\[2\].*not in the order")


def test_a_signer_who_is_not_pinned():
    stranger = by_stranger(SIGNED.message)
    address = recover(SIGNED.message, stranger)
    signed = SIGNED.signed(stranger)
    place = signed.signatures.index(stranger)
    with pytest.raises(
        CheckpointError, match=rf"signatures\[{place}\].*expected one of 3 pinned signers; found {address}"
    ):
        check_checkpoint(signed, pinned())
    assert check_checkpoint(signed, pinned(3, addresses=frozenset([*SIGNERS, address]))).enough


def test_another_log_or_epoch():
    for changes, match in (
        ({"log_id": bytes(32)}, f"another log; expected 0x{'00' * 32}; found 0x{LOG_ID.hex()}"),
        ({"epoch": 2}, "another epoch of signers; expected epoch 2; found 1"),
    ):
        with pytest.raises(CheckpointError, match=match):
            check_checkpoint(SIGNED, pinned(**changes))


def test_signatures_of_another_checkpoint():
    """Whatever the order of the keys that come out, what is said is that the values were altered."""
    for size in range(41, 51):
        moved = replace(SIGNED, message=replace(SIGNED.message, size=size))
        with pytest.raises(CheckpointError, match=r"\[0\]: this is no pinned signer's signature.*was altered"):
            check_checkpoint(moved, pinned())


WRONG: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "high s": (lambda one: one[:32] + (ORDER // 2 + 1).to_bytes(32), "out of range"),
    "r of 0": (lambda one: bytes(32) + one[32:], "out of range"),
    "s of 0": (lambda one: one[:32] + bytes(32), "out of range"),
    "r of the order": (lambda one: ORDER.to_bytes(32) + one[32:], "out of range"),
    "no point": (lambda one: (5).to_bytes(32) + one[32:], "no key"),
}


@pytest.mark.parametrize("change", WRONG)
@pytest.mark.parametrize("at", range(3))
def test_signatures_of_another_form(change: str, at: int):
    make, match = WRONG[change]
    signatures = list(SIGNED.signatures)
    signatures[at] = make(signatures[at])
    refused(signatures, SignatureError, rf"signatures\[{at}\].*{match}")


@pytest.mark.parametrize("at", range(64))
def test_each_byte_of_a_signature_flipped(at: int):
    one = SIGNED.signatures[0]
    flipped = one[:at] + bytes([one[at] ^ 1]) + one[at + 1 :]
    with pytest.raises((CheckpointError, SignatureError)):
        check_checkpoint(replace(SIGNED, signatures=(flipped, *SIGNED.signatures[1:])), pinned())


def test_pinned_signers_that_cannot_be():
    many = frozenset(Account.from_key(keccak256(bytes([number]))).address for number in range(MOST_SIGNERS + 1))
    for changes, match in (
        ({"threshold": 0}, "expected 1 to 3; found 0"),
        ({"threshold": 4}, "expected 1 to 3; found 4"),
        ({"threshold": 1}, "no majority of the signers; expected 2 to 3 of 3 signers; found 1"),
        ({"addresses": frozenset()}, f"expected 1 to {MOST_SIGNERS}; found 0"),
        ({"addresses": many}, f"expected 1 to {MOST_SIGNERS}; found {MOST_SIGNERS + 1}"),
    ):
        with pytest.raises(ConfigError, match=match):
            pinned(**changes)
    with pytest.raises(ValueError, match="signer must be an address with its EIP-55 checksum"):
        pinned(addresses=frozenset([SIGNERS[0].lower()]))
    with pytest.raises(ValueError, match="log_id must be 32 bytes"):
        pinned(log_id=b"")


Change = Callable[[dict[str, Any]], object]


def parse_changed(change: Change) -> SignedCheckpoint:
    value = json.loads(FILE)
    change(value)
    return parse_checkpoint(json.dumps(value).encode())


MALFORMED: dict[str, tuple[Change, str]] = {
    "another format": (lambda file: file.update(format="creditchain/checkpoint@2"), "format"),
    "no log": (lambda file: file.pop("log_id"), "log_id"),
    "one member more": (lambda file: file.update(note=""), "does not know"),
    "one member more in the message": (lambda file: file["message"].update(chainId=1), "does not know"),
    "a member less": (lambda file: file["message"].pop("cells"), "message.cells"),
    "no list of signatures": (lambda file: file.update(signatures={}), "signatures"),
    "a signature of null": (lambda file: file["signatures"].append(None), r"signatures\[3\]"),
    "a signature too short": (lambda file: file["signatures"].append("0x" + "00" * 63), r"signatures\[3\]"),
    "a signature too long": (lambda file: file["signatures"].append("0x" + "00" * 65), r"signatures\[3\]"),
    "a signature in upper case": (lambda file: file["signatures"].append("0x" + "AA" * 64), r"signatures\[3\]"),
    "too many signatures": (lambda file: file.update(signatures=["0x" + "00" * 64] * (MOST_SIGNERS + 1)), "at most 64"),
    "a number as text": (lambda file: file["message"].update(size="40"), "message.size"),
    "a number below 0": (lambda file: file["message"].update(size=-1), "message.size"),
    "a number beyond JSON's": (lambda file: file["message"].update(size=2**53), "2.53"),
    "an epoch of 33 bits": (lambda file: file["message"].update(signerEpoch=2**32), "message.signerEpoch"),
    "a digest in upper case": (lambda file: file["message"].update(root="0x" + "AA" * 32), "message.root"),
    "no entry": (lambda file: file["message"].update(size=0), "message.size.*at least one entry"),
    "no cells, but a state": (lambda file: file["message"].update(cells=0), "message.stateRoot.*contradict"),
    "cells, but no state": (
        lambda file: file["message"].update(stateRoot="0x" + EMPTY_ROOT.hex()),
        "message.stateRoot.*contradict",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_files_of_another_form(name: str):
    change, match = MALFORMED[name]
    with pytest.raises(PackageError, match=match):
        parse_changed(change)


def test_a_file_without_signatures_is_a_checkpoint_that_nobody_signed():
    found = parse_changed(lambda file: file.update(signatures=[]))
    assert found == SignedCheckpoint(SIGNED.message)
    assert not check_checkpoint(found, pinned(2)).enough


def test_a_log_that_wrote_no_cell():
    found = parse_changed(lambda file: file["message"].update(cells=0, stateRoot="0x" + EMPTY_ROOT.hex()))
    assert found.message.cells == 0


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"\xef\xbb\xbf" + FILE, FILE[:-1], FILE.replace(b"{", b'{"format": 1, ', 1)]
)
def test_what_is_no_file(raw: bytes):
    with pytest.raises(PackageError):
        parse_checkpoint(raw)


def test_a_file_that_is_too_large():
    with pytest.raises(PackageError, match="too large"):
        parse_checkpoint(FILE + b" " * (1 << 18))
