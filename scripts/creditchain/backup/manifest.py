"""The manifest of a backup lists every file with size and digest. The newest manifest defines the backup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from creditchain.backup.contents import DEPLOYMENTS, HOME
from creditchain.backup.errors import BackupError, damaged
from creditchain.errors import Place

FORMAT = "creditchain/backup@1"
FOLDER = "snapshots"
OBJECTS = "objects"
_NAME = re.compile(rf"{FOLDER}/(\d{{8}})\.age")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its path in the backup, bytes, sha256 in hex, permission bits."""

    path: str
    size: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """A complete backup. `home`: the home's random id, in hex. `number` counts the backups in this place, from 1."""

    home: str
    number: int
    made_at: int  #: unix seconds
    files: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """Its file name in the backup."""
        return f"{FOLDER}/{self.number:08}.age"

    @property
    def clear_bytes(self) -> int:
        """The total size of all files, before encryption."""
        return sum(entry.size for entry in self.files)

    def to_bytes(self) -> bytes:
        """The file's content, before it is signed and encrypted."""
        whole = {"format": FORMAT, **asdict(self), "files": [asdict(entry) for entry in self.files]}
        return json.dumps(whole, ensure_ascii=False).encode()


def newest(names: Iterable[str]) -> str | None:
    """The name of the newest manifest among these."""
    return max((name for name in names if _NAME.fullmatch(name)), default=None)


def parse_manifest(name: str, raw: bytes) -> BackupManifest:
    """A manifest. Raises BackupError."""
    try:
        whole = json.loads(raw)
        if whole["format"] != FORMAT:
            raise BackupError("the backup has another format", expected=FORMAT, found=str(whole["format"])[:40])
        files = tuple(_entry(entry) for entry in whole["files"])
        manifest = BackupManifest(str(whole["home"]), int(whole["number"]), int(whole["made_at"]), files)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(name) from error
    if manifest.name != name:
        raise BackupError("the manifest has the name of another one", expected=manifest.name, place=Place(name))
    return manifest


def _entry(told: Any) -> Entry:
    entry = Entry(str(told["path"]), int(told["size"]), str(told["sha256"]), int(told["mode"]) & 0o777)
    path = PurePosixPath(entry.path)
    inside = len(path.parts) > 1 and path.parts[0] in (HOME, DEPLOYMENTS) and ".." not in path.parts
    if not inside or str(path) != entry.path or len(bytes.fromhex(entry.sha256)) != 32:
        raise ValueError("not a path of a home")
    return entry
