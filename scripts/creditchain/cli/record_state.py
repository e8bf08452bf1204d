"""A record's life and disputes as commands show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creditchain.vocabulary import DisputeState, Life

if TYPE_CHECKING:
    from creditchain.log.views import RecordState


def described(state: RecordState) -> dict[str, Any]:
    """Life and disputes of a record, in words."""
    shown: dict[str, Any] = {
        "node": state.node,
        "leaf": state.leaf,
        "life": Life(state.life).label,
        "life_zh": Life(state.life).zh,
        "life_at": state.life_at,
        "dispute": state.dispute.label,
        "dispute_zh": state.dispute.zh,
    }
    if state.dispute is not DisputeState.NONE:
        shown |= {
            "open": state.open,
            "filings": state.filings,
            "filed_at": state.filed_at,
            "due_at": state.due_at,
            "answered_at": state.answered_at,
        }
    return shown
