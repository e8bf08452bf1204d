"""Orders go forward, once; what they say is sealed, and forgotten at the end. In a file and on a server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from test_deliveries import LOG, PROVIDER, delivery

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


def test_what_is_forgotten_opens_no_more(orders: Orders, tmp_path: Path) -> None:
    order, _ = orders.place(REQUEST, CONTENT, 100)
    for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
        order = orders.advance(REQUEST.id, state, 101)
    order = orders.deliver(order, REPORT, 102)
    (listed,) = orders.listed(sealed=True)
    assert (listed.content, listed.delivery) == (None, None)  # not read: they may be large
    orders.forget(order)
    orders.forget(order)
    assert orders.listed(sealed=True) == []
    assert (orders.open(order.content), orders.open(order.delivery)) == (None, None)
    found = orders.find(REQUEST.id)
    assert found is not None
    assert (found.content, found.delivery, found.state) == (None, None, OrderState.DELIVERED)
    assert list((tmp_path / "orders").glob("*.key")) == []


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
