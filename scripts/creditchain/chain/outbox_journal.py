"""The outbox's tables: what was meant, and every transaction that was ever signed for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditchain.home.journal import Base, Journal


class TransactionRow(Base):
    """One intent. `nonce` is the one it is signed with now; numbers that may exceed 64 bits are decimal text."""

    __tablename__ = "transactions"
    __table_args__ = (UniqueConstraint("genesis", "scope", "intent"), UniqueConstraint("genesis", "sender", "nonce"))

    id: Mapped[int] = mapped_column(primary_key=True)
    genesis: Mapped[bytes] = mapped_column(LargeBinary(32))
    chain_id: Mapped[int]
    scope: Mapped[str] = mapped_column(String(128))
    intent: Mapped[str] = mapped_column(String(256))
    sender: Mapped[str] = mapped_column(String(42))
    target: Mapped[str | None] = mapped_column(String(42))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    value: Mapped[str] = mapped_column(String(78))
    description: Mapped[str] = mapped_column(String(512))
    gas: Mapped[int]
    nonce: Mapped[int]
    state: Mapped[str] = mapped_column(String(8))
    block_number: Mapped[int | None]
    block_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[float]
    updated_at: Mapped[float]


class AttemptRow(Base):
    """One signed transaction. `sent_at` is when it was last handed to the endpoint, None: perhaps never."""

    __tablename__ = "transaction_attempts"
    __table_args__ = (UniqueConstraint("genesis", "hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("transactions.id"), index=True)
    genesis: Mapped[bytes] = mapped_column(LargeBinary(32))
    sender: Mapped[str] = mapped_column(String(42))
    nonce: Mapped[int] = mapped_column(index=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    fee_limit: Mapped[str] = mapped_column(String(78))
    fee_tip: Mapped[str | None] = mapped_column(String(78))
    signed_at: Mapped[float]
    sent_at: Mapped[float | None]


class OutboxJournal:
    """The rows of one chain (told by its genesis block) and one scope."""

    def __init__(self, journal: Journal, genesis: bytes, scope: str) -> None:
        self.journal, self.genesis, self.scope = journal, genesis, scope

    def find(self, intent: str, session: Session | None = None) -> TransactionRow | None:
        """The row of an intent."""
        query = select(TransactionRow).where(
            TransactionRow.genesis == self.genesis, TransactionRow.scope == self.scope, TransactionRow.intent == intent
        )
        if session is not None:
            return session.scalars(query).one_or_none()
        with self.journal.read() as reading:
            return reading.scalars(query).one_or_none()

    def attempts(self, row: TransactionRow) -> Sequence[AttemptRow]:
        """Everything signed for a row, the newest first."""
        query = select(AttemptRow).where(AttemptRow.transaction_id == row.id).order_by(AttemptRow.id.desc())
        with self.journal.read() as session:
            return session.scalars(query).all()

    def newest_by_nonce(self, sender: str, first: int, last: int) -> list[AttemptRow]:
        """For each nonce from `first` to `last` that this journal signed: the newest transaction."""
        query = (
            select(AttemptRow)
            .where(AttemptRow.genesis == self.genesis, AttemptRow.sender == sender)
            .where(AttemptRow.nonce >= first, AttemptRow.nonce <= last)
            .order_by(AttemptRow.id)
        )
        with self.journal.read() as session:
            newest = {attempt.nonce: attempt for attempt in session.scalars(query)}
        return [newest[nonce] for nonce in sorted(newest)]

    def unsent(self, sender: str, last: int) -> Sequence[AttemptRow]:
        """Transactions up to nonce `last` that were perhaps never handed to an endpoint, lowest nonce first."""
        query = (
            select(AttemptRow)
            .where(AttemptRow.genesis == self.genesis, AttemptRow.sender == sender)
            .where(AttemptRow.nonce <= last, AttemptRow.sent_at.is_(None))
            .order_by(AttemptRow.nonce, AttemptRow.id)
        )
        with self.journal.read() as session:
            return session.scalars(query).all()

    def free_nonce(self, session: Session, sender: str, count: int) -> int:
        """The lowest nonce from `count` on that nothing in this journal was signed with.

        `count` may lag behind the chain: what this journal sent since then is in the journal. Holes that a lost
        transaction left are filled, so that nothing behind them waits for ever.
        """
        query = select(AttemptRow.nonce).where(
            AttemptRow.genesis == self.genesis, AttemptRow.sender == sender, AttemptRow.nonce >= count
        )
        taken = set(session.scalars(query))
        while count in taken:
            count += 1
        return count

    def set_state(self, row: TransactionRow, **values: Any) -> None:
        """Write new values of a row, durably."""
        with self.journal.write() as session:
            stored = session.get_one(TransactionRow, row.id)
            for name, value in {**values, "updated_at": time.time()}.items():
                setattr(stored, name, value)
                setattr(row, name, value)

    def set_sent(self, attempt: AttemptRow) -> bool:
        """Write that an attempt was handed to the endpoint just now. True: with that its row became `sent`."""
        attempt.sent_at = time.time()
        with self.journal.write() as session:
            session.get_one(AttemptRow, attempt.id).sent_at = attempt.sent_at
            row = session.get_one(TransactionRow, attempt.transaction_id)
            if row.state != "signed":
                return False
            row.state, row.updated_at = "sent", attempt.sent_at
            return True
