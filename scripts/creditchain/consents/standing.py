"""How a consent stands at a given time."""

from __future__ import annotations

from enum import StrEnum

from creditchain.log.views import ConsentState


class Standing(StrEnum):
    """How a consent stands. The value is the English name that files and commands show."""

    NOT_GRANTED = "not granted"
    NOT_YET_VALID = "not yet valid"
    VALID = "valid"
    USED_UP = "used up"
    OVER = "over"
    REVOKED = "revoked"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH = {
    Standing.NOT_GRANTED: "未授权",
    Standing.NOT_YET_VALID: "未生效",
    Standing.VALID: "有效",
    Standing.USED_UP: "已用尽",
    Standing.OVER: "已到期",
    Standing.REVOKED: "已撤销",
}


def standing(state: ConsentState | None, time: int) -> Standing:
    """How a consent stands at `time`, unix seconds; `state` is None where the chain has no such consent."""
    if state is None:
        return Standing.NOT_GRANTED
    if state.revoked_at:
        return Standing.REVOKED
    if time > state.not_after:
        return Standing.OVER
    if state.used >= state.uses:
        return Standing.USED_UP
    return Standing.NOT_YET_VALID if time < state.valid_from else Standing.VALID
