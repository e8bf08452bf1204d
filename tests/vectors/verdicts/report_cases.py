"""Cases of reports: what only reports have in step 2, and steps 7 to 10."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from report_world import (
    AUDITOR,
    BANK,
    CATALOGUE,
    DELIVERED,
    ENTERPRISE_KEY,
    NONCE,
    OPEN,
    OTHER_AUDITOR,
    OTHER_BANK,
    OTHERS,
    PLATFORM,
    POWER,
    REGISTRY,
    REPORT,
    SECTIONS,
    START,
    SUBJECT,
    TAG_KEYS,
    TAX,
    Region,
    Shown,
    region,
    sections_of,
    shown,
    signed,
    with_ranges,
    without,
    without_ranges,
)
from verification_world import PLATFORM_KEY

from creditchain.documents import Domain, Section, canonical_bytes, domain_mask
from creditchain.hashing import keccak256
from creditchain.identifiers import subject_tag
from creditchain.log.entries import ConsentBody
from creditchain.log.facts import EntryPlace
from creditchain.merkle import prove_range
from creditchain.messages import subject_digest
from creditchain.packages.parts import PackagedTag
from creditchain.packages.report_package import PackagedRange, Reads, ReportPackage
from creditchain.verification.days import day_of
from creditchain.verification.scope import Asked
from creditchain.vocabulary import Life, MeterFlag
from vectors.verdicts.cases import (
    POLICY,
    UNAUDITED,
    A,
    Case,
    Change,
    F,
    Json,
    N,
    P,
    bases,
    bent,
    facts_for,
    put,
    spoilt,
    term,
    upper_half,
)

World = tuple[ReportPackage, Json]
#: Ranges that are of another entry than they say, so that nothing is known of their records.
_OF_ANOTHER = ("of another node", "of another key epoch", "of an entry that is no batch")
_UNKNOWN = dict.fromkeys((2, 3, 5, 6, 10), N)
_ORIGIN = {"node": 7, "leaf": "0x" + "00" * 32, "entry": 3, "block": 103, "index": 0, "proof": ""}
Gone = Callable[[Shown], bool]
SCOPE = POLICY + "[completeness]\n"


def report_base() -> tuple[Json, Json]:
    """An honest report of ten records from five batches of three publishers."""
    package, facts = _honest()
    return package.as_json(), facts


def report_cases() -> Iterator[Case]:
    """All cases."""
    world = _honest()
    yield _case("an honest report", world, {})
    yield from _unparsed(world)
    yield from _contents()
    yield from _requests(world)
    yield from _consents(world)
    yield from _deliveries(world)
    yield from _signatures(world)
    yield from _left_out()
    yield from _superseded()
    yield from _lists()
    yield from _invented_tags()
    yield from _scopes()
    yield from _batches()
    yield from _books()
    yield from _spoiled_books()
    yield from _stolen_audits()
    yield from _lapsed()
    yield from _retention()
    yield from _figures()
    yield from _records(world)
    yield from _confirmed(world)


def _honest(here: Region | None = None, **changes: Any) -> World:
    here = here or region()
    package = here.honest(**changes)
    return package, facts_for(here, package)


def _delivered(here: Region, package: ReportPackage, consent: Json | None = None, **changes: Any) -> World:
    """The package delivered under a consent, and the chain that knows of both."""
    made = here.deliver(package, here.consents(**(consent or {})), **changes)
    return made, facts_for(here, made)


def _case(
    name: str,
    world: World,
    steps: dict[int, str],
    package: Change | None = None,
    facts: Change | None = None,
    **changes: Any,
) -> Case:
    """A case. With a delivery, step 9 builds on step 8; step 11 builds on step 9 and the report itself."""
    found = dict(steps)
    if steps.get(8) in (F, N):
        found.setdefault(9, N)
    if found.get(9) is not None:
        found.setdefault(11, P if found[9] == P else N)
    return Case(f"report: {name}", "report", bent(world[0].as_json(), package), bent(world[1], facts), found, **changes)


def _reported(package: ReportPackage, bend: Change) -> ReportPackage:
    """The package with another report document."""
    value = json.loads(package.report.content)
    bend(value)
    return replace(package, report=replace(package.report, content=canonical_bytes(value)))


def _of_day(day: str) -> Gone:
    return lambda one: f'"as_of":"{day}"'.encode() in one.record.content


def _unparsed(world: World) -> Iterator[Case]:
    """Step 1: what a report package must have once."""
    nothing = {1: F, **dict.fromkeys(range(2, 12), N)}
    changes: dict[str, Change] = {
        "a record twice": lambda value: value["records"].append(value["records"][0]),
        "a range twice": lambda value: value["ranges"].append(value["ranges"][0]),
        "two tags of one key epoch": lambda value: value["tags"].append(value["tags"][0]),
        "a record of a key epoch without a tag": lambda value: value["tags"].pop(0),
        "a member of the delivery missing": lambda value: value["delivery"].pop("receipt_signature"),
        "an empty signature": put("delivery", "request_signature", to="0x"),
        "a signature of 4097 bytes": put("delivery", "receipt_signature", to=bytes(4097)),
        "a purpose of 256": put("delivery", "request", "purpose", to=256),
        "a time of 2^40": put("delivery", "receipt", "meterBy", to=2**40),
        "opened leaves of 33 bytes": put("ranges", 0, "leaves", to="A" * 44),
        "a neighbour of 68 bytes": put("ranges", 0, "left", to=base64.b64encode(bytes(68)).decode()),
        "an empty neighbour": put("ranges", 0, "right", to=""),
        "sections that descend": put("ranges", 0, "sections", to=["operating", "basic"]),
        "a record of no range": put("records", 0, "range", to=99),
        "an origin twice": put("origins", to=[_ORIGIN, _ORIGIN]),
        "an entry to ask for without its block": put("reads", "entries", to=[[1]]),
    }
    for name, change in changes.items():
        yield _case(name, world, nothing, change, weaknesses=[])


def _contents() -> Iterator[Case]:
    """Step 2: the report itself. It is delivered as it is, so that nothing else is wrong."""
    changes: dict[str, tuple[Change, dict[int, str], list[str] | None]] = {
        "a member missing": (lambda value: value["data"].pop("hash"), {2: F, 11: N}, None),
        "a member too much": (lambda value: value["data"].update(note="x"), {2: F, 11: N}, None),
        "a figure of another shape": (lambda value: value["data"].update(months="12"), {2: F, 11: N}, None),
        "another hash": (lambda value: value["data"].update(hash="sha-256"), {2: F, 11: N}, None),
        "another section": (put("section", to="basic"), {2: F, 11: N}, None),
        "another domain": (put("domain", to="registry"), {2: F, 11: N}, None),
        "another subject": (put("subject", "number", to=OTHERS[0].number), {2: F, 11: N}, None),
        "about the day of its delivery": (put("as_of", to="2025-06-15"), {}, None),
        "about the day after its delivery": (put("as_of", to="2025-06-16"), {2: F, 11: N}, None),
        "about a day that is none": (put("as_of", to="2025-02-29"), {2: F, 7: N, 9: N, 10: N}, None),
        "a product of records": (put("product", to="registry-basic/1"), {2: F, 7: N, 9: N, 10: N}, None),
        "a product that is not known": (put("product", to="heat-report/1"), {2: N, 7: N, 9: N, 10: N}, None),
    }
    for name, (change, steps, _) in changes.items():
        here = region()
        world = _delivered(here, _reported(here.assemble().package, change))
        weak = {} if 9 not in steps else {"weaknesses": ["unaudited"]}
        yield _case(name, world, steps, **weak)
    world = _honest()
    yield _case("another number of its product", world, {2: F, 11: N}, put("report", "product", to=17))
    some = [name for name in CATALOGUE if name != "tax-payment/1"]
    yield _case("a product that it combines is not known", world, {2: N, 9: N, 10: N}, products=some)
    tag = lambda value: value["tags"][1].update(statement=None)  # noqa: E731
    yield _case("a tag that nobody vouches for", world, {2: N, 7: N, 9: N}, tag)


def _requests(world: World) -> Iterator[Case]:
    """Step 7: request and product. What changes the request changes its id: these are delivered so."""
    other_digest = keccak256(b"another subject")
    for name, changes, steps in (
        ("another subject", {"subject": other_digest}, {7: F}),
        ("another product", {"product": bytes(32)}, {7: F}),
        ("a purpose that the product does not have", {"purpose": 8}, {7: F}),
        ("fewer sections", {"sections": 1 << Section.OPERATING}, {7: F, 11: F}),
        ("fewer domains", {"domains": domain_mask([Domain.REGISTRY, Domain.POWER])}, {7: F, 11: F}),
        ("another section on top", {"sections": SECTIONS | 1 << Section.WARNING}, {7: F}),
    ):
        here = region()
        yield _case(f"a request for {name}", _delivered(here, here.assemble().package, **changes), steps)
    bank, other = (POLICY + f"institution = {number}\n" for number in (BANK, OTHER_BANK))
    yield _case("delivered to the institution of the policy", world, {}, policy=bank)
    yield _case("delivered to another institution", world, {7: F}, policy=other)
    bare = region()
    package = bare.assemble().package
    yield _case("no delivery", (package, facts_for(bare)), {7: N, 8: N, 9: "passed"})
    strict = POLICY + "require_report = [1, 2, 3, 4, 5, 6]\n"
    yield _case(
        "no delivery, and the policy does not want one", (package, facts_for(bare)), {7: N, 8: N, 9: "passed"},
        policy=strict, required=range(1, 7), weaknesses=["steps not required", "unaudited"],
    )  # fmt: skip


def _consents(world: World) -> Iterator[Case]:
    """Step 7: the consent."""
    for name, changes, steps in (
        ("for another institution", {"institution": OTHER_BANK}, {7: F}),
        ("for another purpose", {"purpose": 2}, {7: F}),
        ("for fewer sections", {"sections": 1 << Section.BASIC}, {7: F}),
        ("for fewer domains", {"domains": domain_mask([Domain.REGISTRY, Domain.POWER])}, {7: F}),
        ("without a domain that needs none", {"domains": domain_mask([Domain.POWER, Domain.TAX])}, {}),
        ("from the second of the delivery on", {"not_before": DELIVERED}, {}),
        ("from the second after the delivery on", {"not_before": DELIVERED + 1}, {7: F}),
        ("to the second of the delivery", {"not_after": DELIVERED}, {}),
        ("to the second before the delivery", {"not_after": DELIVERED - 1}, {7: F}),
        ("of another subject", {"subject": bytes(32)}, {7: F}),
        ("of another log", {"log": bytes(32)}, {7: F}),
        ("from the first record's day on", {"data_from": 2024_01_28}, {}),
        ("from the day after a record's on", {"data_from": 2024_01_29}, {7: F}),
        ("to the day before a record's", {"data_to": 2024_12_30}, {7: F}),
        ("from a day that is none", {"data_from": 2024_13_99}, {7: F}),
    ):
        here = region()
        yield _case(f"a consent {name}", _delivered(here, here.assemble().package, changes), steps)
    consent = lambda **changes: lambda facts: facts["consents"][0].update(changes)  # noqa: E731
    for name, change, steps in (
        ("revoked before the delivery", consent(revoked_at=DELIVERED - 1), {7: F}),
        ("revoked in the second of the delivery, which was metered", consent(revoked_at=DELIVERED), {}),
        ("revoked after the delivery", consent(revoked_at=DELIVERED + 1), {}),
        ("that was never granted", put("consents", to=[]), {7: F}),
        ("that is not known", put("unread", to=["consent"]), {7: N}),
    ):
        yield _case(f"a consent {name}", world, steps, None, change)
    yield _case("a consent that is not in the package", world, {7: N}, put("consent", to=None))
    granted_at = next(one for one in world[1]["log"] if one["kind"] == int(ConsentBody.KIND))["time"]

    def endorser(change: Callable[[Json], object]) -> Change:
        return lambda facts: change(next(one for one in facts["nodes"] if one["number"] == PLATFORM))

    later = [{"since": granted_at + 1, "until": 0}]
    then = [{"since": granted_at, "until": granted_at}]
    stated = "the endorsing platform's key was stolen"
    yield _case(
        f"{stated} at the grant", world, {2: N, 7: N, 9: N}, None, endorser(lambda one: one.update(compromises=then))
    )
    yield _case(f"{stated} since", world, {2: N, 7: N, 8: N}, None, endorser(lambda one: one.update(compromises=later)))
    yield from _without_consent()


def _without_consent() -> Iterator[Case]:
    """A product that needs none, for domains that need none."""
    here = region()
    yield _case("no consent for a product that needs one", _bare(here), {7: F})
    package, facts = _honest()
    yield _case(
        "domains that may be used without consent are not known",
        (package, facts),
        {7: N},
        None,
        put("unread", to=["open_domains"]),
    )


def _bare(here: Region) -> World:
    package = here.deliver(here.assemble().package, None)
    return package, facts_for(here, package)


def _deliveries(world: World) -> Iterator[Case]:
    """Step 8: what the ledger has, and when."""
    for name, at, steps in (("until meterBy", 3600, {8: P}), ("after meterBy", 3601, {8: F})):
        here = region()
        here.block_time = DELIVERED + at
        yield _case(f"not metered {name}", _honest(here, meter=False), steps)
    yield _case("metered late", _honest(flags=int(MeterFlag.LATE)), {})
    yield _case("metered so late that it is old", _honest(flags=int(MeterFlag.LATE | MeterFlag.OLD)), {8: N})
    here = region()
    first = here.honest()
    again = here.deliver(here.assemble().package, first.consent, meter=False, staff=bytes(32), nonce=NONCE)
    yield _case("the nonce was used for another request", (again, facts_for(here, again)), {8: F})
    package = world[0]
    assert package.delivery is not None
    other = replace(package.delivery.receipt, meter_by=DELIVERED + 1)
    bent_delivery = replace(package.delivery, receipt=other, receipt_signature=signed(other, PLATFORM_KEY))
    yield _case("the ledger has another receipt", (replace(package, delivery=bent_delivery), world[1]), {8: F})
    for name, changes in (
        ("before its request", {"issued_at": DELIVERED + 1}),
        ("after its deadline", {"deadline": DELIVERED - 1}),
    ):
        yield _case(f"delivered {name}", _honest(**changes), {8: F})
    for name, changes in (
        ("at the time of its request", {"issued_at": DELIVERED}),
        ("at its deadline", {"deadline": DELIVERED}),
    ):
        yield _case(f"delivered {name}", _honest(**changes), {})
    for name, meter_by in (("an hour and a second", DELIVERED + 3601), ("less than nothing", DELIVERED - 1)):
        yield _case(f"a receipt that allows {name}", _promised(meter_by=meter_by), {8: F})
    for member, value in (("report", bytes(32)), ("request", bytes(32))):
        yield _case(f"a receipt for another {member}", _promised(**{member: value}), {8: F})
    yield _case("a report that was changed since", world, {8: F}, put("report", "content", "data", "months", to=11))
    yield _case("a report with another salt", world, {8: F}, put("report", "salt", to=bytes(32)))
    yield _case("a delivery of another log", world, {7: F, 8: F}, put("delivery", "log_id", to=bytes(32)))
    yield _case("a region without a ledger", world, {7: N, 8: N}, None, put("origin", "query_ledger", to=None))
    yield _case("what the ledger has is not known", world, {7: N, 8: N}, None, put("unread", to=["metered"]))
    for side, number in (("institution", BANK), ("provider", PLATFORM)):
        yield _case(f"the {side} is not known", world, {8: N}, None, put("unread", to=[side]))
        if side == "institution":
            gone = lambda facts, which=number: facts.update(  # type: ignore[misc] # noqa: E731
                nodes=[one for one in facts["nodes"] if one["number"] != which]
            )
            yield _case(f"there is no such {side}", world, {8: F}, None, gone)


def _promised(**changes: Any) -> World:
    """A delivery that is metered with another receipt, which both signed."""
    here = region()
    package = here.honest()
    assert package.delivery is not None
    receipt = replace(package.delivery.receipt, **changes)
    bent_delivery = replace(package.delivery, receipt=receipt, receipt_signature=signed(receipt, PLATFORM_KEY))
    here.entries.pop()
    here.meter(package.delivery.request, receipt)
    made = replace(package, delivery=bent_delivery)
    return made, facts_for(here, made)


def _signatures(world: World) -> Iterator[Case]:
    """Step 8: who signed, metered or not."""
    package = world[0]
    assert package.delivery is not None
    here = region()
    here.block_time = DELIVERED + 60
    waiting = _honest(here, meter=False)
    for what in ("request_signature", "receipt_signature"):
        good = getattr(package.delivery, what)
        named = what.replace("_", "'s ")
        for name, signature in (*spoilt(good).items(), ("65 bytes", upper_half(good))):
            yield _case(f"the {named}: {name}", world, {8: F}, put("delivery", what, to=signature))
        forged = put("delivery", what, to=signed(package.delivery.request, ENTERPRISE_KEY))
        yield _case(f"the {named}: by another key", world, {8: F}, forged)
        yield _case(f"the {named}: by another key, not metered", waiting, {8: F}, forged)
    own = put("delivery", "receipt_signature", to=b"a wallet's own kind")
    yield _case("a wallet contract signed the receipt", world, {8: F}, own)
    yield _case("a wallet contract signed the receipt, not metered", waiting, {8: F}, own)
    yield from _sides(world)


def _sides(world: World) -> Iterator[Case]:
    """Step 8: whether the sides could act, and whose hands their keys were in."""
    bank = next(one["operator"] for one in world[1]["nodes"] if one["number"] == BANK)

    def terms(*made: Json) -> Change:
        return lambda facts: facts.update(terms=[one for one in facts["terms"] if one["node"] != BANK] + list(made))

    yield _case("the institution has another role", world, {8: F}, None, terms(term(BANK, 2, bank)))
    yield _case("the institution did not act then", world, {8: F}, None, terms(term(BANK, 5, bank, acts=False)))
    hosted = terms({**term(BANK, 5, "0x" + "33" * 20), "host_operator": bank})
    yield _case("the institution's host signed", world, {}, None, hosted)
    metered_at = DELIVERED + 60

    def stolen(since: int, until: int = 0) -> Change:
        interval = [{"since": since, "until": until}]
        return lambda facts: next(one for one in facts["nodes"] if one["number"] == BANK).update(compromises=interval)

    for name, since, until, steps in (
        ("before it asked", DELIVERED - 99, DELIVERED - 31, {}),
        ("when it asked", DELIVERED - 30, DELIVERED - 30, {8: N}),
        ("between delivery and metering", DELIVERED + 1, DELIVERED + 2, {8: N}),
        ("in the second of the metering", metered_at, 0, {8: N}),
        ("after the metering", metered_at + 1, 0, {}),
    ):
        yield _case(f"the institution's key was stolen {name}", world, steps, None, stolen(since, until))

    def both(facts: Json) -> None:
        stolen(DELIVERED)(facts)
        terms(term(BANK, 5, bank, acts=False))(facts)

    yield _case("the institution did not act because its key was stolen", world, {8: N}, None, both)


def _left_out() -> Iterator[Case]:
    """Step 9: what a provider leaves out."""
    here = region()
    whole = here.assemble().package
    last = shown(whole)[-1].entry
    forgeries: dict[str, ReportPackage] = {
        "a record": without(whole, _of_day("2024-12-31")),
        "a section": without_ranges(whole, lambda one: one.covers(Section.BASIC)),
        "a batch": without_ranges(whole, lambda one: one.place.index == last),
        "a publisher": without_ranges(whole, lambda one: one.node == TAX),
        "a record that the report names": replace(whole, records=whole.records[1:]),
    }
    for name, forged in forgeries.items():
        yield _case(f"left out: {name}", _delivered(region(), forged), {9: F})
    world = _delivered(region(), without(whole, _of_day("2024-12-31")))
    named = POLICY + f"[completeness]\nnodes = [{TAX}, {REGISTRY}, {POWER}, {BANK}]\n"
    yield _case(
        "left out, and the policy names a node in vain", world, {9: F},
        policy=named, weaknesses=["narrowed scope", "unaudited"],
    )  # fmt: skip
    for name, bend in _ranges(here, whole).items():
        made = replace(whole, ranges=tuple(bend(one) for one in whole.ranges))
        steps = {3: F, 6: N, 9: F} if name not in _OF_ANOTHER else {**_UNKNOWN, 4: F, 9: F}
        yield _case(f"a range: {name}", _delivered(region(), made), steps)


def _ranges(here: Region, whole: ReportPackage) -> dict[str, Callable[[Any], Any]]:
    """Range proofs of the last batch that must not hold."""
    last = whole.ranges[-1]
    batch, other = here.batch_of(last), subject_tag(TAG_KEYS[2], OTHERS[0])

    def only(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda one: change(one) if one is last else one

    def proof(**changes: Any) -> Callable[[Any], Any]:
        return only(lambda one: replace(one, proof=replace(one.proof, **changes)))

    elsewhere = prove_range(batch.tree, batch.leaves, bytes(32), sections_of(last))
    theirs = prove_range(batch.tree, batch.leaves, other, sections_of(last))
    return {
        "absence shown between other leaves": only(lambda one: replace(one, proof=elsewhere)),
        "of another enterprise": only(lambda one: replace(one, proof=theirs)),
        "of other sections": only(lambda one: replace(one, sections=(Section.BASIC, Section.BASIC))),
        "of another node": only(lambda one: replace(one, node=POWER)),
        "of another key epoch": only(lambda one: replace(one, key_epoch=1)),
        "of an entry that is no batch": only(lambda one: replace(one, place=EntryPlace(0, 100))),
        "without its leaves": proof(leaves=()),
        "with the first leaf moved": proof(first=last.proof.first + 1),
        "beyond the size": proof(first=2**53 - 1),
        "without a proof": proof(proof=()),
        "with a hash too much": proof(proof=(*last.proof.proof, bytes(32))),
        "without neighbours": proof(left=None, right=None),
    }


def _superseded() -> Iterator[Case]:
    """Step 9: records that are no longer live."""

    def root(here: Region) -> bytes:
        return next(root for source, root in here.batches if source == REGISTRY)

    def leaf(here: Region, day: str) -> bytes:
        return here.leaf(REGISTRY, root(here), day)

    first, second = "2023-06-30", "2024-06-30"
    for life in (Life.REVOKED, Life.ERASED):
        here = region()
        here.end(REGISTRY, leaf(here, first), life)
        yield _case(f"a record that was {life.label}", _delivered(here, here.assemble().package), {})
    here = region()
    here.end(REGISTRY, leaf(here, first), Life.SUPERSEDED, leaf(here, second))
    yield _case("superseded by a record that is shown", _delivered(here, here.assemble().package), {})
    hidden = _delivered(here, without(here.assemble().package, _of_day(second)))
    yield _case("superseded by a record that is left out", hidden, {9: F})
    here = region()
    here.end(REGISTRY, leaf(here, first), Life.SUPERSEDED, keccak256(b"nobody's leaf"))
    yield _case("superseded by a leaf that nobody has", _delivered(here, here.assemble().package), {9: F})
    here = region()
    here.end(REGISTRY, leaf(here, first), Life.SUPERSEDED, leaf(here, second))
    here.end(REGISTRY, leaf(here, second), Life.SUPERSEDED, leaf(here, first))
    yield _case("two records that supersede each other", _delivered(here, here.assemble().package), {9: F})
    here = region()
    here.end(REGISTRY, leaf(here, first), Life.SUPERSEDED, leaf(here, second))
    here.end(REGISTRY, leaf(here, second), Life.REVOKED)
    yield _case("superseded by a record that was revoked", _delivered(here, here.assemble().package), {})
    here = region()
    here.end(REGISTRY, leaf(here, first), Life.REVOKED)
    at, world = here.now, _delivered(here, here.assemble().package)

    def stolen(since: int) -> Change:
        interval = [{"since": since, "until": since}]
        return lambda facts: next(one for one in facts["nodes"] if one["number"] == REGISTRY).update(
            compromises=interval
        )

    yield _case("a record that was revoked with a stolen key", world, {9: N}, None, stolen(at))
    yield _case("a record that was revoked a second before a key was stolen", world, {}, None, stolen(at + 1))
    here = region()
    here.end(POWER, leaf(here, first), Life.REVOKED)
    gone = _delivered(here, without(here.assemble().package, _of_day(first)))
    yield _case("another node's record was revoked, and this one is left out", gone, {9: F})
    here = region()
    package = _delivered(here, without(here.assemble().package, _of_day(first)))[0]
    here.now = DELIVERED + 60
    here.end(REGISTRY, leaf(here, first), Life.REVOKED)
    yield _case("left out, and revoked after the delivery", (package, facts_for(here, package)), {9: F})
    here = region()
    package = here.honest()
    here.now = DELIVERED + 60
    here.end(REGISTRY, leaf(here, first), Life.REVOKED)
    yield _case("a record that was revoked since", (package, facts_for(here, package)), {6: F})


def _lists() -> Iterator[Case]:
    """Step 9: the records that the report names."""
    changes: dict[str, tuple[Callable[[list[Json]], object], dict[int, str]]] = {
        "a record twice": (lambda records: records.append(records[0]), {9: F}),
        "one record less": (lambda records: records.pop(), {9: F}),
        "a record that is not shown": (
            lambda records: records.append({**records[0], "leaf": "0x" + "00" * 32}), {9: F},
        ),
        "another node": (lambda records: records[0].update(node=TAX), {9: F}),
        "another product": (lambda records: records[0].update(product="tax-payment/1"), {9: F}),
        "another region": (lambda records: records[0].update(region="JJJ"), {9: N}),
        "the records in another order": (lambda records: records.reverse(), {}),
    }  # fmt: skip
    for name, (change, steps) in changes.items():
        here = region()
        made = _reported(here.assemble().package, lambda value, bend=change: bend(value["data"]["records"]))  # type: ignore[misc]
        yield _case(f"the report names {name}", _delivered(here, made), steps)


def _invented_tags() -> Iterator[Case]:
    """Steps 7 and 9: a tag that nobody vouches for shows nothing, whatever the policy says."""
    optional = POLICY + 'tag_statement = "optional"\n'
    weak = ["tag not vouched for", "unaudited"]
    fresh, invented = keccak256(b"salt of the request"), keccak256(b"an invented tag")
    here = region()
    package = without(here.assemble().package, lambda one: one.key_epoch == 2)

    def bend(one: PackagedRange) -> PackagedRange:
        batch = here.batch_of(one)
        nothing = prove_range(batch.tree, batch.leaves, invented, sections_of(one))
        return replace(one, proof=nothing) if one.key_epoch == 2 else one

    bare = tuple(replace(one, tag=PackagedTag(invented, None)) if one.key_epoch == 2 else one for one in package.tags)
    hidden = replace(with_ranges(package, bend), tags=bare)
    about = subject_digest(subject_tag(TAG_KEYS[1], SUBJECT), fresh)
    world = _delivered(here, hidden, subject=about)
    yield _case("half of the records hidden under an invented tag", world, {9: N}, policy=optional, weaknesses=weak)
    yield _case("the same under the default policy", world, {2: N, 9: N}, weaknesses=["unaudited"])
    here = region()
    made = replace(here.assemble().package, tags=bare)
    theirs = {"subject": subject_digest(invented, keccak256(b"salt of the consent"))}
    world = _delivered(here, made, theirs, subject=subject_digest(invented, fresh))
    yield _case(
        "request and consent under an invented tag", world, {3: F, 6: N, 7: N, 9: N}, policy=optional, weaknesses=weak
    )


def _scopes() -> Iterator[Case]:
    """Step 9: what the policy narrows and demands."""
    world = _honest()
    narrowed = ["narrowed scope", "unaudited"]
    for text in (
        f"nodes = [{REGISTRY}, {POWER}]\n",
        'products = ["power-usage/1"]\n',
        'sections = ["basic"]\n',
        "first_entry = 1\n",
        "log_size = 10\n",
        "lag_seconds = 86400\n",
    ):
        yield _case(f"narrowed to {text.strip()}", world, {}, policy=SCOPE + text, weaknesses=narrowed)
    for text in (
        f"nodes = [{REGISTRY}, {OTHER_BANK}]\n",
        'products = ["power-usage/1", "ip-right/1"]\n',
        'sections = ["basic", "asset"]\n',
    ):
        yield _case(f"named in vain: {text.strip()}", world, {9: N}, policy=SCOPE + text, weaknesses=narrowed)
    yield _case("a window beyond the log", world, {9: N}, policy=SCOPE + "log_size = 99\n", weaknesses=narrowed)
    for text in ("first_entry = 13\n", f"nodes = [{OTHER_BANK}]\n"):
        yield _case(f"an empty scope: {text.strip()}", world, {9: N}, policy=SCOPE + text, weaknesses=narrowed)
    less = _delivered(region(), without_ranges(region().assemble().package, lambda one: one.node == TAX))
    yield _case("a publisher left out", less, {9: F})
    scope = SCOPE + f"nodes = [{REGISTRY}, {POWER}]\n"
    yield _case("a publisher left out that is not in the policy's scope", less, {}, policy=scope, weaknesses=narrowed)
    yield _case("batches that the policy wants audited", world, {9: N}, policy=SCOPE + "audited = true\n")
    yield from _windows()


def _windows() -> Iterator[Case]:
    """Step 9: to where in the log."""
    for name, before, policy, steps in (
        ("ten minutes and a second before the delivery", 601, POLICY, {9: F}),
        ("ten minutes before the delivery", 600, POLICY, {9: F}),
        ("less than ten minutes before the delivery", 599, POLICY, {}),
        ("less than ten minutes before, and the policy has no lag", 599, SCOPE + "lag_seconds = 0\n", {9: F}),
    ):
        here = region()
        package = here.assemble().package
        here.now = DELIVERED - before - 60
        here.publish(TAX, "tax-payment/1", [])
        yield _case(f"a batch that is not shown, {name}", _delivered(here, package), steps, policy=policy)
    here = region()
    here.block_time = DELIVERED - 3000
    yield _case("a final block that is older than the delivery", _honest(here), {9: P})
    yield _case(
        "the log is not known",
        _honest(),
        dict.fromkeys(range(2, 12), N),
        None,
        put("unread", to=["log"]),
        weaknesses=[],
    )


def _batches() -> Iterator[Case]:
    """Step 9: batches that prove nothing, and nodes that show none."""

    def tax(here: Region) -> bytes:
        return next(root for source, root in here.batches if source == TAX)

    here = region()
    here.spoil(TAX, tax(here))
    yield _case("a batch in scope is broken", _honest(here), {9: N})
    here = region()
    here.spoil(TAX, tax(here))
    here.publish(TAX, "tax-payment/1", [])
    yield _case("a batch in scope is broken, and its records are published again", _honest(here), {9: N})
    here.audit_book(TAX, 1)
    yield _case("the same, and a later book is audited", _honest(here), {9: N})
    here.audit_book(TAX, 1, restored=True)
    yield _case("the same, and the audit finds that they are published again", _honest(here), {})
    here = region()
    here.annul(TAX, tax(here))
    yield _case("a batch in scope is annulled", _honest(here), {9: N})
    here = region()
    here.close(TAX, here.anchors[TAX, tax(here)].entry + 1)
    closed = ["unaudited", "closed node"]
    yield _case("a node is closed after its first batch", _honest(here), {}, weaknesses=closed)
    here = region()
    here.launch(CATALOGUE["power-usage/1"].number, bytes(23) + b"1" + bytes(8))
    yield _case("the region launched another product under a number", _honest(here), {2: N, 9: N, 10: N})
    here = region()
    for place in here.batches:
        here.audit(*place)
    yield _case("all batches are audited", _honest(here), {}, policy=SCOPE + "audited = true\n", weaknesses=[])
    nothing = Region()
    nothing.publish(REGISTRY, "registry-basic/1", [])
    steps = dict.fromkeys((3, 4, 5, 6), A)
    yield _case("an enterprise of which nothing is known", _honest(nothing), steps)
    yield _case("a region without a batch", _honest(Region()), {**steps, 2: "passed", 9: N}, weaknesses=[])
    here = region()
    days = here.assemble(days=(2024_03_01, 2099_12_31), open_domains=OPEN).package
    world = _delivered(here, days, {"data_from": 2024_03_01})
    yield _case("leaves that the consent may not cover", world, {9: N})
    trusting = SCOPE + 'unopened = "trusted"\n'
    yield _case(
        "leaves that the consent may not cover, as the policy trusts",
        world,
        {},
        policy=trusting,
        weaknesses=["unaudited", "trusted"],
    )


def _booked() -> Region:
    """The region with an audited book of each node and key epoch."""
    here = region()
    for node, epoch in ((REGISTRY, 1), (POWER, 1), (TAX, 1), (POWER, 2), (TAX, 2)):
        here.audit_book(node, epoch)
    return here


def _books() -> Iterator[Case]:
    """Step 9, and step 5 of records in books: audited books in place of their batches."""
    here = _booked()
    whole, sound = here.assemble().package, {"weaknesses": []}
    yield _case("audited books in place of all batches", _delivered(_booked(), whole), {}, **sound)
    gone = without(whole, _of_day("2023-06-30"))
    yield _case("a record of a book is left out", _delivered(_booked(), gone), {9: F}, **sound)
    less = without_ranges(whole, lambda one: one.node == REGISTRY)
    yield _case("a book is left out", _delivered(_booked(), less), {9: F}, **sound)
    book = next(one.place for one in whole.ranges if one.node == REGISTRY)
    named = replace(less, reads=Reads(entries=(book,)))
    yield _case("a book is named and not shown", _delivered(_booked(), named), {9: F}, **sound)
    narrow = with_ranges(whole, lambda one: _of_section(here, whole, one) if one.node == REGISTRY else one)
    yield _case("a range of a book lacks a section", _delivered(_booked(), narrow), {9: F}, **sound)
    here = _booked()
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
    package = here.assemble().package
    yield _case("a book and a batch since", _delivered(here, package), {})
    newest = max(one.place.index for one in package.ranges)
    less = without_ranges(package, lambda one: one.place.index == newest)
    here = _booked()
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
    yield _case("the batch since its book is left out", _delivered(here, less), {9: F})
    here = _booked()
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
    here.enter_book(POWER, 2)
    yield _case("a later book that nobody audited", _honest(here), {})
    here = region()
    package = here.assemble().package
    book_entry = here.enter_book(REGISTRY, 1)
    cited = _citing(here, package, book_entry)
    yield _case("a book that nobody audited is cited", _delivered(here, cited), {5: N, 9: F})
    here.attest(book_entry)
    yield _case("the same after its audit", _delivered(here, cited), {})


def _of_section(here: Region, package: ReportPackage, one: PackagedRange) -> PackagedRange:
    """A range of the same book, of one section only."""
    book = here.books[one.node, here.entry_body(one.place.index).root]
    tag = next(tag.tag.subject_tag for tag in package.tags if tag.key_epoch == one.key_epoch)
    proof = prove_range(book.tree, book.leaves, tag, int(Section.BASIC))
    return replace(one, sections=(Section.BASIC, Section.BASIC), proof=proof)


def _citing(here: Region, package: ReportPackage, entry: int) -> ReportPackage:
    """The package with the registry's book in place of its batch, which is still named."""
    body = here.entry_body(entry)
    book, tag = here.books[REGISTRY, body.root], package.tags[0].tag.subject_tag
    proof = prove_range(book.tree, book.leaves, tag, (int(Section.BASIC), int(Section.OPERATING)))
    place, sections = EntryPlace(entry, 100 + entry), (Section.BASIC, Section.OPERATING)
    batch = next(one.place for one in package.ranges if one.node == REGISTRY)
    bent = with_ranges(
        package, lambda one: replace(one, place=place, sections=sections, proof=proof) if one.node == REGISTRY else one
    )
    return replace(bent, reads=Reads(entries=(*package.reads.entries, batch)))


def _spoiled_books() -> Iterator[Case]:
    """Steps 5 and 9: books that show nothing any more."""
    doubt = {5: N, 9: N}

    def first(here: Region) -> bytes:
        return next(root for source, root in here.batches if source == POWER)

    def stolen(since: int, until: int) -> Change:
        interval = [{"since": since, "until": until}]
        return lambda facts: next(one for one in facts["nodes"] if one["number"] == POWER).update(compromises=interval)

    for name, spoil in (("broken", Region.spoil), ("annulled", Region.annul)):
        here = _booked()
        spoil(here, POWER, first(here))
        yield _case(f"a batch of a book was {name} since", _honest(here), doubt, weaknesses=[])
    here = _booked()
    package = here.honest()
    entry = next(one.place.index for one in package.ranges if one.node == POWER)
    here.break_book(entry)
    yield _case("a book was broken since", (package, facts_for(here, package)), {5: F, 9: N}, weaknesses=[])
    here = _booked()
    world, anchored = _honest(here), here.anchors[POWER, first(here)].time
    told = stolen(anchored, anchored)
    yield _case("a batch of a book was anchored with a stolen key", world, doubt, None, told, weaknesses=[])
    entered = here.entries[entry].time
    yield _case("a book was entered with a stolen key", world, doubt, None, stolen(entered, entered), weaknesses=[])
    here = region()
    here.annul(POWER, first(here))
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-01-28", "AGAIN")])
    here.audit_book(POWER, 1)
    yield _case("a batch was annulled before its book", _honest(here), {9: N})
    here.audit_book(POWER, 1, restored=True)
    yield _case("the same, and its records are published again, as an audit says", _honest(here), {})
    here = _booked()
    root = here.publish(TAX, "tax-payment/1", [], epoch=2)
    here.audit_book(TAX, 2)
    here.close(TAX, here.anchors[TAX, root].entry)
    yield _case("a node is closed after its last book but one", _honest(here), {}, weaknesses=["closed node"])


def _stolen_audits() -> Iterator[Case]:
    """Steps 5 and 9: books whose audit was attested with a key that turns out to have been stolen then."""
    here = _booked()
    package = here.honest()
    here.steal(AUDITOR, START)
    told = (package, facts_for(here, package))
    yield _case("an audit by a stolen key", told, {5: N, 9: N}, weaknesses=[])
    for book in sorted({one.place.index for one in package.ranges}):
        here.attest(book, by=OTHER_AUDITOR)
    told = (package, facts_for(here, package))
    yield _case("the same, and another regulator audited them anew", told, {}, weaknesses=[])
    here = _booked()
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-28", "")], epoch=2)
    theft = here.now + 120
    here.audit_book(POWER, 2)
    package = here.honest()
    for name, since, until, steps, weak in (
        ("in the second of the audit", theft, theft, {5: N, 9: N}, []),
        ("to the second before the audit", theft - 9, theft - 1, {}, []),
        ("from the second after the audit", theft + 1, 0, {}, []),
    ):
        there = deepcopy(here)
        there.steal(AUDITOR, since, until)
        yield _case(f"an auditor's key was stolen {name}", (package, facts_for(there, package)), steps, weaknesses=weak)
    here.steal(AUDITOR, theft)
    yield _case("the book before the one that a thief audited, and a batch since", _honest(here), {})
    strict = SCOPE + "audited = true\n"
    yield _case("the same, and the policy wants batches audited", _honest(here), {9: N}, policy=strict)
    here = _booked()
    here.spoil(TAX, here.publish(TAX, "tax-payment/1", [], epoch=2))
    theft = here.now
    here.audit_book(TAX, 2, restored=True)
    here.steal(AUDITOR, theft)
    yield _case("a broken batch is published again, as a thief says", _honest(here), {9: N}, weaknesses=[])


def _lapsed() -> Iterator[Case]:
    """Step 9: a leaf of a book that lapsed, and the batch that shows since when it was published."""
    old = Region(now=DELIVERED - 4 * 366 * 86_400)
    old.publish(POWER, "power-usage/1", [(SUBJECT, "2021-05-31", "")])
    old.now = DELIVERED - 366 * 86_400
    old.publish(POWER, "power-usage/1", [(SUBJECT, "2024-05-31", "")])
    old.audit_book(POWER, 1)
    world, sound = _honest(old), {"weaknesses": []}
    yield _case("a lapsed record of a book, whose batch is shown", world, {}, **sound)
    yield _case("… whose batch is not shown", world, {9: F}, put("origins", to=[]), **sound)
    for name, change in (
        ("another index", put("origins", 0, "index", to=0)),
        ("another batch", put("origins", 0, "entry", to=max(one.entry for one in old.anchors.values()))),
        ("another leaf", put("origins", 0, "leaf", to=bytes(32))),
        ("another node", put("origins", 0, "node", to=TAX)),
    ):
        index = world[0].origins[0].index
        if name == "another index" and index == 0:
            change = put("origins", 0, "index", to=1)
        yield _case(f"… whose batch is shown with {name}", world, {9: F}, change, **sound)


def _retention() -> Iterator[Case]:
    """Step 10, and what lapsed in step 9. Power usage is kept for three years, the delivery is on 2025-06-15."""
    for name, day, steps in (
        ("on the last day", "2022-06-15", {}),
        ("on the day after the last", "2022-06-14", {10: F}),
    ):
        here = Region()
        here.publish(POWER, "power-usage/1", [(SUBJECT, day, "")])
        package = here.assemble(time=DELIVERED - 86_400 * 2).package
        yield _case(f"kept to {name}", _delivered(here, package), steps)
    leap = 1_803_787_200  # 2027-02-28 in China
    for name, time, steps in (("28 February", leap, {}), ("the day after", leap + 86_400, {10: F})):
        here = Region()
        here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-02-29", "")])
        here.block_time = time + 4000
        package = here.assemble(time=leap - 86_400 * 9, as_of=day_of(time)).package
        made = here.deliver(package, here.consents(not_after=time + 9), at=time)
        yield _case(f"29 February, three years later: {name}", (made, facts_for(here, made)), steps)
    old = Region(now=DELIVERED - 4 * 366 * 86_400)
    old.publish(POWER, "power-usage/1", [(SUBJECT, "2021-05-31", "")])
    steps = dict.fromkeys((3, 4, 5, 6), A)
    yield _case("a record of a batch that is too old for it to be kept", _honest(old), steps)


def _figures() -> Iterator[Case]:
    """Step 11. Everything is delivered as it is, so that nothing else is wrong."""
    contradicting = {11: F}
    changes: dict[str, tuple[Change, dict[int, str]]] = {
        "a figure that is one more": (put("data", "tax_paid_fen", to=130_001), contradicting),
        "a figure of another enterprise": (put("data", "name", to="示例公司"), contradicting),
        "another sign": (put("data", "usage_change", to="100.00"), contradicting),
        "a figure left out": (lambda value: value["data"].pop("late_payments"), contradicting),
        "a figure that there is none of": (put("data", "consistency", to="1.0000"), contradicting),
        "another word of the issuer": (put("data", "suggested_fen", to=9), {}),
        "a word of the issuer left out": (lambda value: value["data"].pop("suggested_fen"), {}),
        "the day before": (lambda value: value.update(as_of="2025-06-14"), contradicting),
    }
    for name, (change, steps) in changes.items():
        here = region()
        yield _case(f"figures: {name}", _delivered(here, _reported(here.assemble().package, change)), steps)
    scores: dict[str, tuple[Change, dict[int, str]]] = {
        "by a scorecard": (lambda _: None, {}),
        "of another value": (put("data", "score", "value", to=361), contradicting),
        "with a factor less": (lambda value: value["data"]["factors"].pop(), contradicting),
        "by another name": (put("data", "score", "model", "name", to="better-card/1"), contradicting),
        "by a scorecard that is not known": (put("data", "score", "model", "digest", to="0x" + "11" * 32), {}),
    }
    for name, (change, steps) in scores.items():
        here = region()
        made = _reported(here.assemble(scorecard=CATALOGUE[REPORT.ref].scorecards[0]).package, change)
        yield _case(f"figures: a score {name}", _delivered(here, made), steps)
    here = region()
    only = Asked(frozenset([Section.BASIC]), OPEN)
    made = here.assemble(asked=only).package
    scope = {"sections": 1 << Section.BASIC, "domains": OPEN}
    yield _case("figures: of what was asked for", _delivered(here, made, **scope), {})
    zero = _reported(made, put("data", "tax_paid_fen", to=0))
    yield _case("figures: 0 of what was not asked for", _delivered(here, zero, **scope), contradicting)
    here = Region()
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2025-03-31", "")], media_type="application/pdf")
    made = here.assemble().package
    yield _case("figures: none of a product with a file", _delivered(here, made), {10: N})
    zero = _reported(made, put("data", "usage_kwh", to=0))
    yield _case("figures: 0 of a product with a file", _delivered(here, zero), {10: N, 11: F})


def _confirmed(world: World) -> Iterator[Case]:
    """Step 4: the policy's confirmations, above the newest batch that shows a record."""
    package, facts = world
    newest = max(package.ranges[one.range].place.block for one in package.records)
    for name, change, number, outcome, word in bases(facts["block"]["number"] - newest):
        steps = {} if outcome is None else {4: outcome} | ({5: N, 6: N} if outcome == N else {})
        weak, policy = [UNAUDITED, *word], POLICY + f"confirmations = {number}\n"
        yield _case(name, world, steps, None, change, policy=policy, weaknesses=weak)


def _records(world: World) -> Iterator[Case]:
    """Steps 2 to 6 have the worst outcome of all records."""
    salt = put("records", 0, "record", "salt", to=bytes(32))
    yield _case("one record was changed", world, {3: F, 6: N, 9: F}, salt)
    other = put("records", 0, "range", to=1)
    wrong = {2: F, 3: F, 5: F, 6: N, 9: F, 10: F}  # that range is of a batch of another product and domain
    yield _case("one record is not of its range", world, wrong, other)
    log = put("log_id", to=bytes(32))
    yield _case("the package is of another log", world, {4: F, 5: N, 6: N, 9: F}, log, weaknesses=[])
    yield _case(
        "one endpoint's word",
        world,
        {},
        None,
        put("source", "basis", to="told"),
        weaknesses=["unaudited", "one endpoint's word"],
    )
