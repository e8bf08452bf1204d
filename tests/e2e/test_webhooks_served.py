"""Webhooks over real HTTP: an exchange as a process, a member that sets them by commands, and a receiver."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from exchange_world import World
from exchanges import exchange, signed_in
from hook_world import publish_warnings, told
from region_world import PLATFORM, SOURCE, TAG_KEY, region_of, send
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.chain.consent_calls import ConsentCalls
from creditchain.client import check_webhook, new_secret
from creditchain.documents import leaf_hash
from creditchain.hashing import keccak256
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.order_file import OrderFile
from creditchain.packages.parts import hexed
from creditchain.packages.reading import PrivateText
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile
from creditchain.packages.webhook import EventKind, WebhookOrder, parse_secret
from ports import reserved_port
from receivers import Receiver, receiver

ALLOWED = ("--meter-after", "0", "--allow-webhooks-to", "127.0.0.1/32")
SECRET = new_secret()


@pytest.fixture
def world(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("REGION_KEY", TAG_KEY.hex())
    place = kept.fresh(tmp_path / "world")
    with (
        region_of(place) as region,
        exchange(place, PLATFORM, *ALLOWED) as running,
        running.client() as client,
    ):
        yield World(opened(place), region, running, client)


@pytest.fixture
def bank() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


def order(address: str, *kinds: EventKind) -> bytes:
    return WebhookOrder(address, kinds, parse_secret(SECRET)).to_json()


def webhook(world: World, *words: str) -> list[str]:
    """The words of a command for webhooks, as the bank."""
    return ["webhook", *words, "--exchange", world.exchange.url, "--node", str(BANK), "--signer", f"dev:{BANK}"]


def revoke(world: World, given: PackagedConsent) -> None:
    call = ConsentCalls(world.region.deployment).revoke(given.message)
    send(world.market.place, world.region, PLATFORM, f"revoke {given.message.id.hex()}", call)


def test_a_member_sets_a_webhook_and_hears_of_a_revocation(world: World, bank: Receiver) -> None:
    commands = world.market.commands
    made = commands.done(*webhook(world, "set", bank.url, "--events", "consent.revoked,warning.new"))
    assert made["events"] == ["consent.revoked", "warning.new"]
    given = granted(world.market, world.region)
    revoke(world, given)
    world.until(lambda: len(bank.taken) == 1)
    event = check_webhook(made["secret"], bank.taken[0].headers, bank.taken[0].body)
    assert (event.kind, event.data["consent"]) == ("consent.revoked", hexed(given.message.id))
    (listed,) = commands.done(*webhook(world, "list"))
    seen = {one["type"]: one["id"] for one in commands.done(*webhook(world, "events"))["events"]}
    assert seen.keys() == {"consent.granted", "consent.revoked"}  # also what no webhook wanted
    assert seen["consent.revoked"] == event.id
    assert (listed["webhook"], listed["address"]) == (made["webhook"], bank.url)
    world.until(lambda: commands.done(*webhook(world, "show", made["webhook"]))["taken"] == 1)
    assert commands.done(*webhook(world, "replay", made["webhook"]))["replayed"] == 1
    world.until(lambda: len(bank.taken) == 2)
    assert set(bank.events) == {event.id}
    commands.done(*webhook(world, "remove", made["webhook"]))
    assert commands.done(*webhook(world, "list")) == []
    assert commands(*webhook(world, "show", made["webhook"])).code == 5
    told_of = world.exchange.log.read_text() + world.client.get("/metrics").text
    for private in (bank.url, "/hook", made["secret"], parse_secret(made["secret"]).hex()):
        assert private not in told_of


def asked(world: World, file: RequestFile) -> bytes:
    """What is delivered for a request at once."""
    answer = world.bank().post("/v1/reports", content=file.to_json(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.content


def ordered(world: World, file: RequestFile) -> bytes:
    """What is delivered for a request that is placed as an order, once an officer has taken it on."""
    order, content = hexed(file.request.id), OrderFile(file).to_json()
    institution = world.bank()
    placed = institution.post("/v1/orders", content=content, headers={"Content-Type": "application/json"})
    assert placed.status_code == 201, placed.text
    with world.exchange.client() as plain:
        accepted = signed_in(plain, world.key(PLATFORM), PLATFORM).post(f"/v1/orders/{order}/acceptance")
        assert accepted.status_code == 200, accepted.text
    world.until(lambda: institution.get(f"/v1/orders/{order}").json()["state"] == "delivered")
    return institution.get(f"/v1/orders/{order}/delivery").content


@pytest.mark.parametrize("delivered", [asked, ordered])
def test_what_was_shown_is_disputed_and_new_warnings_come_under_the_same_consent(
    world: World, bank: Receiver, delivered: Callable[[World, RequestFile], bytes]
) -> None:
    """Both follow from the delivery of a report; nothing else has to be asked for."""
    client = world.bank()
    headers = {"Content-Type": "application/json"}
    kinds = EventKind.DISPUTE_FILED, EventKind.WARNING_NEW
    assert client.post("/v1/webhooks", content=order(bank.url, *kinds), headers=headers).status_code == 200
    given = granted(world.market, world.region, sections=0b10110)
    package = parse_report_package(delivered(world, world.request(given)))
    shown, place = package.records[0].record, package.ranges[package.records[0].range]
    tag = package.tag(place.key_epoch)
    assert tag is not None
    leaf = leaf_hash(tag.subject_tag, shown.section, shown.product, shown.commitment)
    call = world.region.calls.file_dispute(PLATFORM, place.node, leaf, keccak256(b"reason"))
    send(world.market.place, world.region, PLATFORM, "dispute", call)
    publish_warnings(world.market, 1)
    world.until(lambda: len(bank.taken) == 2)
    events = dict(told(bank))
    dispute, warning = events["dispute.filed"], events["warning.new"]
    assert (dispute["leaf"], dispute["node"]) == (hexed(leaf), place.node)
    expected = {"log_id": hexed(world.region.deployment.log_id), "consent": hexed(given.message.id)}
    assert warning == expected


class TestWatching:
    def file(self, world: World, given: PackagedConsent) -> ConsentFile:
        notice = PrivateText(bytes(32), "notice")
        request = world.request(given)
        return ConsentFile(given.message, request.subject, given.subject_salt, notice)

    def given(self, world: World) -> PackagedConsent:
        notice = PrivateText(bytes(32), "notice").digest
        return granted(world.market, world.region, sections=0b10110, notice=notice)

    def test_before_any_report_was_asked_for(self, world: World, bank: Receiver) -> None:
        client, given = world.bank(), self.given(world)
        headers = {"Content-Type": "application/json"}
        path = f"/v1/consents/{hexed(given.message.id)}/watch"
        body = self.file(world, given).as_json() | {"key_signature": hexed(bytes(65))}
        content = json.dumps(body)
        refused = client.put(path, content=content, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (409, "not-watched"), refused.text
        client.post("/v1/webhooks", content=order(bank.url), headers=headers)
        other = client.put(f"/v1/consents/0x{'00' * 32}/watch", content=content, headers=headers)
        assert (other.status_code, other.json()["field"]) == (422, "message")
        assert client.put(path, content=content, headers=headers).status_code == 204
        assert client.put(path, content=content, headers=headers).status_code == 204
        publish_warnings(world.market, 1)
        world.until(lambda: "warning.new" in [kind for kind, _ in told(bank)])
        assert client.delete(path).status_code == 204
        assert client.delete(path).status_code == 404

    def test_a_consent_of_another_institution(self, world: World, bank: Receiver) -> None:
        given = self.given(world)
        client = signed_in(world.client, world.key(SOURCE), SOURCE)
        headers = {"Content-Type": "application/json"}
        client.post("/v1/webhooks", content=order(bank.url), headers=headers)
        body = self.file(world, given).as_json() | {"key_signature": hexed(bytes(65))}
        path = f"/v1/consents/{hexed(given.message.id)}/watch"
        answer = client.put(path, content=json.dumps(body), headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "consent-unknown")


class TestConsents:
    def test_those_that_concern_the_member_page_by_page(self, world: World) -> None:
        given = [granted(world.market, world.region) for _ in range(5)]
        revoke(world, given[1])
        client, found, cursor = world.bank(), [], 0
        while True:
            page = client.get("/v1/consents", params={"cursor": cursor, "limit": 2}).json()
            found += page["consents"]
            if page["next"] is None:
                break
            assert len(page["consents"]) == 2
            cursor = page["next"]
        assert [one["id"] for one in found] == [hexed(one.message.id) for one in given]
        assert [one["state"] for one in found] == ["valid", "revoked", "valid", "valid", "valid"]
        assert client.get("/v1/consents", params={"cursor": 10**6}).json()["consents"] == []
        endorsed = signed_in(world.client, world.key(PLATFORM), PLATFORM).get("/v1/consents").json()["consents"]
        assert [one["id"] for one in endorsed] == [one["id"] for one in found]
        others = signed_in(world.client, world.key(SOURCE), SOURCE).get("/v1/consents").json()
        assert (others["consents"], others["next"]) == ([], None)

    def test_parameters_that_are_none(self, world: World) -> None:
        client = world.bank()
        for query in ("cursor=-1", "cursor=x", "limit=0", "limit=501", "cursor=9" + "9" * 30):
            answer = client.get(f"/v1/consents?{query}")
            assert (answer.status_code, answer.json()["field"]) == (422, f"query.{query.partition('=')[0]}")


class TestRefusals:
    """Nothing is kept, and nothing is sent anywhere."""

    def test_addresses(self, world: World) -> None:
        client, headers = world.bank(), {"Content-Type": "application/json"}
        for address in (
            "https://10.0.0.1/hook",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]:8420/",
            "https://[::ffff:10.0.0.1]/",
            "http://127.0.0.2:8420/",
            "file:///etc/passwd",
            "https://user:password@example.com/",
            "https://nobody.invalid/",
        ):
            answer = client.post("/v1/webhooks", content=order(address), headers=headers)
            code = "unresolved-address" if "invalid" in address else "forbidden-address"
            assert (answer.status_code, answer.json()["type"], answer.json()["field"]) == (422, code, "address")
        assert client.get("/v1/webhooks").json()["webhooks"] == []

    def test_loopback_unless_the_operator_allows_it(self, kept: Kept, tmp_path: Path, bank: Receiver) -> None:
        place = kept.fresh(tmp_path / "world")
        with region_of(place) as region, exchange(place, PLATFORM) as running, running.client() as client:
            world = World(opened(place), region, running, client)
            headers = {"Content-Type": "application/json"}
            answer = world.bank().post("/v1/webhooks", content=order(bank.url), headers=headers)
            assert (answer.status_code, answer.json()["type"]) == (422, "forbidden-address")

    def test_another_members_webhook(self, world: World, bank: Receiver) -> None:
        client, headers = world.bank(), {"Content-Type": "application/json"}
        made = client.post("/v1/webhooks", content=order(bank.url), headers=headers).json()["id"]
        other = signed_in(world.client, world.key(SOURCE), SOURCE)
        for method, path in (
            ("GET", f"/v1/webhooks/{made}"),
            ("GET", f"/v1/webhooks/{made}/dead"),
            ("POST", f"/v1/webhooks/{made}/replay"),
            ("DELETE", f"/v1/webhooks/{made}"),
            ("GET", "/v1/webhooks/%00"),
        ):
            answer = other.request(method, path)
            assert (answer.status_code, answer.json()["type"]) == (404, "unknown-webhook"), path
        assert other.get("/v1/webhooks").json()["webhooks"] == []

    def test_only_the_operator_sees_and_drops_those_of_others(self, world: World, bank: Receiver) -> None:
        client, headers = world.bank(), {"Content-Type": "application/json"}
        client.post("/v1/webhooks", content=order(bank.url), headers=headers)
        for method, path in (("GET", "/v1/operator/webhooks"), ("DELETE", f"/v1/operator/webhooks/{BANK}")):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["type"]) == (403, "not-the-operator")
        with world.exchange.client() as plain:
            operator = signed_in(plain, world.key(PLATFORM), PLATFORM)
            (listed,) = operator.get("/v1/operator/webhooks").json()
            assert listed.keys() == {"node", "waiting", "taken", "dead"}
            assert listed["node"] == BANK
            for none in (SOURCE, "x", "9" * 30, "-1"):
                answer = operator.delete(f"/v1/operator/webhooks/{none}")
                assert (answer.status_code, answer.json()["type"]) == (404, "unknown-webhook")
            assert operator.delete(f"/v1/operator/webhooks/{BANK}").json() == {"dropped": 1}
            assert operator.get("/v1/operator/webhooks").json() == []
        assert client.get("/v1/webhooks").json()["webhooks"] == []

    def test_without_a_session(self, world: World) -> None:
        for method, path in (
            ("POST", "/v1/webhooks"),
            ("GET", "/v1/webhooks"),
            ("GET", "/v1/events"),
            ("GET", "/v1/consents"),
            ("POST", f"/v1/webhooks/{'0' * 32}/replay"),
            ("PUT", f"/v1/consents/0x{'0' * 64}/watch"),
        ):
            answer = world.client.request(method, path)
            assert (answer.status_code, answer.json()["type"]) == (401, "not-signed-in")


def test_killed_again_and_again_nothing_is_missed_and_nothing_has_two_ids(
    kept: Kept, tmp_path: Path, bank: Receiver
) -> None:
    """The receiver is down for a while, and the exchange is killed at any moment."""
    place = kept.fresh(tmp_path / "world")
    with region_of(place) as region, reserved_port() as port:
        words, given = (*ALLOWED, "--port", str(port)), []
        world = World(opened(place), region, None, None)  # type: ignore[arg-type]
        for kill in range(3):
            with exchange(place, PLATFORM, *words) as one, one.client() as client:
                if kill == 0:
                    signed_in(client, world.key(BANK), BANK).post(
                        "/v1/webhooks", content=order(bank.url), headers={"Content-Type": "application/json"}
                    )
                    bank.stop()
                given.append(granted(world.market, region))
                revoke(world, given[-1])
                one.stop(signal.SIGKILL)
        bank.start()
        expected = {(kind, hexed(one.message.id)) for one in given for kind in ("consent.granted", "consent.revoked")}
        with exchange(place, PLATFORM, *words) as last:
            running = World(world.market, region, last, None)  # type: ignore[arg-type]
            running.until(lambda: {(kind, data["consent"]) for kind, data in told(bank)} == expected)
            last.stop()
        assert len(set(bank.events)) == len(expected)
