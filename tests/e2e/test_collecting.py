"""Reports collected from five publishers' exchanges, which run as processes with homes of their own."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from collecting_world import (
    NUMBER,
    PUBLISHERS,
    CollectingWorld,
    Lie,
    Relay,
    collecting_world,
    kept_publishers,
)
from exchanges import PATIENCE, exchange, signed_in, stranger
from region_world import PLATFORM, REGULATOR, TAG_KEY, region_of
from report_market import BANK, granted, outcomes
from worlds import Kept

from creditchain.batch.folder.leaf_list import keep_leaves
from creditchain.catalogue.products import catalogue, load_product
from creditchain.chain.signers import Signer, dev_signer
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.index.queries import metered_for
from creditchain.log.facts import EntryPlace
from creditchain.packages.report_package import Countersigned, ReportPackage, parse_report_package
from creditchain.packages.report_part import PartOrder, SignedPart, parse_part
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import DeliveryState

JSON = {"Content-Type": "application/json"}
_NONCES = count()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_publishers(tmp_path_factory) as made:
        yield made


@pytest.fixture(scope="module")
def world(kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectingWorld]:
    """One world for all tests of the module: each asks with a request of its own, and leaves the relays honest."""
    with (
        kept.lasting(tmp_path_factory.mktemp("collecting") / "world") as place,
        collecting_world(place) as made,
    ):
        yield made


@pytest.fixture
def liar(world: CollectingWorld) -> Iterator[Relay]:
    """What stands before the exchange of node 6, honest again afterwards."""
    relay = world.relays[6]
    yield relay
    relay.lie, relay.rest, relay.challenge = None, 0.0, {}


def fresh(world: CollectingWorld, **changes: Any) -> RequestFile:
    """A request with a consent and a nonce of its own."""
    return world.request(granted(world.market, world.region), nonce=next(_NONCES), **changes)


def ask(world: CollectingWorld, file: RequestFile) -> httpx.Response:
    return world.bank().post("/v1/reports", content=file.to_json(), headers=JSON)


def collected(world: CollectingWorld, file: RequestFile | None = None) -> ReportPackage:
    """What the bank gets, once it is metered."""
    wanted = fresh(world) if file is None else file
    answer = ask(world, wanted)
    assert answer.status_code == 200, answer.text
    world.until(lambda: wanted.request.nonce in metered_nonces(world, wanted))
    return parse_report_package(answer.content)


def metered_nonces(world: CollectingWorld, file: RequestFile) -> list[int]:
    return [one.item.nonce for one in metered_for(world.region, [file.request]).values()]


def verdict(world: CollectingWorld, package: ReportPackage, folder: Path) -> tuple[int, dict[str, Any]]:
    return world.market.verify(package, folder)


def step(found: dict[str, Any], number: int) -> dict[str, Any]:
    return dict(next(one for one in found["steps"] if one["number"] == number))


def test_five_parts_are_one_report_and_one_use(world: CollectingWorld, tmp_path: Path) -> None:
    file = fresh(world)
    before = {node: world.given(node) for node in PUBLISHERS}
    package = collected(world, file)
    assert {one.node for one in package.countersigned} == set(PUBLISHERS)
    assert {package.ranges[one.range].node for one in package.records} == set(PUBLISHERS)
    assert package.gaps == {}
    code, found = verdict(world, package, tmp_path)
    assert code == 0, [one for one in found["steps"] if one["outcome"] != "passed"]
    assert step(found, 8)["details"]["countersigned"] == sorted(PUBLISHERS)
    assert {node: world.given(node) for node in PUBLISHERS} == {node: one + 1 for node, one in before.items()}
    assert len(metered_for(world.region, [file.request])) == 1


def test_a_countersignature_that_is_changed_fails(world: CollectingWorld, tmp_path: Path) -> None:
    package = collected(world)
    first, *others = package.countersigned
    forged = replace(first, signature=others[0].signature)
    code, found = verdict(world, replace(package, countersigned=(forged, *others)), tmp_path)
    assert code == 1
    assert outcomes(found)[8] == "failed"
    assert step(found, 8)["reason"]["en"] == f"the part of node {first.node} is not signed by the node's key"


def lying(signer: Signer, change: Any) -> Lie:
    """A publisher that changes its part, and signs what it made of it."""
    tags = {1: subject_tag(TAG_KEY, parse_uscc(NUMBER))}

    def lie(status: int, content: bytes) -> tuple[int, bytes]:
        assert status == 200, content
        honest = parse_part(content, tags)
        made = replace(honest, part=change(honest.part))
        signature = signer.sign_typed(made.message.typed_data())
        signed = Countersigned(made.part.node, made.signed.given_at, signature)
        return 200, replace(made, signed=signed).to_json()

    return lie


def _altered(part: Any) -> Any:
    first, *others = part.records
    value = json.loads(first.record.content)
    value["data"]["paid_fen"] = 1
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return replace(part, records=(replace(first, record=replace(first.record, content=content)), *others))


def _less_a_range_s_leaf(part: Any) -> Any:
    first, *others = part.ranges
    proof = replace(first.proof, leaves=first.proof.leaves[1:])
    records = tuple(one for one in part.records if one.record.commitment != first.proof.leaves[0].commitment)
    return replace(part, ranges=(replace(first, proof=proof), *others), records=records)


LIES: dict[str, Any] = {
    "alters a record": _altered,
    "leaves a record out": lambda part: replace(part, records=part.records[1:]),
    "leaves a record out of its range too": _less_a_range_s_leaf,
    "shows nothing": lambda part: replace(part, ranges=(), records=()),
    "names another block": lambda part: replace(
        part, ranges=tuple(replace(one, place=replace(one.place, block=1)) for one in part.ranges)
    ),
}


def expect_gap(world: CollectingWorld, reason: str, folder: Path) -> None:
    """The report names node 6 as a gap for this reason, and no verifier takes it as complete."""
    package = collected(world)
    assert package.gaps == {6: reason}
    assert {one.node for one in package.countersigned} == set(PUBLISHERS) - {6}
    assert {one.node for one in package.ranges} == set(PUBLISHERS) - {6}
    code, found = verdict(world, package, folder)
    passed = dict.fromkeys(range(1, 11), "passed") | {9: "not verified", 11: "not verified"}
    assert (code, outcomes(found)) == (3, passed)
    ninth = step(found, 9)
    assert ninth["details"]["gaps"] == [{"node": 6, "reason": reason}]
    words = reason.replace("_", " ")
    assert ninth["reason"]["en"] == f"the report lacks the part of 1 publisher(s): node 6 ({words})"


@pytest.mark.parametrize("name", LIES)
def test_a_publisher_that_lies_is_a_gap(world: CollectingWorld, liar: Relay, name: str, tmp_path: Path) -> None:
    liar.lie = lying(world.key(6), LIES[name])
    expect_gap(world, "unfit", tmp_path)


def test_a_part_that_somebody_else_signed_is_a_gap(world: CollectingWorld, liar: Relay, tmp_path: Path) -> None:
    liar.lie = lying(stranger(), lambda part: part)
    expect_gap(world, "unfit", tmp_path)


def test_a_part_of_another_request_is_a_gap(world: CollectingWorld, liar: Relay, tmp_path: Path) -> None:
    kept: list[bytes] = []

    def noted(status: int, content: bytes) -> tuple[int, bytes]:
        kept.append(content)
        return status, content

    liar.lie = noted
    assert collected(world).gaps == {}
    liar.lie = lambda _status, _content: (200, kept[0])
    expect_gap(world, "unfit", tmp_path)


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (200, b"{", "unfit"),
        (200, b"[" * 100_000, "unfit"),
        (403, b"{}", "refused"),
        (302, b"", "refused"),
    ],
)
def test_a_publisher_that_answers_otherwise_is_a_gap(
    world: CollectingWorld, liar: Relay, status: int, content: bytes, reason: str, tmp_path: Path
) -> None:
    liar.lie = lambda _status, _content: (status, content)
    expect_gap(world, reason, tmp_path)


@pytest.fixture(scope="module")
def places(world: CollectingWorld) -> dict[int, EntryPlace]:
    """Where the batch of each publisher is."""
    return {one.node: one.place for one in collected(world).ranges}


class TestAtThePublisher:
    """What a publisher's exchange gives to whom."""

    @pytest.fixture(autouse=True)
    def named(self, places: dict[int, EntryPlace]) -> None:
        self.places = places

    def order(self, file: RequestFile, node: int = 6, place: EntryPlace | None = None) -> PartOrder:
        """An order for a node's batch."""
        return PartOrder(file, node, (place or self.places[node],))

    def give(self, world: CollectingWorld, asked: PartOrder, member: int = PLATFORM) -> httpx.Response:
        url = world.publishers[6].url
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            session = signed_in(client, world.key(member), member)
            return session.post("/v1/parts", content=asked.to_json(), headers=JSON)

    def refused(self, answer: httpx.Response, status: int, code: str) -> None:
        assert (answer.status_code, answer.json()["type"]) == (status, code), answer.text

    def test_the_same_order_gets_the_same_part(self, world: CollectingWorld) -> None:
        asked, before = self.order(fresh(world)), world.given(6)
        first, second = self.give(world, asked), self.give(world, asked)
        assert (first.status_code, second.status_code) == (200, 200), first.text
        assert first.content == second.content
        assert [one.headers["Creditchain-Answered-Before"] for one in (first, second)] == ["no", "yes"]
        assert world.given(6) == before + 1
        file, consent = world.market.place.folder / "node-6" / "home" / "journal.sqlite", asked.file.consent
        assert consent is not None
        with closing(sqlite3.connect(file)) as journal:
            told = "SELECT given_at, drop_after FROM given_parts ORDER BY id DESC LIMIT 1"
            given_at, drop_after = journal.execute(told).fetchone()
        assert drop_after == given_at + consent.message.keep_days * 86_400
        tags = {1: subject_tag(TAG_KEY, parse_uscc(NUMBER))}
        part: SignedPart = parse_part(first.content, tags)
        assert part.request == asked.file.request.id
        assert len(part.part.records) == 10

    def test_only_the_provider_gets_it(self, world: CollectingWorld) -> None:
        self.refused(self.give(world, self.order(fresh(world)), BANK), 403, "not-the-provider")

    def test_only_of_nodes_that_it_serves(self, world: CollectingWorld) -> None:
        self.refused(self.give(world, self.order(fresh(world), 7)), 403, "not-entitled")

    def test_only_what_the_institution_signed(self, world: CollectingWorld) -> None:
        file = fresh(world)
        forged = replace(file, signature=stranger().sign_typed(file.request.typed_data()))
        self.refused(self.give(world, self.order(forged)), 403, "request-signature")

    def test_only_about_the_enterprise_that_was_signed_for(self, world: CollectingWorld) -> None:
        other = replace(fresh(world), subject=parse_uscc("9144030071526726XG"))
        self.refused(self.give(world, self.order(other)), 403, "subject")

    def test_only_its_own_entries(self, world: CollectingWorld) -> None:
        self.refused(self.give(world, self.order(fresh(world), 6, self.places[7])), 422, "input")

    def test_no_entry_that_the_log_does_not_have(self, world: CollectingWorld) -> None:
        self.refused(self.give(world, self.order(fresh(world), 6, EntryPlace(10**6, 1))), 503, "entry-not-reached")

    def test_nothing_without_a_session(self, world: CollectingWorld) -> None:
        body = self.order(fresh(world)).to_json()
        answer = httpx.post(world.publishers[6].url + "/v1/parts", content=body, headers=JSON, timeout=PATIENCE)
        self.refused(answer, 401, "not-signed-in")

    def test_nothing_that_tells_whom_it_is_about_is_written_down(self, world: CollectingWorld) -> None:
        file = fresh(world)
        assert self.give(world, self.order(file)).status_code == 200
        home = world.market.place.folder / "node-6" / "home"
        stored = b"".join(path.read_bytes() for path in home.glob("journal.sqlite*"))
        told = world.publishers[6].log.read_bytes() + stored
        assert NUMBER.encode() not in told
        assert file.subject_salt.hex().encode() not in told


class TestOthers:
    """Worlds of their own."""

    def test_one_of_five_is_dead(self, kept: Kept, tmp_path: Path) -> None:
        with collecting_world(kept.fresh(tmp_path / "world"), relays=False) as world:
            assert world.publishers[6].stop(signal.SIGKILL) == -signal.SIGKILL
            expect_gap(world, "no_answer", tmp_path)
            assert world.deliveries()[DeliveryState.METERED] == 1
            assert world.exchange.stop() == 0

    def test_one_is_silent_and_one_is_not_who_it_should_be(self, kept: Kept, tmp_path: Path) -> None:
        with collecting_world(kept.fresh(tmp_path / "world"), within=20.0) as world:
            world.relays[6].rest, world.relays[7].challenge = 60.0, {"exchange": 8}
            package = collected(world)
            assert package.gaps == {6: "no_answer", 7: "no_address"}

    def test_nobody_gives_anything(self, kept: Kept, tmp_path: Path) -> None:
        """Nothing is delivered, and the consent is not used."""
        with collecting_world(kept.fresh(tmp_path / "world"), relays=False) as world:
            for one in world.publishers.values():
                one.stop(signal.SIGKILL)
            answer = ask(world, fresh(world))
            assert (answer.status_code, answer.json()["type"]) == (503, "assembly"), answer.text
            assert sum(world.deliveries().values()) == 0


class TestSharing:
    """What exchanges serve besides reports."""

    @contextmanager
    def signed_in(self, world: CollectingWorld, member: int) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=world.publishers[6].url, timeout=PATIENCE) as client:
            yield signed_in(client, world.key(member), member)

    def root(self, world: CollectingWorld) -> str:
        """Of the batch of node 6."""
        (folder,) = (world.market.place.folder / "node-6" / "home" / "regions").glob("*/batches/*")
        return folder.name

    def test_a_regulator_gets_the_list_of_leaves(self, world: CollectingWorld, tmp_path: Path) -> None:
        root = self.root(world)
        with self.signed_in(world, REGULATOR) as client:
            answer = client.get(f"/v1/leaves/{root}")
        assert answer.status_code == 200, answer.text
        listed = tmp_path / f"{root}.leaves"
        listed.write_bytes(answer.content)
        kept = keep_leaves(listed, tmp_path)
        assert (kept.root.hex(), kept.size) == (root, 30)

    def test_nobody_else_does(self, world: CollectingWorld) -> None:
        with self.signed_in(world, PLATFORM) as client:
            answer = client.get(f"/v1/leaves/{self.root(world)}")
        assert (answer.status_code, answer.json()["type"]) == (403, "not-an-auditor")

    @pytest.mark.parametrize("root", ["00" * 32, "..", "0x00", "A" * 64])
    def test_a_list_that_is_not_there(self, world: CollectingWorld, root: str) -> None:
        with self.signed_in(world, REGULATOR) as client:
            assert client.get(f"/v1/leaves/{root}").status_code == 404

    def test_product_files(self, world: CollectingWorld, tmp_path: Path) -> None:
        with self.signed_in(world, BANK) as client:
            listed = {one["product"]: one for one in client.get("/v1/products").json()}
            answer = client.get("/v1/products/tax-payment/1")
            assert client.get("/v1/products/tax-payment/99").status_code == 404
        path = tmp_path / "tax-payment-1.toml"
        path.write_bytes(answer.content)
        assert "0x" + load_product(path).digest.hex() == listed["tax-payment/1"]["digest"]
        assert len(listed) == len(catalogue([]))

    def test_no_facts_of_the_region_where_none_are_named(self, world: CollectingWorld) -> None:
        with self.signed_in(world, BANK) as client:
            assert client.get("/v1/region").status_code == 404

    def test_the_facts_of_the_region(self, kept: Kept, tmp_path: Path) -> None:
        place = kept.fresh(tmp_path / "world")
        facts = tmp_path / "region.json"
        words = ("--batches", str(place.folder), "--region-facts", str(facts))
        with exchange(place, PLATFORM, *words) as running, region_of(place) as region, running.client() as client:
            session = signed_in(client, dev_signer(BANK, region.chain), BANK)
            assert session.get("/v1/region").status_code == 503
            facts.write_bytes(b'{"format": "creditchain/region-facts@1"}')
            assert session.get("/v1/region").content == facts.read_bytes()

    @pytest.mark.parametrize("path", ["/v1/leaves/" + "00" * 32, "/v1/products", "/v1/products/a/1", "/v1/region"])
    def test_nothing_without_a_session(self, world: CollectingWorld, path: str) -> None:
        answer = httpx.get(world.publishers[6].url + path, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["type"]) == (401, "not-signed-in")
