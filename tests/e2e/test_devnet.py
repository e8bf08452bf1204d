"""Real Anvil chains that keep their state: started, found, ended, started again where they stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Commands
from servers import program

from creditchain.chain import devnet, networks
from ports import reserved_port


@pytest.fixture
def creditchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Commands]:
    monkeypatch.setenv("PATH", str(Path(program("anvil")).parent), prepend=os.pathsep)
    monkeypatch.setenv("CREDITCHAIN_SIGNER", "dev:0")
    file = tmp_path / "networks.toml"
    # The built-in ports may be in use on the machine that runs the tests.
    with reserved_port() as yrd, reserved_port() as prd:
        ports = {"devnet-yrd": yrd, "devnet-prd": prd}
        file.write_text("".join(f'[{name}]\nurl = "http://127.0.0.1:{port}"\n' for name, port in ports.items()))
        builtin = networks.load_networks(file)
        monkeypatch.setattr(devnet, "load_network", lambda name: builtin[name])
        monkeypatch.setenv("CREDITCHAIN_NETWORKS", str(file))
        commands = Commands(tmp_path, "devnet-yrd")
        yield commands
        commands("devnet", "stop")


def test_a_devnet_keeps_its_state(creditchain: Commands, tmp_path: Path) -> None:
    assert creditchain.done("devnet", "status") == []
    started = creditchain.done("devnet", "--detach", "--region", "YRD", "--region", "PRD")
    assert [row["chain_id"] for row in started] == [3133701, 3133703]
    assert creditchain("devnet", "--detach").error["kind"] == "RefusedError"
    creditchain.done("deploy")
    creditchain.done("node", "admit", "--members", "yrd", "--dev-operators")
    before = creditchain.done("log", "root")
    assert len(creditchain.done("devnet", "stop")) == 2
    assert creditchain("log", "root").code == 3
    creditchain.done("devnet", "--detach", "--region", "YRD")
    assert creditchain.done("log", "root") == before
    # What the journal and the log's events say still fits: the next change works, and all entries add up.
    creditchain.done("node", "suspend", "16")
    assert len(creditchain.done("log", "show", "--count", "100")) == before["size"] + 1


def test_a_process_id_of_somebody_else_is_left_alone(creditchain: Commands) -> None:
    creditchain.done("devnet", "--detach", "--region", "YRD")
    (running,) = creditchain.done("devnet", "status")
    os.killpg(running["process"], signal.SIGKILL)
    while creditchain.done("devnet", "status"):
        pass
    assert creditchain.done("devnet", "stop") == []


def test_without_anvil_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    answer = Commands(tmp_path)("devnet", "--detach")
    assert answer.code == 4
    assert "npm ci" in answer.error["hint"]
