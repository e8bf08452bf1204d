"""The whole exchange over files: consent, request, delivery, metering, evidence, revocation; and every refusal."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from commands import Answer
from consent_world import (
    ANYBODY,
    BANK,
    NUMBER,
    OTHER_BANK,
    PLATFORM,
    REPORT,
    SOURCE,
    World,
    make_consent_world,
    world_at,
)
from region_world import Place, pass_time
from worlds import Kept

from creditchain.catalogue.products import load_product
from creditchain.chain.clock import now
from creditchain.chain.consents import ConsentReads
from creditchain.chain.signers import dev_signer
from creditchain.documents import Domain, domain_mask
from creditchain.hashing import keccak256
from creditchain.index.opening import region_log
from creditchain.index.queries import granted
from creditchain.merkle import verify_inclusion
from creditchain.messages import NO_DIGEST, DeliveryReceipt, QueryRequest, subject_digest
from creditchain.packages.consent_file import parse_consent
from creditchain.packages.parts import parse_statement
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile, parse_request
from creditchain.products import Purpose

#: Far enough from those that a home gives out here, and near enough to be taken.
NONCES = itertools.count(1000)


@dataclass
class Exchange:
    """A world with a prepared report."""

    world: World
    report: Path

    def ask(self, consent: Path | None, *words: str, bank: int = BANK) -> Answer:
        """`query request`, which writes its file or nothing at all."""
        out, reasons = self.world.path("request.json"), self.reasons()
        named = ("--consent", str(consent)) if consent is not None else ()
        answer = self.world.commands(
            *("query", "request", "--institution", str(bank), "--provider", str(PLATFORM), "--product", REPORT),
            *("--tag-statement", str(self.world.folder / "statement.json"), "--staff", "信贷员 07", *named),
            *("--signer", f"dev:{bank}", "-o", str(out), *words),
        )
        assert (answer.code == 0) == out.exists() == (self.reasons() == reasons + 1)
        return answer

    def reasons(self) -> int:
        """How many texts the home keeps."""
        return len([path for path in (self.world.folder / "home").rglob("reasons/*") if path.is_file()])

    def request(self, consent: Path | None, *words: str, bank: int = BANK) -> Path:
        answer = self.ask(consent, *words, bank=bank)
        assert answer.code == 0, answer.error
        return Path(answer.value["written"])

    def unchecked(self, consent: Path | None, bank: int = BANK, **changes: Any) -> Path:
        """A request signed by software that does not ask the chain first."""
        agreed = None if consent is None else parse_consent(consent.read_bytes())
        statement = parse_statement((self.world.folder / "statement.json").read_bytes())
        salt, product, out = keccak256(b"salt"), load_product(REPORT), self.world.path("unchecked.json")
        with self.world.region() as region:
            time = now(region.chain)
            values: dict[str, Any] = {
                "institution": bank,
                "provider": PLATFORM,
                "consent": NO_DIGEST if agreed is None else agreed.message.id,
                "subject": subject_digest(statement.subject_tag, salt),
                "product": product.digest,
                "sections": 0b110,
                "domains": domain_mask(product.combined_domains) & (agreed.message.domains if agreed else ~0),
                "purpose": Purpose.LOAN_APPLICATION,
                "staff": keccak256(b"somebody"),
                "issued_at": time,
                "deadline": time + 3600,
                "nonce": next(NONCES),
            }
            message = QueryRequest(ConsentReads(region).domain, **values | changes)
            signature = dev_signer(bank, region.chain).sign_typed(message.typed_data())
        packaged = None if agreed is None else agreed.packaged
        out.write_bytes(RequestFile(message, signature, statement.subject, salt, packaged).to_json())
        return out

    def deliver(self, request: Path, *words: str, report: Path | None = None, key: int = PLATFORM) -> Answer:
        out = self.world.path("delivered.json")
        answer = self.world.commands(
            *("query", "deliver", str(request), "--report", str(report or self.report)),
            *("--signer", f"dev:{key}", "-o", str(out), *words),
        )
        assert (answer.code == 0) == out.exists()
        return answer

    def delivered(self, consent: Path, *words: str) -> Path:
        answer = self.deliver(self.request(consent, *words))
        assert answer.code == 0, answer.error
        return Path(answer.value["written"])

    def meter(self, *packages: Path) -> Answer:
        return self.world.commands("query", "meter", *map(str, packages), "--signer", f"dev:{PLATFORM}")

    def evidence(self, query: Path | str) -> Answer:
        return self.world.commands("query", "evidence", str(query))

    def used(self, consent: Path) -> int:
        found: int = self.world.commands.done("consent", "show", str(consent))["used"]
        return found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Kept, str]:
    """The world, and the name of the report in its folder."""
    place = Place("embedded", tmp_path_factory.mktemp("queries"))
    make_consent_world(place)
    with world_at(place, "kept-") as world:
        return Kept(place), world.publish().name


@pytest.fixture
def exchange(kept: tuple[Kept, str], tmp_path: Path) -> Iterator[Exchange]:
    place, report = kept
    with world_at(place.fresh(tmp_path / "world")) as world:
        yield Exchange(world, world.folder / report)


def test_from_consent_to_evidence_to_revocation(exchange: Exchange) -> None:
    consent = exchange.world.granted()
    package = exchange.delivered(consent)
    promised = exchange.evidence(package)
    assert (promised.code, promised.value["state"].split()[0]) == (3, "promised")
    metered = exchange.meter(package)
    assert (metered.code, [one["finding"] for one in metered.value]) == (0, ["fits"])
    assert exchange.meter(package).value == metered.value
    assert exchange.used(consent) == 1

    proof = exchange.evidence(package)
    assert proof.code == 0
    assert exchange.evidence(proof.value["request"]).value["entry"] == proof.value["entry"]
    entry = proof.value["entry"]
    path = [bytes.fromhex(one[2:]) for one in entry["proof"]]
    assert verify_inclusion(
        bytes.fromhex(entry["hash"][2:]), entry["index"], entry["size"], path, bytes.fromhex(entry["root"][2:])
    )
    policy = exchange.world.folder / "policy.toml"
    policy.write_text(f'format = "creditchain/policy@1"\ninstitution = {BANK}\n[completeness]\nlag_seconds = 0\n')
    verified = exchange.world.commands("verify", str(package), "--policy", str(policy))
    assert (verified.code, verified.value[0]["verdict"]) == (0, "valid")

    again = exchange.delivered(consent)
    assert exchange.meter(again).code == 0
    for answer in (exchange.ask(consent), exchange.deliver(exchange.unchecked(consent))):
        refuses(answer, "ConsentExhaustedError", "fewer than 2 deliveries", "2")

    other = exchange.world.granted()
    late = exchange.delivered(other)
    pass_time(exchange.world.place, 5)
    exchange.world.commands.done("consent", "revoke", str(other), "--signer", f"dev:{PLATFORM}")
    for answer in (exchange.ask(other), exchange.deliver(exchange.unchecked(other))):
        refuses(answer, "ConsentRevokedError", "a consent that is not revoked")
    # Delivered before the revocation, metered after it: the ledger judges as of the delivery.
    assert [one["finding"] for one in exchange.meter(late).value] == ["fits"]


def refuses(answer: Answer, kind: str, expected: str, found: str | None = None) -> None:
    assert (answer.code, answer.error["kind"]) == (5, kind), answer.error
    assert answer.error["expected"] == expected
    assert found is None or answer.error["found"] == found
    assert NUMBER not in json.dumps(answer.error)


def test_requests_outside_the_consent(exchange: Exchange) -> None:
    consent = exchange.world.granted()
    cases: tuple[tuple[Path | None, tuple[str, ...], int, dict[str, Any], tuple[str, str, str]], ...] = (
        (consent, (), OTHER_BANK, {}, ("ConsentInstitutionError", "node 4", "node 5")),
        (
            *(consent, ("--purpose", "credit_line"), BANK, {"purpose": Purpose.CREDIT_LINE}),
            ("ConsentPurposeError", "loan_application", "credit_line"),
        ),
        (
            *(consent, ("--sections", "basic,warning"), BANK, {"sections": 0b10010}),
            ("ConsentSectionsError", "sections among basic, operating", "basic, warning"),
        ),
        (
            *(consent, ("--domains", "registry,judicial"), BANK),
            {"domains": domain_mask([Domain.REGISTRY, Domain.JUDICIAL])},
            ("ConsentDomainsError", "domains among registry, power, tax", "registry, judicial"),
        ),
        (
            *(None, ("--number", NUMBER, "--purpose", "loan_application"), BANK, {}),
            ("ConsentUnknownError", "domains among none", "registry, power, tax"),
        ),
    )
    for agreed, words, bank, changes, error in cases:
        refuses(exchange.ask(agreed, *words, bank=bank), *error)
        refuses(exchange.deliver(exchange.unchecked(agreed, bank, **changes)), *error)
    assert exchange.used(consent) == 0


def test_nodes_and_products_that_cannot_take_part(exchange: Exchange) -> None:
    consent = exchange.world.granted()
    stranger = exchange.ask(consent, "--provider", str(SOURCE))
    assert (stranger.error["kind"], stranger.error["place"]["field"]) == ("TermsError", "provider")
    assert exchange.ask(consent, "--signer", f"dev:{OTHER_BANK}").error["found"] == f"a key of node {OTHER_BANK}"
    records = exchange.ask(consent, "--product", "registry-basic/1")
    assert (records.code, records.error["kind"]) == (5, "ProductMismatchError")


def test_a_consent_that_is_not_granted_not_yet_valid_or_over(exchange: Exchange) -> None:
    file = exchange.world.request()
    for answer in (exchange.ask(file), exchange.deliver(exchange.unchecked(file))):
        refuses(answer, "ConsentUnknownError", "a consent that was granted")
    later = exchange.world.granted(begins_in=2)
    for answer in (exchange.ask(later), exchange.deliver(exchange.unchecked(later))):
        assert (answer.code, answer.error["kind"]) == (5, "ConsentNotYetValidError")
        assert answer.error["expected"].startswith("from 20")
    short = exchange.world.granted(valid_days=1)
    pass_time(exchange.world.place, 86_400 + 60)
    for answer in (exchange.ask(short), exchange.deliver(exchange.unchecked(short))):
        assert (answer.code, answer.error["kind"]) == (5, "ConsentExpiredError")
        assert answer.error["expected"].startswith("until 20")


def test_requests_that_are_late_replayed_or_not_signed(exchange: Exchange) -> None:
    consent = exchange.world.granted()
    late = exchange.request(consent, "--deadline", "1")
    request = exchange.request(consent)
    file = parse_request(request.read_bytes())
    forged, early = exchange.world.path("forged.json"), exchange.world.path("early.json")
    forged.write_bytes(replace(file, request=replace(file.request, deadline=file.request.deadline + 1)).to_json())
    with exchange.world.region() as region:
        dated = replace(file.request, issued_at=file.request.issued_at + 500)
        signature = dev_signer(BANK, region.chain).sign_typed(dated.typed_data())
    early.write_bytes(replace(file, request=dated, signature=signature).to_json())
    answer = exchange.deliver(early)
    assert (answer.code, answer.error["kind"]) == (5, "RequestNotIssuedError")
    answer = exchange.deliver(forged)
    assert (answer.code, answer.error["kind"]) == (5, "RequestSignatureError")
    pass_time(exchange.world.place, 90)
    answer = exchange.deliver(late)
    assert (answer.code, answer.error["kind"]) == (5, "RequestExpiredError")
    first = exchange.deliver(request)
    assert exchange.meter(Path(first.value["written"])).code == 0
    answer = exchange.deliver(request)
    assert (answer.code, answer.error["kind"]) == (5, "RequestReplayedError")
    answer = exchange.deliver(exchange.request(consent), key=SOURCE)
    assert (answer.code, answer.error["kind"]) == (5, "NotEntitledError")
    assert exchange.used(consent) == 1


def test_a_report_that_does_not_fit_the_request(exchange: Exchange) -> None:
    consent = exchange.world.granted(domains="registry", sections="basic")
    answer = exchange.deliver(exchange.request(consent))
    assert (answer.code, answer.error["kind"]) == (5, "ReportUnfitError")
    assert answer.error["place"] == {"field": "step 7"}
    less = exchange.world.assembled("--sections", "basic", "--domains", "registry")
    assert exchange.deliver(exchange.request(consent), report=less).code == 0
    other = exchange.request(exchange.world.granted(), "--product", "risk-report/1")
    refuses(exchange.deliver(other), "ProductMismatchError", "risk-report/1", REPORT)
    wrong = exchange.world.granted(purpose="self_query")
    answer = exchange.deliver(exchange.request(wrong, "--product", "risk-report/1"))
    assert answer.error["kind"] == "ProductMismatchError"
    stranger = replace(parse_request(exchange.request(exchange.world.granted()).read_bytes()), subject_salt=bytes(32))
    path = exchange.world.path("stranger.json")
    path.write_bytes(stranger.to_json())
    assert exchange.deliver(path).error["kind"] == "SubjectError"


def test_one_bad_delivery_does_not_sink_the_others(exchange: Exchange) -> None:
    consent = exchange.world.granted()
    good, bad, last = (exchange.delivered(consent) for _ in range(3))
    over = exchange.delivered(consent)
    package = parse_report_package(bad.read_bytes())
    assert package.delivery is not None
    wrong = replace(package.delivery.request, purpose=4)
    with exchange.world.region() as region:
        bank, platform = dev_signer(BANK, region.chain), dev_signer(PLATFORM, region.chain)
        receipt = package.delivery.receipt
        promised = DeliveryReceipt(wrong.domain, wrong.id, receipt.report, receipt.delivered_at, receipt.meter_by)
        delivery = replace(
            package.delivery,
            request=wrong,
            receipt=promised,
            request_signature=bank.sign_typed(wrong.typed_data()),
            receipt_signature=platform.sign_typed(promised.typed_data()),
        )
    bad.write_bytes(replace(package, delivery=delivery).to_json())
    answer = exchange.meter(good, bad, last, over)
    assert answer.code == 5
    assert [one["finding"] for one in answer.value] == ["fits", "consent_purpose", "fits", "overdrawn"]
    assert (answer.value[1]["expected"], answer.value[1]["found"]) == ("loan_application", "credit_line")
    assert len({one["entry"] for one in answer.value if one["metered"]}) == 1
    assert exchange.used(consent) == 2
    assert exchange.meter(bad).code == 5
    pass_time(exchange.world.place, 1900)
    exchange.world.commands.done("consent", "revoke", str(consent), "--signer", f"dev:{PLATFORM}")
    overdue = exchange.evidence(bad)
    assert (overdue.code, overdue.value["state"].split()[0]) == (1, "overdue")


@pytest.mark.parametrize("what", ["[]", "{}", "{", '{"format": "creditchain/consent@1"}'])
def test_files_that_are_none(exchange: Exchange, what: str) -> None:
    bad = exchange.world.path("bad.json")
    bad.write_text(what)
    for words in (
        ("consent", "grant", str(bad), "--mnemonic", "env:ENTERPRISE"),
        ("consent", "relay", str(bad), "--signer", f"dev:{ANYBODY}"),
        ("query", "deliver", str(bad), "--report", str(exchange.report), "-o", str(bad) + ".out", "--signer", "dev:2"),
        ("query", "meter", str(bad), "--signer", "dev:2"),
        ("query", "evidence", str(bad)),
    ):
        answer = exchange.world.commands(*words)
        assert answer.code == 4, (words, answer.error)
        assert answer.error["place"]["file"] == str(bad)
    assert bad.read_text() == what


def test_loans_of_a_month(exchange: Exchange, tmp_path: Path) -> None:
    consent = exchange.world.granted()
    package = exchange.delivered(consent)
    request = exchange.meter(package).value[0]["request"]
    listed = tmp_path / "queries.txt"
    listed.write_text(f"{request}\n")

    def report(month: int, *words: str, bank: int = BANK) -> Answer:
        values: dict[str, Any] = {"institution": bank, "month": month, "count": 2, "amount-fen": 50_000_000}
        options = [word for name, value in values.items() for word in (f"--{name}", str(value))]
        return exchange.world.commands("loans", "report", *options, "--signer", f"dev:{bank}", *words)

    first = report(202401, "--queries", str(listed))
    assert (first.code, first.value["reports"], first.value["queries"]) == (0, 1, 1)
    assert report(202401).error["kind"] == "TermsError"
    assert report(202401, "--correct", "--count", "1").value["count"] == 1
    assert report(202402, "--correct").error["kind"] == "TermsError"
    kept = sorted((exchange.world.folder / "home").rglob("loans/*"))
    for month in (202413, 299901, 196912):
        assert report(month).error["place"]["field"] == "month"
    assert report(202405, "--count", "0").error["place"]["field"] == "amount"
    assert report(202405, "--signer", f"dev:{OTHER_BANK}").error["found"] == f"a key of node {OTHER_BANK}"
    assert report(202405, bank=PLATFORM).error["place"]["field"] == "institution"
    assert sorted((exchange.world.folder / "home").rglob("loans/*")) == kept
    stolen = report(202403, "--queries", str(listed), bank=OTHER_BANK)
    assert (stolen.code, stolen.error["expected"]) == (4, "a metered query of node 5")
    listed.write_text(f"{request}\n{request}\n")
    assert report(202404, "--queries", str(listed)).error["place"]["line"] == 2
    shown = exchange.world.commands.done("loans", "show", "--institution", str(BANK), "--month", "202401")
    assert (shown["reports"], shown["amount_fen"]) == (2, 50_000_000)


def test_nothing_on_chain_links_two_consents_of_one_enterprise(exchange: Exchange) -> None:
    for bank in (BANK, OTHER_BANK):
        exchange.world.granted(institution=bank)
    with exchange.world.region() as region:
        mine, theirs = [one.consent for one in granted(region_log(region))][-2:]
    names = ("key", "subject", "notice", "id")
    values = [{getattr(one, name) for name in names} for one in (mine, theirs)]
    assert len(values[0]) == len(values[1]) == 4
    assert not values[0] & values[1]
