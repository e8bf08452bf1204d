"""Operator, tag and delivery keys in files, encrypted under a password (Web3 Secret Storage, version 3, scrypt)."""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from creditchain.documents import DocumentError, parse_json
from creditchain.errors import ConfigError, InputError, Place, UsageError, unreadable
from creditchain.home.files import OutputExistsError, write_file
from creditchain.packages.encrypted import public_key

#: Gives the password of a keystore when asked with the keystore's path.
PasswordSource = Callable[[str], str]

#: What a keystore file says it holds. A file without the field holds an operator key, as other software writes them.
TAG_KEY, OPERATOR_KEY, DELIVERY_KEY = "creditchain-tag-key", "operator-key", "creditchain-delivery-key"
KEY_BYTES = 32
MAX_FILE_BYTES = 1 << 16
_KEY = re.compile(r"(?:0x)?[0-9A-Fa-f]{64}")
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class KeystoreError(ConfigError):
    """A keystore cannot be read, opened or written. Never says anything about the key or the password."""


def password_source(name: str) -> str:
    """The password of the keystore `name`: CREDITCHAIN_PASSWORD, the file CREDITCHAIN_PASSWORD_FILE, or asked for.

    Raises:
        UsageError: there is none, and no terminal to ask at.
    """
    if (password := os.environ.get("CREDITCHAIN_PASSWORD")) is not None:
        return password
    if (file := os.environ.get("CREDITCHAIN_PASSWORD_FILE")) is not None:
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise unreadable("the password file", file, error) from error
        except UnicodeDecodeError as error:
            raise KeystoreError("the password file is not text", place=Place(file), expected="UTF-8") from error
    if not sys.stdin.isatty():
        raise UsageError(
            f"{name} needs its password",
            hint="Set CREDITCHAIN_PASSWORD or CREDITCHAIN_PASSWORD_FILE, or run at a terminal.",
        )
    return getpass.getpass(f"Password of {name}: ")


def new_password(name: str) -> str:
    """The password for a new keystore: like `password_source`, but asked for twice.

    Raises:
        UsageError: there is none and no terminal to ask at, the two differ, or it is empty.
    """
    password = password_source(name)
    given = "CREDITCHAIN_PASSWORD" in os.environ or "CREDITCHAIN_PASSWORD_FILE" in os.environ
    if not given and getpass.getpass("Once more: ") != password:
        raise UsageError("the two passwords differ", hint="Nothing was written; run it again.")
    if not password:
        raise UsageError("an empty password protects nothing")
    return password


def new_key(kind: str) -> bytes:
    """32 fresh random bytes; for an operator key a valid secp256k1 scalar."""
    while True:
        key = secrets.token_bytes(KEY_BYTES)
        if kind != OPERATOR_KEY or 0 < int.from_bytes(key, "big") < _ORDER:
            return key


def write_keystore(path: Path, key: bytes, kind: str, password: str) -> Path:
    """Encrypt a key into a new file, readable by its owner alone.

    Raises:
        OutputExistsError: the file exists already. StorageError: it cannot be written.
    """
    content: dict[str, Any] = create_keyfile_json(key, _secret(password), kdf="scrypt")
    if kind != OPERATOR_KEY:
        # The address is that of the key used as a signing key: it would only identify the key.
        content.pop("address", None)
        content["kind"] = kind
    if kind == DELIVERY_KEY:
        content["public_key"] = public_key(key)
    try:
        write_file(path, json.dumps(content))
    except OutputExistsError as error:
        raise OutputExistsError(
            "the file exists already; keystores are never overwritten",
            hint="Choose another name, or move that file away.",
            place=Place(str(path)),
        ) from error
    return path


def describe_keystore(path: Path) -> dict[str, str | None]:
    """What a keystore holds, without opening it.

    Its kind; an operator key's address (lower case hex); the public key of a delivery key.
    """
    content = _read(path)
    address, public = content.get("address"), content.get("public_key")
    return {
        "kind": content.get("kind", OPERATOR_KEY),
        "address": f"0x{address}" if isinstance(address, str) else None,
        "public_key": public if isinstance(public, str) else None,
    }


def keystore_at(path: str) -> Path:
    """The path of `keystore:PATH`. Raises UsageError for a key in its place, which an error about a path would show."""
    if _KEY.fullmatch(path):
        raise UsageError("a key where the path of a keystore is wanted", hint="Keep it secret: shells remember lines.")
    return Path(path)


def open_keystore(path: Path, kind: str, password: PasswordSource = password_source) -> bytes:
    """The 32 bytes in a keystore.

    Raises:
        KeystoreError: not readable, of another kind, or the password is wrong.
    """
    content = _read(path)
    if content.get("kind", OPERATOR_KEY) != kind:
        raise KeystoreError("the keystore holds another kind of key", expected=kind, place=Place(str(path)))
    try:
        key: bytes = decode_keyfile_json(content, _secret(password(str(path))))
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise KeystoreError(
            "the keystore cannot be opened", place=Place(str(path)), hint="Is it the right password?"
        ) from error
    if len(key) != KEY_BYTES:
        raise KeystoreError("the keystore does not hold 32 bytes", place=Place(str(path)))
    return key


def key_from_hex(text: str, name: str) -> bytes:
    """A key written as 64 hex digits, with or without 0x. `name` says in errors where it came from."""
    digits = text.strip().removeprefix("0x")
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES or len(digits) != 2 * KEY_BYTES:
        raise InputError(f"{name} does not hold a key", expected="64 hex digits")
    return key


def key_from_environment(variable: str, environment: Mapping[str, str] = os.environ) -> bytes:
    """A key in an environment variable, as 64 hex digits."""
    if variable not in environment:
        raise ConfigError(f"the environment has no {variable}", hint="Set it to 64 hex digits, or use keystore:PATH.")
    return key_from_hex(environment[variable], f"the environment variable {variable}")


def load_tag_key(spec: str, password: PasswordSource = password_source) -> bytes:
    """The tag key that `spec` names: `keystore:PATH` or `env:VARIABLE`. 32 bytes."""
    return _load_key(spec, TAG_KEY, "tag", password)


def load_delivery_key(spec: str, password: PasswordSource = password_source) -> bytes:
    """The secret delivery key that `spec` names: `keystore:PATH` or `env:VARIABLE`. 32 bytes."""
    return _load_key(spec, DELIVERY_KEY, "delivery", password)


def _load_key(spec: str, kind: str, name: str, password: PasswordSource) -> bytes:
    scheme, _, rest = spec.partition(":")
    if scheme == "keystore" and rest:
        return open_keystore(keystore_at(rest), kind, password)
    if scheme == "env" and rest:
        return key_from_environment(rest)
    found = f"{scheme}:…" if rest else "neither"
    raise UsageError(f"not a {name} key", expected="keystore:PATH or env:VARIABLE", found=found)


def _secret(password: str) -> Any:
    # eth-keyfile's types say str, but its PBKDF2 takes only bytes; eth-account passes these bytes too.
    return password.encode("utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise KeystoreError("this is not a keystore", place=Place(str(path)))
        content = parse_json(path.read_bytes())
    except OSError as error:
        raise unreadable("the keystore", path, error) from error
    except DocumentError as error:
        raise KeystoreError("this is not a keystore: not JSON", place=Place(str(path))) from error
    if not ("crypto" in content or "Crypto" in content):
        raise KeystoreError("this is not a keystore", place=Place(str(path)))
    return content
