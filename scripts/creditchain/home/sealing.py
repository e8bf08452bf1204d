"""Secrets that can be destroyed, although the database that holds them keeps old pages.

A database, its log and the blocks of a disk keep what was deleted from a row for a while. So a row holds its secret
encrypted under a key of its own, and that key lies in a file of its own. To destroy the secret, the file is
overwritten in place, flushed and removed; what is left of the row anywhere opens no more. A copy-on-write file system
or a flash disk may keep the overwritten block: docs/operations.md says what to do about these.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from creditchain.errors import Place, UnavailableError
from creditchain.home.files import PART, fsync, fsync_path, storage, write_file

SUFFIX = ".key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
#: A key file, or what a process left that was killed while it wrote one.
_KEY_FILE = re.compile(rf"[0-9a-f]{{32}}{SUFFIX}|\.[0-9a-f]{{32}}{SUFFIX}\.[0-9a-f]+{PART}")


class SecretLostError(UnavailableError):
    """The key of a sealed secret is missing or is another one, so the secret cannot be read again."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret encrypted under a key file. `data`: nonce (12 bytes), then ChaCha20-Poly1305 with the key's name."""

    key: str  #: name of the key, 32 hex digits
    data: bytes = field(repr=False)


class SealingKeys:
    """The key files in one folder. They are private, and durable before anything refers to them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seal(self, secret: bytes) -> Sealed:
        """Encrypt a secret under a fresh key; the key file is durable when this returns. Raises StorageError."""
        # Loaded where it is used: listing batches opens the journal and needs no cipher.
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        name, key, nonce = secrets.token_hex(16), secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_NONCE_BYTES)
        write_file(self._path(name), key)
        return Sealed(name, nonce + ChaCha20Poly1305(key).encrypt(nonce, secret, name.encode()))

    def new_key(self) -> str:
        """A fresh key for several secrets that go together; durable when this returns. Raises StorageError."""
        name = secrets.token_hex(16)
        write_file(self._path(name), secrets.token_bytes(_KEY_BYTES))
        return name

    def seal_under(self, name: str, secret: bytes) -> Sealed:
        """Encrypt a secret under a key that is there. Raises SecretLostError, StorageError."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        nonce, key = secrets.token_bytes(_NONCE_BYTES), self._read(name)
        try:
            return Sealed(name, nonce + ChaCha20Poly1305(key).encrypt(nonce, secret, name.encode()))
        except ValueError as error:
            raise SecretLostError("a sealing key is missing or damaged", place=Place(str(self._path(name)))) from error

    def made_before(self, time: float) -> list[str]:
        """The names of the keys that were made before a time, unix seconds."""
        if not self._folder.is_dir():
            return []
        keys = [path for path in self._folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith(".")]
        return [path.stem for path in keys if _made(path) < time]

    def _read(self, name: str) -> bytes:
        path = self._path(name)
        with storage("a sealing key"):
            return path.read_bytes() if path.exists() else b""

    def open(self, sealed: Sealed) -> bytes:
        """The secret. Raises SecretLostError, StorageError."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        path = self._path(sealed.key)
        try:
            key = self._read(sealed.key)
            nonce, data = sealed.data[:_NONCE_BYTES], sealed.data[_NONCE_BYTES:]
            return ChaCha20Poly1305(key).decrypt(nonce, data, sealed.key.encode())
        except (InvalidTag, ValueError) as error:
            raise SecretLostError(
                "the key of a batch's secret is missing or damaged: the batch cannot be made again with the same root",
                hint="Restore the home from its backup, or drop this anchoring with `batch drop`.",
                place=Place(str(path)),
            ) from error

    def destroy(self, name: str) -> None:
        """Overwrite and remove a key. Harmless to repeat. Raises StorageError."""
        self._destroy(self._path(name))

    @staticmethod
    def _destroy(path: Path) -> None:
        with storage("the key of a batch's secret"):
            try:
                handle = os.open(path, os.O_WRONLY)
            except FileNotFoundError:
                return
            try:
                os.pwrite(handle, bytes(_KEY_BYTES), 0)
                fsync(handle)
            finally:
                os.close(handle)
            path.unlink(missing_ok=True)
            fsync_path(path.parent)

    def destroy_all_but(self, names: Collection[str]) -> None:
        """Destroy the keys that nothing refers to, as a killed process leaves them. Raises StorageError.

        Nobody may seal a secret meanwhile: hold the lock under which references are written.
        """
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.suffix == SUFFIX and path.stem in names:
                continue
            if _KEY_FILE.fullmatch(path.name):
                self._destroy(path)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"


def _made(path: Path) -> float:
    """When a file was written, unix seconds; later than any time if another process removed it meanwhile."""
    with storage("a sealing key"):
        try:
            return path.stat().st_mtime
        except FileNotFoundError:
            return float("inf")
