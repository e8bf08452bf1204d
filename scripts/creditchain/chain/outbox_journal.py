"""The outbox's tables: what was meant, every transaction that was signed for it, and who is signing right now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditchain.home.journal import Base, Journal


class AttemptState(StrEnum):
    """What is known about one signed transaction. At most one of each nonce is outstanding."""

    SIGNED = "signed"  #: in the journal; perhaps handed in, with no answer that is known
    SENT = "sent"  #: the endpoint took it
    REFUSED = "refused"  #: never taken so far, the last answer was a refusal that may pass; tried again
    REPLACED = "replaced"  #: another one with its nonce took its place; it may still be mined, but is not sent again
    DEAD = "dead"  #: never taken and given up; never sent again, and its nonce is free


#: An attempt in one of these states holds its nonce and is handed in until it is mined.
OUTSTANDING = (AttemptState.SIGNED, AttemptState.SENT, AttemptState.REFUSED)


class TransactionRow(Base):
    """One intent. Numbers that may exceed 64 bits are decimal text.

    `nonce` is the one it is signed with now; negative (and different for each row) after it was given back.
    """

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
    """One signed transaction. `sent_at`: when it was last handed to the endpoint; `refusal`: what that said, if no."""

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
    state: Mapped[str] = mapped_column(String(8), default=AttemptState.SIGNED, server_default=AttemptState.SIGNED)
    refusal: Mapped[str | None] = mapped_column(String(256))


class KeyClaimRow(Base):
    """Whoever is signing with a key now: until `until` (unix seconds) nobody else gives out a nonce of it."""

    __tablename__ = "key_claims"

    genesis: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    sender: Mapped[str] = mapped_column(String(42), primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    holder: Mapped[str] = mapped_column(String(300))
    until: Mapped[float]


def was_signed(journal: Journal, scope: str, intent: str) -> bool:
    """Was anything ever signed for an intent, on any chain?"""
    query = select(TransactionRow.id).where(TransactionRow.scope == scope, TransactionRow.intent == intent)
    with journal.read() as session:
        return session.scalars(query).first() is not None


def intents_under_way(journal: Journal, genesis: bytes, scope: str, prefix: str) -> list[str]:
    """The intents of this chain and scope whose names begin like this, and that are signed, sent or mined only."""
    query = select(TransactionRow.intent).where(
        TransactionRow.genesis == genesis,
        TransactionRow.scope == scope,
        TransactionRow.intent.startswith(prefix, autoescape=True),
        TransactionRow.state.in_(("signed", "sent", "mined")),
    )
    with journal.read() as session:
        return list(session.scalars(query.order_by(TransactionRow.id)))


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

    def row_of(self, attempt: AttemptRow) -> TransactionRow:
        """The intent that an attempt was signed for, of any scope."""
        with self.journal.read() as session:
            return session.get_one(TransactionRow, attempt.transaction_id)

    def current_attempts(self, row: TransactionRow) -> list[AttemptRow]:
        """What was signed for a row under its nonce, the newest first; everything if it holds no nonce."""
        return [each for each in self.attempts(row) if row.nonce < 0 or each.nonce == row.nonce]

    def attempts(self, row: TransactionRow) -> Sequence[AttemptRow]:
        """Everything signed for a row, the newest first."""
        query = select(AttemptRow).where(AttemptRow.transaction_id == row.id).order_by(AttemptRow.id.desc())
        with self.journal.read() as session:
            return session.scalars(query).all()

    def outstanding(self, sender: str, first: int, last: int) -> Sequence[AttemptRow]:
        """The transactions to hand in, of nonces from `first` to `last`, lowest nonce first, of any scope."""
        with self.journal.read() as session:
            return session.scalars(
                self._outstanding(sender, first).where(AttemptRow.nonce <= last).order_by(AttemptRow.nonce)
            ).all()

    def free_nonce(self, session: Session, sender: str, count: int) -> int:
        """The lowest nonce from `count` on that nothing in this journal holds.

        `count` may lag behind the chain: what this journal sent since then is in the journal. Holes are filled, so
        that nothing behind them waits for ever.
        """
        # What was replaced counts too: it may be what the chain took.
        query = select(AttemptRow.nonce).where(
            AttemptRow.genesis == self.genesis,
            AttemptRow.sender == sender,
            AttemptRow.nonce >= count,
            AttemptRow.state != AttemptState.DEAD,
        )
        taken = set(session.scalars(query))
        while count in taken:
            count += 1
        return count

    def is_held(self, session: Session, sender: str, nonce: int) -> bool:
        """Is there a transaction to hand in under this nonce?"""
        return session.scalars(self._outstanding(sender, nonce).where(AttemptRow.nonce == nonce)).first() is not None

    def is_outstanding(self, session: Session, attempt: AttemptRow) -> bool:
        """Is this attempt still the one that holds its nonce?"""
        return session.get_one(AttemptRow, attempt.id, populate_existing=True).state in OUTSTANDING

    def retire(self, session: Session, row: TransactionRow) -> None:
        """Before a row is signed under another nonce: what was signed before is never sent again."""
        if row.id is not None:
            query = select(AttemptRow).where(AttemptRow.transaction_id == row.id, AttemptRow.state.in_(OUTSTANDING))
            for attempt in session.scalars(query):
                attempt.state = AttemptState.REPLACED

    def add_attempt(self, session: Session, attempt: AttemptRow) -> AttemptRow:
        """Write a signed transaction. The same bytes may have been signed and given up before: they live again."""
        query = select(AttemptRow).where(AttemptRow.genesis == self.genesis, AttemptRow.hash == attempt.hash)
        known = session.scalars(query).one_or_none()
        if known is None:
            session.add(attempt)
            return attempt
        known.transaction_id, known.signed_at = attempt.transaction_id, attempt.signed_at
        known.state, known.refusal = AttemptState.SIGNED, None
        return known

    def set_state(self, row: TransactionRow, **values: Any) -> None:
        """Write new values of a row, durably."""
        with self.journal.write() as session:
            stored = session.get_one(TransactionRow, row.id)
            for name, value in {**values, "updated_at": time.time()}.items():
                setattr(stored, name, value)
                setattr(row, name, value)

    def set_sent(self, attempt: AttemptRow) -> bool:
        """Write that the endpoint took an attempt just now. True: with that its row became `sent`."""
        with self.journal.write() as session:
            stored = session.get_one(AttemptRow, attempt.id)
            stored.sent_at, stored.refusal = time.time(), None
            if stored.state in OUTSTANDING:
                stored.state = AttemptState.SENT
            row = session.get_one(TransactionRow, attempt.transaction_id)
            if row.state != "signed":
                return False
            row.state, row.updated_at = "sent", stored.sent_at
            return True

    def set_refused(self, attempt: AttemptRow, refusal: str) -> None:
        """Write what the endpoint said when it did not take an attempt. What it took once stays `sent`."""
        with self.journal.write() as session:
            stored = session.get_one(AttemptRow, attempt.id)
            stored.refusal = refusal[:256]
            if stored.state == AttemptState.SIGNED:
                stored.state = AttemptState.REFUSED

    def give_up(self, attempt: AttemptRow) -> bool:
        """Give up an attempt that no endpoint ever took; its nonce is free again. False: one may have taken it."""
        with self.journal.write() as session:
            stored = session.get_one(AttemptRow, attempt.id)
            if stored.state != AttemptState.REFUSED or stored.sent_at is not None:
                return False
            query = select(AttemptRow).where(
                AttemptRow.transaction_id == attempt.transaction_id, AttemptRow.nonce == attempt.nonce
            )
            if any(each.sent_at is not None for each in session.scalars(query)):
                return False
            for each in session.scalars(query):
                each.state = AttemptState.DEAD
            row = session.get_one(TransactionRow, attempt.transaction_id)
            row.nonce, row.state, row.updated_at = -row.id, "failed", time.time()
            return True

    def _outstanding(self, sender: str, first: int) -> Any:
        return select(AttemptRow).where(
            AttemptRow.genesis == self.genesis,
            AttemptRow.sender == sender,
            AttemptRow.nonce >= first,
            AttemptRow.state.in_(OUTSTANDING),
        )
