"""Networks files: what is built in, what overrides, and every wrong field by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.chain.errors import NetworkError
from creditchain.chain.networks import Network, is_loopback, load_network, load_networks


def test_built_in_networks() -> None:
    assert load_network("anvil").chain_id == 31337
    assert load_network("ganache").chain_id == 1337
    embedded = load_network("embedded")
    assert (embedded.kind, embedded.chain_id) == ("embedded", 3133710)
    assert {"devnet-yrd", "devnet-jjj", "devnet-prd"} <= load_networks().keys()


def test_a_file_adds_networks_and_overrides_fields(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[anvil]\nconfirmations = 3\n[mine]\nurl = "https://node.example/key"\nfees = "zero"\n')
    anvil = load_network("anvil", file)
    assert (anvil.confirmations, anvil.chain_id) == (3, 31337)
    mine = load_network("mine", file)
    assert (mine.kind, mine.fees, mine.chain_id) == ("rpc", "zero", None)


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(NetworkError) as caught:
        load_network("mainnet")
    assert "anvil" in str(caught.value.expected)
    assert caught.value.found == "mainnet"


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("port = 1", "mine.port"),
        ('kind = "ws"', "mine.kind"),
        ("chain_id = 0", "mine.chain_id"),
        ("chain_id = true", "mine.chain_id"),
        ('chain_id = "1"', "mine.chain_id"),
        ("confirmations = 0", "mine.confirmations"),
        ("poll_seconds = 0", "mine.poll_seconds"),
        ("catch_up_seconds = -1", "mine.catch_up_seconds"),
        ("bump_percent = 9", "mine.bump_percent"),
        ('url = "ftp://x"', "mine.url"),
        ('witnesses = "http://x"', "mine.witnesses"),
        ('witnesses = ["x"]', "mine.witnesses"),
        ('fees = "cheap"', "mine.fees"),
        ('finality = "soon"', "mine.finality"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, line: str, field: str) -> None:
    file = tmp_path / "mine.toml"
    url = "" if line.startswith("url") else 'url = "http://node.example"\n'
    file.write_text(f"[mine]\n{url}{line}\n")
    with pytest.raises(NetworkError) as caught:
        load_network("mine", file)
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.field) == (str(file), field)


@pytest.mark.parametrize("content", ["[mine", "mine = 1", "[mine]\nchain_id = 5"])
def test_a_broken_file_is_one_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(content)
    with pytest.raises(NetworkError):
        load_networks(file)


def test_a_missing_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(NetworkError):
        load_networks(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://127.0.0.1:8545", True),
        ("http://127.9.9.9:8545", True),
        ("http://localhost:8545", True),
        ("http://[::1]:8545", True),
        ("http://10.0.0.1:8545", False),
        ("http://127.0.0.1.example:8545", False),
        ("http://localhost.example:8545", False),
    ],
)
def test_loopback(url: str, loopback: bool) -> None:
    assert is_loopback(url) is loopback


def test_development_keys_need_both_a_local_id_and_a_loopback_address() -> None:
    here, there = "http://127.0.0.1:8545", "http://node.example"
    assert Network("a", "rpc", url=here).is_local(31337)
    assert not Network("a", "rpc", url=there).is_local(31337)
    assert not Network("a", "rpc", url=here).is_local(1)
    assert Network("a", "embedded").is_local(5)
