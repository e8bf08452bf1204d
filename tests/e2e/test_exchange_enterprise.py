"""An enterprise at an exchange, over real HTTP: it sees who asked, gets its own report, takes consents back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from exchange_world import World, exchange_world
from exchanges import refused, signed_in, stranger
from region_world import PLATFORM, REGULATOR, SOURCE, pass_time
from report_market import BANK, ENTERPRISE, PRODUCT, granted
from worlds import Kept

from creditchain.acts import filing
from creditchain.acts.given_records import GivenRecord
from creditchain.acts.revoking import sign_revocation, sign_turn
from creditchain.chain.signers import Signer
from creditchain.hashing import keccak256
from creditchain.identifiers import parse_uscc
from creditchain.log.views import RecordName
from creditchain.messages import NO_KEY, EnterpriseSignIn, LogDomain
from creditchain.packages.complaint_file import ComplaintFile, answer_json
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.enterprise_calls import EnterpriseSignInBody, KeyAnswer, OwnReportOrder
from creditchain.packages.report_package import parse_report_package
from creditchain.store.deliveries import DeliveryState

JSON = {"Content-Type": "application/json"}


def answered(client: httpx.Client, key: Signer, *consents: bytes, issued_at: int | None = None) -> httpx.Response:
    """Answer a challenge by one key, naming consents."""
    asked = client.post("/v1/challenges").json()
    domain, challenge = LogDomain(bytes.fromhex(asked["log_id"][2:])), bytes.fromhex(asked["challenge"][2:])
    at = int(time.time()) if issued_at is None else issued_at
    message = EnterpriseSignIn(domain, key.address, asked["exchange"], challenge, at)
    signature = key.sign_typed(message.typed_data())
    body = EnterpriseSignInBody(challenge, at, tuple(KeyAnswer(one, signature) for one in consents))
    return client.post("/v1/enterprise/sessions", content=body.to_json(), headers=JSON)


@contextmanager
def as_enterprise(world: World, consent: PackagedConsent) -> Iterator[httpx.Client]:
    """A client of its own, signed in by the enterprise's key."""
    with world.exchange.client() as client:
        answer = answered(client, world.key(ENTERPRISE), consent.message.id)
        assert answer.status_code == 201, answer.text
        client.headers["Authorization"] = "Bearer " + answer.json()["token"]
        yield client


def order(world: World, consent: PackagedConsent, **changes: Any) -> bytes:
    values = {
        "consent": consent.message.id,
        "product": PRODUCT,
        "subject": parse_uscc(world.market.number),
        "subject_salt": consent.subject_salt,
    }
    return OwnReportOrder(**(values | changes)).to_json()


def test_who_may_see_what_and_who_asked_for_what(world: World) -> None:
    consent = granted(world.market, world.region)
    other = granted(world.market, world.region)
    file = world.request(consent)
    assert world.bank().post("/v1/reports", content=file.to_json(), headers=JSON).status_code == 200
    with as_enterprise(world, consent) as client:
        found = client.get("/v1/enterprise/consents").json()["consents"]
        assert [one["id"] for one in found] == ["0x" + one.message.id.hex() for one in (consent, other)]
        assert (found[0]["institution"], found[0]["state"], found[0]["keep_days"]) == (BANK, "valid", 365)
        assert found[0]["sections"] == ["basic", "operating"]
        world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
        world.until(lambda: client.get("/v1/enterprise/queries").json()["queries"][0]["state"] == "metered")
        (asked,) = client.get("/v1/enterprise/queries").json()["queries"]
        assert (asked["institution"], asked["provider"], asked["via"]) == (BANK, PLATFORM, None)
        assert (asked["request"], asked["consent"]) == ("0x" + file.request.id.hex(), "0x" + consent.message.id.hex())
        assert (asked["product"], asked["purpose"]) == (PRODUCT, "loan_application")
        assert asked["staff"] == "0x" + file.request.staff.hex()
        assert asked["sections"] == ["basic", "operating"]
        assert asked["entry"] is not None
        one = client.get("/v1/enterprise/consents", params={"consent": "0x" + other.message.id.hex()}).json()
        assert [each["used"] for each in one["consents"]] == [0]
        named = client.get("/v1/enterprise/queries", params={"consent": "0x" + other.message.id.hex()}).json()
        assert named["queries"] == []


def test_what_waits_for_metering_is_shown(kept: Kept, tmp_path: Path) -> None:
    with exchange_world(kept.fresh(tmp_path / "world"), meter_after=600) as world:
        consent = granted(world.market, world.region)
        file = world.request(consent)
        assert world.bank().post("/v1/reports", content=file.to_json(), headers=JSON).status_code == 200
        with as_enterprise(world, consent) as client:
            (asked,) = client.get("/v1/enterprise/queries").json()["queries"]
            assert (asked["state"], asked["entry"], asked["metered_at"]) == ("promised", None, None)


def test_its_own_report(world: World, tmp_path: Path) -> None:
    consent = granted(world.market, world.region)
    with as_enterprise(world, consent) as client:
        answer = client.post("/v1/enterprise/reports", content=order(world, consent), headers=JSON)
        assert answer.status_code == 200, answer.text
        package = parse_report_package(answer.content)
        assert package.delivery is None
        assert package.records
        _, found = world.market.verify(package, tmp_path)
        assert [one for one in found["steps"] if one["outcome"] == "failed"] == []
        told = client.get("/v1/enterprise/queries").json()
        assert [one["report"] for one in told["own_reports"]] == ["0x" + package.report.commitment.hex()]
        assert (told["own_reports"][0]["product"], told["queries"]) == (PRODUCT, [])
    assert sum(world.deliveries().values()) == 0


def test_the_platform_asks_for_an_enterprise_that_has_no_key(world: World) -> None:
    """Without a name for one enterprise it gets nothing; other members get nothing at all."""
    consent = granted(world.market, world.region, key=NO_KEY, paper=keccak256(b"a scan"))
    with world.exchange.client() as client:
        platform = signed_in(client, world.key(PLATFORM), PLATFORM)
        refused(platform.get("/v1/enterprise/queries"), 422, "consent-unnamed")
        named = {"consent": "0x" + consent.message.id.hex()}
        (found,) = platform.get("/v1/enterprise/consents", params=named).json()["consents"]
        assert found["platform"] == PLATFORM
        answer = platform.post("/v1/enterprise/reports", content=order(world, consent), headers=JSON)
        assert answer.status_code == 200, answer.text
        refused(platform.get("/v1/enterprise/consents", params={"consent": "0x12"}), 422, "parameter")
    with world.exchange.client() as client:
        source = signed_in(client, world.key(SOURCE), SOURCE)
        refused(source.get("/v1/enterprise/consents", params=named), 403, "not-an-enterprise")
    refused(world.client.get("/v1/enterprise/consents"), 401, "not-signed-in")


def test_a_platform_speaks_for_nobody_whose_paper_is_over(world: World) -> None:
    until = world.region.chain.head().time + 300
    consent = granted(world.market, world.region, key=NO_KEY, paper=keccak256(b"a scan"), not_after=until)
    with world.exchange.client() as client:
        platform = signed_in(client, world.key(PLATFORM), PLATFORM)
        pass_time(world.market.place, 400)
        answer = platform.post("/v1/enterprise/reports", content=order(world, consent), headers=JSON)
        refused(answer, 403, "consent-expired")


def test_the_platform_gets_nothing_of_an_enterprise_that_has_a_key(world: World) -> None:
    """It endorsed the key, and is not the enterprise; what the enterprise signed it may bring to the chain."""
    consent = granted(world.market, world.region)
    named, complaint = {"consent": "0x" + consent.message.id.hex()}, ComplaintFile(consent.message.id, "投诉").to_json()
    with world.exchange.client() as client:
        platform = signed_in(client, world.key(PLATFORM), PLATFORM)
        for path in ("consents", "queries", "complaints"):
            refused(platform.get(f"/v1/enterprise/{path}", params=named), 403, "not-your-consent")
        for path, body in (("reports", order(world, consent)), ("complaints", complaint)):
            answer = platform.post(f"/v1/enterprise/{path}", content=body, headers=JSON)
            refused(answer, 403, "not-your-consent")
        turn = sign_turn(world.region, consent.message.id, world.key(ENTERPRISE), pauses=True)
        answer = platform.post("/v1/enterprise/turns", content=turn.to_json(), headers=JSON)
        assert (answer.status_code, answer.json()["state"]) == (200, "paused"), answer.text
    with as_enterprise(world, consent) as client:
        assert client.get("/v1/enterprise/queries").json()["own_reports"] == []


class TestOwnReportsRefused:
    def test_about_another_enterprise(self, world: World) -> None:
        consent = granted(world.market, world.region)
        wrong = order(world, consent, subject=parse_uscc("914403001922038216"))
        with as_enterprise(world, consent) as client:
            refused(client.post("/v1/enterprise/reports", content=wrong, headers=JSON), 403, "subject")
            told = client.get("/v1/enterprise/queries").json()
            assert told["own_reports"] == []

    def test_with_the_salt_of_another_consent(self, world: World) -> None:
        consent, salt = granted(world.market, world.region), bytes(32)
        with as_enterprise(world, consent) as client:
            wrong = order(world, consent, subject_salt=salt)
            refused(client.post("/v1/enterprise/reports", content=wrong, headers=JSON), 403, "subject")

    def test_by_a_consent_that_was_revoked(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            revocation = sign_revocation(world.region, consent.message.id, world.key(ENTERPRISE))
            answer = client.post("/v1/enterprise/revocations", content=revocation.to_json(), headers=JSON)
            assert (answer.status_code, answer.json()["state"]) == (200, "revoked"), answer.text
            answer = client.post("/v1/enterprise/reports", content=order(world, consent), headers=JSON)
            refused(answer, 403, "consent-revoked")

    def test_of_no_product(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            wrong = order(world, consent, product="nothing/1")
            refused(client.post("/v1/enterprise/reports", content=wrong, headers=JSON), 422, "product-mismatch")


class TestSigningIn:
    def test_by_a_key_that_nobody_endorsed(self, world: World) -> None:
        consent = granted(world.market, world.region)
        found = refused(answered(world.client, stranger(), consent.message.id), 401, "sign-in")
        assert found["field"] == "keys[0].signature"

    def test_by_a_consent_that_was_never_granted(self, world: World) -> None:
        found = refused(answered(world.client, world.key(ENTERPRISE), bytes(32)), 401, "sign-in")
        assert found["field"] == "keys[0].consent"

    def test_by_no_key(self, world: World) -> None:
        refused(answered(world.client, world.key(ENTERPRISE)), 422, "package")

    def test_with_a_clock_that_is_off(self, world: World) -> None:
        consent = granted(world.market, world.region)
        late = int(time.time()) - 120
        found = answered(world.client, world.key(ENTERPRISE), consent.message.id, issued_at=late)
        assert refused(found, 401, "sign-in")["field"] == "issued_at"

    def test_a_session_ends_when_it_is_told_to(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            assert client.delete("/v1/enterprise/sessions/current").status_code == 204
            refused(client.get("/v1/enterprise/consents"), 401, "not-signed-in")

    def test_an_enterprise_is_no_member(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            answer = client.post("/v1/reports", content=world.request(consent).to_json(), headers=JSON)
            refused(answer, 401, "not-signed-in")


class TestRelaying:
    def test_a_consent_is_paused_and_resumed(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            for pauses, state in ((True, "paused"), (False, "valid")):
                turn = sign_turn(world.region, consent.message.id, world.key(ENTERPRISE), pauses=pauses)
                for _ in range(2):  # the same file has its effect once
                    answer = client.post("/v1/enterprise/turns", content=turn.to_json(), headers=JSON)
                    assert (answer.status_code, answer.json()["state"]) == (200, state), answer.text

    def test_so_many_a_day_whatever_the_session_or_the_process(self, kept: Kept, tmp_path: Path) -> None:
        place = kept.fresh(tmp_path / "world")
        with exchange_world(place, "--relays-a-day", "1") as world:
            consent, other = granted(world.market, world.region), granted(world.market, world.region)
            paused = sign_turn(world.region, consent.message.id, world.key(ENTERPRISE), pauses=True).to_json()
            with as_enterprise(world, consent) as client:
                assert client.post("/v1/enterprise/turns", content=paused, headers=JSON).status_code == 200
        with exchange_world(place, "--relays-a-day", "1") as world, as_enterprise(world, other) as client:
            taken_back = sign_revocation(world.region, other.message.id, world.key(ENTERPRISE)).to_json()
            answer = client.post("/v1/enterprise/revocations", content=taken_back, headers=JSON)
            assert refused(answer, 429, "daily-limit")["expected"] == "at most 1 a day (relay)"
            assert 0 < int(answer.headers["Retry-After"]) <= 86_400

    def test_nobody_has_the_exchange_pay_for_anothers_consent(self, world: World) -> None:
        mine = granted(world.market, world.region)
        key = stranger()
        theirs = granted(world.market, world.region, key)
        turn = sign_turn(world.region, theirs.message.id, key, pauses=True)
        with as_enterprise(world, mine) as client:
            answer = client.post("/v1/enterprise/turns", content=turn.to_json(), headers=JSON)
            refused(answer, 403, "not-your-consent")

    def test_a_dispute_is_filed(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with as_enterprise(world, consent) as client:
            record = GivenRecord(RecordName(SOURCE, keccak256(b"a record")))
            drafted = filing.draft(world.region, record, PLATFORM, "这不是我们的", 3600)
            signed = filing.sign(world.region, drafted, world.key(ENTERPRISE))
            unendorsed = client.post("/v1/enterprise/disputes", content=signed.to_json(), headers=JSON)
            refused(unendorsed, 422, "input")
            endorsed = filing.endorse(world.region, world.key(PLATFORM), signed)
            answer = client.post("/v1/enterprise/disputes", content=endorsed.to_json(), headers=JSON)
            assert answer.status_code == 200, answer.text
            assert (answer.json()["filings"], answer.json()["open"]) == (1, 1)
            assert answer.json()["due_at"] == answer.json()["filed_at"] + 20 * 86_400

    def test_nobody_has_the_exchange_pay_for_anothers_dispute(self, world: World) -> None:
        consent, key = granted(world.market, world.region), stranger()
        drafted = filing.draft(world.region, GivenRecord(RecordName(SOURCE, bytes(32))), PLATFORM, "reason", 3600)
        endorsed = filing.endorse(world.region, world.key(PLATFORM), filing.sign(world.region, drafted, key))
        with as_enterprise(world, consent) as client:
            answer = client.post("/v1/enterprise/disputes", content=endorsed.to_json(), headers=JSON)
            refused(answer, 403, "not-your-key")


def test_a_complaint_and_its_answer(world: World) -> None:
    consent = granted(world.market, world.region)
    file = ComplaintFile(consent.message.id, "没有答复我们的异议").to_json()
    with as_enterprise(world, consent) as client, world.exchange.client() as other, world.exchange.client() as third:
        filed = client.post("/v1/enterprise/complaints", content=file, headers=JSON)
        assert filed.status_code == 201, filed.text
        assert filed.json()["due_at"] - filed.json()["filed_at"] == 30 * 86_400
        operator, number = signed_in(other, world.key(PLATFORM), PLATFORM), filed.json()["number"]
        (listed,) = operator.get("/v1/operator/complaints").json()["complaints"]
        assert (listed["number"], listed["text"], listed["overdue"]) == (number, "没有答复我们的异议", False)
        regulator = signed_in(third, world.key(REGULATOR), REGULATOR)
        seen = regulator.get("/v1/regulator/complaints").json()["complaints"]
        assert [set(one) for one in seen] == [{"number", "filed_at", "due_at", "overdue", "answered_at"}]
        path = f"/v1/operator/complaints/{number}/answer"
        refused(client.post(path, content=answer_json("已答复"), headers=JSON), 401, "not-signed-in")
        for _ in range(2):
            assert operator.post(path, content=answer_json("已答复"), headers=JSON).status_code == 200
        refused(operator.post(path, content=answer_json("另一个"), headers=JSON), 409, "complaint-answered")
        missing = operator.post("/v1/operator/complaints/99/answer", content=answer_json("?"), headers=JSON)
        refused(missing, 404, "complaint-unknown")
        (answered,) = client.get("/v1/enterprise/complaints").json()["complaints"]
        assert answered["answer"] == "已答复"
        assert operator.get("/v1/operator/complaints").json()["complaints"] == []
        refused(operator.get("/v1/operator/complaints", params={"state": "old"}), 422, "parameter")
        for text in range(9):
            more = ComplaintFile(consent.message.id, f"投诉 {text}").to_json()
            assert client.post("/v1/enterprise/complaints", content=more, headers=JSON).status_code == 201
        refused(client.post("/v1/enterprise/complaints", content=file, headers=JSON), 429, "daily-limit")
        for one, path in ((operator, "operator"), (regulator, "regulator"), (client, "enterprise")):
            numbers, cursor = list[int](), 0
            while cursor is not None:
                asked: dict[str, Any] = {"cursor": cursor, "limit": 4, "state": "all"}
                page = one.get(f"/v1/{path}/complaints", params=asked).json()
                numbers, cursor = numbers + [each["number"] for each in page["complaints"]], page["next"]
            assert (len(numbers), numbers) == (10, sorted(set(numbers)))
