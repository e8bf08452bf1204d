"""The encryption of a backup: the age format, by pyrage (age-encryption.org/v1; X25519, ChaCha20-Poly1305, scrypt).

Each backup has a fresh age identity. `key.age` is that identity, encrypted under the password; every other file is
encrypted to the identity. So the password is stretched only once in a run, and the `age` program can read a backup too:
`age -d -i key.age snapshots/00000001.age`.
"""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Callable
from typing import Any, BinaryIO

import pyrage

from creditchain.backup.errors import BackupError, PasswordError, TooMuchWorkError, damaged
from creditchain.errors import Place

KEY_FILE = "key.age"
_DIGEST = 32

#: pyrage measures before each attempt how much work this machine can do, and a busy one may seem slow for a moment.
_MEASUREMENTS = 10

#: Told how many bytes of the content passed, before encryption.
Tick = Callable[[int], None]


class Vault:
    """Encrypts and decrypts streams with the identity of one backup."""

    def __init__(self, identity: Any) -> None:
        self._identity = identity
        self._secret = str(identity).encode()

    @classmethod
    def create(cls, password: str) -> tuple[Vault, bytes]:
        """A vault with a fresh identity, and the content of its key file."""
        identity = pyrage.x25519.Identity.generate()
        sealed: bytes = pyrage.passphrase.encrypt(f"# creditchain backup\n{identity}\n".encode(), password)
        return cls(identity), sealed

    @classmethod
    def unlock(cls, key_file: bytes, password: str) -> Vault:
        """The vault of a key file. Raises PasswordError, TooMuchWorkError; BackupError: the file holds no identity."""
        try:
            lines = _decrypted(key_file, password).decode().splitlines()
        except (pyrage.DecryptError, ValueError) as error:
            raise PasswordError(
                "the backup cannot be opened",
                hint="Is it the right password? A wrong one and a damaged key file look the same.",
                place=Place(KEY_FILE),
            ) from error
        try:
            return cls(pyrage.x25519.Identity.from_str(lines[-1]))
        except (pyrage.IdentityError, IndexError) as error:
            raise BackupError("the key file holds no identity", place=Place(KEY_FILE)) from error

    def seal(self, source: BinaryIO, sink: BinaryIO, tick: Tick = lambda _: None) -> tuple[int, str]:
        """Encrypt the rest of `source`. Returns size and sha256 (hex) of what was read. Raises as the streams."""
        digesting = Digesting(source.read, tick)
        reading, writing = _Side(digesting.read), _Side(sink.write)
        try:
            pyrage.encrypt_io(reading, writing, [self._identity.to_public()])
        except (pyrage.EncryptError, OSError):
            _raise_first(reading, writing)
            raise
        return digesting.size, digesting.hexdigest

    def open(self, name: str, source: BinaryIO, sink: BinaryIO, tick: Tick = lambda _: None) -> tuple[int, str]:
        """Decrypt the object `name`. Returns size and sha256 (hex) of what was written.

        Raises BackupError for anything but a complete object of this backup; what the streams raise.
        """
        digesting = Digesting(sink.write, tick)
        reading, writing = _Side(source.read), _Side(digesting.write)
        try:
            pyrage.decrypt_io(reading, writing, [self._identity])
        except (pyrage.DecryptError, OSError) as error:
            # pyrage raises OSError for a chunk that does not authenticate, too.
            _raise_first(reading, writing)
            raise damaged(name) from error
        return digesting.size, digesting.hexdigest

    def object_name(self, sha256: str) -> str:
        """The file name for content with this digest (hex). It reveals nothing about the digest without the key."""
        return hashlib.blake2b(bytes.fromhex(sha256), key=self._key(b"names"), digest_size=_DIGEST).hexdigest()

    def sign(self, content: bytes) -> bytes:
        """Prefix `content` with a keyed digest, which only a holder of the key can make."""
        return self._mac(content).encode() + b"\n" + content

    def signed(self, name: str, raw: bytes) -> bytes:
        """Check and remove what `sign` put in front. Raises BackupError."""
        mac, _, content = raw.partition(b"\n")
        if not hmac.compare_digest(mac, self._mac(content).encode()):
            raise damaged(name)
        return content

    def _mac(self, content: bytes) -> str:
        return hashlib.blake2b(content, key=self._key(b"manifest"), digest_size=_DIGEST).hexdigest()

    def _key(self, purpose: bytes) -> bytes:
        return hashlib.blake2b(self._secret, person=purpose.ljust(16, b"\0"), digest_size=_DIGEST).digest()


class Digesting:
    """One direction of a stream, with size and sha256 of what passed."""

    def __init__(self, step: Callable[..., Any], tick: Tick) -> None:
        self._step, self._tick = step, tick
        self._sha256 = hashlib.sha256()
        self.size = 0

    @property
    def hexdigest(self) -> str:
        """sha256 of what passed, in hex."""
        return self._sha256.hexdigest()

    def read(self, size: int) -> bytes:
        """Like the stream's."""
        data: bytes = self._step(size)
        self._passed(data)
        return data

    def write(self, data: bytes) -> int:
        """Like the stream's."""
        written: int = self._step(data)
        self._passed(data)
        return written

    def _passed(self, data: bytes) -> None:
        self._sha256.update(data)
        self.size += len(data)
        self._tick(len(data))


class _Side(io.RawIOBase):
    """One of the two streams that pyrage calls. Keeps the exception that was raised, since pyrage replaces it."""

    def __init__(self, step: Callable[..., Any]) -> None:
        super().__init__()
        self._step = step
        self.raised: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """Called by pyrage on the source."""
        data: bytes = self._kept(size)
        return data

    def write(self, data: Any) -> int:
        """Called by pyrage on the sink."""
        written: int = self._kept(data)
        return written

    def _kept(self, value: Any) -> Any:
        try:
            return self._step(value)
        except BaseException as error:
            self.raised = error
            raise


def _raise_first(*sides: _Side) -> None:
    for side in sides:
        if side.raised is not None:
            raise side.raised from None


def _decrypted(key_file: bytes, password: str) -> bytes:
    """What the key file holds. Raises pyrage.DecryptError; TooMuchWorkError."""
    for _ in range(_MEASUREMENTS):
        try:
            content: bytes = pyrage.passphrase.decrypt(key_file, password)
        except pyrage.DecryptError as error:
            if "Excessive work" not in str(error):  # pyrage has one kind of error for all
                raise
        else:
            return content
    raise TooMuchWorkError(
        "trying the password would take this machine too long",
        hint="Run it again when the machine is idle, or on one as fast as the one that made the backup.",
        place=Place(KEY_FILE),
    )
