"""Keys are kept and listed; one bad file among them hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.acts.keeping_keys import keep_key, keystore_path, list_keys
from creditchain.errors import UsageError
from creditchain.home.files import OutputExistsError
from creditchain.home.keystores import OPERATOR_KEY, TAG_KEY, open_keystore
from creditchain.home.layout import Home
from creditchain.identifiers import epoch_digest

KEY = bytes(31) + b"\x07"


def test_a_tag_key_is_kept_and_never_replaced(tmp_path: Path) -> None:
    path = keystore_path(Home(tmp_path), "spring")
    kept = keep_key(path, "spring", KEY, "secret", TAG_KEY)
    assert (kept.digest, kept.address) == (epoch_digest(KEY), None)
    assert open_keystore(path, TAG_KEY, lambda _: "secret") == KEY
    with pytest.raises(OutputExistsError):
        keep_key(path, "spring", bytes(31) + b"\x08", "secret", TAG_KEY)
    assert open_keystore(path, TAG_KEY, lambda _: "secret") == KEY


def test_what_is_no_keystore_does_not_hide_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path)
    keep_key(home.key("operator"), "operator", KEY, "secret", OPERATOR_KEY)
    (home.keys / "broken.json").write_text("{")
    broken, operator = list_keys(home)
    assert broken.fault is not None
    assert operator.fault is None
    assert str(operator.address).startswith("0x")


def test_a_name_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        keystore_path(Home(tmp_path), "../operator")


@pytest.mark.parametrize("name", ["", ".", ".hidden", "a/b", "a\nb", "a\x1b[2J", "a\u202eb", "a\udcff", "x" * 101])
def test_names_that_are_no_plain_names(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a name of a key"):
        keystore_path(Home(tmp_path), name)


@pytest.mark.parametrize("name", ["spring", "2026-春", "a.b_c"])
def test_plain_names(name: str, tmp_path: Path) -> None:
    assert keystore_path(Home(tmp_path), name).name == f"{name}.json"
