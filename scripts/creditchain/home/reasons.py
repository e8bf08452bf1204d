"""Reasons that stay off chain: the chain gets a salted digest, the text and its salt stay in the home folder.

A reason belongs to one act. Doing the act again (after a crash, say) finds the salt that was used, and so asks for the
same transaction; another text for the same act is an error.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from creditchain.errors import InputError, Place
from creditchain.hashing import keccak256
from creditchain.home.files import OutputExistsError, StorageError, storage, write_file
from creditchain.messages import salted_digest

LONGEST = 4096


class ReasonError(InputError):
    """A reason is no line of text, is too long, or differs from the one given before for the same act."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was done. `digest` is what goes on chain."""

    digest: bytes  #: salted digest of the text in UTF-8, 32 bytes (docs/format.md, section 1)
    path: Path  #: the file with text and salt, for whoever may see them


def require_reason(text: str) -> None:
    """Raise ReasonError unless a reason is a line of text."""
    if not 1 <= len(text) <= LONGEST or not text.isprintable():
        raise ReasonError("a reason is a line of text", expected=f"1 to {LONGEST} printable characters")


def trial_digest() -> bytes:
    """A digest that no text has, to ask whether the chain would take an act.

    The reason itself is kept only after that: once kept, another one for the same act is refused.
    """
    return secrets.token_bytes(32)


def keep_reason(folder: Path, act: str, text: str) -> Reason:
    """The reason of an act. Its file is durable in `folder` before anything refers to it.

    `act` is the name of the act, the same each time it is tried. Raises ReasonError, StorageError.
    """
    require_reason(text)
    path = folder / f"{keccak256(act.encode()).hex()[:32]}.json"
    kept = _read(path) if path.exists() else _write(path, act, text)
    if kept["text"] != text:
        raise ReasonError(
            "another reason was given for this before, and may be on its way to the chain",
            place=Place(str(path)),
            hint="Give the same reason again; the file holds it.",
        )
    return Reason(salted_digest(bytes.fromhex(kept["salt"][2:]), text.encode()), path)


def find_reason(folder: Path, digest: bytes) -> str | None:
    """The text of the reason with this digest (32 bytes); None if the folder has none.

    Raises ReasonError, StorageError: none of those that can be read has it, and not all can.
    """
    unread: ReasonError | StorageError | None = None
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            kept = _read(path)
        except (ReasonError, StorageError) as error:
            unread = error
            continue
        if salted_digest(bytes.fromhex(kept["salt"][2:]), kept["text"].encode()) == digest:
            return kept["text"]
    if unread is not None:
        raise unread
    return None


def _read(path: Path) -> dict[str, str]:
    with storage("a reason"):
        raw = path.read_bytes()
    try:
        kept = json.loads(raw)
        if len(bytes.fromhex(kept["salt"][2:])) == 32 and isinstance(kept["text"], str):
            return {"salt": kept["salt"], "text": kept["text"]}
    except (ValueError, KeyError, TypeError):
        pass
    raise ReasonError("the file of a reason is damaged", place=Place(str(path)))


def _write(path: Path, act: str, text: str) -> dict[str, str]:
    kept = {"act": act, "salt": "0x" + secrets.token_bytes(32).hex(), "text": text}
    try:
        write_file(path, json.dumps(kept, ensure_ascii=False))
    except OutputExistsError:
        return _read(path)  # another process kept one meanwhile
    return kept
