"""Sessions of members that signed in at an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.home.journal import Base
from creditchain.store.session_store import SessionColumns, SessionStore, live


class SessionRow(SessionColumns, Base):
    """A session of a member."""

    __tablename__ = "exchange_sessions"

    node: Mapped[int]
    address: Mapped[str] = mapped_column(String(42))


@dataclass(frozen=True, slots=True)
class MemberSession:
    """Who signed in: a node, by a key (checksum address), until a time (unix seconds)."""

    node: int
    address: str
    until: int


class Sessions(SessionStore[MemberSession]):
    """The sessions of members."""

    _row = SessionRow
    _live = live(SessionRow, SessionRow.node, SessionRow.address)

    def _values(self, session: MemberSession) -> dict[str, Any]:
        return {"node": session.node, "address": session.address}

    def _session(self, row: Any) -> MemberSession:
        return MemberSession(*row)
