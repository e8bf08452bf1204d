"""Deliveries for one reader: the age format, with keys written as age writes them."""

from __future__ import annotations

import secrets

import pyrage
import pytest

from creditchain.packages.encrypted import (
    DeliveryKeyError,
    NotForThisKeyError,
    age_identity,
    decrypt,
    encrypt,
    is_encrypted,
    public_key,
    require_public_key,
)

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


def test_only_the_key_opens_it() -> None:
    sealed = encrypt(b"a report", public_key(KEY))
    assert is_encrypted(sealed)
    assert b"a report" not in sealed
    assert decrypt(sealed, [KEY]) == b"a report"
    assert decrypt(sealed, [OTHER, KEY]) == b"a report"
    with pytest.raises(NotForThisKeyError):
        decrypt(sealed, [OTHER])


def test_any_altered_byte_is_found() -> None:
    sealed = encrypt(b"a report", public_key(KEY))
    for place in range(len(sealed)):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(NotForThisKeyError):
            decrypt(bytes(altered), [KEY])
    for length in range(len(sealed)):
        with pytest.raises(NotForThisKeyError):
            decrypt(sealed[:length], [KEY])


def test_other_software_of_the_format_reads_and_writes_it() -> None:
    """The identity is one that age takes; what it encrypts to the public key is opened here."""
    for _ in range(50):
        secret = secrets.token_bytes(32)
        identity = pyrage.x25519.Identity.from_str(age_identity(secret))
        assert str(identity) == age_identity(secret)
        assert str(identity.to_public()) == public_key(secret)
        assert decrypt(pyrage.encrypt(b"x", [identity.to_public()]), [secret]) == b"x"
        assert pyrage.decrypt(encrypt(b"y", public_key(secret)), [identity]) == b"y"


@pytest.mark.parametrize("text", ["", "age1", "age1" + "q" * 58, age_identity(KEY), public_key(KEY).upper(), "äge"])
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(DeliveryKeyError) as caught:
        require_public_key(text)
    assert not text or text not in str(caught.value).replace("age1…", "")


def test_a_package_in_the_clear_is_none() -> None:
    assert not is_encrypted(b'{"format": "creditchain/report-package@1"}')


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length(length: int) -> None:
    with pytest.raises(DeliveryKeyError):
        public_key(bytes(length))
