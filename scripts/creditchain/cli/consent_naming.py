"""How commands name a consent, and how they show one that is on the chain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.files import digits, is_id, load
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.consenting import ConsentOnChain
    from creditchain.log.views import ConsentState
    from creditchain.packages.consent_file import ConsentFile

ConsentArgument = Annotated[str, typer.Argument(metavar="CONSENT", help="Consent file, or 0xID.", show_default=False)]


def named_consent(text: str) -> tuple[bytes, ConsentFile | None]:
    """A consent by its id, or by its file."""
    from creditchain.packages.consent_file import parse_consent

    if is_id(text):
        return digits(text, "a consent's id"), None
    path = Path(text)
    if not path.is_file():
        raise UsageError("this does not name a consent", expected="a consent file, or 0x and 64 hex digits")
    file = load(path, parse_consent)
    return file.message.id, file


def on_chain(found: ConsentOnChain) -> dict[str, Any]:
    """The consent's id, how it stands, and what the chain keeps of it."""
    return {"id": found.id} | standing_json(found.state, found.block.time)


def standing_json(state: ConsentState | None, time: int) -> dict[str, Any]:
    """How a consent stands at `time`, and what the chain keeps of it."""
    from creditchain.consents.standing import standing

    status = standing(state, time)
    said = {"status": status.value, "status_zh": status.zh}
    if state is None:
        return said
    kept = ("valid_from", "not_after", "uses", "used", "revoked_at", "paused_at", "resumed_at", "turns")
    return said | {name: getattr(state, name) for name in kept}
