"""Cases of reports that several publishers had a part in: countersignatures (step 8), and named gaps (step 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from report_world import (
    BANK,
    BANK_KEY,
    DELIVERED,
    ENTERPRISE_KEY,
    PLATFORM,
    POWER,
    REGISTRY,
    TAX,
    Region,
    address,
    region,
    signed,
    without,
    without_ranges,
)
from verification_world import PLATFORM_KEY

from creditchain.documents import canonical_bytes
from creditchain.hashing import keccak256
from creditchain.packages.report_package import Countersigned, ReportPackage
from creditchain.packages.report_part import part_of
from vectors.verdicts.cases import POLICY, UNAUDITED, Case, Change, F, Json, N, bent, facts_for, put, spoilt, term

TAX_KEY = keccak256(b"key of the tax office of the tests")
GIVEN = DELIVERED - 5
METERED = DELIVERED + 60


def part_cases() -> Iterator[Case]:
    """All cases."""
    yield from _countersigned()
    yield from _countersigners()
    yield from _gaps()


def _case(name: str, world: tuple[ReportPackage, Json], steps: dict[int, str], **changes: Any) -> Case:
    """A case. Step 9 builds on step 8, and step 11 on step 9."""
    found = dict(steps)
    if steps.get(8) in (F, N):
        found.setdefault(9, N)
    if found.get(9) is not None:
        found.setdefault(11, N)
    package, facts = (bent(one, changes.pop(what, None)) for one, what in ((world[0].as_json(), "package"),
                                                                         (world[1], "facts")))  # fmt: skip
    return Case(f"report: {name}", "report", package, facts, found, **changes)


def _signing(node: int, role: int, key: bytes, **changes: Any) -> Change:
    """Facts in which this key acts for a node."""
    named = {**term(node, role, address(key)), **changes}
    return lambda facts: facts.update(terms=[one for one in facts["terms"] if one["node"] != node] + [named])


def _signed(package: ReportPackage, node: int, key: bytes, given_at: int = GIVEN, of: bytes | None = None) -> Any:
    """The package with a node's countersignature; `of`: the request that it names, if not the package's."""
    assert package.delivery is not None
    request = package.delivery.request.id if of is None else of
    message = part_of(package, node).countersignature(package.log_id, request, given_at)
    mine = Countersigned(node, given_at, signed(message, key))
    return replace(package, countersigned=(*package.countersigned, mine))


def _honest() -> tuple[Region, ReportPackage, Json]:
    here = region()
    package = here.honest()
    return here, package, facts_for(here, package)


def _countersigned() -> Iterator[Case]:
    """What was signed, and by whom."""
    _, package, facts = _honest()
    tax, whole = _signing(TAX, 4, TAX_KEY), _signed(package, TAX, TAX_KEY)
    yield _case("a part that its publisher countersigned", (whole, facts), {}, facts=tax)
    both = _signed(whole, PLATFORM, PLATFORM_KEY)
    yield _case("two countersigned, one of which has nothing to show", (both, facts), {}, facts=tax)
    hosted = _signing(TAX, 4, ENTERPRISE_KEY, host_operator=address(TAX_KEY))
    yield _case("a part that its publisher's host countersigned", (whole, facts), {}, facts=hosted)
    forged = _signed(package, TAX, ENTERPRISE_KEY)
    yield _case("a part that another key countersigned", (forged, facts), {8: F}, facts=tax)
    other = _signed(package, TAX, TAX_KEY, of=keccak256(b"another request"))
    yield _case("a part that was countersigned for another request", (other, facts), {8: F}, facts=tax)
    for name, signature in spoilt(whole.countersigned[0].signature).items():
        change = put("countersigned", 0, "signature", to=signature)
        yield _case(f"a countersignature: {name}", (whole, facts), {8: F}, facts=tax, package=change)
    yield _case(
        "a part that says another time than its publisher signed", (whole, facts), {8: F}, facts=tax,
        package=put("countersigned", 0, "given_at", to=GIVEN + 1),
    )  # fmt: skip
    place = next(number for number, one in enumerate(package.ranges) if one.node == TAX)
    yield _case(
        "a part whose range names another block than its publisher signed", (whole, facts), {8: F}, facts=tax,
        package=put("ranges", place, "block", to=1),
    )  # fmt: skip
    elsewhere = next(number for number, one in enumerate(package.ranges) if one.node == POWER)
    yield _case(
        "what another publisher shows is not in the part", (whole, facts), {}, facts=tax,
        package=put("ranges", elsewhere, "block", to=1),
    )  # fmt: skip
    twice = replace(whole, countersigned=whole.countersigned * 2)
    yield _case(
        "two countersignatures of one node", (twice, facts), {1: F, **dict.fromkeys(range(2, 12), N)},
        facts=tax, weaknesses=[],
    )  # fmt: skip


def _countersigners() -> Iterator[Case]:
    """When it was signed, and whether the node could."""
    _, package, facts = _honest()
    tax = _signing(TAX, 4, TAX_KEY)
    for name, at, steps in (
        ("before the request", DELIVERED - 31, {8: F}),
        ("in the second of the request", DELIVERED - 30, {}),
        ("in the last second of the request", DELIVERED + 300, {}),
        ("after the deadline of the request", DELIVERED + 301, {8: F}),
    ):
        yield _case(f"a part given {name}", (_signed(package, TAX, TAX_KEY, at), facts), steps, facts=tax)
    whole = _signed(package, TAX, TAX_KEY)
    idle = _signing(TAX, 4, TAX_KEY, acts=False)
    yield _case("a part of a node that did not act then", (whole, facts), {8: F}, facts=idle)
    bank = _signed(package, BANK, BANK_KEY)
    yield _case("a part of a node that may not publish", (bank, facts), {8: F})
    nobody = _signed(package, 99, TAX_KEY)
    yield _case("a part of a node that does not exist", (nobody, facts), {8: F})
    for name, since, until, steps in (
        ("before it gave its part", GIVEN - 9, GIVEN - 1, {}),
        ("when it gave its part", GIVEN, GIVEN, {8: N}),
        ("in the second of the metering", METERED, METERED, {8: N}),
        ("after the metering", METERED + 1, METERED + 1, {}),
    ):
        yield _case(f"a publisher's key was stolen {name}", (whole, facts), steps, facts=_stolen(since, until))

    def unknown(facts: Json) -> None:
        tax(facts)
        facts["unread"] = ["countersigners"]

    yield _case("who countersigned is not known", (whole, facts), {8: N}, facts=unknown)


def _stolen(since: int, until: int) -> Change:
    """Facts in which the tax office's key was in other hands."""

    def change(facts: Json) -> None:
        _signing(TAX, 4, TAX_KEY)(facts)
        interval = {"since": since, "until": until, "key": address(TAX_KEY)}
        next(one for one in facts["nodes"] if one["number"] == TAX).update(compromises=[interval])

    return change


def _lacking(package: ReportPackage, *gaps: tuple[int, str], shown: bool = False) -> ReportPackage:
    """The report without what these nodes published, unless it is `shown`, naming each as a gap."""
    nodes = [node for node, _ in gaps]
    made = package if shown else without_ranges(package, lambda one: one.node in nodes)
    value = json.loads(made.report.content)
    value["data"]["gaps"] = [{"node": node, "reason": reason} for node, reason in gaps]
    return replace(made, report=replace(made.report, content=canonical_bytes(value)))


def _gaps() -> Iterator[Case]:
    """Publishers whose parts the report says it lacks."""
    whole = region().assemble().package
    for name, lacking, steps, policy in (
        ("the part of a publisher", _lacking(whole, (TAX, "no_answer")), {9: N}, POLICY),
        ("the parts of two publishers", _lacking(whole, (POWER, "refused"), (TAX, "unfit")), {9: N}, POLICY),
        ("a part that it shows", _lacking(whole, (TAX, "no_address"), shown=True), {9: N}, POLICY),
        ("the part of a node that published nothing", _lacking(whole, (99, "no_answer")), {}, POLICY),
        ("a part for no reason that there is", _lacking(whole, (TAX, "forgotten")), {2: F, 9: N}, POLICY),
        (
            "a part, and leaves another publisher out",
            without_ranges(_lacking(whole, (TAX, "no_answer")), lambda one: one.node == POWER),
            {9: F},
            POLICY,
        ),
        (
            "a part, and leaves a record of another publisher out",
            without(_lacking(whole, (TAX, "no_answer")), lambda one: one.node == REGISTRY),
            {9: F},
            POLICY,
        ),
        (
            "a part that the policy does not ask for",
            _lacking(whole, (TAX, "no_answer")),
            {},
            POLICY + f"[completeness]\nnodes = [{REGISTRY}, {POWER}]\n",
        ),
    ):
        here = region()
        made = here.deliver(lacking, here.consents())
        narrow = ["narrowed scope"] if policy != POLICY else []
        yield _case(
            f"it says that it lacks {name}", (made, facts_for(here, made)), steps, policy=policy,
            weaknesses=[*narrow, UNAUDITED],
        )  # fmt: skip
