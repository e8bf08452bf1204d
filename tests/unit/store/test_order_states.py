"""Orders go forward, once; what they say is sealed, and forgotten at the end. In a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from test_deliveries import LOG, PROVIDER, delivery

from creditchain.acts.answering import Desk
from creditchain.acts.ordering import OrderBook, forget_orders, work_on_orders
from creditchain.acts.retelling import Retelling
from creditchain.home.files import StorageError
from creditchain.home.journal import Journal, open_journal
from creditchain.messages import QueryRequest
from creditchain.store.orders import Orders, OrderState, OrderStateError, OrderUnknownError

REQUEST: QueryRequest = delivery(0).request
CONTENT, REPORT = b"the order of 914403001922038216", b"the report"


@pytest.fixture(params=["sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    address = request.getfixturevalue("postgres").database() if request.param == "postgres" else None
    with open_journal(tmp_path / "journal.sqlite", address) as opened:
        yield opened


@pytest.fixture
def orders(journal: Journal, tmp_path: Path) -> Orders:
    return Orders(journal, LOG, PROVIDER, tmp_path / "orders")


def test_the_same_request_is_the_same_order(orders: Orders, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as together:
        placed = list(together.map(lambda time: orders.place(REQUEST, CONTENT, time), range(100, 104)))
    assert sorted(fresh for _, fresh in placed) == [False, False, False, True]
    assert len({order.times[OrderState.PLACED] for order, _ in placed}) == 1
    assert len(list((tmp_path / "orders").glob("*.key"))) == 1
    assert len(orders.listed()) == 1
    assert orders.open(placed[0][0].content) == CONTENT


def test_it_goes_forward_each_step_with_its_time(orders: Orders) -> None:
    order, _ = orders.place(REQUEST, CONTENT, 100)
    for state, time in ((OrderState.ACCEPTED, 101), (OrderState.ASSEMBLING, 102)):
        order = orders.advance(REQUEST.id, state, time)
        assert orders.advance(REQUEST.id, state, time + 50) == order  # repeated: nothing changes
    order = orders.deliver(order, REPORT, 103)
    assert orders.open(order.delivery) == REPORT
    orders.advance(REQUEST.id, OrderState.RECEIVED, 104)
    order = orders.advance(REQUEST.id, OrderState.METERED, 105)
    assert list(order.times.values()) == [100, 101, 102, 103, 104, 105]
    for state in (OrderState.ACCEPTED, OrderState.DECLINED, OrderState.EXPIRED, OrderState.DELIVERED):
        with pytest.raises(OrderStateError):
            orders.advance(REQUEST.id, state, 106)
    assert orders.find(REQUEST.id) == order


def test_no_state_is_skipped(orders: Orders) -> None:
    orders.place(REQUEST, CONTENT, 100)
    for state in (OrderState.ASSEMBLING, OrderState.DELIVERED, OrderState.RECEIVED, OrderState.METERED):
        with pytest.raises(OrderStateError):
            orders.advance(REQUEST.id, state, 101)
    orders.advance(REQUEST.id, OrderState.DECLINED, 102, "no paper")
    with pytest.raises(OrderStateError):
        orders.advance(REQUEST.id, OrderState.ACCEPTED, 103)
    with pytest.raises(OrderUnknownError):
        orders.advance(bytes(32), OrderState.ACCEPTED, 103)


def test_only_one_of_two_sides_decides(orders: Orders) -> None:
    orders.place(REQUEST, CONTENT, 100)

    def decided(state: OrderState) -> bool:
        try:
            orders.advance(REQUEST.id, state, 101)
        except OrderStateError:
            return False
        return True

    with ThreadPoolExecutor(2) as together:
        found = list(together.map(decided, (OrderState.EXPIRED, OrderState.DECLINED)))
    assert sorted(found) == [False, True]


def test_nobody_declines_what_somebody_accepted(orders: Orders) -> None:
    """Whoever looked before the other one accepted it finds it accepted when it writes."""
    orders.place(REQUEST, CONTENT, 100)
    orders.advance(REQUEST.id, OrderState.ACCEPTED, 101)
    for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
        order = orders.advance(REQUEST.id, state, 101)
        with pytest.raises(OrderStateError, match="cannot be declined any more") as caught:
            orders.decline(REQUEST.id, 102, "no paper")
        assert (caught.value.expected, caught.value.found) == ("placed", state)
        assert orders.find(REQUEST.id) == order


def test_what_is_forgotten_opens_no_more(orders: Orders, tmp_path: Path) -> None:
    order, _ = orders.place(REQUEST, CONTENT, 100)
    for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
        order = orders.advance(REQUEST.id, state, 101)
    order = orders.deliver(order, REPORT, 102)
    (listed,) = orders.listed()
    assert (listed.content, listed.delivery) == (None, None)  # not read: they may be large
    orders.forget(order)
    orders.forget(order)
    assert orders.to_forget(2**40, 0) == []
    assert (orders.open(order.content), orders.open(order.delivery)) == (None, None)
    found = orders.find(REQUEST.id)
    assert found is not None
    assert (found.content, found.delivery, found.state) == (None, None, OrderState.DELIVERED)
    assert list((tmp_path / "orders").glob("*.key")) == []


def delivered(orders: Orders, nonce: int, time: int, drop_after: int | None) -> bytes:
    """An order whose delivery waits since a time; its request."""
    request = delivery(nonce).request
    orders.place(request, CONTENT, 100)
    for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
        order = orders.advance(request.id, state, 101)
    orders.deliver(order, REPORT, time, drop_after)
    return request.id


def test_what_is_to_be_forgotten(orders: Orders) -> None:
    """What waited for too long, what a consent does not let wait for as long, and what a killed process left."""
    waits, by_consent, long = (delivered(orders, nonce, 200, by) for nonce, by in enumerate((None, 250, 2000)))
    placed, received = delivery(10).request, delivery(11).request
    for one in (placed, received):
        orders.place(one, CONTENT, 100)
    for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
        order = orders.advance(received.id, state, 101)
    orders.deliver(order, REPORT, 199)
    assert orders.to_forget(250, 100) == []
    assert orders.to_forget(251, 100) == [by_consent]
    assert orders.to_forget(300, 100) == [by_consent, received.id]
    orders.advance(received.id, OrderState.RECEIVED, 200)  # and killed before it was forgotten
    assert orders.to_forget(250, 100) == [received.id]
    assert orders.to_forget(301, 100) == [waits, by_consent, long, received.id]
    orders.advance(placed.id, OrderState.DECLINED, 200)
    assert placed.id in orders.to_forget(250, 100)


def test_an_order_that_cannot_be_forgotten_keeps_no_other(orders: Orders, tmp_path: Path) -> None:
    requests = [delivered(orders, nonce, 200, 250) for nonce in range(3)]
    order = orders.find(requests[1])
    assert order is not None
    assert order.delivery is not None
    key = tmp_path / "orders" / f"{order.delivery.key}.key"
    key.unlink()
    key.mkdir()  # it cannot be overwritten
    book = OrderBook(cast(Desk, None), orders)
    with pytest.raises(StorageError):
        forget_orders(book, 251)
    assert orders.to_forget(251, 100) == [requests[1]]
    key.rmdir()
    forget_orders(book, 251)
    assert orders.to_forget(251, 100) == []


def test_an_order_that_waits_for_its_key_is_told_of_with_pauses(
    orders: Orders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is tried each time all the same, and so answered, or declined, once that can be known."""
    now, book = [0.0], OrderBook(cast(Desk, None), orders, retelling=Retelling(lambda: now[0]))
    order, _ = orders.place(REQUEST, CONTENT, 100)
    orders.advance(REQUEST.id, OrderState.ACCEPTED, 101)
    assert order.content is not None
    key = tmp_path / "orders" / f"{order.content.key}.key"
    key.rename(away := tmp_path / "away")
    key.mkdir()  # it cannot be read
    for now[0] in (0.0, 1.0, 59.0, 60.0, 61.0, 179.0, 180.0, 181.0):
        assert work_on_orders(book, 102) == 0
    assert len([one for one in caplog.messages if "tried again" in one]) == 3  # at 0, 60 and 180 seconds
    key.rmdir()
    away.rename(key)
    assert work_on_orders(book, 103) == 1
    found = orders.find(REQUEST.id)
    assert found is not None
    assert found.state is OrderState.DECLINED  # what was ordered is no order file


class TestRetelling:
    """Pauses double up to an hour, and begin anew with another failure."""

    def test_pauses(self) -> None:
        now = [0.0]
        retelling = Retelling(lambda: now[0])
        told = [now[0] for now[0] in map(float, range(0, 20_000, 10)) if retelling.is_due(b"one")]
        assert told == [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980, 14580, 18180]

    def test_one_does_not_silence_another(self) -> None:
        retelling = Retelling(lambda: 0.0)
        assert [retelling.is_due(name) for name in (b"one", b"one", b"two")] == [True, False, True]
        retelling.over(b"one")
        assert [retelling.is_due(name) for name in (b"one", b"two")] == [True, False]


def test_whose_orders_are_listed(orders: Orders) -> None:
    for nonce in range(3):
        orders.place(delivery(nonce).request, CONTENT, 100 + nonce)
    orders.advance(REQUEST.id, OrderState.ACCEPTED, 200)
    assert [one.times[OrderState.PLACED] for one in orders.listed()] == [102, 101, 100]
    assert [one.request for one in orders.listed((OrderState.ACCEPTED,))] == [REQUEST.id]
    assert len(orders.listed(member=REQUEST.institution)) == 3
    assert orders.listed(member=REQUEST.institution + 1) == []


def test_nothing_is_in_the_clear(orders: Orders, journal: Journal) -> None:
    orders.place(REQUEST, CONTENT, 100)
    assert b"914403001922038216" not in b"".join(
        path.read_bytes() for path in journal.home.path.rglob("*") if path.is_file()
    )
