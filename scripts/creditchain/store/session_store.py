"""Sessions at an exchange, of whatever kind of caller, and the challenges that they used up."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import ColumnElement, Delete, LargeBinary, Select, bindparam, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.hashing import keccak256
from creditchain.home.journal import Base, Journal


class SessionColumns:
    """What the rows of all sessions have. A session's token is not here, only the token's hash."""

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    until: Mapped[int]


class UsedChallengeRow(Base):
    """A challenge that was answered. It may go once it is too old to be answered again."""

    __tablename__ = "used_challenges"

    challenge: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    until: Mapped[int]


class _Session(Protocol):
    @property
    def until(self) -> int:
        """Unix seconds."""


_S = TypeVar("_S", bound=_Session)


def live(row: Any, *told: Any) -> Select[Any]:
    """The question for a live session, which every call puts: built once, as building it takes longer than running it.

    `told`: the columns that say whose it is.
    """
    return select(*told, row.until).where(
        row.token_hash == bindparam("token"),
        row.log_id == bindparam("log_id"),
        row.exchange == bindparam("exchange"),
        row.until >= bindparam("now"),
    )


class SessionStore(ABC, Generic[_S]):
    """The sessions of one kind at one exchange: a node of one region's log."""

    _row: ClassVar[Any]  #: the class of their rows
    _live: ClassVar[Select[Any]]

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def open(self, token: bytes, session: _S, challenge: bytes, challenge_until: int, now: int) -> bool:
        """Write a session down, and its challenge as used. False: the challenge was used before; nothing is written."""
        with self._journal.write() as writing:
            # Challenges of all logs lie here. Another one's clock may be behind this one's, but not the machine's.
            too_old = min(now, int(time.time()))
            writing.execute(delete(UsedChallengeRow).where(UsedChallengeRow.until < too_old))
            writing.execute(delete(self._row).where(*self._mine(), self._row.until < now))
            if writing.get(UsedChallengeRow, challenge) is not None:
                return False
            writing.add(UsedChallengeRow(challenge=challenge, until=challenge_until))
            whose = {"log_id": self._log_id, "exchange": self._exchange, "until": session.until}
            writing.add(self._row(token_hash=keccak256(token), **whose, **self._values(session)))
        return True

    def find(self, token: bytes, now: int) -> _S | None:
        """The session of a token; None if there is none, or it is over."""
        sought = {"token": keccak256(token), "log_id": self._log_id, "exchange": self._exchange, "now": now}
        with self._journal.read() as reading:
            row = reading.connection().execute(self._live, sought).one_or_none()
        return None if row is None else self._session(row)

    def close(self, token: bytes) -> None:
        """End a session, if there is one."""
        with self._journal.write() as writing:
            writing.execute(self._ended(token))

    def _ended(self, token: bytes) -> Delete:
        return delete(self._row).where(self._row.token_hash == keccak256(token), *self._mine())

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return self._row.log_id == self._log_id, self._row.exchange == self._exchange

    @abstractmethod
    def _values(self, session: _S) -> dict[str, Any]:
        """The columns that say whose a session is."""

    @abstractmethod
    def _session(self, row: Any) -> _S:
        """The session that `_live` found."""
