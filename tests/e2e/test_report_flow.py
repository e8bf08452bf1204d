"""A report from three batches to a verdict, on a real chain: assembled, consented to, delivered, metered, attacked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from region_world import (
    GOVERNOR,
    PLATFORM,
    REGULATOR,
    SOURCE,
    TAG_KEY,
    pass_time,
    region_of,
    send,
)
from report_market import (
    PRODUCT,
    At,
    Market,
    delivered,
    failed,
    opened,
    outcomes,
    prepare,
    publish,
    signed_now,
    without,
)
from worlds import Kept, kept_region

from creditchain.acts.reporting import Places, Vouchers, Wanted, assemble_report
from creditchain.catalogue.products import catalogue
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.region import Region
from creditchain.chain.rpc import Endpoint
from creditchain.documents import Domain, canonical_bytes, domain_mask
from creditchain.errors import NotValidError
from creditchain.evidence.record import live_evidence
from creditchain.evidence.report import ReportEvidenceFetcher, with_reads
from creditchain.home.layout import Home
from creditchain.identifiers import parse_uscc
from creditchain.log.allowance import Allowance, AskingLimits
from creditchain.log.facts import EntryPlace
from creditchain.packages.record_package import parse_statement
from creditchain.packages.report_package import Reads, parse_report_package
from creditchain.reports import AssemblyError
from creditchain.verification.doubted import doubted_audit
from creditchain.verification.evidence import Missing
from creditchain.verification.scope import everything


@pytest.fixture(scope="module", params=["embedded", "anvil"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region(request.param, tmp_path_factory.mktemp("market"), prepare) as made:
        yield made


@pytest.fixture
def market(kept: Kept, tmp_path: Path) -> Market:
    return opened(kept.fresh(tmp_path / "place"))


def test_a_figure_that_contradicts_the_records(market: Market, tmp_path: Path) -> None:
    """A provider who types one figure anew: everything else about the report is genuine, delivered and metered."""
    honest = market.assembled(tmp_path)
    value = json.loads(honest.report.content)
    assert value["data"]["name"]  # computed: nobody typed it
    computed, value["data"]["late_payments"] = value["data"]["late_payments"], 77
    forged = replace(honest, report=replace(honest.report, content=canonical_bytes(value)))
    code, found = market.verify(delivered(market, forged), tmp_path)
    assert (code, found["verdict"], failed(found)) == (1, "not valid", [11])
    said = [{"figure": "late_payments", "expected": computed, "found": 77}]
    assert found["steps"][10]["details"] == {"of": 1, "figures": said}


def test_nobody_types_what_follows_from_the_records(market: Market, tmp_path: Path) -> None:
    words = tmp_path / "typed.json"
    words.write_text('{"late_payments": 0}')
    answer = replace(market, words=words).assemble(tmp_path / "typed-report.json")
    assert answer.code == 4
    assert "late_payments is computed from the records: nobody types it" in answer.error["message"]
    assert not (tmp_path / "typed-report.json").exists()


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
    assert [number for number, outcome in outcomes(found).items() if outcome != "passed"] == [7, 8, 11]


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
        words=json.loads(market.words.read_text()),
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


def test_a_report_is_verified_without_an_endpoint(market: Market, tmp_path: Path) -> None:
    """Facts of before the delivery leave steps 7 and 8 pending; renewed after the metering, all eleven pass offline."""
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
