"""Profiles of members: what a digest on chain stands for."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from creditchain.catalogue.members import load_members
from creditchain.hashing import keccak256
from creditchain.home.files import write_file
from creditchain.home.layout import Home
from creditchain.packages.profile_file import Profile, parse_profile
from creditchain.verification.verdict import Text


def save_profile(home: Home, profile: Profile) -> Path:
    """Keep a profile under its digest. Raises StorageError."""
    path = home.profiles / f"{profile.digest.hex()}.json"
    if not path.exists():
        write_file(path, profile.to_json(), overwrite=True)
    return path


class Profiles:
    """Profiles of nodes by their digests: those that ship with the package, and those in the home folder."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known: dict[bytes, Profile] = {}
        for file in files("creditchain").joinpath("data/members").iterdir():
            if file.name.endswith(".json"):
                for member in load_members(file.name.removesuffix(".json")):
                    self._known[member.profile_digest] = member.profile

    def profile(self, digest: bytes) -> Profile | None:
        """The profile behind a digest; None when this machine does not have it, or has other bytes under its name."""
        if digest not in self._known:
            path = self._home.profiles / f"{digest.hex()}.json"
            raw = path.read_bytes() if path.is_file() else b""
            if keccak256(raw) != digest:
                return None
            self._known[digest] = parse_profile(raw)
        return self._known[digest]

    def find(self, digest: bytes) -> dict[str, Any] | None:
        """The same as its JSON."""
        found = self.profile(digest)
        return None if found is None else found.as_json()

    def name(self, digest: bytes) -> Text | None:
        """The names of the node behind a digest; None as `find`."""
        found = self.find(digest)
        return None if found is None else Text(found["name"]["en"], found["name"]["zh"])
