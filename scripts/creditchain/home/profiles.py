"""Profiles of members: what a digest on chain stands for."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from creditchain.catalogue.members import ListedMember, load_members
from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.home.files import write_file
from creditchain.home.layout import Home


def save_profile(home: Home, member: ListedMember) -> Path:
    """Keep a member's profile under its digest. Raises StorageError."""
    path = home.profiles / f"{member.profile_digest.hex()}.json"
    if not path.exists():
        write_file(path, canonical_bytes(member.profile), overwrite=True)
    return path


class Profiles:
    """Names of nodes by profile digest: those that ship with the package, and those in the home folder."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[bytes, dict[str, Any]] = {}
        for file in files("creditchain").joinpath("data/members").iterdir():
            if file.name.endswith(".json"):
                for member in load_members(file.name.removesuffix(".json")):
                    self._known[member.profile_digest] = member.profile

    def find(self, digest: bytes) -> dict[str, Any] | None:
        """The profile behind a digest; None when this machine does not have it, or has other bytes under its name."""
        if digest not in self._known:
            path = self._home.profiles / f"{digest.hex()}.json"
            raw = path.read_bytes() if path.is_file() else b""
            if keccak256(raw) != digest:
                return None
            self._known[digest] = json.loads(raw)
        return self._known[digest]
