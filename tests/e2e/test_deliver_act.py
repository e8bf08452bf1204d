"""A delivery without a command line: the provider signs only what it has verified, and nothing otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from acts_world import BANK, PLATFORM, SOURCE, SUBJECT, TAGS, ActsWorld, acts_world
from consent_world import REPORT, make_consent_world, world_at
from region_world import Place
from worlds import Kept

from creditchain.acts.delivering import deliver
from creditchain.acts.preconditions import NotEntitledError
from creditchain.acts.querying import Query, request_report
from creditchain.catalogue.products import catalogue, load_product
from creditchain.chain.signers import LocalSigner
from creditchain.consents.errors import (
    ForeignFileError,
    ProductMismatchError,
    ReportUnfitError,
    RequestSignatureError,
    SubjectError,
)
from creditchain.errors import InputError
from creditchain.messages import DeliveryReceipt, LogDomain, signed_by
from creditchain.packages.report_package import ReportPackage, parse_report_package
from creditchain.packages.request_file import RequestFile

PRODUCTS = {one.ref: one for one in catalogue()}


@dataclass
class Counting:
    """A signer that counts what it signs."""

    signer: LocalSigner
    signed: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.signer.address

    def sign_transaction(self, transaction: Mapping[str, Any]) -> bytes:
        return self.signer.sign_transaction(transaction)

    def sign_typed(self, typed_data: Mapping[str, Any]) -> bytes:
        self.signed.append(typed_data)
        return self.signer.sign_typed(typed_data)


@dataclass
class Ready:
    """A world with a report about the enterprise, and a request for it."""

    world: ActsWorld
    report: ReportPackage
    request: RequestFile
    provider: Counting

    def deliver(self, **changes: Any) -> tuple[ReportPackage, DeliveryReceipt]:
        values = {"signer": self.provider, "file": self.request, "package": self.report, "products": PRODUCTS}
        return deliver(self.world.region, **{**values, "meter_within": 1800, "view_age": 120, **changes})


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, str]:
    place = Place("embedded", tmp_path_factory.mktemp("deliveries"))
    make_consent_world(place)
    with world_at(place, "kept-") as world:
        return Kept(place), world.publish().name


@pytest.fixture
def ready(kept: tuple[Kept, str], tmp_path: Path) -> Iterator[Ready]:
    place, report = kept
    with acts_world(place.fresh(tmp_path / "world")) as world:
        package = parse_report_package((world.place.folder / report).read_bytes())
        asked = Query(BANK, PLATFORM, PRODUCTS[REPORT], SUBJECT, world.granted(), None, None, None, "信贷员", 3600)
        request = request_report(world.region, world.home, world.key(BANK), asked, TAGS)
        yield Ready(world, package, request, Counting(world.key(PLATFORM)))


def test_what_is_delivered_is_signed_and_whole(ready: Ready) -> None:
    before = ready.world.state()
    package, receipt = ready.deliver()
    assert ready.world.state() == before
    assert len(ready.provider.signed) == 1
    assert package.delivery is not None
    assert signed_by(receipt, package.delivery.receipt_signature, ready.provider.address)
    assert (receipt.report, receipt.request) == (ready.report.report.commitment, ready.request.request.id)
    assert parse_report_package(package.to_json()) == package


def test_nothing_is_signed_that_is_refused(ready: Ready) -> None:
    world, request, message = ready.world, ready.request, ready.request.request
    for seconds in (-1, 3601):
        with world.refuses(InputError):
            ready.deliver(meter_within=seconds)
    stranger = Counting(world.key(SOURCE))
    with world.refuses(NotEntitledError, found=f"a key of node {SOURCE}"):
        ready.deliver(signer=stranger)
    with world.refuses(ForeignFileError):
        ready.deliver(file=replace(request, request=replace(message, domain=LogDomain(bytes(32)))))
    with world.refuses(RequestSignatureError):
        ready.deliver(file=replace(request, request=replace(message, deadline=message.deadline + 1)))
    with world.refuses(SubjectError):
        ready.deliver(file=replace(request, subject_salt=bytes(32)))
    with world.refuses(ProductMismatchError):
        ready.deliver(products={"risk-report/1": load_product("risk-report/1")})
    with world.refuses(ReportUnfitError, field="step 9"):
        ready.deliver(package=replace(ready.report, records=ready.report.records[1:]))
    assert ready.provider.signed == stranger.signed == []
