"""Gas is enough although an estimate runs at an earlier time, and on another state, than the transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from acting import region_on
from servers import Server
from test_consents import BANK, BUREAU, NO_KEY, PLATFORM, Acting

from creditchain.acts.changing_members import declare_stolen
from creditchain.acts.metering import meter
from creditchain.chain.clock import await_time, now
from creditchain.chain.connect import Chain, connect
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.messages import DeliveryReceipt
from creditchain.vocabulary import Finding

_generations = iter(range(8000, 8100))


@pytest.fixture
def on_ganache(ganache: Server) -> Iterator[Chain]:
    with connect(ganache.network()) as chain:
        yield chain


def paper_consent(acting: Acting, name: str, uses: int) -> bytes:
    paper = acting.consent(NO_KEY, name, paper=keccak256(name.encode()), uses=uses)
    acting.send(f"paper {name}", acting.calls.grant(paper, b"", acting.sign(PLATFORM, paper)))
    return paper.id


def later_than_the_last_block(chain: Chain) -> int:
    """A time that has passed but that the newest block has not reached; only this test makes blocks."""
    while (found := int(time.time())) <= chain.head().time:
        time.sleep(0.05)
    return found


def delivered_later(acting: Acting, consent: bytes, name: str, at: int) -> object:
    one = acting.delivery(consent, name)
    receipt = DeliveryReceipt(one.request.domain, one.request.id, keccak256(name.encode()), at, at + 3600)
    return replace(one, receipt=receipt, receipt_signature=acting.sign(BUREAU, receipt))


def test_the_first_metering_on_ganache_has_gas_enough(on_ganache: Chain, journal: Journal) -> None:
    """Ganache estimates at the time of its last block, at which the ledger rejects, cheaply, what it then accepts."""
    acting = Acting(region_on(on_ganache, journal, next(_generations)), journal)
    consent = paper_consent(acting, "1", uses=5)
    at = later_than_the_last_block(on_ganache)
    found = [delivered_later(acting, consent, f"{number}", at) for number in range(5)]
    call = acting.calls.meter(found)
    fields = {"from": dev_signer(0, on_ganache).address, "to": call.to, "data": "0x" + call.data.hex()}
    estimated = on_ganache.estimate_gas(fields)
    receipt = acting.send("meter", call)
    assert acting.reads.rejected(receipt.logs) == []
    assert receipt.gas_used is not None
    assert estimated < receipt.gas_used <= call.gas


def test_metering_waits_for_nothing_on_ganache(on_ganache: Chain, journal: Journal) -> None:
    acting = Acting(region_on(on_ganache, journal, next(_generations)), journal)
    consent = paper_consent(acting, "1", uses=1)
    at = later_than_the_last_block(on_ganache)
    outbox = acting.region.outbox(dev_signer(0, on_ganache), journal)
    (found,) = meter(acting.region, outbox, [delivered_later(acting, consent, "1", at)])
    assert (found.finding, found.metered) == (Finding.FITS, True)


def test_a_key_is_declared_compromised_as_of_now(on_ganache: Chain, journal: Journal) -> None:
    """The contract accepts no time that its block has not reached, and the estimate's block has not reached this."""
    acting = Acting(region_on(on_ganache, journal, next(_generations)), journal)
    at = later_than_the_last_block(on_ganache)
    outbox = acting.region.outbox(dev_signer(0, on_ganache), journal)
    assert declare_stolen(acting.region, outbox, BANK, [(at, 0)]).node.compromised_since == at


def test_what_metering_takes_at_worst(chain: Chain, journal: Journal) -> None:
    """The most expensive case: each delivery has its own unused consent, so every slot is written first here."""
    acting = Acting(region_on(chain, journal, next(_generations)), journal)
    for count in (1, 4):
        consents = [paper_consent(acting, f"{count} {number}", uses=1) for number in range(count)]
        call = acting.calls.meter([acting.delivery(each, f"{count} {each.hex()}") for each in consents])
        receipt = acting.send(f"meter {count}", call)
        assert receipt.gas_used is not None
        assert receipt.gas_used <= call.gas <= 3 * receipt.gas_used


def test_a_local_chain_keeps_up_with_the_clock(chain: Chain) -> None:
    later = later_than_the_last_block(chain)
    await_time(chain, later)
    assert chain.head().time >= later
    assert now(chain) >= later
