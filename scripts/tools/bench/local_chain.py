"""A separate Anvil to measure gas on: on a free port, with unlocked accounts, stopped after the `with` block."""

from __future__ import annotations

import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from web3 import HTTPProvider

from creditchain.chain.abi import interface
from creditchain.chain.devnet import find_anvil
from creditchain.errors import UnavailableError

START_SECONDS = 20.0
GAS_LIMIT = 10_000_000
#: Opcodes whose cost `costs` shows by name.
TOLD = frozenset({"SLOAD", "SSTORE", "LOG1", "LOG2", "LOG3", "LOG4"})


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction that succeeded."""

    hash: str
    gas: int
    address: str | None  #: address of the contract that it created


class LocalChain:
    """Calls and transactions by JSON-RPC, without fees."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._provider = HTTPProvider(url)
        self.accounts: list[str] = []

    def request(self, method: str, *parameters: Any) -> Any:
        """The result of one JSON-RPC request.

        Raises:
            UnavailableError: the chain answered with an error.
        """
        answer: Mapping[str, Any] = self._provider.make_request(method, list(parameters))
        if "error" in answer:
            raise UnavailableError(f"the local chain refused {method}", found=str(answer["error"]))
        return answer["result"]

    def send(self, data: bytes, to: str | None, sender: str | None = None) -> Sent:
        """Send a transaction from an unlocked account (the first by default). It must succeed."""
        transaction = {"from": sender or self.accounts[0], "data": "0x" + data.hex(), "gas": hex(GAS_LIMIT)}
        if to is not None:
            transaction["to"] = to
        hash_ = self.request("eth_sendTransaction", transaction | {"gasPrice": "0x0"})
        while (receipt := self.request("eth_getTransactionReceipt", hash_)) is None:
            time.sleep(0.001)
        if int(receipt["status"], 16) != 1:
            raise UnavailableError("a measured transaction reverted", found=hash_)
        return Sent(hash_, int(receipt["gasUsed"], 16), receipt["contractAddress"])

    def deploy(self, contract: str, *arguments: Any) -> str:
        """Deploy a contract that ships with the package. Returns its address."""
        return self.create(interface(contract).creation(*arguments))

    def create(self, creation: bytes) -> str:
        """Deploy from creation code. Returns the address."""
        address = self.send(creation, None).address
        if address is None:
            raise UnavailableError("the local chain created no contract")
        return address

    def call(self, contract: str, address: str, function: str, *arguments: Any) -> Any:
        """The first result of a view."""
        data = interface(contract).encode(function, *arguments)
        result = self.request("eth_call", {"to": address, "data": "0x" + data.hex()}, "latest")
        return interface(contract).decode(function, bytes.fromhex(result[2:]))[0]

    def costs(self, hash_: str, contracts: Mapping[str, str], first: str) -> Counter[tuple[str, str]]:
        """Gas of a transaction by (contract, what): an opcode of TOLD, `call` for calling a contract, or `run`.

        `contracts` is lower-case address → name, `first` the name of the contract that the transaction calls.
        """
        steps = self.request("debug_traceTransaction", hash_, {"disableStorage": True, "enableMemory": False})
        logs, found = steps["structLogs"], Counter[tuple[str, str]]()
        stack = [first]
        for position, step in enumerate(logs):
            del stack[step["depth"] :]
            where, op = stack[-1], step["op"]
            if op in ("CALL", "STATICCALL") and logs[position + 1]["depth"] == step["depth"]:
                # A precompile runs no code of its own.
                found[where, "run"] += step["gas"] - logs[position + 1]["gas"]
            elif op in ("CALL", "STATICCALL"):
                callee = "0x" + step["stack"][-2][2:].zfill(40)[-40:].lower()
                stack.append(contracts.get(callee, "other"))
                found[where, "call"] += _reaching(logs, position)
            else:
                found[where, op if op in TOLD else "run"] += step["gasCost"]
        return found


@contextmanager
def local_chain(*, tracing: bool = True) -> Iterator[LocalChain]:
    """A fresh Anvil without fees, stopped after the `with` block. `tracing`: it keeps the steps that `costs` reads.

    Raises:
        ConfigError: there is no anvil on this machine.
        UnavailableError: it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--port", str(port), "--block-base-fee-per-gas", "0", "--gas-price", "0", "--quiet"]
    options += ["--steps-tracing"] if tracing else []
    options += ["--max-persisted-states", "0"]  # nobody asks for old ones, and they would stay in the home folder
    process = subprocess.Popen([str(find_anvil()), *options])  # noqa: S603
    try:
        chain = LocalChain(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + START_SECONDS
        while not chain.accounts:
            try:
                chain.accounts = list(chain.request("eth_accounts"))
            except OSError as error:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise UnavailableError("anvil did not start") from error
                time.sleep(0.05)
        yield chain
    finally:
        process.terminate()
        process.wait()


def _reaching(logs: list[Any], position: int) -> int:
    """The gas that a call costs its caller, without the gas that the callee uses."""
    depth, before = logs[position]["depth"], logs[position]["gas"]
    inside: list[Any] = []
    for step in logs[position + 1 :]:
        if step["depth"] == depth:
            used = inside[0]["gas"] - (inside[-1]["gas"] - inside[-1]["gasCost"])
            return int(before - step["gas"] - used)
        if step["depth"] == depth + 1:
            inside.append(step)
    return 0
