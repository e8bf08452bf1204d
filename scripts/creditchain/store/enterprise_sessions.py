"""Sessions of enterprises that signed in at an exchange."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import LargeBinary, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.hashing import keccak256
from creditchain.home.journal import Base, Journal
from creditchain.store.sessions import UsedChallengeRow


class EnterpriseSessionRow(Base):
    """A session. Its token is not here, only the token's hash."""

    __tablename__ = "enterprise_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    keys: Mapped[str] = mapped_column(Text)  #: addresses, joined by blanks
    until: Mapped[int]


@dataclass(frozen=True, slots=True)
class EnterpriseSession:
    """An enterprise that signed in by these keys (checksum addresses), until a time (unix seconds)."""

    keys: tuple[str, ...]
    until: int


class EnterpriseSessions:
    """The sessions of enterprises at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def open(self, token: bytes, session: EnterpriseSession, challenge: bytes, challenge_until: int, now: int) -> bool:
        """Write a session down, and its challenge as used. False: the challenge was used before; nothing is written."""
        with self._journal.write() as writing:
            writing.execute(delete(EnterpriseSessionRow).where(EnterpriseSessionRow.until < now))
            if writing.get(UsedChallengeRow, challenge) is not None:
                return False
            writing.add(UsedChallengeRow(challenge=challenge, until=challenge_until))
            writing.add(
                EnterpriseSessionRow(
                    token_hash=keccak256(token),
                    log_id=self._log_id,
                    exchange=self._exchange,
                    keys=" ".join(session.keys),
                    until=session.until,
                )
            )
        return True

    def find(self, token: bytes, now: int) -> EnterpriseSession | None:
        """The session of a token; None if there is none, or it is over."""
        wanted = select(EnterpriseSessionRow).where(
            EnterpriseSessionRow.token_hash == keccak256(token),
            EnterpriseSessionRow.log_id == self._log_id,
            EnterpriseSessionRow.exchange == self._exchange,
            EnterpriseSessionRow.until >= now,
        )
        with self._journal.read() as reading:
            row = reading.scalars(wanted).one_or_none()
        return None if row is None else EnterpriseSession(tuple(row.keys.split()), row.until)

    def close(self, token: bytes) -> None:
        """End a session, if there is one."""
        with self._journal.write() as writing:
            writing.execute(delete(EnterpriseSessionRow).where(EnterpriseSessionRow.token_hash == keccak256(token)))
