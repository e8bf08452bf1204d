"""Orders: a signed request waits until somebody at the provider has looked at it, and is then answered as any other.

The row of an order says how far it has come, and the row of its delivery whether it was answered: killed anywhere,
`work_on_orders` goes on from there. The delivery is `answering.answer`, which answers a request once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from creditchain.acts.answering import Answered, Desk, OtherProviderError, Shown, answer
from creditchain.acts.delivering import judge_seen
from creditchain.acts.profiles import ProfileUnknownError, delivery_key_in
from creditchain.acts.retelling import Retelling
from creditchain.acts.standing import AnchorGoneError
from creditchain.consents.errors import RequestExpiredError, StaleViewError
from creditchain.errors import (
    ConfigError,
    CreditchainError,
    DatabaseError,
    InputError,
    Place,
    RefusedError,
    UnavailableError,
)
from creditchain.faults import told
from creditchain.log.reading import RegionReading
from creditchain.packages.order_file import OrderFile, parse_order
from creditchain.reports import AssemblyError
from creditchain.store.deliveries import DeliveryState
from creditchain.store.orders import Order, Orders, OrderState, OrderStateError, unknown
from creditchain.verification.keeping import kept_until

_log = logging.getLogger(__name__)

#: Seconds for which a delivery is kept that nobody fetches.
KEEP_SECONDS = 7 * 86_400
#: Most characters in the reason of a decline.
LONGEST_REASON = 500
_OVER = (OrderState.DECLINED, OrderState.EXPIRED)
#: Why an order cannot be answered yet: the chain, this home, or a profile that changed and is not handed over.
_PASSING = (
    *(StaleViewError, UnavailableError, DatabaseError, ConfigError),
    *(AnchorGoneError, AssemblyError, ProfileUnknownError),
)


class OrderForgottenError(RefusedError):
    """The delivery was fetched and acknowledged, or not fetched in time, and is not kept any more."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Where a provider takes orders: the desk that answers them, the orders, and who is told of what is delivered."""

    desk: Desk
    orders: Orders
    shown: Shown | None = None
    delivered: Callable[[], None] | None = None  #: called for each delivery, repetitions not counted
    retelling: Retelling = field(default_factory=Retelling)  #: of orders that cannot be answered now


def place(book: OrderBook, file: OrderFile, seen: RegionReading, time: int) -> tuple[Order, bool]:
    """Take an order. The same one again gives the same order, and False.

    Args:
        seen: the region as of the newest block, asked for since the order came.
    Raises:
        OtherProviderError, ForeignFileError: it is for somebody else.
        QueryRefusedError: the ledger would not meter it. ProfileUnknownError: as `answer`.
    """
    request, desk = file.request.request, book.desk
    if request.provider != desk.node:
        raise OtherProviderError(
            "the request is for another provider",
            expected=f"node {desk.node}",
            found=f"node {request.provider}",
            place=Place(field="request.request.provider"),
        )
    known = book.orders.find(request.id)
    if known is not None:
        return known, False
    judge_seen(desk.region, seen, desk.signer, file.request)
    delivery_key_in(seen.members, desk.profiles, request.institution)  # it will be needed, and is asked for now
    made, fresh = book.orders.place(request, file.to_json(), time)
    if fresh:
        _log.info("an order is placed")
    return made, fresh


def accept(book: OrderBook, request: bytes, time: int) -> Order:
    """Take on an order; it is answered soon after. Repeating it changes nothing.

    Raises:
        OrderUnknownError; OrderStateError: it is over, or its deadline has passed.
    """
    order = book.orders.find(request)
    if order is None:
        raise unknown()
    if order.state is OrderState.PLACED and time > order.deadline:
        raise OrderStateError(
            "the order's deadline has passed", expected=f"accepted until {order.deadline}", found=str(time)
        )
    if OrderState.ACCEPTED in order.times and order.state not in _OVER:
        return order
    return book.orders.advance(request, OrderState.ACCEPTED, time)


def decline(book: OrderBook, request: bytes, reason: str, time: int) -> Order:
    """Turn an order down, with a reason that the institution reads.

    Raises:
        InputError: no such reason. OrderUnknownError; OrderStateError: it is being answered, or over.
    """
    if not 1 <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise InputError(
            "a decline needs a reason",
            expected=f"one line of 1 to {LONGEST_REASON} characters",
            place=Place(field="reason"),
        )
    made = book.orders.decline(request, time, reason.strip())
    book.orders.forget(made)
    return made


def order_file(book: OrderBook, order: Order) -> OrderFile | None:
    """What was ordered; None if it is not kept any more."""
    raw = book.orders.open(order.content)
    return None if raw is None else parse_order(raw)


def fetch(book: OrderBook, order: Order) -> bytes:
    """What was delivered: a report package, or that encrypted. The same bytes however often.

    Raises:
        OrderStateError: it is not delivered yet, or never. OrderForgottenError: it is not kept any more.
    """
    if OrderState.DELIVERED not in order.times:
        raise OrderStateError("the order is not delivered", expected="an order that is delivered", found=order.state)
    found = book.orders.open(order.delivery)
    if found is None:
        raise OrderForgottenError(
            "the delivery is not kept any more", hint="Use the report that was received, or sign a fresh request."
        )
    return found


def receive(book: OrderBook, request: bytes, time: int) -> Order:
    """The institution has the delivery, which is forgotten here. Repeating it changes nothing."""
    order = book.orders.find(request)
    if order is None:
        raise unknown()
    if OrderState.RECEIVED not in order.times:
        order = book.orders.advance(request, OrderState.RECEIVED, time)
    book.orders.forget(order)
    return order


def work_on_orders(book: OrderBook, time: int) -> int:
    """Answer what was accepted, expire what nobody accepted, and note what was metered. Returns how many moved."""
    moved = 0
    for one in book.orders.listed((OrderState.ACCEPTED, OrderState.ASSEMBLING)):
        order = book.orders.find(one.request)
        moved += 0 if order is None else _answered(book, order, time)
    for one in book.orders.listed((OrderState.PLACED,)):
        moved += _expired(book, one, time)
    for one in book.orders.listed((OrderState.RECEIVED,)):
        known = book.desk.deliveries.find(one.request)
        if known is not None and known.state is DeliveryState.METERED:
            book.orders.advance(one.request, OrderState.METERED, time)
            moved += 1
    return moved


def forget_orders(book: OrderBook, time: int) -> None:
    """Forget deliveries that were not fetched in time, or may not be kept, and what is left of orders that are over.

    An order that cannot be forgotten now keeps no other one. Raises StorageError, JournalError: of the first such one.
    """
    failed: CreditchainError | None = None
    for request in book.orders.to_forget(time, KEEP_SECONDS):
        try:
            order = book.orders.find(request)
            if order is not None:
                book.orders.forget(order)
        except CreditchainError as error:
            failed = failed or error
    if failed is not None:
        raise failed


def _expired(book: OrderBook, order: Order, time: int) -> int:
    if time <= order.deadline:
        return 0
    book.orders.forget(book.orders.advance(order.request, OrderState.EXPIRED, time))
    return 1


def _answered(book: OrderBook, order: Order, time: int) -> int:
    """Answer an accepted order. What may pass is tried again with the next call; what will not ends the order."""
    if order.state is OrderState.ACCEPTED:
        order = book.orders.advance(order.request, OrderState.ASSEMBLING, time)
    try:
        made = _answer(book, order)
        if book.delivered is not None and not made.again:
            book.delivered()
        book.orders.deliver(order, made.package, time, _drop_after(book, order))
    except _PASSING as error:
        if book.retelling.is_due(order.request):
            _log.error("an order cannot be answered now, and is tried again every second: %s", error)
        return 0
    except RequestExpiredError:
        book.orders.forget(book.orders.advance(order.request, OrderState.EXPIRED, time))
    except CreditchainError as error:
        _log.error("an order that was accepted cannot be answered: %s", error)
        book.orders.forget(book.orders.advance(order.request, OrderState.DECLINED, time, error.message))
    except Exception as error:  # it would hold up all later orders
        if book.retelling.is_due(order.request):
            _log.error("an order failed in a way that nobody foresaw, and is tried again every second: %s", told(error))
        return 0
    book.retelling.over(order.request)
    return 1


def _drop_after(book: OrderBook, order: Order) -> int | None:
    """Until when the delivery may be kept by its consent, unix seconds; None without a consent."""
    file, known = order_file(book, order), book.desk.deliveries.find(order.request)
    if file is None or known is None or file.request.consent is None:
        return None
    return kept_until(file.request.consent.message, known.delivery.receipt.delivered_at)


def _answer(book: OrderBook, order: Order) -> Answered:
    file = order_file(book, order)
    if file is None:
        raise OrderForgottenError("what was ordered cannot be read any more: its key is lost")
    return answer(book.desk, file.request, shown=book.shown)
