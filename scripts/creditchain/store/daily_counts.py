"""How often somebody did today what costs the exchange something. In the journal, so that a restart forgets nothing.

Days are those of China (UTC+8), for everybody. Only the day that runs is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from sqlalchemy import LargeBinary, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.errors import RefusedError
from creditchain.home.journal import Base, Journal

_DAY: Final = 86_400
_CHINA: Final = 8 * 3600


class DailyAct(StrEnum):
    """What is counted."""

    RELAY = "relay"  #: a message that the exchange brought to the chain, at its cost
    COMPLAINT = "complaint"


class DailyCountRow(Base):
    """One count: what, by whom, on which day (days since 1970 in China)."""

    __tablename__ = "daily_counts"

    log_id: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    exchange: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(String(16), primary_key=True)
    who: Mapped[str] = mapped_column(String(100), primary_key=True)
    day: Mapped[int]
    count: Mapped[int]


class DailyLimitError(RefusedError):
    """It was done as often today as it may be. `retry_after`: seconds until the next day."""

    def __init__(self, what: DailyAct, most: int, retry_after: int) -> None:
        super().__init__(
            "this was done as often today as it may be",
            expected=f"at most {most} a day ({what.value})",
            hint="The next day begins at 00:00 in China (UTC+8).",
        )
        self.retry_after = retry_after


class DailyCounts:
    """The counts at one exchange: a node of one region's log. For several threads and processes at once."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def take(self, what: DailyAct, allowed: Mapping[str, int], time: int) -> None:
        """Count something once more for each of these names, durably; each has its own most a day.

        Args:
            allowed: most a day by name, of an enterprise's key or a platform, at most 100 characters.
            time: unix seconds.
        Raises:
            DailyLimitError: one of them has done it as often as it may; nothing is counted then. JournalError.
        """
        day, into = divmod(time + _CHINA, _DAY)
        with self._journal.write() as session:
            mine = (DailyCountRow.log_id == self._log_id, DailyCountRow.exchange == self._exchange)
            session.execute(delete(DailyCountRow).where(*mine, DailyCountRow.day < day))
            rows = select(DailyCountRow).where(
                *mine, DailyCountRow.what == what.value, DailyCountRow.who.in_(list(allowed))
            )
            known = {row.who: row for row in session.scalars(rows)}
            for who, most in allowed.items():
                if who in known and known[who].count >= most:
                    raise DailyLimitError(what, most, _DAY - into)
            for who in allowed:
                row = known.get(who)
                if row is not None:
                    row.count += 1
                    continue
                session.add(
                    DailyCountRow(
                        log_id=self._log_id, exchange=self._exchange, what=what.value, who=who, day=day, count=1
                    )
                )
