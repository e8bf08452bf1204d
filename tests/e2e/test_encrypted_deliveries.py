"""Deliveries encrypted to the institution's key: only it reads them, whoever fetches them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from exchange_world import World, exchange_world
from exchanges import signed_in
from region_world import GOVERNOR, PLATFORM, SOURCE, Place, region_of, send
from report_market import BANK, BANK_PROFILE, granted
from worlds import Kept

from creditchain.acts.changing_members import Changed
from creditchain.acts.profiles import OtherProfileError, keep_profile, set_delivery_key
from creditchain.chain.signers import dev_signer
from creditchain.client import ExchangeClient, ExchangeRefusedError
from creditchain.errors import ExitCode
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.profiles import save_profile
from creditchain.log.views import Admission
from creditchain.packages.encrypted import AGE_MEDIA_TYPE, NotForThisKeyError, decrypt, is_encrypted, public_key
from creditchain.packages.order_file import OrderFile
from creditchain.packages.profile_file import Profile
from creditchain.packages.report_package import parse_report_package
from creditchain.packages.request_file import RequestFile
from creditchain.store.deliveries import DeliveryState
from creditchain.vocabulary import Role

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
KEYED = replace(BANK_PROFILE, delivery_key=public_key(KEY))
#: A small bank that the source hosts. Its operator is a key of its own.
HOSTED = 5
HOSTED_PROFILE = Profile(
    "YRD", "hosted", "托管银行", "Hosted Bank", Role.INSTITUTION, 320100, delivery_key=public_key(KEY)
)


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    return kept.fresh(tmp_path / "world")


def keyed(place: Place, key: bytes | None, home: Path | None = None) -> Changed:
    """The bank's profile names this key from now on."""
    with region_of(place) as region, open_journal(place.folder / "home" / "journal.sqlite") as journal:
        outbox = region.outbox(dev_signer(GOVERNOR, region.chain), journal)
        named = None if key is None else public_key(key)
        return set_delivery_key(region, outbox, Home.made(home or place.folder / "home"), BANK, named)


def ask(client: httpx.Client, file: RequestFile) -> httpx.Response:
    return client.post("/v1/reports", content=file.to_json(), headers={"Content-Type": "application/json"})


def test_only_the_institution_reads_it(place: Place, tmp_path: Path) -> None:
    keyed(place, KEY)
    with exchange_world(place) as world:
        file, bank = world.request(granted(world.market, world.region)), world.bank()
        first, second = ask(bank, file), ask(bank, file)
        assert (first.status_code, first.headers["content-type"]) == (200, AGE_MEDIA_TYPE)
        assert (second.content, second.headers["content-type"]) == (first.content, AGE_MEDIA_TYPE)
        with pytest.raises(NotForThisKeyError):
            decrypt(first.content, [OTHER_KEY])
        package = parse_report_package(decrypt(first.content, [KEY]))
        world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
        code, found = world.market.verify(package, tmp_path)
        assert code == 0, [one for one in found["steps"] if one["outcome"] != "passed"]


def hosted_request(world: World) -> RequestFile:
    """A request of the hosted bank, signed by its own key."""
    consent = granted(world.market, world.region, institution=HOSTED)
    file = world.request(consent, institution=HOSTED)
    signature = dev_signer(HOSTED, world.region.chain).sign_typed(file.request.typed_data())
    return replace(file, signature=signature)


def test_a_host_relays_what_it_cannot_read(place: Place, tmp_path: Path) -> None:
    with region_of(place) as region:
        save_profile(Home(place.folder / "home"), HOSTED_PROFILE)
        operator = dev_signer(HOSTED, region.chain).address
        admission = Admission(operator, Role.INSTITUTION, 320100, SOURCE, 0, 0, HOSTED_PROFILE.digest)
        send(place, region, GOVERNOR, "admit the hosted bank", region.calls.admit(admission))
    with exchange_world(place) as world:
        file = hosted_request(world)
        host = signed_in(world.client, world.key(SOURCE), SOURCE)  # the host's own session
        relayed = ask(host, file)
        assert (relayed.status_code, relayed.headers["content-type"]) == (200, AGE_MEDIA_TYPE), relayed.text
        # The host's client has its own key, which is not the institution's.
        log_id, host_key = world.region.deployment.log_id, world.key(SOURCE)
        with (
            ExchangeClient(world.exchange.url, log_id, HOSTED, host_key, keys=[OTHER_KEY]) as client,
            pytest.raises(NotForThisKeyError),
        ):
            client.ask(file)
        with ExchangeClient(world.exchange.url, log_id, HOSTED, host_key) as client:
            answer = client.ask(file)
        assert (answer.encrypted, answer.opened, answer.package) == (True, False, relayed.content)
        for secret in (world.market.number, file.subject_salt.hex(), '"records"'):
            assert secret.encode() not in relayed.content
        delivery = parse_report_package(decrypt(relayed.content, [KEY])).delivery
        assert delivery is not None
        assert delivery.request == file.request


def test_an_exchange_that_does_not_know_the_profile_delivers_nothing(place: Place, tmp_path: Path) -> None:
    """Governors changed it elsewhere. In the clear would be wrong, and the key is not known here."""
    elsewhere = Home.made(tmp_path / "elsewhere")
    save_profile(elsewhere, BANK_PROFILE)
    keyed(place, KEY, elsewhere.path)
    with exchange_world(place) as world:
        file = world.request(granted(world.market, world.region, uses=1))
        log_id, bank = world.region.deployment.log_id, world.key(BANK)
        with ExchangeClient(world.exchange.url, log_id, BANK, bank, keys=[KEY]) as client:
            with pytest.raises(ExchangeRefusedError) as caught:
                client.ask(file)
            assert (caught.value.status, caught.value.code) == (409, "profile-unknown")
            with pytest.raises(ExchangeRefusedError) as caught:
                client.send_profile(BANK, BANK_PROFILE.to_json())
            assert (caught.value.status, caught.value.code) == (422, "other-profile")
        assert sum(world.deliveries().values()) == 0
        known = KEYED.to_json()
        with ExchangeClient(world.exchange.url, log_id, BANK, bank, keys=[OTHER_KEY, KEY], profile=known) as client:
            answer = client.ask(file)
        assert (answer.encrypted, answer.again) == (True, False)
        assert parse_report_package(answer.package).delivery is not None
        put = {"Content-Type": "application/json"}
        assert world.client.put(f"/v1/members/{BANK}/profile", content=known, headers=put).status_code == 401
        wrong = world.client.put("/v1/members/none/profile", content=known, headers=put)
        assert (wrong.status_code, wrong.json()["type"]) == (422, "parameter")


def test_an_order_is_not_placed_before_the_profile_is_known(place: Place, tmp_path: Path) -> None:
    elsewhere = Home.made(tmp_path / "elsewhere")
    save_profile(elsewhere, BANK_PROFILE)
    keyed(place, KEY, elsewhere.path)
    with exchange_world(place) as world:
        order = OrderFile(world.request(granted(world.market, world.region, uses=1)))
        url, log_id, bank = world.exchange.url, world.region.deployment.log_id, world.key(BANK)
        with ExchangeClient(url, log_id, BANK, bank) as client:
            with pytest.raises(ExchangeRefusedError) as caught:
                client.place(order)
            assert (caught.value.status, caught.value.code) == (409, "profile-unknown")
            assert client.orders() == []
        with (
            ExchangeClient(url, log_id, BANK, bank, keys=[KEY], profile=KEYED.to_json()) as client,
            ExchangeClient(url, log_id, PLATFORM, world.key(PLATFORM)) as officer,
        ):
            client.place(order)
            officer.accept(order.request.request.id)
            world.until(lambda: client.order(order.request.request.id)["state"] == "delivered")
            assert is_encrypted(officer.fetch(order.request.request.id).package)
            answer = client.fetch(order.request.request.id)
        assert answer.encrypted
        assert parse_report_package(answer.package).delivery is not None


def test_by_commands(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "secret")
    monkeypatch.setenv("THE_KEY", KEY.hex())
    with exchange_world(place) as world:
        commands, request, out = world.market.commands, tmp_path / "r.json", tmp_path / "p.json"
        made = commands.done("keys", "new", "deliveries", "--kind", "delivery")
        listed = next(one for one in commands.done("keys", "list") if one["name"] == "deliveries")
        assert (listed["kind"], listed["address"]) == ("delivery", made["public_key"])
        governor = ("--signer", f"dev:{GOVERNOR}")
        commands.done("node", "set-delivery-key", str(BANK), made["public_key"], *governor)
        again = commands.done("node", "set-delivery-key", str(BANK), made["public_key"], *governor)
        assert again["transaction"] == "0x"
        shown = commands.done("node", "profile", str(BANK), "-o", str(tmp_path / "profile.json"))
        assert shown["delivery_key"] == made["public_key"]
        commands.done("node", "keep-profile", str(BANK), str(tmp_path / "profile.json"))
        request.write_bytes(world.request(granted(world.market, world.region)).to_json())
        asking = ("query", "ask", str(request), "--exchange", world.exchange.url, "--signer", f"dev:{BANK}")
        own = ("--delivery-key", f"keystore:{made['file']}")
        told = commands.done(*asking, "-o", str(tmp_path / "sealed.age"))
        assert (told["encrypted"], told["next"]) == (True, "creditchain query open")
        assert is_encrypted((tmp_path / "sealed.age").read_bytes())
        opened = commands.done("query", "open", str(tmp_path / "sealed.age"), "-o", str(out), *own)
        told = commands.done(*asking, "-o", str(tmp_path / "again.json"), *own)
        assert (told["encrypted"], told["answered_before"], told["report"]) == (True, True, opened["report"])
        assert out.read_bytes() == (tmp_path / "again.json").read_bytes()
        wrong = ("query", "open", str(tmp_path / "sealed.age"), "-o", str(tmp_path / "x.json"))
        assert commands(*wrong, "--delivery-key", "env:THE_KEY").code == ExitCode.REFUSED
        assert commands(*wrong).code == ExitCode.USAGE
        assert not (tmp_path / "x.json").exists()


def test_a_profile_that_is_not_on_chain_is_not_kept(place: Place) -> None:
    home = Home(place.folder / "home")
    with region_of(place) as region:
        for node, profile in ((BANK, KEYED), (PLATFORM, BANK_PROFILE), (99, BANK_PROFILE)):
            with pytest.raises(OtherProfileError):
                keep_profile(region, home, node, profile.to_json())
    assert [path.stem for path in home.profiles.iterdir()] == [BANK_PROFILE.digest.hex()]
