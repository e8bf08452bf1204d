"""A record's life and dispute as commands show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from creditchain.vocabulary import DisputeState, Life

if TYPE_CHECKING:
    from creditchain.log.views import RecordState


def described(state: RecordState) -> dict[str, Any]:
    """Life and dispute of a record, in words."""
    shown: dict[str, Any] = {
        "node": state.node,
        "leaf": state.leaf,
        "life": Life(state.life).label,
        "life_zh": Life(state.life).zh,
        "life_at": state.life_at,
        "dispute": DisputeState(state.dispute).label,
        "dispute_zh": DisputeState(state.dispute).zh,
    }
    if state.dispute != DisputeState.NONE:
        shown |= {
            "platform": state.platform,
            "disputed_at": state.disputed_at,
            "due_at": state.due_at,
            "answered_at": state.answered_at,
        }
    return shown
