"""What the service forgets when its time is over: one thing that cannot be forgotten now holds up no other."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn, cast

from prometheus_client import REGISTRY

from creditchain.acts.answering import Desk
from creditchain.acts.ordering import OrderBook
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.errors import ChainUnavailableError
from creditchain.exchange.service import Service
from creditchain.exchange.serving import _work
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.sealing import Sealed, SealingKeys
from creditchain.messages import DeliveryReceipt, LogDomain, QueryRequest
from creditchain.store.answers import Answers
from creditchain.store.complaints import Complaints
from creditchain.store.deliveries import Deliveries
from creditchain.store.orders import Orders, OrderState
from creditchain.store.parts import GivenPart, GivenParts

LOG, PROVIDER = keccak256(b"log"), 5
SEALED = Sealed("0" * 32, b"sealed")


def failures() -> float:
    return REGISTRY.get_sample_value("creditchain_exchange_forgetting_failed_total") or 0.0


def unreachable() -> NoReturn:
    """What asks the chain."""
    raise ChainUnavailableError("the chain does not answer")


def delivery() -> Delivery:
    digests = {name: keccak256(name.encode()) for name in ("consent", "subject", "product", "staff")}
    request = QueryRequest(
        LogDomain(LOG), 18, **digests, provider=PROVIDER, sections=2, domains=1, purpose=1, issued_at=1,
        deadline=2000, nonce=1,
    )  # fmt: skip
    receipt = DeliveryReceipt(request.domain, request.id, keccak256(b"report"), 1000, 2000)
    return Delivery(request, receipt, b"r" * 64, b"s" * 64)


def test_answers_parts_and_orders_go_when_their_consent_says_so_whatever_else_fails(tmp_path: Path) -> None:
    made, broken = delivery(), tmp_path / "answers" / f"{'1' * 32}.key"
    with open_journal(tmp_path / "journal.sqlite") as journal:
        deliveries, given = Deliveries(journal, LOG), GivenParts(journal, LOG)
        orders = Orders(journal, LOG, PROVIDER, tmp_path / "orders")
        deliveries.promise(made, SEALED, None, 1100)
        part = GivenPart(made.request, b"s" * 64, 7, keccak256(b"order"), keccak256(b"part"), 3, 1000)
        given.give(part, SEALED, 1100)
        orders.place(made.request, b"what is ordered", 900)
        for state in (OrderState.ACCEPTED, OrderState.ASSEMBLING):
            order = orders.advance(made.request.id, state, 950)
        orders.deliver(order, b"the report", 1000, 1100)
        broken.mkdir(parents=True)  # a key that cannot be destroyed
        os.utime(broken, (0, 0))

        def kept() -> list[bool]:
            known, known_part = deliveries.find(made.request.id), given.find(made.request.id, 7, part.order)
            held = orders.find(made.request.id)
            assert known is not None
            assert known_part is not None
            assert held is not None
            return [one is not None for one in (known.answer, known_part.answer, held.delivery)]

        def forget(time: int) -> None:
            """Let the service's own thread do its work once, while the chain does not answer."""
            stop = Event()
            sights = SimpleNamespace(time=lambda: time, settle=stop.set)
            desk: Any = SimpleNamespace(
                deliveries=deliveries, answers=Answers(tmp_path / "answers", 3600), sights=sights
            )
            service = SimpleNamespace(
                desk=desk, parts=SimpleNamespace(given=given), time=unreachable,
                order_book=OrderBook(cast(Desk, desk), orders),
                complaints=Complaints(journal, LOG, PROVIDER, SealingKeys(tmp_path / "complaints")),
            )  # fmt: skip
            _work(cast(Service, service), unreachable, stop)

        before = failures()
        forget(1100)
        assert kept() == [True, True, True]
        forget(1101)
        assert kept() == [False, False, False]
        assert failures() == before + 2
