"""Deploying a region: wiring, resuming after a crash, and every kind of wrong chain refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from acting import FOUNDED, FOUNDING, GENERATIONS, admission, region_on, set_profile
from anchored import read_entries
from founded import founded_on
from servers import Server
from servers import anvil as start_anvil
from servers import ganache as start_ganache

from creditchain.chain.abi import interface
from creditchain.chain.calls import Calls
from creditchain.chain.connect import Chain, connect
from creditchain.chain.deploy import ADMIN, GOVERNOR, PARTS, Plan, deploy
from creditchain.chain.deployments import DeployedContract, check_deployment
from creditchain.chain.errors import ChainUnsuitableError, ContractRefusedError, LyingEndpointError, WrongChainError
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.networks import load_network
from creditchain.chain.probe import probe
from creditchain.chain.region import Region
from creditchain.chain.rpc import Answer, Wire
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.log.entries import NodeBody, TagKeyEpochBody, WriterBody
from creditchain.vocabulary import EntryKind


def test_a_region_is_wired(chain: Chain, journal: Journal) -> None:
    region = founded_on(chain, journal)
    for name in (part.name for part in PARTS if part.kinds):
        assert region.is_writer(region.deployment.address(name))
    entries = read_entries(region)
    assert [entry.kind for entry in entries] == [*FOUNDING, EntryKind.PRODUCT]
    nodes = region.deployment.contracts["NodeRegistry"]
    kinds = 1 << EntryKind.NODE | 1 << EntryKind.COMPROMISE | 1 << EntryKind.ANSWERER
    writers = [entry.body for entry in entries if entry.kind == EntryKind.WRITER]
    assert writers[1] == WriterBody(0, nodes.address, nodes.code_hash, kinds)
    assert all(entry.body is not None for entry in entries)
    check_deployment(chain, region.deployment)


def role_of(chain: Chain, region: Region, role: int, address: str) -> bool:
    manager = interface("Governance")
    data = manager.encode("hasRole", role, address)
    return bool(manager.decode("hasRole", chain.call(region.deployment.address("Governance"), data))[0])


#: What admins do, after a delay, and the manager for them.
ADMINS_ONLY = ("setWriter", "seal", "setAuthority")


def test_every_restricted_function_is_the_governors(chain: Chain, journal: Journal) -> None:
    """A function that asks the manager and was forgotten in PARTS would belong to the administrator alone."""
    region = founded_on(chain, journal)
    stranger = "0x" + "11" * 20
    for part in PARTS:
        face = interface(part.name)
        for name, item in face.functions.items():
            caller = {"from": stranger, "to": region.deployment.address(part.name)}
            data = item.selector + bytes(32 * 16)
            if _refusal(chain, caller | {"data": "0x" + data.hex()}) == "AccessManagedUnauthorized":
                assert name in (*part.restricted, *ADMINS_ONLY), f"{part.name}.{name}"


def _refusal(chain: Chain, fields: dict[str, Any]) -> str | None:
    from creditchain.chain.abi import refusal
    from creditchain.chain.connect import RpcError

    try:
        chain.request("eth_call", fields, "latest")
    except RpcError as error:
        return refusal(error.data or b"", "x").name
    return None


def test_governors_take_over_and_the_deployer_keeps_nothing(chain: Chain, journal: Journal) -> None:
    deployer, governor = dev_signer(0, chain), dev_signer(7, chain)
    fund_dev_accounts(chain, [deployer.address, governor.address])
    plan = Plan("YRD", (governor.address,), next(GENERATIONS))
    region = Region(chain, deploy(chain, deployer, journal, plan))
    for role in (ADMIN, GOVERNOR):
        assert role_of(chain, region, role, governor.address)
        assert not role_of(chain, region, role, deployer.address)
    call = region.calls.admit(admission(deployer.address))
    with pytest.raises(ContractRefusedError, match="AccessManagedUnauthorized"):
        region.outbox(deployer, journal).submit("admit", call)
    assert region.outbox(governor, journal).submit("admit", call).state == "final"


class CrashError(Exception):
    pass


PRODUCTS = tuple((number, bytes([number]) * 32) for number in range(1, 12))


_STEPS = range(Plan("YRD", products=PRODUCTS).steps)
#: Some steps on the quickest chain, the first one on the others. The sweeps have every step, and every tenth.
_SOME = {("anvil", step) for step in (*_STEPS[::5], _STEPS[-1])} | {("embedded", 0), ("ganache", 0)}
CUTS = [
    pytest.param(kind, step, marks=() if (kind, step) in _SOME else pytest.mark.slow)
    for kind, steps in (("anvil", _STEPS), ("embedded", _STEPS[::10]), ("ganache", _STEPS[::10]))
    for step in steps
]


@pytest.mark.parametrize(("chain", "step"), CUTS, indirect=["chain"])
def test_a_deployment_that_was_cut_off_goes_on(chain: Chain, journal: Journal, step: int) -> None:
    signer = dev_signer(0, chain)
    fund_dev_accounts(chain, [signer.address])
    plan, seen = Plan("YRD", generation=next(GENERATIONS), products=PRODUCTS), []

    def crash(what: str) -> None:
        seen.append(what)
        if len(seen) == step + 1:
            raise CrashError

    with pytest.raises(CrashError):
        deploy(chain, signer, journal, plan, crash)
    before = chain.transaction_count(signer.address)
    deployment = deploy(chain, signer, journal, plan)
    assert chain.transaction_count(signer.address) == before + plan.steps - step - 1
    assert deploy(chain, signer, journal, plan) == deployment
    region = Region(chain, deployment)
    assert region.log_size() == len(FOUNDING) + len(PRODUCTS)
    assert [(one.number, one.is_of(bytes([one.number]) * 32)) for one in region.products()] == [
        (number, True) for number, _ in PRODUCTS
    ]


def test_another_chain_is_refused(chain: Chain, journal: Journal) -> None:
    deployment = founded_on(chain, journal).deployment
    registry = deployment.contracts["NodeRegistry"]
    swapped = {**deployment.contracts, "NodeRegistry": deployment.contracts["AnchorRegistry"]}
    empty = {**deployment.contracts, "NodeRegistry": replace(registry, address="0x" + "00" * 19 + "99")}
    changed = {**deployment.contracts, "NodeRegistry": DeployedContract(registry.address, 1, b"\1" * 32)}
    for wrong, word in (
        (replace(deployment, chain_id=deployment.chain_id + 1), "chain id"),
        (replace(deployment, genesis=b"\1" * 32), "genesis"),
        (replace(deployment, contracts=empty), "code"),
        (replace(deployment, contracts=changed), "code"),
        (replace(deployment, region="JJJ"), "region's code"),
        (replace(deployment, log_id=b"\1" * 32), "log id"),
    ):
        with pytest.raises(WrongChainError, match=word):
            Region(chain, wrong)
    Region(chain, replace(deployment, contracts=swapped))  # the same code: caught by nothing but its answers


def test_the_network_s_chain_id_is_checked(anvil: Server) -> None:
    with pytest.raises(WrongChainError, match="another chain"):
        connect(replace(anvil.network(), chain_id=1))


def test_no_node_is_one_error() -> None:
    from creditchain.chain.errors import ChainUnavailableError

    with pytest.raises(ChainUnavailableError, match="does not answer"):
        connect(replace(load_network("anvil"), url="http://127.0.0.1:9"))


# The probe.


def test_every_kind_of_chain_passes_the_probe(chain: Chain) -> None:
    assert probe(chain) == []


def test_a_local_chain_that_stood_idle_has_no_clock_far_off() -> None:
    """Ganache runs calls at the time of its last block."""
    with start_ganache() as server, connect(server.network()) as chain:
        server.ask("evm_mine", int(time.time()) - 3600)
        server.ask("evm_setTime", hex(int(time.time() * 1000)))
        assert probe(chain) == []


def test_a_clock_far_off_is_a_remark() -> None:
    with start_anvil("--timestamp", "1500000000") as server, connect(server.network()) as chain:
        chain.request("evm_mine")
        assert "seconds apart" in probe(chain)[0]


@pytest.mark.parametrize("timestamp", ["1700000000000", "1000"])
def test_a_chain_that_does_not_count_seconds_is_refused(timestamp: str) -> None:
    """Some consortium clients count milliseconds."""
    with start_anvil("--timestamp", timestamp) as server, connect(server.network()) as chain:
        chain.request("evm_mine")
        with pytest.raises(ChainUnsuitableError, match="seconds"):
            probe(chain)


# An endpoint that lies.


class Lying:
    """A wire to a real chain that changes the logs on their way. All other answers are the chain's."""

    def __init__(self, wire: Wire) -> None:
        self.name, self._wire, self.close = wire.name, wire, wire.close
        self.lie: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] | None = None

    def exchange(self, payload: Any, seconds: float) -> Answer:
        answer = self._wire.exchange(payload, seconds)
        if self.lie is None or isinstance(payload, list) or payload["method"] != "eth_getLogs":
            return answer
        return Answer({**answer.value, "result": self.lie(answer.value["result"])})


@pytest.mark.parametrize(
    "lie", ["leaves one out", "leaves the last out", "changes a body", "changes a write", "swaps bodies"]
)
def test_a_lying_endpoint_is_caught_by_the_root(journal: Journal, lie: str) -> None:
    from creditchain.chain.embedded_rpc import open_embedded

    network = load_network("embedded")
    wire = Lying(open_embedded(3133710, None, 1))
    with Chain(network, wire) as chain:
        region = region_on(chain, journal)
        outbox = region.outbox(dev_signer(0, chain), journal)
        outbox.submit("admit", region.calls.admit(admission(dev_signer(1, chain).address)))
        outbox.submit("change", set_profile(region, 1, 1))
        assert len(read_entries(region)) == FOUNDED + 2

        def changed(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
            logs = json.loads(json.dumps(logs))
            last, before = logs[-1], logs[-2]
            body, writer = 2 + 2 * 4 * 32, logs[1]
            if lie == "leaves one out":
                del logs[1]
            elif lie == "leaves the last out":
                del logs[-1]
            elif lie == "changes a body":
                last["data"] = last["data"][:body] + "0" * 62 + "09" + last["data"][body + 64 :]
            elif lie == "changes a write":
                writer["data"] = writer["data"][:-1] + ("0" if writer["data"][-1] != "0" else "1")
            else:
                last["data"], before["data"] = before["data"], last["data"]
            return logs

        wire.lie = changed
        with pytest.raises(LyingEndpointError):
            read_entries(region)


def test_entries_are_joined_with_what_they_are_about(chain: Chain, journal: Journal) -> None:
    region = founded_on(chain, journal)
    outbox = region.outbox(dev_signer(0, chain), journal)
    operator = dev_signer(1, chain).address
    outbox.submit("admit", region.calls.admit(admission(operator)))
    outbox.submit("epoch", region.calls.open_key_epoch(keccak256(b"epoch")))
    earlier = chain.head().number
    outbox.submit("suspend", region.calls.suspend(1))
    entries = read_entries(region)
    assert [entry.kind for entry in entries] == [*FOUNDING, 19, 1, 2, 1]
    admitted, epoch, suspended = (entry.body for entry in entries[FOUNDED:])
    assert isinstance(admitted, NodeBody)
    assert (admitted.operator, admitted.status) == (operator, 1)
    assert epoch == TagKeyEpochBody(1, keccak256(b"epoch"))
    assert suspended == replace(admitted, status=2, profile_digest=bytes(32))
    assert read_entries(region, earlier) == entries[:-1]
    assert isinstance(region.calls, Calls)


def test_logs_are_asked_for_in_ranges_that_the_endpoint_takes(journal: Journal) -> None:
    """An endpoint returns at most two blocks of logs at once: the range is halved until it answers."""
    from creditchain.chain.embedded_rpc import open_embedded

    class Narrow:
        def __init__(self, wire: Wire) -> None:
            self.name, self._wire, self.close = wire.name, wire, wire.close
            self.asked = 0

        def exchange(self, payload: Any, seconds: float) -> Answer:
            if isinstance(payload, list) or payload["method"] != "eth_getLogs":
                return self._wire.exchange(payload, seconds)
            self.asked += 1
            asked = payload["params"][0]
            if int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) < 2:
                return self._wire.exchange(payload, seconds)
            error = {"code": -32005, "message": "query returned more than 10000 results"}
            return Answer({"jsonrpc": "2.0", "id": payload["id"], "error": error})

    wire = Narrow(open_embedded(3133710, None, 1))
    with Chain(load_network("embedded"), wire) as chain:
        region = region_on(chain, journal)
        assert len(read_entries(region)) == FOUNDED
        first = wire.asked
        assert len(read_entries(region)) == FOUNDED
        assert wire.asked - first < first, "the range that worked is remembered"


def test_the_deployment_file_survives_the_round_trip(chain: Chain, journal: Journal, tmp_path: Path) -> None:
    from creditchain.chain.deployments import load_deployment, save_deployment

    deployment = founded_on(chain, journal).deployment
    save_deployment(deployment, tmp_path)
    assert load_deployment(chain.network.name, tmp_path) == deployment
