"""A report from three batches to a verdict, on a real chain: assembled, consented to, delivered, metered, attacked."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import Answer, Commands
from region_world import (
    GOVERNOR,
    PLATFORM,
    REGULATOR,
    SOURCE,
    TAG_KEY,
    Place,
    pass_time,
    region_of,
    send,
)
from worlds import Kept, kept_region

from creditchain.acts.checkpointing import set_signers, sign_checkpoint, signers_of
from creditchain.acts.reporting import Places, Vouchers, Wanted, assemble_report
from creditchain.catalogue.products import catalogue, load_product
from creditchain.chain.consent_calls import ConsentCalls, Delivery
from creditchain.chain.consents import ConsentReads
from creditchain.chain.region import Region
from creditchain.chain.rpc import Endpoint
from creditchain.chain.signers import dev_signer
from creditchain.checkpoints.signers import CheckpointSigner, read_signers, signers_file
from creditchain.documents import Domain, canonical_bytes, domain_mask
from creditchain.errors import NotValidError
from creditchain.evidence.record import live_evidence
from creditchain.evidence.report import ReportEvidenceFetcher, with_reads
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.log.allowance import Allowance, AskingLimits
from creditchain.log.facts import EntryPlace
from creditchain.log.views import Admission
from creditchain.messages import NO_DIGEST, Consent, DeliveryReceipt, QueryRequest, subject_digest
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.packages.record_package import parse_statement
from creditchain.packages.report_package import RangedRecord, Reads, ReportPackage, parse_report_package
from creditchain.reports import AssemblyError
from creditchain.verification.doubted import doubted_audit
from creditchain.verification.evidence import Missing
from creditchain.verification.scope import everything
from creditchain.vocabulary import Role

BANK, ENTERPRISE = 4, 9  # development keys; the bank's is its node number too
PRODUCT = "working-capital-report/1"
PRODUCTS = ("registry-basic/1", "power-usage/1", "tax-payment/1")
DOMAINS = domain_mask([Domain.REGISTRY, Domain.POWER, Domain.TAX])


@dataclass(frozen=True)
class Market:
    """A region in which the platform holds everything that a report on one enterprise needs."""

    place: Place
    commands: Commands
    number: str
    data: Path
    statement: Path

    def assemble(self, out: Path, *words: str) -> Answer:
        return self.commands(
            *("report", "assemble", "--product", PRODUCT, "--number", self.number, "--data", str(self.data)),
            *("--tag-statement", str(self.statement), "-o", str(out), *words),
        )

    def assembled(self, folder: Path) -> ReportPackage:
        out = folder / "assembled.json"
        out.unlink(missing_ok=True)  # no command replaces a file of its own accord
        answer = self.assemble(out)
        assert answer.code == 0, answer.error
        return parse_report_package(out.read_bytes())

    def verify(self, package: ReportPackage, folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
        path, policy = folder / "report.json", folder / "policy.toml"
        path.write_bytes(package.to_json())
        policy.write_text(f'format = "creditchain/policy@1"\ninstitution = {BANK}\n[completeness]\nlag_seconds = 0\n')
        answer = self.commands("verify", str(path), "--policy", str(policy), *words)
        return answer.code, answer.value[0]


class At(Commands):
    """Commands with the options of a place."""

    def __init__(self, place: Place) -> None:
        self._options = place.options


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region(request.param, tmp_path_factory.mktemp("market")) as made:
        prepare(made.place)
        made.keep()
        yield made


@pytest.fixture
def market(kept: Kept, tmp_path: Path) -> Market:
    place = kept.fresh(tmp_path / "place")
    statement = place.folder / "statement.json"
    number = json.loads(statement.read_text())["number"]
    return Market(place, At(place), number, place.folder / "figures.json", statement)


def prepare(place: Place) -> None:
    """Four batches, a statement, an issuer's figures."""
    commands, folder = At(place), place.folder
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        environment.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
        with region_of(place) as region:
            bank = Admission(
                dev_signer(BANK, region.chain).address, Role.INSTITUTION, 320100, 0, 0, 0, keccak256(b"bank")
            )
            send(place, region, GOVERNOR, "admit the bank", region.calls.admit(bank))
            send(place, region, GOVERNOR, "power too", region.calls.set_domains(SOURCE, DOMAINS))
        for ref in PRODUCTS:
            publish(commands, folder, ref, 40, 0)
        publish(commands, folder, "power-usage/1", 60, 1)
        environment.delenv("CREDITCHAIN_TAG_KEY")
        number = json.loads((folder / "registry-basic-40-0.jsonl").read_text().splitlines()[0])["subject"]["number"]
        statement = folder / "statement.json"
        commands.done(
            *("tag", "state", "--platform", str(PLATFORM), "--number", number, "--tag-key", "env:REGION_KEY"),
            *("--signer", f"dev:{PLATFORM}", "-o", str(statement)),
        )
    figures(commands, folder)


def publish(commands: Commands, folder: Path, ref: str, records: int, seed: int, *words: str) -> None:
    upload = folder / f"{ref.split('/')[0]}-{records}-{seed}.jsonl"
    commands.done("sample", "--product", ref, "--records", str(records), "-o", str(upload))
    documents = [json.loads(line) for line in upload.read_text().splitlines()]
    for place, one in enumerate(documents):  # of the last two years, whenever this runs: their retention is not over
        one["as_of"] = (date.today() - timedelta(days=30 + place * 7)).isoformat()
        one["data"]["record_id"] += str(seed)  # samples count their records from 1, and a series has each once
    upload.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents))
    words_of_all = ("--product", ref, "--node", str(SOURCE), "--signer", f"dev:{SOURCE}")
    commands.done("anchor", str(upload), *words_of_all, *words)


def figures(commands: Commands, folder: Path) -> None:
    """What an issuer derives: here a sample of it."""
    sample, data = folder / "figures.jsonl", folder / "figures.json"
    commands.done("sample", "--product", PRODUCT, "--records", "1", "-o", str(sample))
    values = json.loads(sample.read_text().splitlines()[0])["data"]
    data.write_text(json.dumps({name: value for name, value in values.items() if name not in ("hash", "records")}))


def granted(market: Market, region: Region, **changes: Any) -> PackagedConsent:
    """A consent of the enterprise for the bank, endorsed by the platform, on the chain."""
    reads, salt = ConsentReads(region), secrets.token_bytes(32)
    key, platform = dev_signer(ENTERPRISE, region.chain), dev_signer(PLATFORM, region.chain)
    now = region.chain.head().time
    message = Consent(
        domain=reads.domain,
        log=region.deployment.log_id,
        institution=BANK,
        platform=PLATFORM,
        key=key.address,
        subject=subject_digest(subject_tag(TAG_KEY, parse_uscc(market.number)), salt),
        sections=0b110,
        domains=DOMAINS,
        purpose=1,
        data_from=19000101,
        data_to=20991231,
        not_before=now,
        not_after=now + 90 * 86_400,
        uses=5,
        keep_days=365,
        notice=keccak256(b"notice"),
        paper=NO_DIGEST,
        deadline=now + 86_400,
    )
    message = replace(message, **changes)
    call = ConsentCalls(region.deployment).grant(
        message, key.sign_typed(message.typed_data()), platform.sign_typed(message.typed_data())
    )
    send(market.place, region, PLATFORM, f"grant {salt.hex()}", call)
    return PackagedConsent(message, salt)


def delivered(market: Market, package: ReportPackage, *, meter: bool = True, **changes: Any) -> ReportPackage:
    """The package with consent, request and receipt; on the ledger unless told otherwise."""
    with region_of(market.place) as region:
        consent = granted(market, region, **changes)
        bank, platform = dev_signer(BANK, region.chain), dev_signer(PLATFORM, region.chain)
        salt, now = secrets.token_bytes(32), region.chain.head().time
        domain = ConsentReads(region).domain
        request = QueryRequest(
            domain=domain,
            institution=BANK,
            provider=PLATFORM,
            consent=consent.message.id,
            subject=subject_digest(subject_tag(TAG_KEY, parse_uscc(market.number)), salt),
            product=load_product(PRODUCT).digest,
            sections=0b110,
            domains=DOMAINS,
            purpose=1,
            staff=keccak256(b"staff"),
            issued_at=now,
            deadline=now + 600,
            nonce=ConsentReads(region).next_nonce(BANK, PLATFORM),
        )
        receipt = DeliveryReceipt(domain, request.id, package.report.commitment, now, now + 1800)
        signatures = bank.sign_typed(request.typed_data()), platform.sign_typed(receipt.typed_data())
        if meter:
            call = ConsentCalls(region.deployment).meter([Delivery(request, receipt, *signatures)])
            send(market.place, region, PLATFORM, f"meter {salt.hex()}", call)
    delivery = PackagedDelivery(request, salt, signatures[0], receipt, signatures[1])
    return replace(package, consent=consent, delivery=delivery)


def without(package: ReportPackage, gone: Callable[[RangedRecord], bool]) -> ReportPackage:
    """A forgery by a provider: these records are neither shown nor named."""
    kept = [not gone(one) for one in package.records]
    value = json.loads(package.report.content)
    value["data"]["records"] = [one for one, keep in zip(value["data"]["records"], kept, strict=True) if keep]
    records = tuple(one for one, keep in zip(package.records, kept, strict=True) if keep)
    return replace(package, records=records, report=replace(package.report, content=canonical_bytes(value)))


def outcomes(found: dict[str, Any]) -> dict[int, str]:
    return {step["number"]: step["outcome"] for step in found["steps"]}


def failed(found: dict[str, Any]) -> list[int]:
    return [number for number, outcome in outcomes(found).items() if outcome == "failed"]


def test_a_report_from_batches_to_a_verdict(market: Market, tmp_path: Path) -> None:
    package = delivered(market, market.assembled(tmp_path))
    code, found = market.verify(package, tmp_path)
    assert (code, found["verdict"]) == (0, "valid"), [one for one in found["steps"] if one["outcome"] != "passed"]
    assert set(outcomes(found).values()) == {"passed"}
    details = found["steps"][8]["details"]
    assert (details["publishers"], details["batches"]) == (1, 4)
    assert details["records"] == len(package.records) > 3


def test_people_see_it_too(market: Market, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from creditchain.cli.app import run

    path = tmp_path / "undelivered.json"
    bent = market.assembled(tmp_path)
    first = replace(bent.records[0], record=replace(bent.records[0].record, salt=bytes(32)))
    path.write_bytes(replace(bent, records=(first, *bent.records[1:])).to_json())
    capfd.readouterr()
    assert run([*market.place.options, "verify", str(path)]) == 1
    shown = capfd.readouterr().out
    assert "NOT VALID" in shown
    assert "无回执" in shown
    assert "node 3, basic, 0x" in shown


def test_before_it_is_delivered_it_could_not_be_checked(market: Market, tmp_path: Path) -> None:
    code, found = market.verify(market.assembled(tmp_path), tmp_path)
    assert code == 3
    assert [number for number, outcome in outcomes(found).items() if outcome != "passed"] == [7, 8]


def test_left_out_a_record_a_section_a_batch_a_series(market: Market, tmp_path: Path) -> None:
    whole = market.assembled(tmp_path)
    last = whole.records[-1]
    assert failed(market.verify(delivered(market, without(whole, lambda one: one is last)), tmp_path)[1]) == [9]
    basic = next(at for at, one in enumerate(whole.ranges) if one.sections[0].label == "basic")
    for place in (basic, last.range):
        less = without(whole, lambda one, place=place: one.range == place)  # type: ignore[misc]
        ranges = tuple(one for at, one in enumerate(whole.ranges) if at != place)
        records = tuple(replace(one, range=one.range - (one.range > place)) for one in less.records)
        code, found = market.verify(delivered(market, replace(less, ranges=ranges, records=records)), tmp_path)
        assert (code, failed(found)) == (1, [9])


def booked(market: Market) -> int:
    """Make the book of all batches, enter it and have it audited; its log entry."""
    commands, epoch = market.commands, ("--epoch", "1")
    root = commands.done("book", "make", "--node", str(SOURCE), *epoch)["root"]
    entry = commands.done("book", "enter", root, "--signer", f"dev:{SOURCE}")["entry"]
    batches = next(path.parent.parent for path in market.place.folder.rglob("batches/*/manifest.json"))
    commands.done(
        *("audit", "attest", "--node", str(SOURCE), "--auditor", str(REGULATOR), "--signer", f"dev:{REGULATOR}"),
        *map(str, sorted(batches.iterdir())),
    )
    return int(entry)


def test_an_audited_book_takes_the_place_of_its_batches(
    market: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One range in place of four, and three exchanges with the endpoint: block, cells and entries, the metering."""
    before, book = market.assembled(tmp_path), booked(market)
    assembled = market.assembled(tmp_path)
    assert [one.place.index for one in assembled.ranges] == [book]
    assert len(assembled.records) == len(before.records)
    package = delivered(market, assembled)
    code, found = market.verify(package, tmp_path)
    assert (code, failed(found)) == (0, [])
    assert found["weaknesses"] == [one for one in found["weaknesses"] if one["kind"] == "one endpoint's word"]
    assert (found["steps"][8]["details"]["books"], found["steps"][8]["details"]["batches"]) == (1, 0)
    code, found = market.verify(
        delivered(market, without(assembled, lambda one: one is assembled.records[0])), tmp_path
    )
    assert (code, failed(found)) == (1, [9])
    with region_of(market.place) as region:
        made = with_reads(live_evidence(region), package)
        with monkeypatch.context() as patched:
            exchanges = counted(patched)
            seen = ReportEvidenceFetcher(live_evidence(region)).fetch(made)
            assert len(exchanges) <= 3
    assert not isinstance(seen.shelves, Missing)
    assert not isinstance(seen.delivery.metered, Missing)


@pytest.mark.parametrize("indexed", [True, False])
def test_a_package_that_names_nothing_has_no_verifier_search_for_ever(
    market: Market, tmp_path: Path, indexed: bool
) -> None:
    """It names entry 0, so the walk from each shelf would go back to the region's beginning: four batches here."""
    assembled = market.assembled(tmp_path)
    bare = replace(assembled, records=(), ranges=(), origins=(), reads=Reads(entries=(EntryPlace(0, 0),)))
    what = "3 entries of the log" if indexed else "3 searches of all blocks"
    with region_of(market.place) as region:
        home = Home(market.place.folder / "home") if indexed else None
        asking = Region(region.chain, region.deployment, home)
        reports = ReportEvidenceFetcher(live_evidence(asking, Allowance(AskingLimits(read=3, searches=3))))
        missing = reports.fetch(bare).shelves
        assert isinstance(missing, Missing)
        assert f"would take more than {what}" in missing.why.en
        # Another package may have as much asked for again, and what is known by then costs nothing.
        known = reports.fetch(bare).shelves
        assert not isinstance(known, Missing)
        assert [len(one.anchors) for one in known.shelves] == [4]
        enough = ReportEvidenceFetcher(live_evidence(asking, Allowance(AskingLimits(read=4, searches=4))))
        assert enough.fetch(bare).shelves == known


def test_a_package_may_cost_so_many_exchanges(market: Market, tmp_path: Path) -> None:
    package = market.assembled(tmp_path)
    with region_of(market.place) as region:
        # One of cells and entries does, as the package names them; without, there are several.
        seen = ReportEvidenceFetcher(live_evidence(region, Allowance(AskingLimits(exchanges=1)))).fetch(package)
        assert not isinstance(seen.shelves, Missing)
        less = replace(package, reads=Reads())
        found = ReportEvidenceFetcher(live_evidence(region, Allowance(AskingLimits(exchanges=1)))).fetch(less)
        assert isinstance(found.members, Missing)
        assert "would take more than 1 exchanges with an endpoint" in found.members.why.en
        enough = ReportEvidenceFetcher(live_evidence(region, Allowance(AskingLimits(exchanges=9)))).fetch(less)
        assert enough.shelves == seen.shelves


def test_an_audit_by_a_stolen_key(market: Market, tmp_path: Path) -> None:
    """Declared after the delivery; live facts and signed ones say so, until the regulator audits the book anew."""
    book = booked(market)
    package = delivered(market, market.assembled(tmp_path))
    assert market.verify(package, tmp_path)[0] == 0
    pass_time(market.place, 5)
    with region_of(market.place) as region:
        flags = region.flags(book)
        assert flags.counts
        assert flags.auditor is not None
        stolen = [(flags.audited_at, flags.audited_at)]
        send(market.place, region, GOVERNOR, "stolen", region.calls.set_compromises(flags.auditor, stolen))
        assert region.flags(book).doubted
    later, shared = signed_now(market, tmp_path / "later.json"), tmp_path / "region.json"
    market.commands.done("evidence", "region", "--checkpoint", str(later), "-o", str(shared))
    pinned = ("--signers", str(tmp_path / "signers.json"), "--facts", "signed")
    for facts in ((), ("--region-facts", str(shared))):
        file = tmp_path / "carrying.json"
        file.write_bytes(package.to_json())
        market.commands.done("evidence", "refresh", str(file), "--checkpoint", str(later), *facts)
        renewed = parse_report_package(file.read_bytes())
        for code, found in (market.verify(package, tmp_path), market.verify(renewed, tmp_path, *pinned, *facts)):
            states = outcomes(found)
            assert (code, states[5], states[9]) == (3, "not verified", "not verified")
            assert doubted_audit(book).en in found["steps"][8]["reason"]["en"]
    anew = market.assembled(tmp_path)
    assert book not in {one.place.index for one in anew.ranges}
    with region_of(market.place) as region:
        records = live_evidence(region)
        anchor = records.reading.anchor(records.facts.entries([anew.ranges[0].place])[0])
    assert anchor is not None
    assert (anchor.audited, anchor.doubted_book) == (False, book)
    assert market.verify(delivered(market, anew), tmp_path)[0] == 0
    for _ in range(2):
        market.commands.done(
            *("audit", "attest", "--node", str(SOURCE), "--auditor", str(REGULATOR)),
            *("--signer", f"dev:{REGULATOR}"),
        )
    assert market.verify(package, tmp_path)[0] == 0
    assert [one.place.index for one in market.assembled(tmp_path).ranges] == [book]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What goes to endpoints from now on."""
    sent: list[Any] = []
    exchange = Endpoint._exchange

    def noted(endpoint: Endpoint, payload: Any, seconds: float) -> Any:
        sent.append(payload)
        return exchange(endpoint, payload, seconds)

    monkeypatch.setattr(Endpoint, "_exchange", noted)
    return sent


def test_a_withheld_batch_stops_the_assembly(market: Market, tmp_path: Path) -> None:
    answer = market.assemble(tmp_path / "report.json", "--batches", str(tmp_path))
    assert answer.code == 4
    assert "4 book(s) or batch(es)" in answer.error["message"]
    assert not (tmp_path / "report.json").exists()


def test_promised_then_overdue(market: Market, tmp_path: Path) -> None:
    package = delivered(market, market.assembled(tmp_path), meter=False)
    code, found = market.verify(package, tmp_path)
    assert (code, outcomes(found)[8], outcomes(found)[7]) == (3, "pending", "passed")
    pass_time(market.place, 1900)
    code, found = market.verify(package, tmp_path)
    assert (code, failed(found)) == (1, [8])


def test_a_consent_for_less(market: Market, tmp_path: Path) -> None:
    """The ledger rejects such a delivery, so it is never metered."""
    package = delivered(market, market.assembled(tmp_path), domains=domain_mask([Domain.REGISTRY]))
    code, found = market.verify(package, tmp_path)
    assert (code, failed(found)) == (1, [7])
    assert "domains" in found["steps"][6]["reason"]["en"]


def test_revoked_after_the_delivery(market: Market, tmp_path: Path) -> None:
    package = delivered(market, market.assembled(tmp_path))
    assert package.consent is not None
    pass_time(market.place, 60)
    with region_of(market.place) as region:
        call = ConsentCalls(region.deployment).revoke(package.consent.message)
        send(market.place, region, PLATFORM, "revoke", call)
    code, found = market.verify(package, tmp_path)
    assert code == 0
    assert found["steps"][6]["details"]["revoked_at"] > 0


def test_a_batch_that_came_later_is_not_missed_but_a_new_report_has_it(market: Market, tmp_path: Path) -> None:
    old = delivered(market, market.assembled(tmp_path))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        environment.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
        pass_time(market.place, 60)
        publish(market.commands, tmp_path, "tax-payment/1", 80, 1)
    assert market.verify(old, tmp_path)[0] == 0
    late = delivered(market, replace(old, consent=None, delivery=None))
    code, found = market.verify(late, tmp_path)
    assert (code, failed(found)) == (1, [9])
    assert market.verify(delivered(market, market.assembled(tmp_path)), tmp_path)[0] == 0


def test_a_service_assembles_without_the_command_line(market: Market) -> None:
    """A statement that no platform signed is noticed before a batch is opened."""
    catalogued = {one.ref: one for one in catalogue([])}
    statement = parse_statement(market.statement.read_bytes())
    wanted = Wanted(
        product=catalogued[PRODUCT],
        catalogue=catalogued,
        subject=parse_uscc(market.number),
        data=json.loads(market.data.read_text()),
        asked=everything(catalogued[PRODUCT]),
    )
    with region_of(market.place) as region:
        places = {path.parent for path in market.place.folder.rglob("manifest.json")}
        folders = sorted({path.parent for path in places})
        made = assemble_report(region, wanted, Places(folders), Vouchers(statements=[statement]))
        assert len(made.package.records) > 3
        assert made.package.tags[0].tag.statement == statement
        bent = replace(statement, signature=bytes(64) + b"\x1b")
        with pytest.raises(NotValidError):
            assemble_report(region, wanted, Places([]), Vouchers(statements=[bent]))
        with pytest.raises(AssemblyError, match="key epoch"):
            assemble_report(region, wanted, Places(folders), Vouchers())


def signed_now(market: Market, file: Path) -> Path:
    """A checkpoint of the newest final block, by the region's two signers; the first time, they are named."""
    with region_of(market.place) as region:
        signers = [dev_signer(number, region.chain) for number in (31, 32)]
        if read_signers(region.words) is None:
            keys = [CheckpointSigner(one.address, PLATFORM) for one in signers]
            with open_journal(market.place.folder / "home" / "journal.sqlite") as journal:
                set_signers(region, region.outbox(dev_signer(GOVERNOR, region.chain), journal), keys, 2)
        signed, home = None, Home.made(market.place.folder / "home")
        for one in signers:
            signed = sign_checkpoint(region, one, home, signed)
        pinned = signers_of(region).pinned(region.deployment.log_id)
    assert signed is not None
    file.write_bytes(signed.to_json())
    file.with_name("signers.json").write_bytes(signers_file(pinned))
    return file


def test_a_report_is_verified_without_an_endpoint(market: Market, tmp_path: Path) -> None:
    """Facts of before the delivery leave steps 7 and 8 pending; renewed after the metering, all ten pass offline."""
    early = signed_now(market, tmp_path / "early.json")
    file = tmp_path / "report.json"
    networks = tmp_path / "nowhere.toml"
    networks.write_text(f'[{market.place.network}]\nkind = "rpc"\nurl = "http://127.0.0.1:9"\n')
    offline = replace(market, commands=At(replace(market.place, networks_file=networks)))
    pinned = ("--signers", str(tmp_path / "signers.json"))

    answer = market.assemble(file, "--checkpoint", str(early))
    assert answer.code == 0, answer.error
    carrying = parse_report_package(file.read_bytes())
    pass_time(market.place, 5)
    package = delivered(market, carrying)
    code, found = offline.verify(package, tmp_path, *pinned)
    assert code == 3, [(one["number"], one["reason"]["en"]) for one in found["steps"] if one["outcome"] == "failed"]
    states = outcomes(found)
    assert (states[7], states[8]) == ("pending", "pending")
    assert {states[number] for number in (1, 2, 3, 4, 5, 6, 10)} == {"passed"}

    later = signed_now(market, tmp_path / "later.json")
    shared = tmp_path / "region.json"
    market.commands.done("evidence", "region", "--checkpoint", str(later), "-o", str(shared))
    sizes = []
    for words in ((), ("--region-facts", str(shared))):
        file.write_bytes(package.to_json())
        market.commands.done("evidence", "refresh", str(file), "--checkpoint", str(later), *words)
        renewed = parse_report_package(file.read_bytes())
        sizes.append(len(renewed.to_json()))
        code, found = offline.verify(renewed, tmp_path, *pinned, *words)
        assert (code, set(outcomes(found).values())) == (0, {"passed"}), found["steps"]
        assert found["facts"]["basis"] == "signed"
        hidden = without(renewed, lambda one: one is renewed.records[0])  # noqa: B023
        assert failed(offline.verify(hidden, tmp_path, *pinned, *words)[1])
    assert sizes[1] < sizes[0]
    trusted = ("--facts", "proven", "--checkpoint", str(later))
    code, found = market.verify(package, tmp_path, *pinned, *trusted)
    assert (code, found["facts"]["basis"]) == (0, "proven"), found["steps"]
