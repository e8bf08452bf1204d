"""Real nodes for tests: Anvil and Ganache on free loopback ports, ended by process group."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from creditchain.chain.networks import Network, load_network
from creditchain.chain.signers import DEV_MNEMONIC
from ports import reserved_port

ROOT = Path(__file__).resolve().parents[2]
#: On a busy machine a node takes its time; but Ganache loses a request now and then when several come at once, and
#: answers when it is asked again. Neither measures anything.
PATIENCE = {"poll_seconds": 0.02, "timeout_seconds": 30.0, "give_up_seconds": 900.0}
#: How often a node is started anew that ended at once: a program that is no test took its port.
TRIES = 5


@dataclass(frozen=True)
class Server:
    """A running node. `kind` names the built-in network that it is."""

    kind: str
    url: str

    def ask(self, method: str, *params: Any) -> Any:
        """One JSON-RPC request that has to succeed."""
        answer = requests.post(
            self.url,
            json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            timeout=PATIENCE["timeout_seconds"],
        )
        found = answer.json()
        assert "error" not in found, found
        return found["result"]

    def network(self, **changes: Any) -> Network:
        """The network of this node, patient as tests are. Ganache forgets a request now and then: it is asked again."""
        patience = {**PATIENCE, "timeout_seconds": 8.0, "deadline_seconds": PATIENCE["give_up_seconds"]}
        return replace(load_network(self.kind), url=self.url, **{**patience, **changes})


@contextmanager
def anvil(*arguments: str) -> Iterator[Server]:
    """A fresh Anvil. It keeps old states in files, which an end by a signal would leave in the home folder."""
    with (
        tempfile.TemporaryDirectory(prefix="anvil-") as states,
        _node("anvil", "--port", ("--cache-path", states, *arguments)) as url,
    ):
        yield Server("anvil", url)


@contextmanager
def ganache(*arguments: str) -> Iterator[Server]:
    """A fresh Ganache, with the development keys unless the arguments say other ones."""
    keys = () if any(word.startswith("--wallet") for word in arguments) else ("--wallet.mnemonic", DEV_MNEMONIC)
    with _node("ganache", "--server.port", (*keys, *arguments)) as url:
        yield Server("ganache", url)


def program(name: str) -> str:
    """The program, or skip: both come from npm."""
    found = shutil.which(name) or str(ROOT / "node_modules" / ".bin" / name)
    if not Path(found).exists():
        pytest.skip(f"{name} is not installed: npm ci")
    return found


@contextmanager
def _node(name: str, port_option: str, arguments: Sequence[str]) -> Iterator[str]:
    """A node that answers, by its URL."""
    words = b""
    for _ in range(TRIES):
        with reserved_port() as port:
            # A group of its own: npm's anvil is a script that starts the program proper.
            process = subprocess.Popen(
                [program(name), port_option, str(port), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            url = f"http://127.0.0.1:{port}"
            try:
                if _answers(url, process):
                    yield url
                    return
                words = process.communicate()[1]
            finally:
                _end(process)
    pytest.fail(f"{name} does not start: {words[-1000:]!r}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the node answers. False: it ended, as it does where somebody else was faster to take the port."""
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    while process.poll() is None:
        try:
            requests.post(url, json=asked, timeout=PATIENCE["timeout_seconds"])
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return process.poll() is None
    return False
