"""Backups that are torn, damaged or exchanged: one clear error each, and nothing is restored."""

from __future__ import annotations

import io
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from homes import PASSWORD, backup, content, make_home, request, restore

from creditchain.backup import BackupError, restore_backup
from creditchain.backup.manifest import BackupManifest
from creditchain.backup.vault import Vault
from creditchain.errors import CreditchainError, UnavailableError


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    home = make_home(folder / "node")
    backup(home, folder / "b")
    backup(home, folder / "b.zip")
    return folder


@pytest.fixture(scope="module")
def vault(template: Path) -> Vault:
    return Vault.unlock((template / "b" / "key.age").read_bytes(), PASSWORD)


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template / "b", tmp_path / "b"))


def refused(url: object, folder: Path) -> CreditchainError:
    """Restoring fails and leaves nothing; the error."""
    home = folder / "back" / "home"
    home.parent.mkdir(exist_ok=True)
    with pytest.raises(CreditchainError) as caught:
        restore_backup(request(url, home))
    assert list(home.parent.iterdir()) == []
    return caught.value


def objects(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*.age") if path.name != "key.age")


def bends(raw: bytes) -> Iterator[bytes]:
    """Copies with one bit flipped, torn, longer, empty."""
    for at in {0, len(raw) // 3, len(raw) // 2, len(raw) - 1}:
        yield raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    yield from (raw[:-1], raw[: len(raw) // 2], raw + b"\0", b"")


def test_every_file_bent(place: Path, tmp_path: Path) -> None:
    for path in objects(place):
        raw = path.read_bytes()
        for bent in bends(raw):
            path.write_bytes(bent)
            assert isinstance(refused(place, tmp_path), BackupError), path.name
        path.unlink()
        assert "missing" in refused(place, tmp_path).message or path.parent.name == "snapshots"
        path.write_bytes(raw)
    restore(place, tmp_path / "fine" / "home")


def test_a_bent_key_file(place: Path, tmp_path: Path) -> None:
    path = place / "key.age"
    raw = path.read_bytes()
    for bent in (raw[:-1], raw[: len(raw) // 2], b"", raw[:-3] + b"xyz"):
        path.write_bytes(bent)
        assert "cannot be opened" in refused(place, tmp_path).message
    path.unlink()
    assert "no backup" in refused(place, tmp_path).message


def test_files_exchanged(place: Path, tmp_path: Path) -> None:
    """Two files of one backup, both whole, under each other's names."""
    first, second = [path for path in objects(place) if path.parent.name == "objects"][:2]
    raw = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(raw)
    assert "not the one" in refused(place, tmp_path).message


def test_a_manifest_of_somebody_else(place: Path, vault: Vault, tmp_path: Path) -> None:
    """A file encrypted to this backup by somebody who does not hold its key."""
    forged = BackupManifest("00" * 16, 2, 0, ()).to_bytes()
    for content_of, message in ((b"0" * 64 + b"\n" + forged, "damaged"), (vault.sign(forged), "name of another")):
        sealed = io.BytesIO()
        vault.seal(io.BytesIO(content_of), sealed)
        (place / "snapshots" / "00000009.age").write_bytes(sealed.getvalue())
        assert message in refused(place, tmp_path).message


@pytest.mark.parametrize("path", ["home/../../escaped", "/etc/escaped", "elsewhere/x", "home", "home//x", "home/./x"])
def test_paths_that_lead_out(path: str, place: Path, vault: Vault, tmp_path: Path) -> None:
    told = BackupManifest("00" * 16, 2, 0, ()).to_bytes()
    entry = b'{"path": "%s", "size": 0, "sha256": "%s", "mode": 384}' % (path.encode(), b"00" * 32)
    sealed = io.BytesIO()
    vault.seal(io.BytesIO(vault.sign(told.replace(b'"files": []', b'"files": [' + entry + b"]"))), sealed)
    (place / "snapshots" / "00000002.age").write_bytes(sealed.getvalue())
    assert isinstance(refused(place, tmp_path), BackupError)


def test_archives_torn_and_bent(template: Path, tmp_path: Path) -> None:
    raw = (template / "b.zip").read_bytes()
    path = tmp_path / "b.zip"
    for length in (0, 10, len(raw) // 4, len(raw) // 2, len(raw) - 30, len(raw) - 1):
        path.write_bytes(raw[:length])
        assert "incomplete" in refused(path, tmp_path).message
    harmless = 0
    for at in range(0, len(raw), max(1, len(raw) // 150)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :])
        home = tmp_path / str(at) / "home"
        try:
            restore(path, home)
        except CreditchainError:
            assert not home.exists()
        else:
            # A time or a flag of the container, which nothing here relies on.
            harmless += 1
            assert content(home) == {**content(template / "node" / "home")}
    assert harmless < 20


def test_nothing_there(tmp_path: Path) -> None:
    assert "no backup" in refused(tmp_path / "nowhere", tmp_path).message
    assert isinstance(refused(tmp_path / "nowhere.zip", tmp_path), UnavailableError)
    (tmp_path / "text.zip").write_text("no archive")
    assert "incomplete" in refused(tmp_path / "text.zip", tmp_path).message


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """The system lets no file grow beyond `size` bytes, as a full disk would at a chosen place."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_room(template: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(template / "node", tmp_path / "node")) / "home"
    (home / "large.bin").write_bytes(bytes(100_000))
    before = content(home)
    for url in (tmp_path / "b", tmp_path / "b.zip"):
        with files_up_to(6000), pytest.raises(UnavailableError, match="database cannot be copied"):
            backup(home, url)
        with files_up_to(50_000), pytest.raises(UnavailableError, match="backup could not be"):
            backup(home, url)
        assert content(home) == before
        assert not list(tmp_path.rglob("*.part"))
        backup(home, url)
    with files_up_to(50_000):
        assert isinstance(refused(tmp_path / "b", tmp_path), UnavailableError)


def test_a_file_in_the_home_whose_name_is_not_utf_8(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    (home / "keys" / "t\udcff.json").write_bytes(b"{}")
    with pytest.raises(BackupError, match="not UTF-8"):
        backup(home, tmp_path / "place")
