"""Signers: keystores, the environment, remote signers (Anvil is one), development keys on local chains only."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from servers import Server

from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import ChainUnavailableError, SignerError
from creditchain.chain.networks import load_network
from creditchain.chain.outbox import Outbox
from creditchain.chain.signers import Signer, dev_key, dev_signer, parse_signer
from creditchain.errors import CreditchainError, UsageError
from creditchain.home.journal import Journal
from creditchain.home.keystores import OPERATOR_KEY, write_keystore
from creditchain.log.views import ContractCall
from creditchain.messages.domains import LogDomain
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.signatures import recover

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@pytest.fixture
def on_anvil(anvil: Server) -> Iterator[Chain]:
    with connect(anvil.network()) as chain:
        yield chain


@pytest.fixture
def elsewhere(on_anvil: Chain) -> Chain:
    """The same chain, as if behind an address of another machine."""
    on_anvil.local = False
    return on_anvil


def message(operator: str) -> OperatorAcceptance:
    return OperatorAcceptance(LogDomain(bytes(32)), 3, operator, 1_900_000_000)


def transaction(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"chainId": 31337, "nonce": 7, "gas": 50_000, "value": 1, "data": b"\1\2", "to": CONTRACT}
    return fields | {"maxFeePerGas": 9, "maxPriorityFeePerGas": 2} | changes


LEGACY = {key: value for key, value in transaction(gasPrice=9).items() if not key.startswith("max")}
CREATION = {key: value for key, value in transaction().items() if key != "to"}


def remote(anvil: Server, number: int = 0) -> str:
    return f"remote:{anvil.url}#{dev_signer_address(number)}"


def dev_signer_address(number: int) -> str:
    from eth_account import Account

    return str(Account.from_key(dev_key(number)).address)


@pytest.mark.parametrize("fields", [transaction(), LEGACY, CREATION], ids=["EIP-1559", "legacy", "creation"])
def test_every_signer_signs_the_same_bytes(
    anvil: Server, on_anvil: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]
) -> None:
    file = write_keystore(tmp_path / "k.json", dev_key(0), OPERATOR_KEY, "x")
    monkeypatch.setenv("OPERATOR", dev_key(0).hex())
    monkeypatch.setenv("CREDITCHAIN_PASSWORD", "x")
    specs = [f"keystore:{file}", "env:OPERATOR", "dev:0", remote(anvil), f"unlocked:{dev_signer_address(0)}"]
    signers: list[Signer] = [parse_signer(spec, on_anvil) for spec in specs]
    assert {signer.address for signer in signers} == {dev_signer_address(0)}
    assert len({signer.sign_transaction(fields) for signer in signers}) == 1
    asked = message(dev_signer_address(0))
    signatures = {signer.sign_typed(asked.typed_data()) for signer in signers}
    assert len(signatures) == 1
    assert recover(asked, signatures.pop()) == dev_signer_address(0)


def test_a_remote_signer_sends_through_the_outbox(anvil: Server, on_anvil: Chain, journal: Journal) -> None:
    outbox = Outbox(on_anvil, parse_signer(remote(anvil, 3), on_anvil), journal)
    assert outbox.submit("pay", ContractCall(dev_signer_address(4), b"", "pay", value=1)).state == "final"


@pytest.mark.parametrize("spec", ["dev:0", f"unlocked:{CONTRACT}"])
def test_development_keys_stay_on_local_chains(elsewhere: Chain, spec: str) -> None:
    with pytest.raises(SignerError, match="local development chains only"):
        parse_signer(spec, elsewhere)


def test_a_development_key_has_money_on_any_local_node(journal: Journal) -> None:
    """A Ganache with accounts of its own knows nothing of the development keys."""
    from servers import ganache as start_ganache

    with start_ganache("--wallet.deterministic") as server, connect(server.network()) as chain:
        signer = parse_signer("dev:70", chain)
        assert Outbox(chain, signer, journal).submit("pay", ContractCall(CONTRACT, b"", "pay", 1)).state == "final"


def test_a_public_chain_id_on_this_machine_is_not_local() -> None:
    from servers import anvil as start_anvil

    with start_anvil("--chain-id", "1") as server, connect(server.network(chain_id=1)) as chain:
        assert not chain.local
        with pytest.raises(SignerError):
            dev_signer(0, chain)


@pytest.mark.parametrize(
    "spec",
    ["", "dev", "dev:", "dev:x", "dev:-1", "keystore:", "env:", "remote:http://x", "unlocked:0x12", "0x" + "11" * 32],
)
def test_what_is_no_signer_is_one_error_that_does_not_repeat_it(on_anvil: Chain, spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_signer(spec, on_anvil)
    assert "11" * 32 not in str(caught.value)


@pytest.mark.parametrize("value", ["00" * 32, "ff" * 32, "12", None])
def test_a_bad_key_in_the_environment_is_never_shown(
    on_anvil: Chain, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("OPERATOR", raising=False)
    if value is not None:
        monkeypatch.setenv("OPERATOR", value)
    with pytest.raises(CreditchainError) as caught:
        parse_signer("env:OPERATOR", on_anvil)
    chained = [caught.value, caught.value.__cause__]
    assert value is None or all(value not in str(each) for each in chained if each is not None and len(value) > 4)


# A signer that signs something else: what it answers is checked.


@contextmanager
def cheating(real: str, change: Callable[[dict[str, Any]], Any]) -> Iterator[str]:
    """A JSON-RPC endpoint that changes a request before a real signer gets it; its URL."""
    import requests

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = change(request)
            if answer is None:
                answer = requests.post(real, json=request, timeout=60).json()
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _with(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(request: dict[str, Any]) -> None:
        request["params"][0][name] = value

    return change


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("to", dev_signer_address(9)),
        ("value", "0x64"),
        ("nonce", "0x8"),
        ("data", "0x0103"),
        ("gas", "0xffff"),
        ("maxFeePerGas", "0xffff"),
        ("from", dev_signer_address(1)),
    ],
)
def test_a_remote_signer_that_signs_something_else_is_caught(
    anvil: Server, on_anvil: Chain, name: str, value: str
) -> None:
    with cheating(anvil.url, _with(name, value)) as url:
        signer = parse_signer(f"remote:{url}#{dev_signer_address(0)}", on_anvil)
        with pytest.raises(SignerError, match="signed"):
            signer.sign_transaction(transaction())


@pytest.mark.parametrize("name", ["to", "gasPrice", "value", "data"])
def test_a_legacy_transaction_is_checked_too(anvil: Server, on_anvil: Chain, name: str) -> None:
    value = {"to": dev_signer_address(9), "data": "0x0103"}.get(name, "0x64")
    with cheating(anvil.url, _with(name, value)) as url:
        signer = parse_signer(f"remote:{url}#{dev_signer_address(0)}", on_anvil)
        with pytest.raises(SignerError, match=f"other {name}|another"):
            signer.sign_transaction(LEGACY)


def test_a_remote_signer_that_signs_another_message_is_caught(anvil: Server, on_anvil: Chain) -> None:
    def change(request: dict[str, Any]) -> None:
        request["params"][1]["message"]["node"] = 4

    with cheating(anvil.url, change) as url:
        signer = parse_signer(f"remote:{url}#{dev_signer_address(0)}", on_anvil)
        with pytest.raises(SignerError, match="something else"):
            signer.sign_typed(message(dev_signer_address(0)).typed_data())


@pytest.mark.parametrize(
    "answer",
    [
        {"error": {"code": -32000, "message": "denied"}},
        {"result": "0x"},
        {"result": None},
        {"result": "0x" + "ab" * 80},
        {"result": {"tx": 1}},
        [],
        {},
    ],
)
def test_a_remote_signer_s_nonsense_is_one_error(on_anvil: Chain, answer: Any) -> None:
    def answered(request: dict[str, Any]) -> Any:
        return {**answer, "id": request["id"]} if isinstance(answer, dict) else answer

    with cheating("", answered) as url:
        signer = parse_signer(f"remote:{url}#{dev_signer_address(0)}", on_anvil)
        with pytest.raises(SignerError):
            signer.sign_transaction(transaction())
        with pytest.raises(SignerError):
            signer.sign_typed(message(dev_signer_address(0)).typed_data())


def test_the_shape_that_clef_answers_is_understood(anvil: Server, on_anvil: Chain) -> None:
    import requests

    def change(request: dict[str, Any]) -> Any:
        answer = requests.post(anvil.url, json=request, timeout=60).json()
        return {**answer, "result": {"raw": answer["result"], "tx": {}}}

    with cheating(anvil.url, change) as url:
        signer = parse_signer(f"remote:{url}#{dev_signer_address(0)}", on_anvil)
        assert signer.sign_transaction(transaction()) == dev_signer(0, on_anvil).sign_transaction(transaction())


def test_a_remote_signer_that_is_away(on_anvil: Chain) -> None:
    signer = parse_signer(f"remote:http://127.0.0.1:9#{dev_signer_address(0)}", on_anvil)
    with pytest.raises(ChainUnavailableError, match="does not answer"):
        signer.sign_transaction(transaction())


def test_a_loopback_address_is_what_counts(anvil: Server) -> None:
    assert not replace(load_network("anvil"), url="http://node.example:8545").is_local(31337)
    assert anvil.network().is_local(31337)
