"""Deliveries that the provider promised to meter: each is here, durably, before anybody sees the report.

A row holds what the ledger needs, and nothing that says which enterprise it is about. What was answered is kept for a
while beside it, sealed, so that an institution whose connection broke gets the same answer again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditchain.chain.consent_calls import Delivery
from creditchain.errors import RefusedError
from creditchain.home.journal import AlreadyWrittenError, Base, Journal
from creditchain.home.sealing import Sealed
from creditchain.messages import DeliveryReceipt, LogDomain, QueryRequest
from creditchain.packages.delivery import message_json, read_message
from creditchain.store.periods import by_time


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PROMISED = "promised"  #: the receipt is signed; the ledger does not have it, as far as is known here
    METERED = "metered"  #: it is in an entry of the log
    REJECTED = "rejected"  #: the ledger does not take it; see `finding`


class DeliveryRow(Base):
    """One delivery. Digests are 32 bytes, times unix seconds, messages the JSON of their members."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("log_id", "request"),
        UniqueConstraint("log_id", "institution", "provider", "nonce"),
        Index("deliveries_by_consent", "log_id", "consent"),
        Index("deliveries_by_time", "log_id", "provider", "delivered_at", "id"),
        Index("deliveries_by_state", "log_id", "provider", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    request: Mapped[bytes] = mapped_column(LargeBinary(32))
    institution: Mapped[int]
    provider: Mapped[int]
    nonce: Mapped[int]
    consent: Mapped[bytes] = mapped_column(LargeBinary(32))
    request_message: Mapped[str] = mapped_column(Text)
    receipt_message: Mapped[str] = mapped_column(Text)
    request_signature: Mapped[bytes] = mapped_column(LargeBinary)
    receipt_signature: Mapped[bytes] = mapped_column(LargeBinary)
    broker_signature: Mapped[bytes] = mapped_column(LargeBinary)
    delivered_at: Mapped[int]
    meter_by: Mapped[int]
    state: Mapped[str] = mapped_column(String(8))
    entry: Mapped[int | None]
    block: Mapped[int | None]  #: from which the entry is seen at the latest
    flags: Mapped[int | None]
    finding: Mapped[int | None]


class AnswerRow(Base):
    """What was answered for a request, sealed; until it is dropped."""

    __tablename__ = "delivery_answers"
    __table_args__ = (
        Index(
            "answers_to_drop",
            "drop_after",
            sqlite_where=text("drop_after IS NOT NULL"),
            postgresql_where=text("drop_after IS NOT NULL"),
        ),
    )

    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"), primary_key=True)
    sealing_key: Mapped[str] = mapped_column(String(32), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    drop_after: Mapped[int | None]  #: unix seconds, where a consent allows less than its key lasts


@dataclass(frozen=True, slots=True)
class Known:
    """A delivery that was promised before, and what was answered; None once that was dropped."""

    delivery: Delivery
    state: DeliveryState
    entry: int | None
    answer: Sealed | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UsesLeft:
    """What the chain says of a consent at a block."""

    left: int
    block: int
    #: Requests whose use is in that count already, though their delivery is not known here to be on the ledger: it is
    #: in a block that is not final yet.
    counted: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a delivery: the ledger has it, or does not take it. Made by `metered` and `rejected`."""

    request: bytes  #: id of the request, 32 bytes
    state: DeliveryState
    entry: int | None = None
    flags: int | None = None
    block: int | None = None  #: from which the entry is seen at the latest
    finding: int | None = None

    @classmethod
    def metered(cls, request: bytes, entry: int, flags: int, block: int) -> Self:
        """The ledger has this delivery."""
        return cls(request, DeliveryState.METERED, entry=entry, flags=flags, block=block)

    @classmethod
    def rejected(cls, request: bytes, finding: int) -> Self:
        """The ledger does not take this delivery."""
        return cls(request, DeliveryState.REJECTED, finding=finding)


class NonceTakenError(RefusedError):
    """Another request with this nonce was answered before."""


class UsesTakenError(RefusedError):
    """Deliveries that are promised already take all uses of the consent that are left."""


class Deliveries:
    """The deliveries of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes) -> None:
        self._journal, self._log_id = journal, log_id

    def find(self, request: bytes) -> Known | None:
        """The delivery for a request by its id (32 bytes); None if there is none. Raises JournalError."""
        database = self._journal.database
        with database.connected(database.reading) as connection:  # nearly always there is none
            if connection.execute(_IS_KNOWN, {"log_id": self._log_id, "request": request}).first() is None:
                return None
        with self._journal.read() as session:
            return self._known(session, request)

    def under(self, consent: bytes) -> list[Known]:
        """The deliveries under a consent, in order, without what was answered."""
        query = select(DeliveryRow).where(*self._of_consent(consent)).order_by(DeliveryRow.id)
        with self._journal.read() as session:
            return [Known(_delivery(row), DeliveryState(row.state), row.entry) for row in session.scalars(query)]

    def between(
        self, provider: int, since: int, until: int, after: tuple[int, int] | None = None
    ) -> Iterator[tuple[int, Known]]:
        """A provider's deliveries from `since` to before `until` (unix seconds), each with its number, by time.

        What was answered is left out. `after`: time and number of a delivery; only those behind it.
        """
        query = select(DeliveryRow).where(
            DeliveryRow.log_id == self._log_id,
            DeliveryRow.provider == provider,
            DeliveryRow.delivered_at >= since,
            DeliveryRow.delivered_at < until,
        )

        def known(row: DeliveryRow) -> Known:
            return Known(_delivery(row), DeliveryState(row.state), row.entry)

        return by_time(self._journal, query, DeliveryRow.delivered_at, DeliveryRow.id, known, after)

    def waiting_under(self, consent: bytes) -> list[QueryRequest]:
        """The requests of deliveries under a consent that are not known to be on the ledger."""
        query = select(DeliveryRow).where(*self._of_consent(consent), DeliveryRow.state == DeliveryState.PROMISED)
        with self._journal.read() as session:
            return [_delivery(row).request for row in session.scalars(query)]

    def promise(
        self, made: Delivery, answer: Sealed, uses: UsesLeft | None, drop_after: int | None = None
    ) -> Known | None:
        """Write a delivery down, durably. None: it is; else the one that was written for the same request before.

        Args:
            uses: what is left of the consent; None where no consent is used. Deliveries that the chain did not count
                take their uses too.
            drop_after: until when what was answered may be kept (unix seconds); None: as long as its key.
        Raises:
            NonceTakenError, UsesTakenError: nothing was written. JournalError.
        """
        try:
            with self._journal.transaction() as session:
                if uses is not None:
                    self._journal.database.hold(session, b"uses of consent " + made.request.consent)
                return self._promised(session, made, answer, uses, drop_after)
        except AlreadyWrittenError:
            # Another process wrote at the same moment: the same request, or one with the same nonce.
            known = self.find(made.request.id)
            if known is None:
                raise _nonce_taken(made.request) from None
            return known

    def _promised(
        self, session: Session, made: Delivery, answer: Sealed, uses: UsesLeft | None, drop_after: int | None
    ) -> Known | None:
        request, connection = made.request, session.connection()
        sought = {
            "log_id": self._log_id, "request": request.id, "institution": request.institution,
            "provider": request.provider, "nonce": request.nonce,
        }  # fmt: skip
        taken = set(connection.execute(_TAKEN, sought).scalars())
        if request.id in taken:
            return self._known(session, request.id)
        if taken:
            raise _nonce_taken(request)
        if uses is not None and self._waiting(session, request.consent, uses) >= uses.left:
            raise UsesTakenError(
                "the consent has no use left: deliveries that are promised take them",
                expected="a use that no other delivery takes",
                found=f"{uses.left} left on the chain, all of them promised",
            )
        row = connection.execute(_PROMISE, self._values(made)).scalar_one()
        kept = {"delivery_id": row, "sealing_key": answer.key, "data": answer.data, "drop_after": drop_after}
        connection.execute(_ANSWER, kept)
        return None

    def unmetered(self, provider: int, most: int) -> list[Delivery]:
        """The oldest deliveries of a provider that the ledger does not have yet, at most so many."""
        with self._journal.read() as session:
            rows = session.scalars(self._open(provider).order_by(DeliveryRow.id).limit(most)).all()
            return [_delivery(row) for row in rows]

    def waiting(self, provider: int) -> tuple[int, int | None]:
        """How many deliveries the ledger does not have yet, and when the oldest was delivered (unix seconds)."""
        counted = select(func.count(), func.min(DeliveryRow.delivered_at)).where(*self._open_conditions(provider))
        with self._journal.read() as session:
            count, oldest = session.execute(counted).one()
            return int(count), None if oldest is None else int(oldest)

    def settle(self, outcomes: Sequence[Settled]) -> None:
        """Write down what came of deliveries, all in one transaction: each would cost a write to the disk otherwise."""
        if not outcomes:
            return
        with self._journal.write() as session:
            session.connection().execute(_SETTLE, [self._outcome(one) for one in outcomes])

    def counts(self, provider: int) -> dict[DeliveryState, int]:
        """How many deliveries there are in each state."""
        counted = (
            select(DeliveryRow.state, func.count())
            .where(DeliveryRow.log_id == self._log_id, DeliveryRow.provider == provider)
            .group_by(DeliveryRow.state)
        )
        with self._journal.read() as session:
            found = {str(state): int(count) for state, count in session.execute(counted)}
        return {state: found.get(state.value, 0) for state in DeliveryState}

    def drop_answers(self, sealing_key: str) -> int:
        """Forget what was answered under a key. Returns how many answers that were."""
        with self._journal.write() as session:
            found = session.scalars(
                delete(AnswerRow).where(AnswerRow.sealing_key == sealing_key).returning(AnswerRow.delivery_id)
            )
            return len(found.all())

    def drop_due(self, time: int) -> int:
        """Forget what was answered in this log and may not be kept at `time` (unix seconds). Returns how many."""
        mine = select(DeliveryRow.id).where(DeliveryRow.log_id == self._log_id)  # each log has a clock of its own
        with self._journal.write() as session:
            found = session.scalars(
                delete(AnswerRow)
                .where(AnswerRow.drop_after < time, AnswerRow.delivery_id.in_(mine))
                .returning(AnswerRow.delivery_id)
            )
            return len(found.all())

    def answer_keys(self) -> set[str]:
        """The keys under which answers are sealed."""
        with self._journal.read() as session:
            return set(session.scalars(select(AnswerRow.sealing_key).distinct()))

    def _outcome(self, one: Settled) -> dict[str, object]:
        """The parameters of `_SETTLE`. A rejected delivery has no entry, one on the ledger no finding."""
        return {
            "of_log": self._log_id, "of_request": one.request, "state": one.state, "entry": one.entry,
            "flags": one.flags, "block": one.block, "finding": one.finding,
        }  # fmt: skip

    def _open_conditions(self, provider: int) -> Sequence[ColumnElement[bool]]:
        return (
            DeliveryRow.log_id == self._log_id,
            DeliveryRow.provider == provider,
            DeliveryRow.state == DeliveryState.PROMISED,
        )

    def _open(self, provider: int) -> Select[DeliveryRow]:
        return select(DeliveryRow).where(*self._open_conditions(provider))

    def _of_consent(self, consent: bytes) -> Sequence[ColumnElement[bool]]:
        return DeliveryRow.log_id == self._log_id, DeliveryRow.consent == consent

    def _waiting(self, session: Session, consent: bytes, uses: UsesLeft) -> int:
        """Deliveries under a consent whose use the chain had not counted."""
        query = _WAITING.where(DeliveryRow.request.not_in(uses.counted)) if uses.counted else _WAITING
        sought = {"log_id": self._log_id, "consent": consent, "block": uses.block}
        return int(session.connection().execute(query, sought).scalar_one())

    def _known(self, session: Session, request: bytes) -> Known | None:
        found = session.execute(_KNOWN, {"log_id": self._log_id, "request": request}).one_or_none()
        if found is None:
            return None
        row, answer = found
        sealed = None if answer is None else Sealed(answer.sealing_key, answer.data)
        return Known(_delivery(row), DeliveryState(row.state), row.entry, sealed)

    def _values(self, made: Delivery) -> dict[str, object]:
        request, receipt = made.request, made.receipt
        return {
            "log_id": self._log_id,
            "request": request.id,
            "institution": request.institution,
            "provider": request.provider,
            "nonce": request.nonce,
            "consent": request.consent,
            "request_message": json.dumps(message_json(request)),
            "receipt_message": json.dumps(message_json(receipt)),
            "request_signature": made.request_signature,
            "receipt_signature": made.receipt_signature,
            "broker_signature": made.broker_signature,
            "delivered_at": receipt.delivered_at,
            "meter_by": receipt.meter_by,
            "state": DeliveryState.PROMISED,
        }


# Statements of each delivery: built once, as building them takes longer than running them.
_DELIVERIES, _ANSWERS = (Base.metadata.tables[row.__tablename__] for row in (DeliveryRow, AnswerRow))
_TAKEN = select(DeliveryRow.request).where(
    DeliveryRow.log_id == bindparam("log_id"),
    or_(
        DeliveryRow.request == bindparam("request"),
        and_(
            DeliveryRow.institution == bindparam("institution"),
            DeliveryRow.provider == bindparam("provider"),
            DeliveryRow.nonce == bindparam("nonce"),
        ),
    ),
)
_IS_KNOWN = select(_DELIVERIES.c.id).where(
    _DELIVERIES.c.log_id == bindparam("log_id"), _DELIVERIES.c.request == bindparam("request")
)
_KNOWN = (
    select(DeliveryRow, AnswerRow)
    .outerjoin(AnswerRow, AnswerRow.delivery_id == DeliveryRow.id)
    .where(DeliveryRow.log_id == bindparam("log_id"), DeliveryRow.request == bindparam("request"))
)
_WAITING = select(func.count()).where(
    DeliveryRow.log_id == bindparam("log_id"),
    DeliveryRow.consent == bindparam("consent"),
    or_(DeliveryRow.state == DeliveryState.PROMISED, DeliveryRow.block > bindparam("block")),
)
_SETTLE = (
    update(_DELIVERIES)
    .where(_DELIVERIES.c.log_id == bindparam("of_log"), _DELIVERIES.c.request == bindparam("of_request"))
    .values({name: bindparam(name) for name in ("state", "entry", "flags", "block", "finding")})
)
_PROMISE = insert(_DELIVERIES).returning(_DELIVERIES.c.id)
_ANSWER = insert(_ANSWERS)


def _nonce_taken(request: QueryRequest) -> NonceTakenError:
    return NonceTakenError(
        "the request's nonce was used by another request",
        expected="a nonce that no request of this institution had",
        found=f"nonce {request.nonce}",
        hint="The institution signs a fresh request.",
    )


def _delivery(row: DeliveryRow) -> Delivery:
    domain = LogDomain(row.log_id)
    return Delivery(
        read_message(QueryRequest, json.loads(row.request_message), "request", domain),
        read_message(DeliveryReceipt, json.loads(row.receipt_message), "receipt", domain),
        row.request_signature,
        row.receipt_signature,
        row.broker_signature,
    )
