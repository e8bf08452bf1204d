"""Files encrypted to the key of who is to read them: the age format (age-encryption.org/v1), X25519 keys, by pyrage.

Public keys are written as age writes them (`age1…`). A secret key is 32 bytes; `age_identity` writes it as age does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from creditchain.errors import InputError, RefusedError

#: As registered with IANA.
AGE_MEDIA_TYPE: Final = "application/vnd.age"
_BEGINS: Final = b"age-encryption.org/v1\n"
_PREFIX: Final = "age-secret-key-"
_LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class NotForThisKeyError(RefusedError):
    """None of the keys opens the file, or it is damaged."""


class DeliveryKeyError(InputError):
    """Something is no key of the age format. The error does not repeat it."""


def is_encrypted(content: bytes) -> bool:
    """Whether this is a file of the age format."""
    return content.startswith(_BEGINS)


def encrypt(content: bytes, public: str) -> bytes:
    """The content, for the holder of the secret key alone. Raises DeliveryKeyError."""
    from pyrage import encrypt as encrypted

    made: bytes = encrypted(content, [_recipient(public)])
    return made


def decrypt(content: bytes, secrets: Iterable[bytes]) -> bytes:
    """What was encrypted to one of these keys (32 bytes each). Raises NotForThisKeyError."""
    from pyrage import DecryptError
    from pyrage import decrypt as decrypted

    try:
        found: bytes = decrypted(content, [_identity(one) for one in secrets])
    except (DecryptError, OSError, ValueError) as error:
        raise NotForThisKeyError(
            "the delivery cannot be opened",
            expected="the key that the institution's profile names, as it was at the time of the delivery",
            hint="Try the key that the profile named before. A damaged file looks the same.",
        ) from error
    return found


def public_key(secret: bytes) -> str:
    """The public key (`age1…`) of a secret one, 32 bytes."""
    return str(_identity(secret).to_public())


def require_public_key(text: str) -> str:
    """The same text, if it is a public key in its one spelling. Raises DeliveryKeyError."""
    if str(_recipient(text)) != text:
        raise _malformed()
    return text


def age_identity(secret: bytes) -> str:
    """A secret key as age writes it, `AGE-SECRET-KEY-1…`: Bech32 (BIP-173), in capitals."""
    number = int.from_bytes(secret) << 4  # 52 groups of 5 bits: 256 bits and 4 of padding
    data = [number >> 5 * place & 31 for place in reversed(range(52))]
    spread = [*(ord(letter) >> 5 for letter in _PREFIX), 0, *(ord(letter) & 31 for letter in _PREFIX)]
    check = _polymod([*spread, *data, *[0] * 6]) ^ 1
    data += [check >> 5 * place & 31 for place in reversed(range(6))]
    return f"{_PREFIX}1{''.join(_LETTERS[value] for value in data)}".upper()


def _polymod(values: Iterable[int]) -> int:
    """The checksum of Bech32."""
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, part in enumerate(_GENERATOR):
            check ^= part if top >> place & 1 else 0
    return check


def _identity(secret: bytes) -> Any:
    from pyrage import x25519

    if len(secret) != 32:
        raise DeliveryKeyError("a delivery key has 32 bytes", found=f"{len(secret)} bytes")
    return x25519.Identity.from_str(age_identity(secret))


def _recipient(text: str) -> Any:
    from pyrage import RecipientError, x25519

    try:
        return x25519.Recipient.from_str(text)
    except (RecipientError, ValueError) as error:
        raise _malformed() from error


def _malformed() -> DeliveryKeyError:
    return DeliveryKeyError(
        "this is no public key that deliveries can be encrypted to",
        expected="age1… in lower case, as `creditchain keys new --kind delivery` or age-keygen prints it",
    )
