"""What became of an act of governors or admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from creditchain.chain.outbox import Receipt
    from creditchain.cli.settings import Settings


def show_sent(chosen: Settings, receipt: Receipt) -> None:
    """What was sent, and that it waits if it was only scheduled."""
    waits = receipt.intent.startswith("schedule ")
    if waits:
        chosen.output.note("it waits: see `creditchain govern list`")
    chosen.output.emit({"state": "waiting" if waits else "done", "transaction": receipt.transaction_hash})
