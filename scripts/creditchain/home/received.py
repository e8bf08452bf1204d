"""Reports that this node received: sealed, each under a key of its own, so that destroying the key destroys the report.

A file holds one line of JSON, which says what it is and until when it may be kept, and then the sealed package. What
says so names no enterprise.
"""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from creditchain.errors import InputError, Place
from creditchain.home.files import OutputExistsError, StorageError, fsync_path, storage, write_file
from creditchain.home.sealing import Sealed, SealingKeys

_SUFFIX: Final = ".sealed"
_NAME: Final = re.compile(r"[0-9a-f]{64}")
#: Seconds after which a key that no file names was left behind by a process that died.
_ABANDONED: Final = 3600.0


class ReceivedError(InputError):
    """There is no such report, or its file is damaged."""


def not_kept(request: bytes) -> ReceivedError:
    """There is no report for this request."""
    return ReceivedError("no report for this request is kept here", found="0x" + request.hex())


@dataclass(frozen=True, slots=True)
class Received:
    """A report that is kept. Times are unix seconds."""

    request: bytes  #: id of the request, 32 bytes
    institution: int
    provider: int
    delivered_at: int
    until: int | None  #: by the consent
    last_day: date | None  #: by the retention of what it shows


@dataclass(frozen=True, slots=True)
class Listed:
    """What is kept, and one error for each file that does not say what it is."""

    reports: tuple[Received, ...]
    faults: tuple[ReceivedError | StorageError, ...] = ()


class ReceivedReports:
    """The reports in one folder. For several processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._keys = folder, SealingKeys(folder / "keys")

    def keep(self, told: Received, package: bytes) -> bool:
        """Keep a report, durably. False: it is kept already. Raises StorageError."""
        path = self._path(told.request)
        if path.exists():
            return False
        sealed = self._keys.seal(package)
        line = {
            "key": sealed.key,
            "institution": told.institution,
            "provider": told.provider,
            "delivered_at": told.delivered_at,
            "until": told.until,
            "last_day": None if told.last_day is None else told.last_day.isoformat(),
        }
        try:
            write_file(path, json.dumps(line).encode() + b"\n" + sealed.data)
        except OutputExistsError:  # another process kept it meanwhile
            self._keys.destroy(sealed.key)
            return False
        return True

    def listed(self) -> Listed:
        """What is kept, in the order of requests' ids, and what is wrong with the rest."""
        reports, faults = [], list[ReceivedError | StorageError]()
        for path in self._paths():
            try:
                reports.append(self._read(path)[0])
            except (ReceivedError, StorageError) as error:
                if path.exists():  # else another process destroyed it meanwhile
                    faults.append(error)
        return Listed(tuple(reports), tuple(faults))

    def holds(self, request: bytes) -> bool:
        """Whether a report for this request is kept here."""
        return self._path(request).exists()

    def open(self, request: bytes) -> bytes:
        """A report's package. Raises ReceivedError; SecretLostError: its key is gone; StorageError."""
        if not self.holds(request):
            raise not_kept(request)
        return self._keys.open(self._read(self._path(request))[1])

    def destroy(self, request: bytes) -> None:
        """Destroy a report for good. Harmless to repeat. Raises ReceivedError, StorageError."""
        if not self.holds(request):
            return
        path = self._path(request)
        self._keys.destroy(self._read(path)[1].key)  # first: what a killed process leaves opens no more
        with storage("a report"):
            path.unlink(missing_ok=True)
            fsync_path(path.parent)

    def destroy_abandoned(self) -> None:
        """Destroy keys whose report was never written, because its process died.

        Raises ReceivedError, StorageError: a file does not say which key it needs, so none is destroyed.
        """
        used = {self._read(path)[1].key for path in self._paths()}
        for name in self._keys.made_before(time.time() - _ABANDONED):
            if name not in used:
                self._keys.destroy(name)

    def _paths(self) -> list[Path]:
        found = self._folder.glob(f"*{_SUFFIX}") if self._folder.is_dir() else ()
        return sorted(path for path in found if _NAME.fullmatch(path.stem))

    def _path(self, request: bytes) -> Path:
        return self._folder / f"{request.hex()}{_SUFFIX}"

    def _read(self, path: Path) -> tuple[Received, Sealed]:
        with storage("a report"):
            line, _, data = path.read_bytes().partition(b"\n")
        with suppress(ValueError, KeyError, TypeError):
            told = json.loads(line)
            day = told["last_day"]
            received = Received(
                bytes.fromhex(path.stem),
                int(told["institution"]),
                int(told["provider"]),
                int(told["delivered_at"]),
                None if told["until"] is None else int(told["until"]),
                None if day is None else date.fromisoformat(day),
            )
            return received, Sealed(str(told["key"]), data)
        raise ReceivedError(
            "the file of a report is damaged",
            place=Place(str(path)),
            hint="Restore it from the backup, or remove it: nobody can tell until when it may be kept.",
        )
