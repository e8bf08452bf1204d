"""Reasons that stay off chain: the chain gets a salted digest, the text and its salt stay in the home folder.

A reason belongs to one act. Doing the act again (after a crash, say) finds the salt that was used, so that the same
transaction is asked for; another text for the same act is an error.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from creditchain.errors import InputError, Place, UnavailableError
from creditchain.hashing import keccak256
from creditchain.messages import salted_digest

FOLDER = "reasons"
LONGEST = 4096


class ReasonError(InputError):
    """A reason is missing, too long, or another one than was given before for the same act."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was done. `digest` is what goes on chain."""

    digest: bytes  #: salted digest of the text in UTF-8, 32 bytes (docs/format.md, section 1)
    path: Path  #: the file with text and salt, for whoever may see them


def keep_reason(home: Path, act: str, text: str) -> Reason:
    """The reason of an act, its file written and flushed before anything refers to it.

    `act` is the name of the act, the same each time it is tried. Raises ReasonError, UnavailableError.
    """
    if not 1 <= len(text) <= LONGEST or not text.isprintable():
        raise ReasonError("a reason is a line of text", expected=f"1 to {LONGEST} printable characters")
    path = home / FOLDER / f"{keccak256(act.encode()).hex()[:32]}.json"
    try:
        kept = _read(path) if path.exists() else _write(path, act, text)
    except OSError as error:
        raise UnavailableError("the reason can not be kept", place=Place(str(path)), found=error.strerror) from error
    if kept["text"] != text:
        raise ReasonError(
            "another reason was given for this before, and may be on its way to the chain",
            place=Place(str(path)),
            hint="Give the same reason again; the file holds it.",
        )
    return Reason(salted_digest(bytes.fromhex(kept["salt"][2:]), text.encode()), path)


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_bytes())
        if len(bytes.fromhex(kept["salt"][2:])) == 32 and isinstance(kept["text"], str):
            return {"salt": kept["salt"], "text": kept["text"]}
    except (ValueError, KeyError, TypeError):
        pass
    raise ReasonError("the file of a reason is damaged", place=Place(str(path)))


def _write(path: Path, act: str, text: str) -> dict[str, str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"act": act, "salt": "0x" + secrets.token_bytes(32).hex(), "text": text}
    fresh = path.with_suffix(f".{os.getpid()}.part")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, unlike a rename, does not replace what another process wrote in between.
        path.hardlink_to(fresh)
    except FileExistsError:
        return _read(path)
    finally:
        fresh.unlink()
    return kept
