"""What one key signed of one region: the journal that keeps it from ever contradicting itself.

A line stands in the file, durably, before its checkpoint is signed. So a process that dies in between signs the same
again or nothing, and two processes with one key take turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from creditchain.errors import InputError, Place, RefusedError
from creditchain.home.files import storage, write_file
from creditchain.home.locks import file_lock

_SECONDS = 60.0
#: Lines that are kept. Each refusal needs the last one only; the others are for people.
_KEPT = 1000


#: What people do about a contradiction.
LOOK = "The chain was rewritten, or an endpoint lies. Until people have looked, this key signs nothing of this region."


class ContradictionError(RefusedError):
    """What is to be signed contradicts what this key signed before."""


@dataclass(frozen=True, slots=True)
class SignedLine:
    """What a key signed: log and state as of a block; hashes as `0x` and 64 hex digits."""

    size: int
    root: str
    cells: int
    state_root: str
    block_number: int
    block_hash: str
    signer_epoch: int


class SignedCheckpoints:
    """The lines of one key, oldest first."""

    def __init__(self, path: Path, lines: list[SignedLine]) -> None:
        self._path, self._lines = path, lines

    @property
    def last(self) -> SignedLine | None:
        """What was signed last; None before the first."""
        return self._lines[-1] if self._lines else None

    def add(self, line: SignedLine) -> None:
        """Keep a line, durably, before it is signed. The same line again changes nothing.

        Raises:
            ContradictionError: an earlier size or block than before; or the same size with another root or state, or
                the same block number with another hash.
        """
        last = self.last
        if last == line:
            return
        if last is not None:
            self._require_after(last, line)
        self._lines = [*self._lines, line][-_KEPT:]
        content = json.dumps([asdict(one) for one in self._lines], indent=1)
        write_file(self._path, content, overwrite=True)

    def _require_after(self, last: SignedLine, line: SignedLine) -> None:
        where = Place(str(self._path))
        if (line.size, line.block_number) < (last.size, last.block_number) or line.block_number < last.block_number:
            raise ContradictionError(
                "this key signed a later checkpoint already",
                expected=f"size from {last.size}, block from {last.block_number}",
                found=f"size {line.size}, block {line.block_number}",
                hint="Sign the newest final block.",
                place=where,
            )
        state = (line.root, line.cells, line.state_root)
        if line.size == last.size and state != (last.root, last.cells, last.state_root):
            raise ContradictionError(
                f"this key signed another log or state of size {line.size}",
                expected=last.root,
                found=line.root,
                hint=LOOK,
                place=where,
            )
        if line.block_number == last.block_number and line.block_hash != last.block_hash:
            raise ContradictionError(
                f"this key signed another block {line.block_number}",
                expected=last.block_hash,
                found=line.block_hash,
                hint=LOOK,
                place=where,
            )


@contextmanager
def signed_checkpoints(folder: Path, address: str) -> Iterator[SignedCheckpoints]:
    """The journal of a key, held for this process alone.

    Raises:
        LockHeldError: another process signs with this key. StorageError; InputError: the file is damaged.
    """
    path = folder / f"{address.lower()}.json"
    with file_lock(folder / f"{address.lower()}.lock", _SECONDS, "another process signs checkpoints with this key"):
        yield SignedCheckpoints(path, _read(path))


def _read(path: Path) -> list[SignedLine]:
    with storage("the journal of signed checkpoints"):
        raw = path.read_bytes() if path.exists() else b"[]"
    try:
        return [SignedLine(**one) for one in json.loads(raw)]
    except (ValueError, TypeError):
        raise InputError(
            "the journal of signed checkpoints is damaged",
            hint="Take it from a backup. Without it, this key may contradict what it signed.",
            place=Place(str(path)),
        ) from None
