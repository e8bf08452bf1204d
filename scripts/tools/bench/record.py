"""One record with its facts: what its package weighs, and how long it takes to verify it without an endpoint.

The region is that of the report's benchmark: ten million entries and ten million cells. Times are judged as ratios to
parsing the same file, hashing as often as its proofs have hashes, and recovering as many signatures.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from creditchain.batch.folder.opened import open_batch
from creditchain.batch.folder.packages import package_of
from creditchain.catalogue.products import catalogue
from creditchain.checkpoints.facts import facts_digest, parse_region_facts, read_facts, region_facts_file
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.hashing import keccak256
from creditchain.log.entries import AnchorBody
from creditchain.log.recorded_facts import RecordedFacts
from creditchain.messages import recover
from creditchain.packages.record_package import RecordPackage, parse_package
from creditchain.products import Product
from creditchain.verification.steps import verify_record
from creditchain.verification.verdict import Status, Verdict
from tools.bench import Row
from tools.bench.report import OWN, REPORT, at_most, fetcher, seconds_of
from tools.bench.report_facts import SignedRegion, sign
from tools.bench.report_region import BenchRegion, Shape, make_batches, make_region

#: Of the tag statement, and three of the checkpoint.
SIGNATURES = 4


def measure() -> list[Row]:
    """Rows of group `report`."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")) as name:
        folder, products = Path(name), {one.ref: one for one in catalogue(())}
        batches = make_batches(folder, products[REPORT])
        region = make_region(folder, batches, Shape())
        for batch in batches.today:
            with open_batch(batch.path) as opened:
                found = opened.find(region.tags[1].subject_tag)
                if not found:
                    continue
                entry = next(
                    one
                    for one in region.facts.log.values()
                    if isinstance(one.body, AnchorBody) and one.body.root == batch.root
                )
                place = (entry.index, entry.block)
                package = package_of(opened, found[0], batches.subject, place, region.tags[1].statement)
            return _rows(region, package, products)
    raise AssertionError("no batch of today is about the enterprise")


def _rows(region: BenchRegion, package: RecordPackage, products: dict[str, Product]) -> list[Row]:
    asked = RecordedFacts(region.facts)
    fetcher(asked).fetch(package)
    signed, entries = sign(region.facts, asked.cells), [one.index for one in asked.asked]
    own = {key for key in asked.cells if key[0] in OWN}
    shared = region_facts_file(signed.shown([key for key in asked.cells if key not in own], []))
    alone = replace(package, facts=signed.shown(asked.cells, entries).as_json()).to_json()
    small = replace(package, facts=signed.shown(own, entries, facts_digest(shared)).as_json()).to_json()
    kept = SignedFacts(parse_region_facts(shared), signed.pinned)
    return [
        Row("report", "one record, without facts", len(package.to_json()) / 1000, "KB"),
        *_measured("one record with all its facts", signed, alone, None, products),
        *_measured("one record, its region's facts in a file", signed, small, kept, products),
    ]


def _measured(
    what: str, signed: SignedRegion, raw: bytes, kept: SignedFacts | None, products: dict[str, Product]
) -> list[Row]:
    def verdict() -> Verdict:
        package = parse_package(raw)
        if package.facts is None:
            raise AssertionError("the package carries no facts")
        facts = SignedFacts(read_facts(package.facts), signed.pinned, kept)
        return verify_record(package, fetcher(facts).fetch(package), catalogue=products)

    found = verdict()
    if found.status is not Status.VALID:
        raise AssertionError([(step.number, step.outcome, step.reason.en) for step in found.steps])
    taken, beside = seconds_of(verdict), seconds_of(_plainly(signed, raw))
    said = f"parsing and hashing as much, recovering {SIGNATURES} signatures, {1000 * beside:.2f} ms"
    size = Row("report", what, len(raw) / 1000, "KB", None, None, "≤ 20 KB", len(raw) <= 20_000)
    return [size, at_most("… verified offline, parsing included", taken, said, taken / beside, 6, 0.005)]


def _plainly(signed: SignedRegion, raw: bytes) -> Callable[[], None]:
    message, signature = signed.checkpoint.message, signed.checkpoint.signatures[0]
    facts = json.loads(raw)["facts"]
    proofs = len(facts["cells_proof"]) + len(facts["entries_proof"])
    hashes = proofs * 3 // 4 // 32 + len(facts["cells"]) + len(facts["entries"])

    def work() -> None:
        json.loads(raw)
        for _ in range(hashes):
            keccak256(bytes(65))
        for _ in range(SIGNATURES):
            recover(message, signature)

    return work
