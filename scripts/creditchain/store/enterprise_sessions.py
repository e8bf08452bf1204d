"""Sessions of enterprises that signed in at an exchange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.home.journal import Base
from creditchain.store.session_store import SessionColumns, SessionStore, live


class EnterpriseSessionRow(SessionColumns, Base):
    """A session of an enterprise."""

    __tablename__ = "enterprise_sessions"

    keys: Mapped[str] = mapped_column(Text)  #: addresses, joined by blanks


@dataclass(frozen=True, slots=True)
class EnterpriseSession:
    """An enterprise that signed in by these keys (checksum addresses), until a time (unix seconds)."""

    keys: tuple[str, ...]
    until: int


class EnterpriseSessions(SessionStore[EnterpriseSession]):
    """The sessions of enterprises."""

    _row = EnterpriseSessionRow
    _live = live(EnterpriseSessionRow, EnterpriseSessionRow.keys)

    def _values(self, session: EnterpriseSession) -> dict[str, Any]:
        return {"keys": " ".join(session.keys)}

    def _session(self, row: Any) -> EnterpriseSession:
        keys, until = row
        return EnterpriseSession(tuple(keys.split()), until)
