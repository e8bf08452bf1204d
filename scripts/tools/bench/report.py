"""A five-part report of some 60 records: what its package weighs, how fast it is assembled and verified, how it grows.

Nineteen publishers, three years of daily batches of 22 products, a log of ten million entries. Times are judged as
ratios to work of the same kind, measured in the same run: hashing as many leaves and proofs, parsing as much JSON and
recovering as many signatures.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from pypdf import PdfReader

from creditchain.acts.reporting import Wanted, assemble_from
from creditchain.catalogue.products import catalogue
from creditchain.checkpoints.facts import facts_digest, parse_region_facts, read_facts, region_facts_file
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.evidence.record import EvidenceFetcher
from creditchain.evidence.report import ReportEvidenceFetcher
from creditchain.hashing import keccak256
from creditchain.log.consent_cells import LIMITS_KEY, grant_key, nonce_key
from creditchain.log.entries import ConsentBody, QueriesBody
from creditchain.log.facts import Facts
from creditchain.log.query_items import QueryItem
from creditchain.log.recorded_facts import RecordedFacts
from creditchain.messages import NO_DIGEST, Consent, DeliveryReceipt, LogDomain, QueryRequest, recover, subject_digest
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.packages.report_package import ReportPackage, parse_report_package
from creditchain.products import Product
from creditchain.rendering.html import report_html
from creditchain.rendering.pdf import report_pdf
from creditchain.reports import Assembled, FolderLibrary, with_delivery
from creditchain.verification.policy import Policy
from creditchain.verification.report import judge_report, verify_report
from creditchain.verification.scope import everything
from creditchain.verification.verdict import Source, Status, Text, Verdict
from creditchain.views.report import view_of
from creditchain.vocabulary import Space
from tools.bench import Row
from tools.bench.report_facts import SignedRegion, sign
from tools.bench.report_region import (
    BOOK,
    INSTITUTION,
    KEYS,
    LOG_ID,
    ORIGIN,
    PLATFORM,
    PUBLISHERS,
    TODAY,
    Batches,
    BenchRegion,
    Shape,
    make_batches,
    make_region,
    signed,
)

REPORT = "five-part-report/1"
RUNS = 20
#: Spaces of which a region has one copy for all packages: see `region facts` in docs/format.md.
OWN = (Space.RECORD, Space.DISPUTE, Space.CONSENT, Space.PAUSE, Space.NONCE)
#: Signatures that a verification recovers: statement, request and receipt, and three of the checkpoint.
SIGNATURES = 6
DOMAIN = LogDomain(LOG_ID)


@dataclass(frozen=True)
class Case:
    """A region, and what its provider assembles from."""

    batches: Batches
    folder: Path
    products: dict[str, Product]

    def wanted(self) -> Wanted:
        """The report."""
        report = self.products[REPORT]
        return Wanted(report, self.products, self.batches.subject, everything(report))


def measure() -> list[Row]:
    """Rows of group `report`."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as name:
        folder, products = Path(name), {one.ref: one for one in catalogue(())}
        report = products[REPORT]
        case = Case(make_batches(folder, report), folder, products)
        return [*_whole(case), *_growth(case)]


def _whole(case: Case) -> list[Row]:
    """The package with a day's batches after each book, and with none; assembled and verified."""
    rows = []
    for today, most in ((True, 420), (False, 250)):
        region = make_region(case.folder, case.batches, Shape(today=today))
        with FolderLibrary(LOG_ID, [case.batches.today[0].path.parent], [region.books]) as library:
            made, seconds, beside = _assembling(case, region, library)
        package = delivered(region, made.package)
        shown, raw, shared = with_facts(region, package)
        what = f"{len(package.records)} records of {PUBLISHERS} publishers, "
        what += "a day's batches after each audited book" if today else "nothing after the audited books"
        rows.append(_weight(f"report of {what}, with signed facts", raw, most))
        rows += [_part(name, size) for name, size in _parts(raw)] if today else []
        if today:
            hashed = f"hashing what its proofs hold, {1000 * beside:.2f} ms"
            rows.append(at_most("… assembled, warm", seconds, hashed, seconds / beside, 60, 0.05))
            rows += _verifying(case, shown, raw, shared)
            rows += _showing(case, shown, raw, shared)
    return rows


def _assembling(case: Case, region: BenchRegion, library: FolderLibrary) -> tuple[Assembled, float, float]:
    """The package, seconds of processor time to assemble it, and to hash each hash in it once."""
    wanted, salt = case.wanted(), keccak256(b"salt of the report")

    def assembled() -> Assembled:
        return assemble_from(fetcher(region.facts), wanted, library, region.tags, salt)

    made = assembled()
    hashes = sum(len(one.proof.proof) + len(one.proof.leaves) for one in made.package.ranges)
    hashes += len(made.package.records)

    def hashing() -> None:
        for _ in range(hashes):
            keccak256(bytes(65))

    return made, seconds_of(assembled), seconds_of(hashing)


def fetcher(facts: Facts) -> EvidenceFetcher:
    """Evidence from these facts, which count as new."""
    return EvidenceFetcher(ORIGIN, facts, lambda: Source(facts.basis, 0, facts.block, Text("the benchmark", "基准")))


def delivered(region: BenchRegion, package: ReportPackage) -> ReportPackage:
    """The package as the institution gets it; metered."""
    facts, subject = region.facts, region.tags[1].subject_tag
    sections, domains = 0b111110, 2**16 - 1
    consent = Consent(
        domain=DOMAIN, log=LOG_ID, institution=INSTITUTION, platform=PLATFORM, key="0x" + "77" * 20,
        subject=subject_digest(subject, keccak256(b"1")), sections=sections, domains=domains, purpose=1,
        data_from=1900_01_01, data_to=2099_12_31, not_before=TODAY - 90, not_after=TODAY + 90 * 86_400, uses=3,
        keep_days=90, notice=keccak256(b"notice"), paper=NO_DIGEST, deadline=TODAY + 86_400,
    )  # fmt: skip
    value = INSTITUTION | 1 << 24 | sections << 32 | domains << 39 | (TODAY - 90) << 63
    value |= consent.not_after << 95 | consent.uses << 127 | 1 << 184
    facts.time = TODAY - 90
    facts.append(ConsentBody.of(consent), {grant_key(consent.id): value, LIMITS_KEY: 1})
    request = QueryRequest(
        domain=DOMAIN, institution=INSTITUTION, provider=PLATFORM, consent=consent.id,
        subject=subject_digest(subject, keccak256(b"2")), product=catalogued(REPORT).digest, sections=sections,
        domains=domains, purpose=1, staff=keccak256(b"staff"), issued_at=TODAY - 30, deadline=TODAY + 300, nonce=7,
    )  # fmt: skip
    receipt = DeliveryReceipt(DOMAIN, request.id, package.report.commitment, TODAY, TODAY + 1800)
    item = QueryItem(
        INSTITUTION, PLATFORM, 0, request.nonce, domains, TODAY, 1800, sections, 1, 0, request.id,
        receipt.struct_hash(), receipt.report, request.consent, request.product, request.terms,
    )  # fmt: skip
    facts.time = TODAY + 60
    facts.append(QueriesBody((item,)), {nonce_key(INSTITUTION, PLATFORM, 7): 1 << 7})
    delivery = PackagedDelivery(
        request, keccak256(b"2"), signed(request, KEYS[INSTITUTION]), receipt, signed(receipt, KEYS[PLATFORM])
    )
    return with_delivery(package, delivery, PackagedConsent(consent, keccak256(b"1")))


def catalogued(ref: str) -> Product:
    """A product that ships with the package."""
    return next(one for one in catalogue(()) if one.ref == ref)


def with_facts(region: BenchRegion, package: ReportPackage) -> tuple[SignedRegion, bytes, bytes]:
    """The signed region, the package with its own facts, and the file that all packages share."""
    asked = RecordedFacts(region.facts)
    ReportEvidenceFetcher(fetcher(asked)).fetch(package)
    shown, own = sign(region.facts, asked.cells), {key for key in asked.cells if key[0] in OWN}
    published = {place.index for place in package.named_entries}
    of_all = [one.index for one in asked.asked if one.index in published]
    shared = region_facts_file(shown.shown([key for key in asked.cells if key not in own], of_all))
    mine = shown.shown(own, [one.index for one in asked.asked if one.index not in published], facts_digest(shared))
    return shown, replace(package, facts=mine.as_json()).to_json(), shared


def _verifying(case: Case, region: SignedRegion, raw: bytes, shared: bytes) -> list[Row]:
    """Offline, from the file's bytes to the verdict."""
    pinned = region.pinned
    kept = SignedFacts(parse_region_facts(shared), pinned)

    def verdict() -> Verdict:
        package = parse_report_package(raw)
        if package.facts is None:
            raise AssertionError("the package carries no facts")
        facts = SignedFacts(read_facts(package.facts), pinned, kept)
        evidence = ReportEvidenceFetcher(fetcher(facts)).fetch(package)
        return verify_report(package, evidence, Policy(), catalogue=case.products)

    found = verdict()
    if found.status is not Status.VALID:
        raise AssertionError([(step.number, step.outcome, step.reason.en) for step in found.steps])
    message, signature = region.checkpoint.message, region.checkpoint.signatures[0]

    def plainly(file: bytes, signatures: int) -> Callable[[], None]:
        """Parse a file, hash as often as its proofs have hashes, and recover signatures."""
        hashes = file.count(b"proof") + len(file) * 3 // 4 // 32

        def work() -> None:
            json.loads(file)
            for _ in range(hashes):
                keccak256(bytes(65))
            for _ in range(signatures):
                recover(message, signature)

        return work

    def checking() -> SignedFacts:
        return SignedFacts(parse_region_facts(shared), pinned)

    seconds, beside = seconds_of(verdict), seconds_of(plainly(raw, SIGNATURES))
    loading, loaded = seconds_of(checking), seconds_of(plainly(shared, len(region.checkpoint.signatures)))
    what = "parsing and hashing as much, recovering"
    parsed = f"{what} {SIGNATURES} signatures, {1000 * beside:.1f} ms"
    known = f"{what} {len(region.checkpoint.signatures)} signatures, {1000 * loaded:.1f} ms"
    return [
        at_most("… verified offline, parsing included", seconds, parsed, seconds / beside, 12, 0.1),
        _weight("region facts that its packages share", shared, 1000),
        at_most("… checked", loading, known, loading / loaded, 12, 0.3),
    ]


def _showing(case: Case, region: SignedRegion, raw: bytes, shared: bytes) -> list[Row]:
    """A judged report as PDF and as HTML: view, layout, the package embedded."""
    pinned = region.pinned
    package = parse_report_package(raw)
    if package.facts is None:
        raise AssertionError("the package carries no facts")
    facts = SignedFacts(read_facts(package.facts), pinned, SignedFacts(parse_region_facts(shared), pinned))
    evidence = ReportEvidenceFetcher(fetcher(facts)).fetch(package)
    judged = judge_report(package, evidence, Policy(), catalogue=case.products)
    pages = len(PdfReader(BytesIO(report_pdf(view_of(judged, raw), raw))).pages)
    what = f"… shown as PDF/A-3 in two languages, {len(package.records)} records on {pages} pages"
    return [
        _in_time(what, seconds_of(lambda: report_pdf(view_of(judged, raw), raw)), 1),
        _in_time("… shown as HTML", seconds_of(lambda: report_html(view_of(judged, raw))), 0.2),
    ]


def _in_time(what: str, seconds: float, most: float) -> Row:
    return Row("report", what, 1000 * seconds, "ms", None, None, f"≤ {most:g} s", seconds <= most)


def _parts(raw: bytes) -> list[tuple[str, int]]:
    whole = json.loads(raw)
    sizes = {
        name: len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        for name, value in whole.items()
    }
    return [(name, size) for name, size in sizes.items() if size > 1000]


def _growth(case: Case) -> list[Row]:
    """What the package weighs without facts, in regions that are older, or have more publishers or epochs."""
    rows = []
    for what, shape in (
        ("one year of batches", Shape(book=BOOK // 3)),
        ("three years", Shape()),
        ("nine years", Shape(book=3 * BOOK)),
        ("three years, two key epochs", Shape(epochs=2)),
        ("three years, three key epochs", Shape(epochs=3)),
        ("three years, 38 publishers", Shape(publishers=2 * PUBLISHERS)),
        ("three years, 76 publishers", Shape(publishers=4 * PUBLISHERS)),
    ):
        region = make_region(case.folder, case.batches, shape)
        with FolderLibrary(LOG_ID, [case.batches.today[0].path.parent], [region.books]) as library:
            made = assemble_from(fetcher(region.facts), case.wanted(), library, region.tags, keccak256(b"salt"))
        size = len(made.package.to_json()) / 1000
        rows.append(Row("report", f"the same report without facts: {what}", size, "KB"))
    return rows


def _weight(what: str, raw: bytes, most: float) -> Row:
    return Row("report", what, len(raw) / 1000, "KB", None, None, f"≤ {most:g} KB", len(raw) <= 1000 * most)


def _part(name: str, size: int) -> Row:
    return Row("report", f"… of which `{name}`", size / 1000, "KB")


def at_most(what: str, seconds: float, beside: str, ratio: float, most: float, goal: float) -> Row:
    """A row of a time that is judged by its ratio."""
    target = f"≤ {most:g} × (≤ {goal:g} s)"
    return Row("report", what, 1000 * seconds, "ms", beside, ratio, target, ratio <= most)


def seconds_of(action: Callable[[], object]) -> float:
    """Median seconds of processor time."""
    action()
    taken = []
    for _ in range(RUNS):
        start = time.process_time()
        action()
        taken.append(time.process_time() - start)
    return statistics.median(taken)
