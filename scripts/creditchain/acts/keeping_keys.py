"""Keeping operator keys, tag keys and delivery keys as keystores, encrypted under a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
    """A keystore of a kind of `creditchain.home.keystores`.

    `address` of an operator key; `public_key` of a delivery key; `digest` (32 bytes) of a tag key, while the key is at
    hand. `fault` says why a file among the keystores is none.
    """

    name: str
    file: Path
    kind: str = OPERATOR_KEY
    address: str | None = None
    public_key: str | None = None
    digest: bytes | None = None
    fault: str | None = None


def keystore_path(home: Home, name: str, file: Path | None = None) -> Path:
    """Where a key goes: `file`, or under its name in the home. Raises UsageError for what is no plain name."""
    if file is None and _NAME.fullmatch(name) is None:
        expected = "letters, digits, and . _ - after the first of them"
        raise UsageError("not a name of a key", expected=expected, hint="Choose another folder with --file.")
    return file or home.key(name)


def keep_key(path: Path, name: str, key: bytes, password: str, kind: str) -> KeptKey:
    """Encrypt a key (32 bytes) into a new file. Raises OutputExistsError: no file is replaced."""
    write_keystore(path, key, kind, password)
    kept = _listed(path, name)
    return replace(kept, digest=epoch_digest(key)) if kind == TAG_KEY else kept


def list_keys(home: Home) -> list[KeptKey]:
    """The keystores in the home, without opening them. A file that is none does not hide the others."""
    return [_shown(path) for path in sorted(home.keys.glob("*.json"))]


def _shown(path: Path) -> KeptKey:
    try:
        return _listed(path, path.stem)
    except (KeystoreError, UnavailableError) as error:
        return KeptKey(path.stem, path, fault=error.message)


def _listed(path: Path, name: str) -> KeptKey:
    found = describe_keystore(path)
    address = found["address"]
    return KeptKey(
        name,
        path,
        found["kind"] or OPERATOR_KEY,
        address=None if address is None else to_checksum_address(address),
        public_key=found["public_key"],
    )
