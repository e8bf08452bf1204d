"""Complaints of enterprises about an exchange, and its answers: due within 30 days (Regulation, art. 26).

What is said is sealed under a key of its own; the key is destroyed when the complaint is kept no longer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import ColumnElement, Index, LargeBinary, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.errors import InputError, RefusedError
from creditchain.home.journal import Base, Journal
from creditchain.home.sealing import Sealed, SealingKeys, SecretLostError

#: Seconds within which a complaint has to be answered.
ANSWER_WITHIN: Final = 30 * 86_400
#: Seconds for which a complaint is kept once it is answered.
KEPT_AFTER_ANSWER: Final = 3 * 365 * 86_400
#: Complaints under one consent that may wait for an answer.
MOST_OPEN: Final = 20


class ComplaintRow(Base):
    """One complaint."""

    __tablename__ = "complaints"
    __table_args__ = (
        Index("complaints_by_consent", "log_id", "consent"),
        Index("complaints_by_answer", "log_id", "exchange", "answered_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    consent: Mapped[bytes] = mapped_column(LargeBinary(32))
    filed_at: Mapped[int]
    answered_at: Mapped[int | None]
    sealing_key: Mapped[str] = mapped_column(String(32))
    text: Mapped[bytes] = mapped_column(LargeBinary)  #: sealed
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)  #: sealed


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint. Times are unix seconds. Words are None where they were not asked for, or their key is lost."""

    number: int
    consent: bytes  #: by which the enterprise showed who it is
    filed_at: int
    answered_at: int | None
    text: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)

    @property
    def due_at(self) -> int:
        """Until when it has to be answered."""
        return self.filed_at + ANSWER_WITHIN

    def overdue(self, time: int) -> bool:
        """Whether it is not answered, and should be."""
        return self.answered_at is None and time > self.due_at


class ComplaintUnknownError(InputError):
    """There is no complaint of this number."""


class ComplaintAnsweredError(RefusedError):
    """The complaint was answered before, with other words."""


class TooManyComplaintsError(RefusedError):
    """As many complaints under this consent wait for an answer as may."""


class Complaints:
    """The complaints at one exchange: a node of one region's log. For several threads and processes at once."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int, keys: SealingKeys) -> None:
        self._journal, self._log_id, self._exchange, self._keys = journal, log_id, exchange, keys

    def file(self, consent: bytes, text: str, time: int) -> Complaint:
        """Write a complaint down, durably; the same words under the same consent, not answered yet, are one.

        Raises TooManyComplaintsError, JournalError, StorageError.
        """
        with self._journal.write() as session:
            waiting = self._rows(ComplaintRow.consent == consent, ComplaintRow.answered_at.is_(None))
            known = [self._complaint(row) for row in session.scalars(waiting.order_by(ComplaintRow.id))]
            for one in known:
                if one.text == text:
                    return one
            if len(known) >= MOST_OPEN:
                raise TooManyComplaintsError(
                    "as many complaints under this consent wait for an answer as may",
                    expected=f"at most {MOST_OPEN}",
                    hint="Those are due within 30 days.",
                )
            sealed = self._keys.seal(text.encode())  # under the lock, so that `forget_old` takes no key just made
            row = ComplaintRow(
                log_id=self._log_id, exchange=self._exchange, consent=consent, filed_at=time,
                sealing_key=sealed.key, text=sealed.data,
            )  # fmt: skip
            session.add(row)
            session.flush()
            return self._complaint(row)

    def answer(self, number: int, text: str, time: int) -> Complaint:
        """Answer a complaint; once.

        Raises ComplaintUnknownError, ComplaintAnsweredError, SecretLostError, JournalError, StorageError.
        """
        with self._journal.write() as session:
            row = session.scalars(self._rows(ComplaintRow.id == number)).one_or_none()
            if row is None:
                raise ComplaintUnknownError("there is no such complaint", found=str(number))
            if row.answered_at is not None and self._complaint(row).answer != text:
                raise ComplaintAnsweredError("the complaint was answered before, with other words")
            if row.answered_at is None:
                row.answer = self._keys.seal_under(row.sealing_key, text.encode()).data
                row.answered_at = time
            return self._complaint(row)

    def of(self, consents: Collection[bytes], after: int, most: int) -> Sequence[Complaint]:
        """Those that were filed by these consents, in order; at most so many after a number."""
        return self._found(self._rows(ComplaintRow.consent.in_(list(consents))), after, most, words=True)

    def all(
        self, after: int, most: int, *, unanswered: bool = False, overdue_at: int | None = None, words: bool = True
    ) -> Sequence[Complaint]:
        """All, in order; at most so many after a number.

        Args:
            unanswered: only those that are not answered.
            overdue_at: only those that are overdue at this time, unix seconds.
            words: open what was said, too.
        """
        wanted: list[ColumnElement[bool]] = []
        if unanswered or overdue_at is not None:
            wanted.append(ComplaintRow.answered_at.is_(None))
        if overdue_at is not None:
            wanted.append(ComplaintRow.filed_at < overdue_at - ANSWER_WITHIN)
        return self._found(self._rows(*wanted), after, most, words=words)

    def forget_old(self, time: int) -> int:
        """Destroy those that were answered so long ago that they are kept no longer. Returns how many.

        Keys that nothing refers to, as a killed process leaves them, go too. Harmless to repeat.
        """
        old = self._rows(ComplaintRow.answered_at < time - KEPT_AFTER_ANSWER)
        with self._journal.write() as session:
            rows = session.scalars(old.limit(1000)).all()
            for row in rows:
                self._keys.destroy(row.sealing_key)  # first: what a killed process leaves opens no more
                session.delete(row)
            session.flush()
            self._keys.destroy_all_but(set(session.scalars(select(ComplaintRow.sealing_key))))
        return len(rows)

    def _found(self, query: Select[ComplaintRow], after: int, most: int, *, words: bool) -> Sequence[Complaint]:
        query = query.where(ComplaintRow.id > after).order_by(ComplaintRow.id).limit(most)
        with self._journal.read() as session:
            return [self._complaint(row, words=words) for row in session.scalars(query)]

    def _rows(self, *which: ColumnElement[bool]) -> Select[ComplaintRow]:
        mine = ComplaintRow.log_id == self._log_id, ComplaintRow.exchange == self._exchange
        return select(ComplaintRow).where(*mine, *which)

    def _complaint(self, row: ComplaintRow, *, words: bool = True) -> Complaint:
        text = self._opened(row.sealing_key, row.text) if words else None
        answer = self._opened(row.sealing_key, row.answer) if words else None
        return Complaint(row.id, row.consent, row.filed_at, row.answered_at, text, answer)

    def _opened(self, key: str, sealed: bytes | None) -> str | None:
        """What was said; None if nothing was, or its key is lost: one such complaint hides no other."""
        try:
            return None if sealed is None else self._keys.open(Sealed(key, sealed)).decode()
        except SecretLostError:
            return None
