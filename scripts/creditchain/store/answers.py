"""What was answered lately, sealed: a key serves for a while, and its destruction forgets all that was sealed by it."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock
from typing import Protocol

from creditchain.errors import CreditchainError
from creditchain.home.sealing import Sealed, SealingKeys, SecretLostError

#: Seconds for which one key seals.
KEY_SECONDS = 600


class Holder(Protocol):
    """Where sealed answers stand."""

    def drop_answers(self, sealing_key: str) -> int:
        """Forget what was answered under a key. Returns how many answers that were."""


class Answers:
    """Seals answers and opens them again, for at least `keep` seconds. For several threads and processes at once."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._keys, self._keep, self._lock = SealingKeys(folder), keep, Lock()
        self._current: tuple[str, float] | None = None

    def seal(self, answer: bytes) -> Sealed:
        """Seal an answer. Raises StorageError."""
        with self._lock:
            if self._current is None or time.time() >= self._current[1]:
                self._current = self._keys.new_key(), time.time() + KEY_SECONDS
            name = self._current[0]
        return self._keys.seal_under(name, answer)

    def open(self, sealed: Sealed | None) -> bytes | None:
        """The answer; None if it is forgotten."""
        try:
            return None if sealed is None else self._keys.open(sealed)
        except SecretLostError:
            return None

    def forget_old(self, *holders: Holder) -> int:
        """Forget the answers of keys that seal no more, and whose answers are all old enough. Returns how many.

        A key that cannot be destroyed now keeps no other one. Raises StorageError, JournalError: of the first such one.
        """
        forgotten, failed = 0, list[CreditchainError]()
        for name in self._keys.made_before(time.time() - KEY_SECONDS - self._keep):
            try:
                self._keys.destroy(name)  # first: what a killed process leaves opens no more
                forgotten += sum(one.drop_answers(name) for one in holders)
            except CreditchainError as error:
                failed.append(error)
        if failed:
            raise failed[0]
        return forgotten
