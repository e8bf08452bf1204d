"""Keeping operator keys and tag keys as keystores, encrypted under a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eth_utils.address import to_checksum_address

from creditchain.errors import UnavailableError, UsageError
from creditchain.home.keystores import OPERATOR_KEY, TAG_KEY, KeystoreError, describe_keystore, write_keystore
from creditchain.home.layout import Home
from creditchain.identifiers import epoch_digest

#: Names of keys are names of files on any machine, and hold nothing that a terminal would act on.
_NAME = re.compile(r"\w[\w.-]{0,99}")


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A keystore. `address` of an operator key; `digest` (32 bytes) of a tag key, while the key is at hand.

    `fault` says why a file among the keystores is none.
    """

    name: str
    file: Path
    is_tag_key: bool
    address: str | None = None
    digest: bytes | None = None
    fault: str | None = None


def keystore_path(home: Home, name: str, file: Path | None = None) -> Path:
    """Where a key goes: `file`, or under its name in the home. Raises UsageError for what is no plain name."""
    if file is None and _NAME.fullmatch(name) is None:
        expected = "letters, digits, and . _ - after the first of them"
        raise UsageError("not a name of a key", expected=expected, hint="Choose another folder with --file.")
    return file or home.key(name)


def keep_key(path: Path, name: str, key: bytes, password: str, *, is_tag_key: bool) -> KeptKey:
    """Encrypt a key (32 bytes) into a new file. Raises OutputExistsError: no file is replaced."""
    write_keystore(path, key, TAG_KEY if is_tag_key else OPERATOR_KEY, password)
    if is_tag_key:
        return KeptKey(name, path, is_tag_key, digest=epoch_digest(key))
    return KeptKey(name, path, is_tag_key, address=_address(path))


def list_keys(home: Home) -> list[KeptKey]:
    """The keystores in the home, without opening them. A file that is none does not hide the others."""
    return [_listed(path) for path in sorted(home.keys.glob("*.json"))]


def _listed(path: Path) -> KeptKey:
    try:
        is_tag_key = describe_keystore(path)["kind"] == TAG_KEY
        return KeptKey(path.stem, path, is_tag_key, address=None if is_tag_key else _address(path))
    except (KeystoreError, UnavailableError) as error:
        return KeptKey(path.stem, path, is_tag_key=False, fault=error.message)


def _address(path: Path) -> str | None:
    address = describe_keystore(path)["address"]
    return None if address is None else to_checksum_address(address)
