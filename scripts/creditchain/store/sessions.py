"""Sessions of members that signed in, and the challenges that they used up."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import LargeBinary, Select, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.hashing import keccak256
from creditchain.home.journal import Base, Journal


class SessionRow(Base):
    """A session. Its token is not here, only the token's hash."""

    __tablename__ = "exchange_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    node: Mapped[int]
    address: Mapped[str] = mapped_column(String(42))
    until: Mapped[int]


class UsedChallengeRow(Base):
    """A challenge that was answered. It may go once it is too old to be answered again."""

    __tablename__ = "used_challenges"

    challenge: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    until: Mapped[int]


@dataclass(frozen=True, slots=True)
class MemberSession:
    """Who signed in: a node, by a key (checksum address), until a time (unix seconds)."""

    node: int
    address: str
    until: int


class Sessions:
    """The sessions at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def open(self, token: bytes, session: MemberSession, challenge: bytes, challenge_until: int, now: int) -> bool:
        """Write a session down, and its challenge as used. False: the challenge was used before; nothing is written."""
        with self._journal.write() as writing:
            writing.execute(delete(UsedChallengeRow).where(UsedChallengeRow.until < now))
            writing.execute(delete(SessionRow).where(SessionRow.until < now))
            if writing.get(UsedChallengeRow, challenge) is not None:
                return False
            writing.add(UsedChallengeRow(challenge=challenge, until=challenge_until))
            writing.add(
                SessionRow(
                    token_hash=keccak256(token),
                    log_id=self._log_id,
                    exchange=self._exchange,
                    node=session.node,
                    address=session.address,
                    until=session.until,
                )
            )
        return True

    def find(self, token: bytes, now: int) -> MemberSession | None:
        """The session of a token; None if there is none, or it is over."""
        sought = {"token": keccak256(token), "log_id": self._log_id, "exchange": self._exchange, "now": now}
        with self._journal.read() as reading:
            row = reading.connection().execute(_LIVE, sought).one_or_none()
        return None if row is None else MemberSession(*row)

    def close(self, token: bytes) -> None:
        """End a session, if there is one."""
        with self._journal.write() as writing:
            row = writing.scalars(self._of(token)).one_or_none()
            if row is not None:
                writing.delete(row)

    def _of(self, token: bytes) -> Select[SessionRow]:
        return select(SessionRow).where(
            SessionRow.token_hash == keccak256(token),
            SessionRow.log_id == self._log_id,
            SessionRow.exchange == self._exchange,
        )


#: The session of each call: built once, as building it takes longer than running it.
_LIVE = select(SessionRow.node, SessionRow.address, SessionRow.until).where(
    SessionRow.token_hash == bindparam("token"),
    SessionRow.log_id == bindparam("log_id"),
    SessionRow.exchange == bindparam("exchange"),
    SessionRow.until >= bindparam("now"),
)
