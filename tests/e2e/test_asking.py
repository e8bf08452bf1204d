"""`creditchain query ask`, and the client behind it, against a real exchange: also over TLS, and one that goes away."""

from __future__ import annotations

import datetime
import signal
import time
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from exchange_world import World
from exchanges import exchange
from region_world import PLATFORM, region_of
from report_market import BANK, granted, opened
from worlds import Kept

from creditchain.client import ExchangeClient, ExchangeRefusedError, OtherExchangeError
from creditchain.errors import ConfigError, ExitCode
from creditchain.store.deliveries import DeliveryState


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that follows from itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "exchange of the tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


def ask(world: World, request: Path, out: Path, *words: str, url: str = "") -> tuple[int, str]:
    answer = world.market.commands(
        *("query", "ask", str(request), "--exchange", url or world.exchange.url, "-o", str(out)),
        *("--signer", f"dev:{BANK}", "--patience", "0", *words),
    )
    return answer.code, str(answer.error or "")


def test_what_it_got_is_kept_until_its_time_is_over(world: World, tmp_path: Path) -> None:
    """One consent lets the bank keep the report for a year, the other not beyond the delivery."""
    commands, opened = world.market.commands, tmp_path / "opened.json"
    for name, days in (("long", 365), ("short", 0)):
        file, request = world.request(granted(world.market, world.region, keep_days=days)), tmp_path / f"{name}.json"
        request.write_bytes(file.to_json())
        assert ask(world, request, tmp_path / f"{name}-report.json") == (0, "")
        world.until(lambda: world.deliveries()[DeliveryState.PROMISED] == 0)
    listed = commands("query", "kept").value
    assert len(listed) == 2
    long = next(one for one in listed if one["until"] - one["delivered_at"] == 365 * 86_400)
    assert commands("query", "kept", "--open", long["request"], "-o", str(opened)).code == 0
    assert opened.read_bytes() == (tmp_path / "long-report.json").read_bytes()
    world.until(lambda: time.time() > max(one["delivered_at"] for one in listed) + 1)
    removed = commands("query", "purge").value
    assert [one["request"] for one in removed] == [one["request"] for one in listed if one is not long]
    assert [one["request"] for one in commands("query", "kept").value] == [long["request"]]
    assert commands("query", "kept", "--open", removed[0]["request"], "-o", str(tmp_path / "gone")).code == 4


def test_a_bank_asks_and_verifies(world: World, tmp_path: Path) -> None:
    file, request, out = world.request(granted(world.market, world.region)), tmp_path / "r.json", tmp_path / "p.json"
    request.write_bytes(file.to_json())
    assert ask(world, request, out) == (0, "")
    first = out.read_bytes()
    world.until(lambda: world.deliveries()[DeliveryState.METERED] == 1)
    assert ask(world, request, out, "--force") == (0, "")
    assert out.read_bytes() == first


def test_what_the_exchange_refuses(world: World, tmp_path: Path) -> None:
    request, out = tmp_path / "r.json", tmp_path / "p.json"
    request.write_bytes(world.request(granted(world.market, world.region, purpose=2)).to_json())
    code, error = ask(world, request, out)
    assert (code, out.exists()) == (ExitCode.REFUSED, False)
    assert "the consent is for another purpose" in error


def test_an_exchange_that_is_gone(world: World, tmp_path: Path) -> None:
    request, out = tmp_path / "r.json", tmp_path / "p.json"
    request.write_bytes(world.request(granted(world.market, world.region)).to_json())
    world.exchange.stop(signal.SIGKILL)
    code, error = ask(world, request, out)
    assert (code, out.exists()) == (ExitCode.COULD_NOT_CHECK, False)
    assert "the exchange does not answer" in error


def test_reports_do_not_cross_the_network_in_the_clear(world: World, tmp_path: Path) -> None:
    request, out = tmp_path / "r.json", tmp_path / "p.json"
    request.write_bytes(world.request(granted(world.market, world.region)).to_json())
    code, error = ask(world, request, out, url="http://192.0.2.1:8420")
    assert code == ExitCode.BAD_INPUT
    assert "in the clear" in error
    with pytest.raises(ConfigError):
        ExchangeClient("ftp://127.0.0.1", world.region.deployment.log_id, BANK, world.key(BANK))


def test_over_tls(kept: Kept, tmp_path: Path) -> None:
    place = kept.fresh(tmp_path / "world")
    pem, private = certificate(tmp_path)
    words = ("--meter-after", "0", "--certificate", str(pem), "--certificate-key", str(private))
    with region_of(place) as region, exchange(place, PLATFORM, *words) as running, running.client() as client:
        world = World(opened(place), region, running, client)
        assert running.url.startswith("https://")
        request, out = tmp_path / "r.json", tmp_path / "p.json"
        request.write_bytes(world.request(granted(world.market, region)).to_json())
        code, error = ask(world, request, out)
        assert (code, out.exists()) == (ExitCode.COULD_NOT_CHECK, False)
        assert "SSLError" in error
        assert ask(world, request, out, "--ca", str(pem)) == (0, "")


class TestTheClient:
    def test_it_signs_in_again_when_its_session_is_over(self, world: World) -> None:
        consent = granted(world.market, world.region)
        with ExchangeClient(world.exchange.url, world.region.deployment.log_id, BANK, world.key(BANK)) as client:
            file = world.request(consent)
            assert not client.ask(file).again
            client._http.delete(
                world.exchange.url + "/v1/sessions/current", headers={"Authorization": f"Bearer {client._token}"}
            )
            assert client.ask(file).again

    def test_another_region(self, world: World) -> None:
        file = world.request(granted(world.market, world.region))
        with (
            ExchangeClient(world.exchange.url, b"\1" * 32, BANK, world.key(BANK), patience=0) as client,
            pytest.raises(OtherExchangeError, match="another region"),
        ):
            client.ask(file)

    def test_another_key(self, world: World) -> None:
        file = world.request(granted(world.market, world.region))
        with (
            ExchangeClient(world.exchange.url, world.region.deployment.log_id, BANK, world.key(PLATFORM)) as client,
            pytest.raises(ExchangeRefusedError) as caught,
        ):
            client.ask(file)
        assert (caught.value.status, caught.value.code) == (401, "sign-in")
