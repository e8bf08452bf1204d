"""How a consent stands at a given time."""

from __future__ import annotations

from enum import StrEnum

from creditchain.log.views import ConsentState


class ConsentStanding(StrEnum):
    """How a consent stands. The value is the English name that files and commands show."""

    NOT_GRANTED = "not granted"
    NOT_YET_VALID = "not yet valid"
    VALID = "valid"
    USED_UP = "used up"
    OVER = "over"
    PAUSED = "paused"
    REVOKED = "revoked"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH = {
    ConsentStanding.NOT_GRANTED: "未授权",
    ConsentStanding.NOT_YET_VALID: "未生效",
    ConsentStanding.VALID: "有效",
    ConsentStanding.USED_UP: "已用尽",
    ConsentStanding.OVER: "已到期",
    ConsentStanding.PAUSED: "已暂停",
    ConsentStanding.REVOKED: "已撤销",
}


def standing(state: ConsentState | None, time: int) -> ConsentStanding:
    """How a consent stands at `time`, unix seconds; `state` is None where the chain has no such consent."""
    if state is None:
        return ConsentStanding.NOT_GRANTED
    if state.revoked_at:
        return ConsentStanding.REVOKED
    if time > state.not_after:
        return ConsentStanding.OVER
    if state.paused:
        return ConsentStanding.PAUSED
    if state.used >= state.uses:
        return ConsentStanding.USED_UP
    return ConsentStanding.NOT_YET_VALID if time < state.valid_from else ConsentStanding.VALID
