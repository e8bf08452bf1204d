"""Cases of single records: steps 1 to 6."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from report_world import BANK_KEY, OTHERS, PLATFORM, REGISTRY, START, SUBJECT, TAG_KEYS, TAX, Bend, Region, tags
from verification_world import sign_statement

from creditchain.batch.folder.packages import package_of
from creditchain.documents import JSON_MEDIA_TYPE
from creditchain.packages.record_package import RecordPackage, read_package
from creditchain.verification.steps import leaf_of
from vectors.verdicts.cases import (
    POLICY,
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
    state,
    term,
)

World = tuple[Json, Json]
PDF = "application/pdf"
ANCHORED = START + 240  # 2025-02-20 in China


def anchored(
    *,
    ref: str = "registry-basic/1",
    day: str = "2023-06-30",
    bend: Bend | None = None,
    media_type: str = JSON_MEDIA_TYPE,
    number: int | None = None,
) -> World:
    """The package of the subject's one record in a batch of three, and the chain that has the batch."""
    here = Region()
    source = TAX if ref.startswith("tax") else REGISTRY
    root = here.publish(source, ref, [(SUBJECT, day, "")], bend=bend, media_type=media_type, number=number)
    batch = here.batches[source, root]
    tag = tags()[1]
    index = next(place for place, leaf in enumerate(batch.leaves) if leaf.tag == tag.subject_tag)
    anchor = here.anchors[source, root]
    place = anchor.entry, anchor.block
    package: RecordPackage = package_of(batch, index, SUBJECT, place, tag.statement)  # type: ignore[arg-type]
    return package.as_json(), facts_for(here)


def record_base() -> World:
    """An honest record."""
    return anchored()


def record_cases() -> Iterator[Case]:
    """All cases."""
    world = record_base()
    yield _case("an honest record", world, {})
    yield from _unparsed(world[0], world[1])
    yield from _contents(world)
    yield from _tags(world)
    yield from _places(world)
    yield from _publishers(world)
    yield from _lives(world)
    yield from _demands(world)


def _case(
    name: str,
    world: World,
    steps: dict[int, str],
    package: Change | None = None,
    facts: Change | None = None,
    **changes: Any,
) -> Case:
    return Case(
        name, "record", bent(world[0], package), bent(world[1], facts), _weaker(steps), **_shown(steps, changes)
    )


def _weaker(steps: dict[int, str]) -> dict[int, str]:
    """Steps that build on a step that does not hold: 5 on 4, 6 on 3 and 4."""
    found = dict(steps)
    if steps.get(4) in (F, N):
        found.setdefault(5, N)
    if {steps.get(3), steps.get(4)} & {F, N}:
        found.setdefault(6, N)
    return found


def _shown(steps: dict[int, str], changes: dict[str, Any]) -> dict[str, Any]:
    """Whether the batch is audited is only said of a publisher who was entitled."""
    return {"weaknesses": [] if 5 in _weaker(steps) else ["unaudited"], **changes}


def _unparsed(package: Json, facts: Json) -> Iterator[Case]:
    """Step 1."""
    nothing = {1: F, **dict.fromkeys(range(2, 12), N)}
    changed: dict[str, Change] = {
        "a path of 65 hashes": put("batch", "proof", to=[bytes(32)] * 65),
        "a member too much": put("note", to="added"),
        "a member of the batch too much": put("batch", "audited", to=True),
        "a member missing": lambda value: value["record"].pop("salt"),
        "another format": put("format", to="creditchain/record-package@2"),
        "another hash": put("hash", to="sha-256"),
        "a digest in capitals": lambda value: value["batch"].update(root="0x" + value["batch"]["root"][2:].upper()),
        "a digest without 0x": lambda value: value["batch"].update(root=value["batch"]["root"][2:]),
        "a node of 0": put("batch", "node", to=0),
        "a node of 2^24": put("batch", "node", to=2**24),
        "a size of 0": put("batch", "size", to=0),
        "an index below 0": put("batch", "index", to=-1),
        "a key epoch of 2^32": put("batch", "key_epoch", to=2**32),
        "a number as text": put("batch", "size", to="3"),
        "true for a number": put("batch", "index", to=True),
        "a section that does not exist": put("record", "section", to="basics"),
        "a product of 0": put("record", "product", to=0),
        "a product of 2^32": put("record", "product", to=2**32),
        "a media type with parameters": put("record", "media_type", to="application/json; charset=utf-8"),
        "a media type in capitals": put("record", "media_type", to="Application/JSON"),
        "a document that poses as a file": put("record", "media_type", to=PDF),
        "a document and a file": put("record", "content_base64", to="JVBERi0="),
        "a document that is a list": put("record", "content", to=[]),
        "a scheme that does not exist": put("record", "subject", "scheme", to="DUNS"),
        "a number in lower case": put("record", "subject", "number", to="9144030071526726xg"),
        "a signature of 65 bytes": put("tag", "statement", "signature", to=bytes(65)),
        "a statement of nothing": put("tag", "statement", to={}),
    }
    for name, change in changed.items():
        yield Case(name, "record", bent(package, change), facts, nothing, weaknesses=[])
    text = json.dumps(package, ensure_ascii=False, separators=(",", ":"))
    assert '"index":' in text
    at = text.index('"size":')
    raw: dict[str, bytes] = {
        "an empty file": b"",
        "half a file": text[: len(text) // 2].encode(),
        "two packages": (text * 2).encode(),
        "a byte order mark": b"\xef\xbb\xbf" + text.encode(),
        "UTF-16": text.encode("utf-16"),
        "a name twice": (text[:at] + '"size":3,' + text[at:]).encode(),
        "a name twice, escaped": (text[:at] + '"\\u0073ize":3,' + text[at:]).encode(),
        "a size of 2^53": text.replace('"size":3', '"size":9007199254740992').encode(),
        "a size with a fraction": text.replace('"size":3', '"size":3.0').encode(),
        "a size with an exponent": text.replace('"size":3', '"size":3e0').encode(),
        "an amount of 2^53": text.replace('"capital_fen":100000000', '"capital_fen":9007199254740992').encode(),
        "an amount with a fraction": text.replace('"capital_fen":100000000', '"capital_fen":1.5').encode(),
        "NaN": text.replace('"size":3', '"size":NaN').encode(),
        "41 levels": b'{"format":' * 41 + b"1" + b"}" * 41,
        "a lone surrogate": text.replace("示例企业", "\\ud800").encode(),
    }
    for name, content in raw.items():
        assert content != text.encode(), name
        encoded = base64.b64encode(content).decode()
        yield Case(name, "record", package, facts, nothing, raw=encoded, weaknesses=[])
    spread = base64.b64encode(json.dumps(package, indent=7).encode()).decode()
    yield Case("another layout, and escaped characters", "record", package, facts, {}, raw=spread)


def _contents(world: World) -> Iterator[Case]:
    """Steps 2 and 3: the document, its product, its leaf."""
    yield _case("another amount", world, {3: F}, put("record", "content", "data", "capital_fen", to=1))
    yield _case("another salt", world, {3: F}, put("record", "salt", to=bytes(32)))
    yield _case("another section", world, {2: F, 3: F}, put("record", "section", to="asset"))
    yield _case("another product's number", world, {2: F, 3: F}, put("record", "product", to=18))
    yield _case("anchored with another product's number", anchored(number=18), {2: F})
    yield _case("another subject", world, {2: F}, put("record", "subject", "number", to=OTHERS[0].number))
    for day in ("2023-02-29", "2023-13-01", "2023-6-30", "0000-01-01", "10000-01-01", "20230630"):
        yield _case(f"a day that is none: {day}", world, {2: F, 3: F}, put("record", "content", "as_of", to=day))
    wrong: dict[str, Bend] = {
        "no data": lambda document: document.update(data={}),
        "a member that the product does not have": lambda document: document["data"].update(note="x"),
        "an amount as text": lambda document: document["data"].update(capital_fen="1"),
        "a date in data that is none": lambda document: document["data"].update(established_on="2015-02-29"),
        "another product that is known": lambda document: document.update(product="tax-payment/1"),
        "another product that nobody knows": lambda document: document.update(product="heat-usage/1"),
        "another version of the product": lambda document: document.update(product="registry-basic/2"),
    }
    for name, change in wrong.items():
        yield _case(f"anchored with {name}", anchored(bend=change), {2: F})
    other_domain = anchored(bend=lambda document: document.update(domain="tax"))
    yield _case("anchored with a domain that the product does not have", other_domain, {2: F, 5: F})
    leap = anchored(bend=lambda document: document["data"].update(established_on="2016-02-29"))
    yield _case("29 February of a leap year", leap, {})
    yield _case("a product that the verifier does not know", world, {2: N}, products=[])
    yield _case("only this product is known", world, {}, products=["registry-basic/1"])
    yield _case("about the day of the anchor", anchored(day="2025-02-20"), {})
    yield _case("about the day after the anchor", anchored(day="2025-02-21"), {2: F})
    future = anchored(day="2099-12-31")
    yield _case("about a day to come, of a product that is not known", future, {2: F}, products=[])
    file = anchored(media_type=PDF)
    yield _case("a file", file, {})
    yield _case("a file with another product's number", file, {2: F, 3: F}, put("record", "product", to=18))
    yield _case("a file of another section", file, {2: F, 3: F}, put("record", "section", to="asset"))
    yield _case("a file with another media type", file, {3: F}, put("record", "media_type", to="image/png"))
    yield _case("a file with content that was changed", file, {3: F}, put("record", "content_base64", to="JVBERi0="))
    taiwan = {"scheme": "TWUBN", "number": "04595257"}
    yield _case("a file of a scheme that the product does not have", file, {2: F}, put("record", "subject", to=taiwan))


def _tags(world: World) -> Iterator[Case]:
    """Step 2: whose tag it is."""
    tag, honest = tags()[1].subject_tag, tags()[1].statement
    assert honest is not None

    def stated(**changes: Any) -> Change:
        given = {"tag": tag, "subject": SUBJECT, "issued_at": START} | changes
        made = sign_statement(given.pop("tag"), given.pop("subject"), **given)
        return put("tag", "statement", to=made.as_json())

    none = put("tag", "statement", to=None)
    secret = "0x" + TAG_KEYS[1].hex()
    optional = POLICY + 'tag_statement = "optional"\n'
    yield _case("no statement", world, {2: N}, none)
    weak = ["tag not vouched for", "unaudited"]
    yield _case(
        "no statement, and the policy takes the document's word", world, {}, none, policy=optional, weaknesses=weak
    )
    yield _case("no statement for a file", anchored(media_type=PDF), {2: N}, none, policy=optional)
    yield _case("no statement, and the epoch's key", world, {}, none, tag_key=secret)
    yield _case("the key of another epoch", world, {2: N}, none, tag_key="0x" + TAG_KEYS[2].hex())
    other_tag = put("tag", "subject_tag", to=bytes(32))
    yield _case(
        "another tag, and the epoch's key",
        world,
        {2: F, 3: F},
        lambda value: (none(value), other_tag(value)),
        tag_key=secret,
    )
    yield _case("the package names another key epoch", world, {2: N}, put("batch", "key_epoch", to=2))
    yield _case("a statement for another key epoch", world, {2: N}, stated(epoch=2))
    yield _case("a statement for another tag", world, {2: F}, stated(tag=bytes(32)))
    yield _case("a statement for another subject", world, {2: F}, stated(subject=OTHERS[0]))
    yield _case("a statement for another log", world, {2: F}, stated(log_id=bytes(32)))
    yield _case("a statement by another key", world, {2: F}, stated(key=BANK_KEY))
    yield _case("a statement of another platform", world, {2: F}, stated(platform=PLATFORM + 1))
    for name, signature in spoilt(honest.signature).items():
        yield _case(
            f"a statement signed with {name}", world, {2: F}, put("tag", "statement", "signature", to=signature)
        )
        yield _case(
            f"a statement that is not needed, signed with {name}", world, {2: F},
            put("tag", "statement", "signature", to=signature), policy=optional,
        )  # fmt: skip
    yield _case("a statement whose time was changed", world, {2: F}, put("tag", "statement", "issued_at", to=START + 1))
    yield _case("a statement from the future", world, {2: N}, stated(issued_at=2**40))
    yield from _signers(world)


def _signers(world: World) -> Iterator[Case]:
    """Step 2: who signed the statement, then and now."""

    def member(change: Change) -> Change:
        return lambda facts: change(next(one for one in facts["nodes"] if one["number"] == PLATFORM))

    def terms(*made: Json) -> Change:
        def change(facts: Json) -> None:
            facts["terms"] = [one for one in facts["terms"] if one["node"] != PLATFORM] + list(made)

        return change

    operator = next(one["operator"] for one in world[1]["nodes"] if one["number"] == PLATFORM)
    yield _case("the signer is a bureau", world, {2: F}, None, member(lambda one: one.update(role=3)))
    late = terms(term(PLATFORM, 2, operator, since=START + 1))
    yield _case("the platform was admitted after it signed", world, {2: F}, None, late)
    back = terms(term(PLATFORM, 2, operator, acts=False), term(PLATFORM, 2, operator, since=START + 1))
    yield _case("the platform was suspended when it signed, and acts again", world, {2: F}, None, back)
    gone = terms(term(PLATFORM, 2, operator), term(PLATFORM, 2, operator, since=START + 1, acts=False))
    yield _case("the platform acts no more", world, {2: F}, None, gone)
    rotated = terms(term(PLATFORM, 2, operator), term(PLATFORM, 2, "0x" + "22" * 20, since=START + 1))
    yield _case("an earlier key of the platform", world, {}, None, rotated)
    early = terms(term(PLATFORM, 2, "0x" + "22" * 20), term(PLATFORM, 2, operator, since=START + 1))
    yield _case("a key that the platform did not have yet", world, {2: F}, None, early)
    host = terms({**term(PLATFORM, 2, None), "host_operator": operator})
    yield _case("the key of the platform's host", world, {2: F}, None, host)
    for name, interval, steps in (
        ("stolen since", (START + 9, 0), {2: N}),
        ("stolen for a while after it signed", (START + 9, START + 99), {2: N}),
        ("stolen to the second in which it signed", (START - 9, START), {2: N}),
        ("stolen to the second before it signed", (START - 9, START - 1), {}),
    ):
        stolen = member(lambda one, at=interval: one.update(compromises=[{"since": at[0], "until": at[1]}]))  # type: ignore[misc]
        yield _case(f"the platform's key was {name}", world, steps, None, stolen)
    yield _case("who signed is not known", world, {2: N}, None, put("unread", to=["signer"]))


def _places(world: World) -> Iterator[Case]:
    """Steps 3 and 4: inclusion and anchor."""
    package = world[0]
    size, index = package["batch"]["size"], package["batch"]["index"]
    proof = package["batch"]["proof"]
    for name, member, value in (
        ("another index", "index", (index + 1) % size),
        ("the index at the size", "index", size),
        ("the largest index", "index", 2**53 - 1),
        ("another size", "size", size + 1),
        ("the largest size", "size", 2**53 - 1),
        ("no path", "proof", []),
        ("a path cut short", "proof", proof[:-1]),
        ("a path too long", "proof", [*proof, bytes(32)]),
        ("another path", "proof", [bytes(32)] * len(proof)),
    ):
        yield _case(name, world, {3: F}, put("batch", member, to=value))
    largest = lambda facts: facts["anchors"][0].update(size=str(2**64 - 1))  # noqa: E731
    yield _case("an anchor of 2^64 - 1 leaves", world, {2: N, 3: F, 5: N}, None, largest)
    for name, member, value in (
        ("another chain", "chain_id", 1),
        ("another log", "log_id", bytes(32)),
        ("another entry", "entry", 99),
    ):
        yield _case(name, world, {4: F}, put("batch", member, to=value))
    yield _case("another root", world, {2: N, 3: N, 4: F}, put("batch", "root", to=bytes(32)))
    yield _case("another node", world, {2: N, 3: N, 4: F}, put("batch", "node", to=TAX))
    root = package["batch"]["root"]

    def waiting(facts: Json) -> None:
        facts.update(anchors=[], waiting=[{"node": REGISTRY, "root": root}])

    yield _case("an anchor that is not final yet", world, {2: N, 3: N, 4: P, 5: N}, None, waiting)
    yield _case("the anchor is not known", world, {2: N, 3: N, 4: N}, None, put("unread", to=["anchor"]))
    enough, more = (POLICY + f"confirmations = {number}\n" for number in (897, 898))
    yield _case("as many confirmations as the policy wants", world, {}, policy=enough)
    yield _case("one confirmation too few", world, {4: P}, policy=more)
    for name, facts, number, outcome, word in bases(897):
        steps = {} if outcome is None else {4: outcome}
        weak = [*([] if outcome == N else ["unaudited"]), *word]
        policy = POLICY + f"confirmations = {number}\n"
        yield _case(name, world, steps, None, facts, policy=policy, weaknesses=weak)
    unknown = put("unread", to=["entry"])
    yield _case("the log entry is not known", world, {2: N, 5: N}, None, unknown)
    yield _case(
        "the log entry is not known, and the policy wants confirmations",
        world,
        {2: N, 4: N},
        None,
        unknown,
        policy=enough,
    )


def _publishers(world: World) -> Iterator[Case]:
    """Step 5."""

    def publisher(**changes: Any) -> Change:
        return lambda facts: next(one for one in facts["nodes"] if one["number"] == REGISTRY).update(changes)

    def anchor(**changes: Any) -> Change:
        return lambda facts: facts["anchors"][0].update(changes)

    yield _case("a batch that is broken", world, {5: F}, None, anchor(broken=True))
    yield _case("a batch that is audited", world, {}, None, anchor(audited=True), weaknesses=[])
    doubted = anchor(doubted_book=ANCHORED)
    yield _case("a batch of whose book a thief attested the audit", world, {}, None, doubted)
    strict = POLICY + "audited = true\n"
    yield _case("the same, and the policy wants it audited", world, {5: N}, None, doubted, policy=strict)
    yield _case("a publisher that may not publish", world, {5: F}, None, publisher(role=5))
    yield _case("a publisher that was suspended later", world, {}, None, publisher(status=2))
    for name, since, until, steps in (
        ("stolen in the second of the anchor", ANCHORED, ANCHORED, {5: N}),
        ("stolen, and still", ANCHORED, 0, {5: N}),
        ("stolen to the second before the anchor", ANCHORED - 9, ANCHORED - 1, {}),
        ("stolen from the second after the anchor", ANCHORED + 1, 0, {}),
    ):
        stolen = [{"since": since, "until": until}]
        yield _case(f"the publisher's key was {name}", world, steps, None, publisher(compromises=stolen))

    def hosted(compromises: list[Json]) -> Change:
        def change(facts: Json) -> None:
            host = next(one for one in facts["nodes"] if one["number"] == PLATFORM)
            host.update(compromises=[{"since": one["since"], "until": one["until"]} for one in compromises])
            acted = [{"acted_from": START, **one, "key": host["operator"]} for one in compromises]
            publisher(host=PLATFORM, compromises=acted)(facts)

        return change

    yield _case("a publisher with a host", world, {}, None, hosted([]))
    before = [{"since": ANCHORED, "until": ANCHORED}]
    yield _case(
        "the host's key was stolen then, and the tag's statement is older", world, {2: N, 5: N}, None, hosted(before)
    )
    left = [{"since": ANCHORED, "until": ANCHORED, "acted_until": ANCHORED}]
    yield _case("the key of a host that the publisher had left was stolen then", world, {2: N}, None, hosted(left))
    yield _case("an entry of another anchor", world, {2: N, 5: N}, None, anchor(key_epoch=2, time=START))
    for name, change in (
        ("of another time", lambda facts: facts["log"][3].update(time=START)),
        ("with a body cut short", lambda facts: facts["log"][3].update(data=facts["log"][3]["data"][:-64])),
        ("of another kind", lambda facts: facts["log"][3].update(kind=4)),
    ):
        yield _case(f"an entry {name}", world, {2: N, 5: N}, None, change)


def _lives(world: World) -> Iterator[Case]:
    """Step 6."""
    batch = world[0]["batch"]
    leaf = leaf_of(read_package(world[0]))

    def records(**changes: int) -> Change:
        return lambda facts: facts["records"].append(state(batch["node"], leaf, **changes))

    for name, life in (("superseded", 1), ("revoked", 2), ("erased", 3)):
        yield _case(name, world, {6: F}, None, records(life=life, life_at=START + 99))
    for name, since, until, outcome in (
        ("in the first second of a theft of the key", ANCHORED + 99, 0, N),
        ("in the last second of a theft of the key", ANCHORED + 90, ANCHORED + 99, N),
        ("in the second after a theft of the key", ANCHORED + 90, ANCHORED + 98, F),
        ("in the second before a theft of the key", ANCHORED + 100, 0, F),
    ):

        def stolen(facts: Json, since: int = since, until: int = until) -> None:
            records(life=3, life_at=ANCHORED + 99)(facts)
            node = next(one for one in facts["nodes"] if one["number"] == batch["node"])
            node.update(compromises=[{"since": since, "until": until}])

        yield _case(f"erased {name}", world, {6: outcome}, None, stolen)
    strict = POLICY + 'disputes = ["none", "corrected"]\n'
    filed = {"filings": 2, "last": 40, "filed_at": START + 99}
    for name, disputes, refused in (
        ("open", {"open": 2}, True),
        ("corrected", {"outcome": 2}, False),
        ("upheld", {"outcome": 3}, True),
        ("unresolved", {"outcome": 4}, True),
        ("open again, after it was corrected", {"open": 1, "outcome": 2}, True),
    ):
        change = records(**filed, **disputes)
        yield _case(f"a dispute that is {name}", world, {}, None, change)
        steps = {6: F} if refused else {}
        yield _case(f"a dispute that is {name}, by policy", world, steps, None, change, policy=strict)
    yield _case(
        "another node's record was revoked",
        world,
        {},
        None,
        lambda facts: facts["records"].append(state(TAX, leaf, life=2)),
    )
    yield _case("the record's life is not known", world, {6: N}, None, put("unread", to=["record"]))


def _demands(world: World) -> Iterator[Case]:
    """What a policy demands, and what two conditions at once come to."""
    yield _case("a node that the policy accepts", world, {}, policy=POLICY + f"nodes = [{REGISTRY}]\n")
    yield _case("a node that the policy does not accept", world, {5: F}, policy=POLICY + f"nodes = [{TAX}]\n")
    yield _case("a product that the policy accepts", world, {}, policy=POLICY + 'products = ["registry-basic/1"]\n')
    yield _case(
        "a product that the policy does not accept", world, {5: F}, policy=POLICY + 'products = ["tax-payment/1"]\n'
    )
    yield _case("a batch that the policy wants audited", world, {5: N}, policy=POLICY + "audited = true\n")
    every = POLICY + "require = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
    yield _case("completeness of a record", world, {9: N}, policy=every, required=range(1, 11))
    lax = POLICY + "require = [1]\nunsafe = true\n"
    unsafe = ["unsafe policy", "unaudited"]
    none = put("tag", "statement", to=None)
    yield _case("a policy that is unsafe", world, {2: N}, none, policy=lax, required=range(1, 2), weaknesses=unsafe)
    broken = put("record", "salt", to=bytes(32))
    yield _case(
        "an unsafe policy forgives nothing", world, {3: F}, broken, policy=lax, required=range(1, 2), weaknesses=unsafe
    )
    one, old = put("source", "basis", to="told"), put("source", "age", to=3601)
    yield _case("one endpoint's word", world, {}, None, one, weaknesses=["unaudited", "one endpoint's word"])
    strict = POLICY + '[facts]\naccepted = ["signed", "proven", "agreed"]\nage_seconds = 3600\n'
    unknown = dict.fromkeys(range(2, 7), N)
    yield _case(
        "told facts that the policy refuses",
        world,
        unknown,
        None,
        one,
        policy=strict,
        weaknesses=["one endpoint's word"],
    )
    yield _case(
        "facts that the policy finds too old", world, unknown, None, old, policy=strict, weaknesses=["old block"]
    )
    yield _case("agreed facts that the policy accepts", world, {}, policy=strict)
    yield _case("an old block", world, {}, None, old, weaknesses=["unaudited", "old block"])
    yield _case("a block that is not old yet", world, {}, None, put("source", "age", to=3600))
    statement = put("tag", "statement", "subject_tag", to=bytes(32))
    yield _case("a false tag outranks a product that is not known", world, {2: F}, statement, products=[])
    stolen = lambda facts: facts["nodes"][1].update(compromises=[{"since": ANCHORED, "until": 0}])  # noqa: E731
    assert world[1]["nodes"][1]["number"] == REGISTRY
    yield _case(
        "a demand that is not met outranks a stolen key",
        world,
        {5: F},
        None,
        stolen,
        policy=POLICY + f"nodes = [{TAX}]\n",
    )
