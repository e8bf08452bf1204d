"""A sealed secret opens with its key file, and with nothing once the file is destroyed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from creditchain.home import sealing
from creditchain.home.sealing import Sealed, SealingKeys, SecretLostError

SECRET = bytes(range(32))


def test_a_secret_opens_with_its_key_and_shows_in_nothing(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path / "secrets")
    sealed = keys.seal(SECRET)
    assert keys.open(sealed) == SECRET
    (file,) = (tmp_path / "secrets").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert SECRET not in sealed.data + file.read_bytes()
    assert sealed.data.hex() not in repr(sealed)
    assert keys.seal(SECRET).data != sealed.data


@pytest.mark.parametrize("harm", ["destroyed", "another key", "another secret", "flipped", "short", "nothing"])
def test_a_secret_whose_key_is_gone_is_one_error(tmp_path: Path, harm: str) -> None:
    keys = SealingKeys(tmp_path)
    sealed, other = keys.seal(SECRET), keys.seal(SECRET)
    if harm == "destroyed":
        keys.destroy(sealed.key)
        keys.destroy(sealed.key)
    if harm == "another key":
        sealed = Sealed(other.key, sealed.data)
    if harm == "another secret":
        sealed = Sealed(sealed.key, other.data)
    if harm == "flipped":
        sealed = Sealed(sealed.key, sealed.data[:-1] + bytes([sealed.data[-1] ^ 1]))
    if harm == "short":
        sealed = Sealed(sealed.key, sealed.data[:5])
    if harm == "nothing":
        sealed = Sealed("", b"")
    with pytest.raises(SecretLostError, match=r"same root.*batch drop"):
        keys.open(sealed)


def test_a_key_is_overwritten_on_the_disk_before_its_name_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = SealingKeys(tmp_path)
    sealed = keys.seal(SECRET)
    (file,) = tmp_path.iterdir()
    synced: list[tuple[bool, bytes]] = []
    with file.open("rb") as held:

        def look(handle: int) -> None:
            synced.append((file.exists(), os.pread(held.fileno(), 100, 0)))

        monkeypatch.setattr(sealing, "fsync", look)
        keys.destroy(sealed.key)
        assert os.pread(held.fileno(), 100, 0) == bytes(32)
    assert synced == [(True, bytes(32))]
    assert list(tmp_path.iterdir()) == []


def test_keys_that_nothing_refers_to_are_destroyed_and_other_files_stay(tmp_path: Path) -> None:
    keys = SealingKeys(tmp_path)
    keys.destroy_all_but([])
    kept, unused = keys.seal(SECRET), keys.seal(SECRET)
    (tmp_path / "notes.key").write_bytes(b"somebody's")
    left = tmp_path / f".{'0' * 32}.key.1a2b3c4d.part"  # by a process that was killed
    left.write_bytes(b"half a key")
    keys.destroy_all_but([kept.key])
    assert {path.name for path in tmp_path.iterdir()} == {f"{kept.key}.key", "notes.key"}
    assert keys.open(kept) == SECRET
    with pytest.raises(SecretLostError):
        keys.open(unused)
