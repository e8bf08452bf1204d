"""A market whose platform serves an exchange, and a bank that asks there."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from exchanges import PATIENCE, Exchange, exchange, signed_in
from region_world import PLATFORM, TAG_KEY, Place, region_of
from report_market import BANK, DOMAINS, PRODUCT, Market, opened, prepare
from worlds import Kept, kept_region

from creditchain.catalogue.products import load_product
from creditchain.chain.consents import ConsentReads
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer, dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.messages import QueryRequest, subject_digest
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import Deliveries, DeliveryState


@dataclass(frozen=True)
class World:
    """A market, and the exchange of its platform."""

    market: Market
    region: Region
    exchange: Exchange
    client: httpx.Client

    def key(self, number: int) -> Signer:
        return dev_signer(number, self.region.chain)

    def bank(self) -> httpx.Client:
        """The client, signed in as the bank."""
        return signed_in(self.client, self.key(BANK), BANK)

    def request(self, consent: PackagedConsent, **changes: Any) -> RequestFile:
        """A request of the bank under a consent, signed."""
        subject, salt, now = parse_uscc(self.market.number), secrets.token_bytes(32), self.region.chain.head().time
        reads = ConsentReads(self.region)
        message = QueryRequest(
            domain=reads.domain,
            institution=BANK,
            provider=PLATFORM,
            consent=consent.message.id,
            subject=subject_digest(subject_tag(TAG_KEY, subject), salt),
            product=load_product(PRODUCT).digest,
            sections=0b110,
            domains=DOMAINS,
            purpose=1,
            staff=keccak256(b"staff"),
            issued_at=now,
            deadline=now + 3600,
            nonce=reads.next_nonce(BANK, PLATFORM),
        )
        message = replace(message, **changes)
        return RequestFile(message, self.key(BANK).sign_typed(message.typed_data()), subject, salt, consent)

    def deliveries(self) -> dict[DeliveryState, int]:
        with open_journal(self.market.place.folder / "home" / "journal.sqlite") as journal:
            return Deliveries(journal, self.region.deployment.log_id).counts(PLATFORM)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, as long as the exchange runs."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert self.exchange.process.poll() is None, self.exchange.log.read_text()
            assert time.monotonic() < end, self.exchange.log.read_text()
            time.sleep(0.05)


@contextmanager
def kept_market(factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A market on an Anvil of its own, for the tests of one module."""
    with kept_region("anvil", factory.mktemp("market"), prepare) as made:
        yield made


@contextmanager
def exchange_world(place: Place, *words: str, meter_after: int = 0) -> Iterator[World]:
    """The exchange of a place where a market was prepared; deliveries are metered after so many seconds.

    `words`: more of its command line.
    """
    with (
        region_of(place) as region,
        exchange(place, PLATFORM, "--meter-after", str(meter_after), *words) as running,
        running.client() as client,
    ):
        yield World(opened(place), region, running, client)
