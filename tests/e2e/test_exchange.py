"""The exchange over real HTTP, on a real node: signing in, asking, what is refused, what is metered."""

from __future__ import annotations

import json
import signal
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from exchange_world import World, exchange_world
from exchanges import answered, exchange, refused, sign_in, signed_in, stranger
from faulty import faulty
from region_world import GOVERNOR, PLATFORM, SOURCE, region_of, send
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.acts.metering import meter
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.evidence.record import live_evidence
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.index.queries import metered_for
from creditchain.log.reading import RegionReading
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import Deliveries, DeliveryState


def ask(client: httpx.Client, file: RequestFile) -> httpx.Response:
    return client.post("/v1/reports", content=file.to_json(), headers={"Content-Type": "application/json"})


def test_a_report_in_one_round_trip_and_metered_soon_after(world: World, tmp_path: Path) -> None:
    file = world.request(granted(world.market, world.region))
    answer = ask(world.bank(), file)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Creditchain-Answered-Before"] == "no"
    package = parse_report_package(answer.content)
    assert package.delivery is not None
    assert package.delivery.request == file.request
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    (metered,) = metered_for(world.region, [file.request]).values()
    assert (metered.item.request, metered.item.report) == (file.request.id, package.report.commitment)
    code, found = world.market.verify(package, tmp_path)
    assert code == 0, [one for one in found["steps"] if one["outcome"] != "passed"]


def test_the_same_request_gets_the_same_answer_and_uses_the_consent_once(world: World) -> None:
    consent = granted(world.market, world.region, uses=1)
    file, bank = world.request(consent), world.bank()
    first, second = ask(bank, file), ask(bank, file)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert second.headers["Creditchain-Answered-Before"] == "yes"
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    third = ask(bank, file)
    assert (third.status_code, third.content) == (200, first.content)
    other = world.request(consent, nonce=file.request.nonce + 1)
    refused(ask(bank, other), 403, "consent-exhausted")


def test_two_at_once_never_take_the_same_use(world: World) -> None:
    consent, bank = granted(world.market, world.region, uses=1), world.bank()
    first = world.request(consent)
    files = [first, *(world.request(consent, nonce=first.request.nonce + more) for more in range(1, 6))]
    with ThreadPoolExecutor(len(files)) as together:
        answers = list(together.map(lambda file: ask(bank, file), files))
    assert sorted(one.status_code for one in answers) == [200, *[403] * 5]
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    assert sum(world.deliveries().values()) == 1


def test_the_same_request_many_times_at_once_is_one_delivery(world: World) -> None:
    file, bank = world.request(granted(world.market, world.region)), world.bank()
    with ThreadPoolExecutor(6) as together:
        answers = list(together.map(lambda _: ask(bank, file), range(6)))
    assert {one.status_code for one in answers} == {200}
    assert len({one.content for one in answers}) == 1
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    assert sum(world.deliveries().values()) == 1


def test_a_use_that_the_chain_has_counted_counts_once(kept: Kept, tmp_path: Path) -> None:
    """The ledger has the first delivery, and the exchange does not know it yet."""
    with exchange_world(kept.fresh(tmp_path / "world"), meter_after=600) as world:
        consent, bank = granted(world.market, world.region, uses=2), world.bank()
        first = world.request(consent)
        assert ask(bank, first).status_code == 200
        with open_journal(world.market.place.folder / "home" / "journal.sqlite") as journal:
            promised = Deliveries(journal, world.region.deployment.log_id).unmetered(PLATFORM, 10)
            (result,) = meter(world.region, world.region.outbox(world.key(PLATFORM), journal), promised)
        assert result.metered
        assert world.deliveries()[DeliveryState.PROMISED] == 1
        second = ask(bank, world.request(consent, nonce=first.request.nonce + 1))
        assert second.status_code == 200
        refused(ask(bank, world.request(consent, nonce=first.request.nonce + 2)), 403, "uses-taken")
        # A verifier is led to the consent itself, not through each use of it.
        reads = [one.index for one in parse_report_package(second.content).reads.entries]
        grant = RegionReading(live_evidence(world.region).facts).grant(consent.message.id)
        assert grant is not None
        assert grant.index in reads
        assert result.entry not in reads


class TestSigningIn:
    def test_a_session_ends_when_it_is_told_to(self, world: World) -> None:
        bank = world.bank()
        assert bank.delete("/v1/sessions/current").status_code == 204
        refused(bank.delete("/v1/sessions/current"), 401, "not-signed-in")

    def test_a_key_of_nobody(self, world: World) -> None:
        refused(sign_in(world.client, stranger(), BANK), 401, "sign-in")

    def test_another_members_key(self, world: World) -> None:
        refused(sign_in(world.client, world.key(SOURCE), BANK), 401, "sign-in")

    def test_an_answered_challenge(self, world: World) -> None:
        asked = world.client.post("/v1/challenges").json()
        body = answered(world.key(BANK), BANK, asked, int(time.time()))
        headers = {"Content-Type": "application/json"}
        assert world.client.post("/v1/sessions", content=body, headers=headers).status_code == 201
        found = refused(world.client.post("/v1/sessions", content=body, headers=headers), 401, "sign-in")
        assert found["field"] == "challenge"

    @pytest.mark.parametrize("seconds", [-120, 120])
    def test_a_clock_that_is_off(self, world: World, seconds: int) -> None:
        found = refused(sign_in(world.client, world.key(BANK), BANK, issued_at=time.time() + seconds), 401, "sign-in")
        assert found["field"] == "issued_at"

    def test_a_challenge_of_somebody_else(self, world: World) -> None:
        found = refused(sign_in(world.client, world.key(BANK), BANK, challenge="0x" + "11" * 32), 401, "sign-in")
        assert found["field"] == "challenge"

    def test_a_key_that_acts_no_more(self, world: World) -> None:
        bank = world.bank()
        file = world.request(granted(world.market, world.region))
        send(world.market.place, world.region, GOVERNOR, "suspend", world.region.calls.suspend(BANK))
        refused(ask(bank, file), 401, "not-signed-in")


class TestRefusals:
    """Nothing is consumed, and nothing written down."""

    @pytest.fixture(autouse=True)
    def nothing_is_delivered(self, world: World) -> Iterator[None]:
        yield
        assert sum(world.deliveries().values()) == 0

    def test_without_a_session(self, world: World) -> None:
        refused(ask(world.client, world.request(granted(world.market, world.region))), 401, "not-signed-in")

    def test_by_another_member(self, world: World) -> None:
        file = world.request(granted(world.market, world.region))
        refused(ask(signed_in(world.client, world.key(SOURCE), SOURCE), file), 403, "not-the-asker")

    def test_what_is_no_request(self, world: World) -> None:
        bank, headers = world.bank(), {"Content-Type": "application/json"}
        file = world.request(granted(world.market, world.region))
        whole = json.loads(file.to_json())
        for content, field in (
            (b"{", None),
            (b"[]", None),
            (b"\xff\xfe", None),
            (b'{"format": "creditchain/query-request@1"}', "broker_signature"),
            (json.dumps(whole | {"more": 1}).encode(), "(the whole file)"),
            (json.dumps(whole | {"request": whole["request"] | {"nonce": -1}}).encode(), "request.nonce"),
        ):
            problem = refused(bank.post("/v1/reports", content=content, headers=headers), 422, "package")
            assert field is None or problem["field"] == field, problem

    def test_another_media_type(self, world: World) -> None:
        file = world.request(granted(world.market, world.region))
        answer = world.bank().post("/v1/reports", content=file.to_json(), headers={"Content-Type": "text/plain"})
        refused(answer, 415, "media-type")

    @pytest.mark.parametrize("told", [True, False], ids=["with its length", "in pieces"])
    def test_a_body_that_is_too_large(self, world: World, told: bool) -> None:
        big = b" " * (1 << 20) + b"{}"
        content = big if told else iter([big[: 1 << 19], big[1 << 19 :]])
        answer = world.bank().post("/v1/reports", content=content, headers={"Content-Type": "application/json"})
        refused(answer, 413, "body-too-large")

    def test_an_unknown_product(self, world: World) -> None:
        file = world.request(granted(world.market, world.region), product=keccak256(b"?"))
        refused(ask(world.bank(), file), 422, "product-mismatch")

    def test_a_consent_that_was_revoked(self, world: World) -> None:
        consent = granted(world.market, world.region)
        call = ConsentCalls(world.region.deployment).revoke(consent.message)
        send(world.market.place, world.region, PLATFORM, "revoke", call)
        refused(ask(world.bank(), world.request(consent)), 403, "consent-revoked")

    def test_another_provider(self, world: World) -> None:
        file = world.request(granted(world.market, world.region), provider=SOURCE)
        refused(ask(world.bank(), file), 421, "other-provider")

    def test_a_signature_of_somebody_else(self, world: World) -> None:
        file = world.request(granted(world.market, world.region))
        forged = replace(file, signature=stranger().sign_typed(file.request.typed_data()))
        refused(ask(world.bank(), forged), 403, "request-signature")

    def test_an_unknown_address_and_another_method(self, world: World) -> None:
        refused(world.client.get("/v1/nothing"), 404, "not-found")
        refused(world.client.get("/v1/reports"), 405, "method")


def test_a_chain_that_does_not_answer(kept: Kept, tmp_path: Path) -> None:
    """What cannot be judged is refused, and says so; whoever watches sees that the service lives, and is not ready."""
    place = kept.fresh(tmp_path / "world")
    networks = place.networks_file
    assert networks is not None
    url = tomllib.loads(networks.read_text())["spot"]["url"]
    with region_of(place) as region, faulty(url, 1) as endpoint:
        networks.write_text(networks.read_text().replace(url, endpoint.url) + "deadline_seconds = 1.0\n")
        with exchange(place, PLATFORM, "--meter-after", "0") as running, running.client() as client:
            world = World(opened(place), region, running, client)
            file, bank = world.request(granted(world.market, region)), world.bank()
            endpoint.rate = 1.0
            answer = ask(bank, file)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text
            assert client.get("/healthz").status_code == 200
            assert client.get("/readyz").status_code == 503
            assert sum(world.deliveries().values()) == 0
            endpoint.rate = 0.0
            assert ask(bank, file).status_code == 200
            world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)


def test_a_nonce_that_was_metered(world: World) -> None:
    consent, bank = granted(world.market, world.region), world.bank()
    first = world.request(consent)
    assert ask(bank, first).status_code == 200
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    refused(ask(bank, world.request(consent, nonce=first.request.nonce)), 409, "request-replayed")


def test_a_nonce_that_is_not_metered_yet(kept: Kept, tmp_path: Path) -> None:
    with exchange_world(kept.fresh(tmp_path / "world"), meter_after=600) as world:
        consent, bank = granted(world.market, world.region), world.bank()
        first = world.request(consent)
        assert ask(bank, first).status_code == 200
        refused(ask(bank, world.request(consent, nonce=first.request.nonce)), 409, "nonce-taken")
        assert world.deliveries() == {**dict.fromkeys(DeliveryState, 0), DeliveryState.PROMISED: 1}


def test_killed_after_a_delivery_it_meters_when_it_is_back(world: World) -> None:
    consent, bank = granted(world.market, world.region), world.bank()
    first = world.request(consent)
    assert ask(bank, first).status_code == 200
    assert world.exchange.stop(signal.SIGKILL) == -signal.SIGKILL
    with exchange(world.market.place, PLATFORM, "--meter-after", "0") as again, again.client() as client:
        known = ask(signed_in(client, world.key(BANK), BANK), first)
        assert known.headers["Creditchain-Answered-Before"] == "yes"
        while world.deliveries()[DeliveryState.METERED] < 1:
            time.sleep(0.05)
    assert len(metered_for(world.region, [first.request])) == 1


def test_what_may_not_be_kept_is_not_answered_again(world: World) -> None:
    file, bank = world.request(granted(world.market, world.region, keep_days=0)), world.bank()
    assert ask(bank, file).status_code == 200
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    delivered = int(time.time())
    world.until(lambda: time.time() > delivered + 2)
    assert world.exchange.stop() == 0
    # It forgets when it starts, and then every few minutes.
    with exchange(world.market.place, PLATFORM, "--meter-after", "0") as again, again.client() as client:
        later = replace(world, exchange=again)
        bank = signed_in(client, world.key(BANK), BANK)
        later.until(lambda: ask(bank, file).status_code == 410)
        refused(ask(bank, file), 410, "answer-forgotten")


def test_told_to_end_it_ends_well(world: World) -> None:
    world.client.get("/healthz")
    assert world.exchange.stop() == 0


def test_a_second_exchange_of_the_same_home(world: World) -> None:
    with (
        pytest.raises(AssertionError, match="another process serves this exchange"),
        exchange(world.market.place, PLATFORM),
    ):
        pytest.fail("it serves")


def test_without_pages_and_with_a_policy_that_the_region_cannot_meet(kept: Kept, tmp_path: Path) -> None:
    place = kept.fresh(tmp_path / "world")
    policy = tmp_path / "policy.toml"
    policy.write_text('format = "creditchain/policy@1"\nnodes = [99]\n')
    with (
        pytest.raises(AssertionError, match="the policy names something that does not exist"),
        exchange(place, PLATFORM, "--page-policy", str(policy)),
    ):
        pytest.fail("it serves")
    with exchange(place, PLATFORM, "--no-pages") as running, running.client() as client:
        for address in ("/", "/verify"):
            refused(client.get(address), 404, "not-found")


def test_nothing_in_logs_or_metrics_tells_whom_it_is_about(world: World) -> None:
    file, bank = world.request(granted(world.market, world.region)), world.bank()
    answer = ask(bank, file)
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    told = world.client.get("/metrics").text + world.exchange.log.read_text()
    assert 'creditchain_exchange_calls_total{method="POST",route="/v1/reports",status="200"} 1.0' in told
    tags = [one.tag.subject_tag.hex() for one in parse_report_package(answer.content).tags]
    for secret in (world.market.number, *tags, file.subject_salt.hex(), file.request.subject.hex()):
        assert secret not in told


def test_the_journal_holds_no_answer_in_the_clear(world: World) -> None:
    file, bank = world.request(granted(world.market, world.region)), world.bank()
    assert ask(bank, file).status_code == 200
    home = world.market.place.folder / "home"
    stored = b"".join(path.read_bytes() for path in home.glob("journal.sqlite*"))
    assert world.market.number.encode() not in stored
    assert file.subject_salt.hex().encode() not in stored
