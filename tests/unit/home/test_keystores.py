"""Keys in files: a stored key is read back, only its password opens it, and nothing leaks."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from creditchain.errors import CreditchainError, UsageError
from creditchain.home.files import OutputExistsError
from creditchain.home.keystores import (
    OPERATOR_KEY,
    TAG_KEY,
    KeystoreError,
    describe_keystore,
    load_tag_key,
    new_key,
    open_keystore,
    password_source,
    write_keystore,
)

KEY = bytes(range(1, 33))


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_keystore(tmp_path_factory.mktemp("keys") / "operator.json", KEY, OPERATOR_KEY, "密码 1")


@pytest.fixture(scope="module")
def tag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # All ones: a tag key need not be a scalar of any curve.
    return write_keystore(tmp_path_factory.mktemp("keys") / "tag.json", b"\xfe" * 32, TAG_KEY, "secret")


def test_an_operator_key_comes_back(operator: Path) -> None:
    assert open_keystore(operator, OPERATOR_KEY, lambda _: "密码 1") == KEY
    assert describe_keystore(operator)["kind"] == OPERATOR_KEY
    assert (operator.stat().st_mode & 0o777) == 0o600


def test_other_software_opens_it(operator: Path) -> None:
    from eth_account import Account

    assert bytes(Account.decrypt(json.loads(operator.read_text()), "密码 1")) == KEY


def test_a_tag_key_comes_back_and_its_file_names_no_address(tag: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    assert load_tag_key(f"keystore:{tag}") == b"\xfe" * 32
    assert describe_keystore(tag) == {"kind": TAG_KEY, "address": None, "public_key": None}
    assert "address" not in json.loads(tag.read_text())


def test_a_wrong_password_opens_nothing_and_shows_nothing(operator: Path) -> None:
    with pytest.raises(KeystoreError) as caught:
        open_keystore(operator, OPERATOR_KEY, lambda _: "guess")
    assert "guess" not in str(caught.value)
    assert KEY.hex() not in str(caught.value)


def test_one_kind_of_key_is_not_taken_for_the_other(operator: Path, tag: Path) -> None:
    with pytest.raises(KeystoreError, match="another kind"):
        open_keystore(operator, TAG_KEY, lambda _: "密码 1")
    with pytest.raises(KeystoreError, match="another kind"):
        open_keystore(tag, OPERATOR_KEY, lambda _: "secret")


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_file_and_folder_are_for_their_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = write_keystore(tmp_path / "keys" / "tag.json", KEY, TAG_KEY, "x")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert open_keystore(path, TAG_KEY, lambda _: "x") == KEY


def test_a_keystore_is_never_overwritten(operator: Path) -> None:
    before = operator.read_bytes()
    with pytest.raises(OutputExistsError, match="never overwritten"):
        write_keystore(operator, KEY, OPERATOR_KEY, "other")
    assert operator.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"crypto": 1, "version": 3}', b"[" * 50_000, b"x" * 70_000])
def test_nonsense_is_one_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    with pytest.raises(KeystoreError):
        open_keystore(file, OPERATOR_KEY, lambda _: "x")


@pytest.mark.parametrize("spec", ["", "keystore:", "env:", "file:x", "0x" + "11" * 32])
def test_a_tag_key_that_is_none_never_shows_what_was_typed(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_tag_key(spec)
    assert "11" * 32 not in str(caught.value)


@pytest.mark.parametrize("value", ["", "12", "zz" * 32, "11" * 33])
def test_a_key_in_the_environment_is_checked(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOME_KEY", value)
    with pytest.raises(CreditchainError, match="SOME_KEY"):
        load_tag_key("env:SOME_KEY")
    monkeypatch.setenv("SOME_KEY", "0x" + "ab" * 32)
    assert load_tag_key("env:SOME_KEY") == b"\xab" * 32


def test_the_password_comes_from_a_file_or_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    monkeypatch.delenv("CREDITCHAIN_PASSWORD", raising=False)
    monkeypatch.setenv("CREDITCHAIN_PASSWORD_FILE", str(file))
    assert password_source("x") == "secret"
    monkeypatch.delenv("CREDITCHAIN_PASSWORD_FILE")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="password"):
        password_source("x")


def test_new_keys_differ() -> None:
    assert len({new_key(kind) for kind in (TAG_KEY, OPERATOR_KEY) for _ in range(8)}) == 16
