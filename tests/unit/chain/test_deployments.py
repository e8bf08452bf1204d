"""Deployment files: written whole, read back equal, every wrong field named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from creditchain.chain.deployments import (
    DeployedContract,
    Deployment,
    load_deployment,
    parse_deployment,
    save_deployment,
)
from creditchain.errors import ConfigError
from creditchain.log.entries import log_id

ADDRESS = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
DEPLOYMENT = Deployment(
    network="anvil",
    chain_id=31337,
    genesis=b"\1" * 32,
    region="YRD",
    log_id=log_id(31337, ADDRESS, "YRD", bytes(32)),
    contracts={"RegionLog": DeployedContract(ADDRESS, 7, b"\2" * 32)},
)


def test_written_and_read_back_it_is_equal(tmp_path: Path) -> None:
    path = save_deployment(DEPLOYMENT, tmp_path / "deployments")
    assert path.name == "anvil.json"
    assert load_deployment("anvil", tmp_path / "deployments") == DEPLOYMENT
    assert [file.name for file in path.parent.iterdir()] == ["anvil.json"]


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_deployment("anvil", tmp_path)
    assert "deploy" in str(caught.value.hint)


def test_a_contract_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="ConsentToken"):
        DEPLOYMENT.address("ConsentToken")
    assert DEPLOYMENT.first_block == 7


def _set(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for name in path[:-1]:
            content = content[name]
        content[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_set("format", value="creditchain/deployment@2"), "format"),
        (_set("hash", value="sha3-256"), "format"),
        (_set("chain_id", value="31337"), "chain_id"),
        (_set("chain_id", value=True), "chain_id"),
        (_set("genesis", value="0x12"), "genesis"),
        (_set("log_id", value="0x" + "g" * 64), "log_id"),
        (_set("more", value=1), "more"),
        (_set("contracts", value={}), "contracts"),
        (_set("contracts", value=[]), "contracts"),
        (_set("contracts", "RegionLog", value=1), "contracts.RegionLog"),
        (_set("contracts", "RegionLog", "address", value=ADDRESS.lower()), "contracts.RegionLog.address"),
        (_set("contracts", "RegionLog", "block", value=-1), "contracts.RegionLog.block"),
        (lambda content: content.pop("log_id"), "log_id"),
    ],
)
def test_a_wrong_field_is_named(change: Callable[[dict[str, Any]], None], field: str) -> None:
    content = json.loads(json.dumps(DEPLOYMENT.as_json()))
    change(content)
    with pytest.raises(ConfigError) as caught:
        parse_deployment(json.dumps(content).encode(), "anvil.json")
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.field) == ("anvil.json", field)


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b"[" * 100_000, b"x" * (1 << 20) + b"x"])
def test_nonsense_is_one_error(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        parse_deployment(raw, "anvil.json")


def test_a_region_code_is_checked() -> None:
    raw = json.dumps(replace(DEPLOYMENT, region="yrd").as_json()).encode()
    with pytest.raises(ConfigError, match="region"):
        parse_deployment(raw, "anvil.json")
