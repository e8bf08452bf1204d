"""Orders: requests that somebody at the provider looks at before they are answered.

An order is found by the id of its request. What it says about an enterprise, and what was delivered, is sealed under a
key of its own; the key is destroyed when nobody needs it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    Index,
    LargeBinary,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from creditchain.errors import RefusedError
from creditchain.home.journal import Base, Journal
from creditchain.home.sealing import Sealed, SealingKeys, SecretLostError
from creditchain.messages import QueryRequest


class OrderState(StrEnum):
    """How far an order has come."""

    PLACED = "placed"  #: nobody at the provider has looked at it yet
    ACCEPTED = "accepted"  #: it will be answered
    ASSEMBLING = "assembling"  #: the report is being made
    DELIVERED = "delivered"  #: the delivery waits to be fetched
    RECEIVED = "received"  #: the institution says that it has it
    METERED = "metered"  #: it was received, and the ledger has it
    DECLINED = "declined"  #: it will not be answered; see the reason
    EXPIRED = "expired"  #: nobody accepted it until its deadline


#: From which states an order may come to a state.
_BEFORE = {
    OrderState.ACCEPTED: {OrderState.PLACED},
    OrderState.ASSEMBLING: {OrderState.ACCEPTED},
    OrderState.DELIVERED: {OrderState.ASSEMBLING},
    OrderState.RECEIVED: {OrderState.DELIVERED},
    OrderState.METERED: {OrderState.RECEIVED},
    OrderState.DECLINED: {OrderState.PLACED, OrderState.ACCEPTED, OrderState.ASSEMBLING},
    OrderState.EXPIRED: {OrderState.PLACED, OrderState.ACCEPTED, OrderState.ASSEMBLING},
}


#: States in which nobody needs what an order says.
_OVER = (OrderState.RECEIVED, OrderState.METERED, OrderState.DECLINED, OrderState.EXPIRED)


class OrderRow(Base):
    """One order. Times are unix seconds; that of a state is null until it is reached."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("log_id", "request"),
        Index("orders_by_institution", "log_id", "provider", "institution"),
        Index("orders_by_state", "log_id", "provider", "state"),
        Index(
            "orders_to_drop",
            "drop_after",
            sqlite_where=text("drop_after IS NOT NULL"),
            postgresql_where=text("drop_after IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    request: Mapped[bytes] = mapped_column(LargeBinary(32))
    institution: Mapped[int]
    broker: Mapped[int]
    provider: Mapped[int]
    deadline: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    placed_at: Mapped[int]
    accepted_at: Mapped[int | None]
    assembling_at: Mapped[int | None]
    delivered_at: Mapped[int | None]
    received_at: Mapped[int | None]
    metered_at: Mapped[int | None]
    declined_at: Mapped[int | None]
    expired_at: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(Text)
    sealing_key: Mapped[str] = mapped_column(String(32))
    content: Mapped[bytes | None] = mapped_column(LargeBinary)  #: the order file, sealed
    delivery: Mapped[bytes | None] = mapped_column(LargeBinary)  #: what was delivered, sealed
    drop_after: Mapped[int | None]  #: until when a delivery may be kept by its consent, unix seconds


@dataclass(frozen=True, slots=True)
class Order:
    """An order. `times`: when it came to each state that it has come to, unix seconds."""

    request: bytes  #: id of the request, 32 bytes
    institution: int
    broker: int
    provider: int
    deadline: int
    state: OrderState
    times: dict[OrderState, int]
    reason: str | None
    content: Sealed | None = field(repr=False)
    delivery: Sealed | None = field(repr=False)


class OrderStateError(RefusedError):
    """The order is in a state in which this cannot be done. Nothing was changed."""


class OrderUnknownError(RefusedError):
    """There is no such order, or it is not the caller's."""


class Orders:
    """The orders to one provider in one region's log. For several threads and processes at once."""

    def __init__(self, journal: Journal, log_id: bytes, provider: int, keys: Path) -> None:
        self._journal, self._log_id, self._provider = journal, log_id, provider
        self._keys = SealingKeys(keys)

    def place(self, request: QueryRequest, content: bytes, time: int) -> tuple[Order, bool]:
        """Write an order down, durably. The same request again gives the same order, and False."""
        found = self.find(request.id)
        if found is not None:
            return found, False
        sealed = self._keys.seal(content)
        with self._journal.write() as session:
            row = self._row(session, request.id)
            fresh = row is None
            if row is None:
                row = OrderRow(
                    log_id=self._log_id, request=request.id, institution=request.institution, broker=request.via,
                    provider=self._provider, deadline=request.deadline, state=OrderState.PLACED, placed_at=time,
                    sealing_key=sealed.key, content=sealed.data,
                )  # fmt: skip
                session.add(row)
            order = _order(row)
        if not fresh:  # another call was faster; its key is the one that counts
            self._keys.destroy(sealed.key)
        return order, fresh

    def find(self, request: bytes) -> Order | None:
        """The order of a request, by its id (32 bytes)."""
        with self._journal.read() as session:
            row = self._row(session, request)
            return None if row is None else _order(row)

    def listed(self, states: Iterable[OrderState] = (), *, member: int | None = None, most: int = 500) -> list[Order]:
        """Orders without what is sealed, at most so many: those in these states, or in any; of a member, or of all.

        The newest first; with states the oldest, which have waited longest.
        """
        conditions, wanted = [*self._mine()], [state.value for state in states]
        if wanted:
            conditions.append(OrderRow.state.in_(wanted))
        if member is not None:
            conditions.append(or_(OrderRow.institution == member, OrderRow.broker == member))
        order = OrderRow.id if wanted else OrderRow.id.desc()
        query = select(OrderRow).where(*conditions).order_by(order).limit(most)
        query = query.options(defer(OrderRow.content), defer(OrderRow.delivery))  # scans and reports are large
        with self._journal.read() as session:
            return [_order(row, sealed=False) for row in session.scalars(query)]

    def advance(self, request: bytes, state: OrderState, time: int, reason: str | None = None) -> Order:
        """Let an order come to a state. In that state already: nothing is changed.

        Raises:
            OrderUnknownError, OrderStateError.
        """

        def note(row: OrderRow) -> None:
            row.reason = reason

        return self._change(request, state, time, note if reason is not None else lambda _: None)

    def decline(self, request: bytes, time: int, reason: str) -> Order:
        """Turn down an order that nobody accepted, whoever accepts it at the same time. Raises as `advance`."""

        def note(row: OrderRow) -> None:
            row.reason = reason

        return self._change(request, OrderState.DECLINED, time, note, frozenset({OrderState.PLACED}))

    def to_forget(self, time: int, keep: int) -> list[bytes]:
        """The requests whose orders hold what nobody needs, or may keep, at `time` (unix seconds).

        Those are orders that are over; and deliveries that waited for more than `keep` seconds, or for longer than
        their consents allow.
        """
        sealed = or_(OrderRow.content.is_not(None), OrderRow.delivery.is_not(None))
        over = OrderRow.state.in_([state.value for state in _OVER])
        waited = and_(OrderRow.state == OrderState.DELIVERED, OrderRow.delivered_at < time - keep)
        not_allowed = OrderRow.drop_after < time
        query = select(OrderRow.request).where(*self._mine(), sealed, or_(over, waited, not_allowed))
        with self._journal.read() as session:
            return list(session.scalars(query.order_by(OrderRow.id)))

    def deliver(self, order: Order, delivery: bytes, time: int, drop_after: int | None = None) -> Order:
        """Write down what was delivered. `drop_after`: until when it may be kept (unix seconds); None: no limit.

        Raises OrderStateError; SecretLostError: the order's key is lost.
        """
        sealed = self._keys.seal_under(_key(order), delivery)

        def keep(row: OrderRow) -> None:
            row.delivery, row.drop_after = sealed.data, drop_after

        return self._change(order.request, OrderState.DELIVERED, time, keep)

    def open(self, sealed: Sealed | None) -> bytes | None:
        """The order file or the delivery; None if it is not kept any more."""
        try:
            return None if sealed is None else self._keys.open(sealed)
        except SecretLostError:
            return None

    def forget(self, order: Order) -> None:
        """Forget what an order says and what was delivered. Harmless to repeat."""
        if order.content is None and order.delivery is None:
            return
        self._keys.destroy(_key(order))  # first: what a killed process leaves opens no more
        with self._journal.write() as session:
            row = self._row(session, order.request)
            if row is not None:
                row.content, row.delivery = None, None

    def _change(
        self,
        request: bytes,
        state: OrderState,
        time: int,
        more: Callable[[OrderRow], None],
        before: Collection[OrderState] | None = None,
    ) -> Order:
        allowed = _BEFORE[state] if before is None else before
        with self._journal.write() as session:
            row = self._row(session, request)
            if row is None:
                raise unknown()
            if row.state != state:
                if OrderState(row.state) not in allowed:
                    raise OrderStateError(
                        f"the order cannot be {state} any more, or not yet",
                        expected=" or ".join(sorted(allowed)),
                        found=row.state,
                    )
                row.state = state
                setattr(row, f"{state}_at", time)
                more(row)
            return _order(row)

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return OrderRow.log_id == self._log_id, OrderRow.provider == self._provider

    def _row(self, session: Session, request: bytes) -> OrderRow | None:
        query: Select[OrderRow] = select(OrderRow).where(*self._mine(), OrderRow.request == request)
        return session.scalars(query).one_or_none()


def unknown() -> OrderUnknownError:
    """The error for an order that is not there, and for one that is not the caller's."""
    return OrderUnknownError("there is no such order here", expected="an order that was placed here by this member")


def _key(order: Order) -> str:
    sealed = order.content or order.delivery
    if sealed is None:
        raise SecretLostError("what the order says is not kept any more")
    return sealed.key


def _order(row: OrderRow, *, sealed: bool = True) -> Order:
    times = {state: getattr(row, f"{state}_at") for state in OrderState}
    return Order(
        request=row.request,
        institution=row.institution,
        broker=row.broker,
        provider=row.provider,
        deadline=row.deadline,
        state=OrderState(row.state),
        times={state: time for state, time in times.items() if time is not None},
        reason=row.reason,
        content=None if not sealed or row.content is None else Sealed(row.sealing_key, row.content),
        delivery=None if not sealed or row.delivery is None else Sealed(row.sealing_key, row.delivery),
    )
