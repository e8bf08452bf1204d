"""What becomes of a delivery that was promised: none is given up that the ledger may still take."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from creditchain.acts.metering import MeterResult
from creditchain.acts.metering_due import MeterRhythm, note_results
from creditchain.chain.consent_calls import Delivery
from creditchain.hashing import keccak256
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.home.sealing import Sealed
from creditchain.messages import DeliveryReceipt, LogDomain, QueryRequest
from creditchain.store.deliveries import Deliveries, DeliveryState, NonceTakenError, Settled, UsesLeft, UsesTakenError
from creditchain.vocabulary import Finding, MeterFlag

LOG = keccak256(b"log")
CONSENT = keccak256(b"consent")
PROVIDER = 5
SEALED = Sealed("0" * 32, b"sealed")


def delivery(nonce: int, subject: bytes = b"subject") -> Delivery:
    digests = {name: keccak256(name.encode()) for name in ("product", "staff")}
    request = QueryRequest(
        LogDomain(LOG), 18, PROVIDER, CONSENT, keccak256(subject), **digests, sections=2, domains=1, purpose=1,
        issued_at=1000, deadline=2000, nonce=nonce,
    )  # fmt: skip
    receipt = DeliveryReceipt(request.domain, request.id, keccak256(b"report"), 1500, 1600)
    return Delivery(request, receipt, b"r" * 64, b"s" * 64)


@pytest.fixture
def deliveries(tmp_path: Path, address: DatabaseAddress | None) -> Iterator[Deliveries]:
    with open_journal(tmp_path / "journal.sqlite", address) as journal:
        yield Deliveries(journal, LOG)


def states(deliveries: Deliveries) -> dict[DeliveryState, int]:
    return {state: count for state, count in deliveries.counts(PROVIDER).items() if count}


def test_what_was_promised_is_found_again(deliveries: Deliveries) -> None:
    made = delivery(0)
    assert deliveries.promise(made, SEALED, None) is None
    known = deliveries.promise(made, SEALED, None)
    assert known is not None
    assert (known.delivery, known.state, known.answer) == (made, DeliveryState.PROMISED, SEALED)
    assert deliveries.unmetered(PROVIDER, 10) == [made]
    assert deliveries.waiting(PROVIDER) == (1, 1500)


def test_another_request_with_the_same_nonce(deliveries: Deliveries) -> None:
    deliveries.promise(delivery(0), SEALED, None)
    with pytest.raises(NonceTakenError):
        deliveries.promise(delivery(0, b"another"), SEALED, None)
    assert states(deliveries) == {DeliveryState.PROMISED: 1}


@pytest.mark.parametrize("finding", [Finding.FITS, Finding.OVERDRAWN, Finding.IN_FUTURE])
def test_what_is_not_seen_on_the_ledger_yet_is_handed_in_again(deliveries: Deliveries, finding: Finding) -> None:
    made = delivery(0)
    deliveries.promise(made, SEALED, None)
    assert not note_results(deliveries, [MeterResult(made.request.id, finding, None, MeterFlag(0))], 9)
    assert deliveries.unmetered(PROVIDER, 10) == [made]


def test_what_the_ledger_has_and_what_it_rejects_is_settled(deliveries: Deliveries) -> None:
    first, second, third = delivery(0), delivery(1), delivery(2)
    for one in (first, second, third):
        deliveries.promise(one, SEALED, None)
    taken = MeterResult(first.request.id, Finding.FITS, 7, MeterFlag(0))
    refused = MeterResult(second.request.id, Finding.CONSENT_REVOKED, None, MeterFlag(0))
    unseen = MeterResult(third.request.id, Finding.IN_FUTURE, None, MeterFlag(0))
    assert note_results(deliveries, [taken, unseen, refused], 9) == [taken, refused]
    assert deliveries.unmetered(PROVIDER, 10) == [third]
    assert states(deliveries) == {DeliveryState.METERED: 1, DeliveryState.REJECTED: 1, DeliveryState.PROMISED: 1}
    known = deliveries.find(first.request.id)
    assert known is not None
    assert known.entry == 7


class TestUses:
    """One use is left on the chain as of block 8."""

    def test_a_promise_takes_it(self, deliveries: Deliveries) -> None:
        deliveries.promise(delivery(0), SEALED, UsesLeft(1, 8))
        with pytest.raises(UsesTakenError):
            deliveries.promise(delivery(1), SEALED, UsesLeft(1, 8))

    def test_one_that_the_chain_has_counted_does_not(self, deliveries: Deliveries) -> None:
        first = delivery(0)
        deliveries.promise(first, SEALED, UsesLeft(2, 8))
        assert deliveries.promise(delivery(1), SEALED, UsesLeft(1, 9, frozenset({first.request.id}))) is None

    @pytest.mark.parametrize(("block", "taken"), [(8, False), (9, True)])
    def test_one_that_was_metered_since_does(self, deliveries: Deliveries, block: int, taken: bool) -> None:
        first = delivery(0)
        deliveries.promise(first, SEALED, UsesLeft(2, 7))
        deliveries.settle([Settled.metered(first.request.id, 7, 0, block)])
        if taken:
            with pytest.raises(UsesTakenError):
                deliveries.promise(delivery(1), SEALED, UsesLeft(1, 8))
        else:
            assert deliveries.promise(delivery(1), SEALED, UsesLeft(1, 8)) is None


@pytest.mark.parametrize(
    ("waiting", "oldest", "due"), [(0, None, False), (1, 990, False), (1, 940, True), (100, 999, True)]
)
def test_when_deliveries_are_due(waiting: int, oldest: int | None, due: bool) -> None:
    assert MeterRhythm(100, 60).is_due(waiting, oldest, 1000) is due


class TestAtOnce:
    """Several threads, each with a connection of its own, as several workers have them."""

    @staticmethod
    def promised(deliveries: Deliveries, made: list[Delivery], uses: UsesLeft | None) -> list[str]:
        begin = Barrier(len(made))

        def one(delivery: Delivery) -> str:
            begin.wait()
            try:
                return "known" if deliveries.promise(delivery, SEALED, uses) else "written"
            except (UsesTakenError, NonceTakenError) as error:
                return type(error).__name__

        with ThreadPoolExecutor(len(made)) as together:
            return sorted(together.map(one, made))

    def test_no_two_take_the_same_use(self, deliveries: Deliveries) -> None:
        found = self.promised(deliveries, [delivery(nonce) for nonce in range(8)], UsesLeft(3, 10))
        assert found == ["UsesTakenError"] * 5 + ["written"] * 3
        assert states(deliveries) == {DeliveryState.PROMISED: 3}

    def test_the_same_request_is_written_once(self, deliveries: Deliveries) -> None:
        assert self.promised(deliveries, [delivery(0)] * 8, None) == ["known"] * 7 + ["written"]
        assert states(deliveries) == {DeliveryState.PROMISED: 1}

    def test_a_nonce_is_taken_once(self, deliveries: Deliveries) -> None:
        made = [delivery(0, b"subject %d" % number) for number in range(8)]
        assert self.promised(deliveries, made, None) == ["NonceTakenError"] * 7 + ["written"]
        assert states(deliveries) == {DeliveryState.PROMISED: 1}
