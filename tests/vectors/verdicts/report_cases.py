"""Cases of reports: what only reports have in step 2, and steps 7 to 10."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from report_world import (
    BANK,
    CATALOGUE,
    DELIVERED,
    ENTERPRISE_KEY,
    NONCE,
    OPEN,
    OTHER_BANK,
    OTHERS,
    PLATFORM,
    POWER,
    REGISTRY,
    SECTIONS,
    SUBJECT,
    TAG_KEYS,
    TAX,
    Region,
    region,
    signed,
)
from verification_world import PLATFORM_KEY

from creditchain.documents import Domain, Section, canonical_bytes, domain_mask
from creditchain.hashing import keccak256
from creditchain.identifiers import subject_tag
from creditchain.log.entries import ConsentBody, ProductBody
from creditchain.merkle import prove_range
from creditchain.messages import subject_digest
from creditchain.packages.parts import PackagedTag
from creditchain.packages.report_package import OpenedRecord, ReportPackage
from creditchain.vocabulary import Life, MeterFlag, ProductState
from vectors.verdicts.cases import (
    POLICY,
    A,
    Case,
    Change,
    F,
    Json,
    N,
    P,
    bent,
    facts_for,
    put,
    spoilt,
    term,
    upper_half,
)

World = tuple[ReportPackage, Json]
Gone = Callable[[OpenedRecord], bool]
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
    yield from _retention()
    yield from _records(world)


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
    """A case. With a delivery, step 9 builds on step 8."""
    found = dict(steps)
    if steps.get(8) in (F, N):
        found.setdefault(9, N)
    return Case(f"report: {name}", "report", bent(world[0].as_json(), package), bent(world[1], facts), found, **changes)


def _reported(package: ReportPackage, bend: Change) -> ReportPackage:
    """The package with another report document."""
    value = json.loads(package.report.content)
    bend(value)
    return replace(package, report=replace(package.report, content=canonical_bytes(value)))


def _without(package: ReportPackage, gone: Gone) -> ReportPackage:
    """A forgery: these records are neither shown nor named."""
    kept = [not gone(one) for one in package.records]

    def bend(value: Json) -> None:
        value["data"]["records"] = [one for one, keep in zip(value["data"]["records"], kept, strict=True) if keep]

    records = tuple(one for one, keep in zip(package.records, kept, strict=True) if keep)
    return replace(_reported(package, bend), records=records)


def _of_day(day: str) -> Gone:
    return lambda one: f'"as_of":"{day}"'.encode() in one.record.content


def _unparsed(world: World) -> Iterator[Case]:
    """Step 1: what a report package must have once."""
    nothing = {1: F, **dict.fromkeys(range(2, 11), N)}
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
        "a neighbour's product of 2^32": lambda value: next(one for one in value["ranges"] if one["left"] is not None)[
            "left"
        ].update(product=2**32),
        "a neighbour's section of 256": lambda value: next(one for one in value["ranges"] if one["left"] is not None)[
            "left"
        ].update(section=256),
    }
    for name, change in changes.items():
        yield _case(name, world, nothing, change, weaknesses=[])


def _contents() -> Iterator[Case]:
    """Step 2: the report itself. It is delivered as it is, so that nothing else is wrong."""
    changes: dict[str, tuple[Change, dict[int, str], list[str] | None]] = {
        "a figure missing": (lambda value: value["data"].pop("score"), {2: F}, None),
        "a figure too much": (lambda value: value["data"].update(note="x"), {2: F}, None),
        "a figure of another shape": (lambda value: value["data"].update(months="12"), {2: F}, None),
        "another hash": (lambda value: value["data"].update(hash="sha-256"), {2: F}, None),
        "another section": (put("section", to="basic"), {2: F}, None),
        "another domain": (put("domain", to="registry"), {2: F}, None),
        "another subject": (put("subject", "number", to=OTHERS[0].number), {2: F}, None),
        "about the day of its delivery": (put("as_of", to="2025-06-15"), {}, None),
        "about the day after its delivery": (put("as_of", to="2025-06-16"), {2: F}, None),
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
    yield _case("another number of its product", world, {2: F}, put("report", "product", to=17))
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
        ("fewer sections", {"sections": 1 << Section.OPERATING}, {7: F}),
        ("fewer domains", {"domains": domain_mask([Domain.REGISTRY, Domain.POWER])}, {7: F}),
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
    basic, last = (lambda one: one.record.section is Section.BASIC), whole.records[-1].batch.root
    forgeries: dict[str, ReportPackage] = {
        "a record": _without(whole, _of_day("2024-12-31")),
        "a section": replace(
            _without(whole, basic), ranges=tuple(one for one in whole.ranges if one.section is not Section.BASIC)
        ),
        "a batch": replace(
            _without(whole, lambda one: one.batch.root == last),
            ranges=tuple(one for one in whole.ranges if one.root != last),
        ),
        "a publisher": replace(
            _without(whole, lambda one: one.batch.node == TAX),
            ranges=tuple(one for one in whole.ranges if one.node != TAX),
        ),
        "a record that the report names": replace(whole, records=whole.records[1:]),
    }
    for name, forged in forgeries.items():
        yield _case(f"left out: {name}", _delivered(region(), forged), {9: F})
    world = _delivered(region(), _without(whole, _of_day("2024-12-31")))
    named = POLICY + f"[completeness]\nnodes = [{TAX}, {REGISTRY}, {POWER}, {BANK}]\n"
    yield _case(
        "left out, and the policy names a node in vain", world, {9: F},
        policy=named, weaknesses=["narrowed scope", "unaudited"],
    )  # fmt: skip
    for name, bend in _ranges(here, whole).items():
        made = replace(whole, ranges=tuple(bend(one) for one in whole.ranges))
        yield _case(f"a range: {name}", _delivered(region(), made), {9: F})


def _ranges(here: Region, whole: ReportPackage) -> dict[str, Callable[[Any], Any]]:
    """Range proofs of the last batch that must not hold."""
    last = whole.ranges[-1]
    batch = here.batches[last.node, last.root]
    tag = whole.tags[1].tag.subject_tag
    other = subject_tag(TAG_KEYS[2], OTHERS[0])

    def only(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda one: change(one) if one is last else one

    def proof(**changes: Any) -> Callable[[Any], Any]:
        return only(lambda one: replace(one, proof=replace(one.proof, **changes)))

    elsewhere = prove_range(batch.tree, batch.leaves, bytes(32), last.section)
    theirs = prove_range(batch.tree, batch.leaves, other, last.section)
    assert last.subject_tag == tag
    return {
        "absence shown between other leaves": only(lambda one: replace(one, proof=elsewhere)),
        "of another enterprise": only(lambda one: replace(one, subject_tag=other, proof=theirs)),
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
    hidden = _delivered(here, _without(here.assemble().package, _of_day(second)))
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
    here.end(POWER, leaf(here, first), Life.REVOKED)
    gone = _delivered(here, _without(here.assemble().package, _of_day(first)))
    yield _case("another node's record was revoked, and this one is left out", gone, {9: F})
    here = region()
    package = _delivered(here, _without(here.assemble().package, _of_day(first)))[0]
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
    package = _without(here.assemble().package, lambda one: one.batch.key_epoch == 2)
    ranges = []
    for one in package.ranges:
        batch = here.batches[one.node, one.root]
        if batch.manifest.terms.key_epoch == 2:
            one = replace(one, subject_tag=invented, proof=prove_range(batch.tree, batch.leaves, invented, one.section))
        ranges.append(one)
    bare = tuple(replace(one, tag=PackagedTag(invented, None)) if one.key_epoch == 2 else one for one in package.tags)
    hidden = replace(package, ranges=tuple(ranges), tags=bare)
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
        "log_size = 5\n",
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
    for text in ("first_entry = 7\n", f"nodes = [{OTHER_BANK}]\n"):
        yield _case(f"an empty scope: {text.strip()}", world, {9: N}, policy=SCOPE + text, weaknesses=narrowed)
    package = _without(region().assemble().package, lambda one: one.batch.node == TAX)
    less = _delivered(region(), replace(package, ranges=tuple(one for one in package.ranges if one.node != TAX)))
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
    yield _case("the log is not known", _honest(), {7: N, 8: N, 9: N}, None, put("unread", to=["log"]))


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
    here.log(ProductBody(CATALOGUE["power-usage/1"].number, bytes(31) + b"1", ProductState.LAUNCHED))
    yield _case("the region launched another product under a number", _honest(here), {9: N})
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
        package = here.assemble(time=leap - 86_400 * 9).package
        made = here.deliver(package, here.consents(not_after=time + 9), at=time)
        yield _case(f"29 February, three years later: {name}", (made, facts_for(here, made)), steps)
    old = Region(now=DELIVERED - 4 * 366 * 86_400)
    old.publish(POWER, "power-usage/1", [(SUBJECT, "2021-05-31", "")])
    steps = dict.fromkeys((3, 4, 5, 6), A)
    yield _case("a record of a batch that is too old for it to be kept", _honest(old), steps)


def _records(world: World) -> Iterator[Case]:
    """Steps 2 to 6 have the worst outcome of all records."""
    salt = put("records", 0, "record", "salt", to=bytes(32))
    yield _case("one record was changed", world, {3: F, 6: N, 9: F}, salt)
    chain = put("records", 0, "batch", "chain_id", to=1)
    yield _case("one record is of another chain", world, {4: F, 5: N, 6: N}, chain)
    yield _case(
        "one endpoint's word",
        world,
        {},
        None,
        put("source", "basis", to="told"),
        weaknesses=["unaudited", "one endpoint's word"],
    )
