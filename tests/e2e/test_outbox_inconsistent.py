"""Endpoints that contradict themselves, and chains that take back what was final: paid once, and never stuck.

A payment, unlike a call of our contracts, takes effect each time it is mined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from servers import Server, anvil
from sqlalchemy import select
from tampering import Result, Tampering, ask_the_node, tampering

from creditchain.chain.connect import Chain, connect
from creditchain.chain.nonces import user_of_nonce
from creditchain.chain.outbox import Outbox, StillPendingError
from creditchain.chain.outbox_journal import AttemptRow
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import Journal, open_journal
from creditchain.log.views import ContractCall

NOBODY = to_checksum_address("0x" + "77" * 20)


class World:
    """An outbox with journals of its own on a fresh chain, whose endpoint tampers."""

    def __init__(self, node: Server, endpoint: Tampering, chain: Chain, journal: Journal, elsewhere: Journal) -> None:
        self.node, self.endpoint, self.chain, self.journal = node, endpoint, chain, journal
        signer = dev_signer(5, chain)
        self.outbox, self.elsewhere = Outbox(chain, signer, journal), Outbox(chain, signer, elsewhere)
        impatient = replace(chain.network, give_up_seconds=1.0, stuck_seconds=0.1)
        self.impatient = Outbox(connect(impatient), signer, journal)

    def paid(self) -> int:
        return self.chain.balance(NOBODY)

    def nonces(self) -> list[tuple[int, str]]:
        with self.journal.read() as session:
            return [(each.nonce, each.state) for each in session.scalars(select(AttemptRow).order_by(AttemptRow.id))]


def pay(wei: int) -> ContractCall:
    return ContractCall(NOBODY, b"", f"pay {wei}", value=wei)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with (
        anvil() as node,
        tampering(node.url) as endpoint,
        connect(replace(node.network(), url=endpoint.url)) as chain,
        open_journal(tmp_path / "journal.sqlite") as journal,
        open_journal(tmp_path / "elsewhere.sqlite") as elsewhere,
    ):
        yield World(node, endpoint, chain, journal, elsewhere)


def hide_receipts(method: str, _: list[object]) -> Result | None:
    """As of a balancer, behind which some nodes lag, or of a node that drops old receipts."""
    return Result(None) if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash") else None


def test_a_receipt_that_lags_behind_makes_nothing_happen_twice(world: World) -> None:
    world.endpoint.rule = hide_receipts
    with pytest.raises(StillPendingError):
        world.impatient.submit("one", pay(1))
    world.endpoint.rule = ask_the_node
    assert world.outbox.submit("one", pay(1)).state == "final"
    assert (world.paid(), world.nonces()) == (1, [(0, "sent")])


def test_a_receipt_that_was_dropped_is_not_taken_for_a_lost_block(world: World) -> None:
    world.outbox.submit("one", pay(1))
    world.endpoint.rule = hide_receipts
    with pytest.raises(StillPendingError, match="which holds it, and gives no receipt"):
        world.impatient.submit("one", pay(1))
    assert world.outbox.state("one") == "final"
    assert (len(world.endpoint.sent), world.paid()) == (1, 1)


def test_who_used_a_nonce_is_found_in_the_block(world: World) -> None:
    sender, hashes = world.outbox.signer.address, []
    for wei in range(1, 8):
        hashes.append(world.outbox.submit(f"{wei}", pay(wei)).transaction_hash)
        world.node.ask("anvil_mine", hex(wei))
    head = world.chain.head().number
    found = [user_of_nonce(world.chain, sender, nonce, head) for nonce in range(8)]
    assert found == [*hashes, None]
    world.endpoint.rule = lambda method, params: (
        {"code": -32000, "message": "missing trie node"}
        if method == "eth_getTransactionCount" and params[1] != hex(head)
        else None
    )
    assert user_of_nonce(world.chain, sender, 0, head) is None


def test_where_old_state_is_gone_a_call_is_signed_anew_only_after_a_while(world: World) -> None:
    world.endpoint.refuse_sending("nonce too high", times=1)
    world.outbox.post("one", pay(1))
    world.endpoint.rule = ask_the_node
    world.elsewhere.submit("other", pay(10))
    head = world.chain.head().number

    def without_history(method: str, params: list[object]) -> dict[str, object] | None:
        old = method == "eth_getTransactionCount" and params[1] not in ("latest", *(hex(head + n) for n in range(9)))
        return {"code": -32000, "message": "missing trie node"} if old else None

    world.endpoint.rule = without_history
    patient = Outbox(connect(replace(world.chain.network, give_up_seconds=1.0)), world.outbox.signer, world.journal)
    with pytest.raises(StillPendingError):
        patient.submit("one", pay(1))
    assert world.paid() == 10
    soon = Outbox(connect(replace(world.chain.network, stuck_seconds=0.1)), world.outbox.signer, world.journal)
    assert soon.submit("one", pay(1)).state == "final"
    assert world.paid() == 11


def test_a_nonce_that_somebody_used_and_a_reorganisation_gave_back_is_filled(world: World) -> None:
    snapshot = world.node.ask("evm_snapshot")
    world.endpoint.refuse_sending("nonce too high", times=1)
    world.outbox.post("one", pay(1))
    world.endpoint.rule = ask_the_node
    world.elsewhere.submit("other", pay(10))
    world.outbox.submit("one", pay(1))
    assert (world.paid(), world.nonces()) == (11, [(0, "replaced"), (1, "sent")])
    # Both blocks are gone, and the other's transaction with them.
    assert world.node.ask("evm_revert", snapshot)
    world.node.ask("anvil_mine", hex(3))
    assert world.outbox.submit("one", pay(1)).state == "final"
    assert (world.paid(), world.nonces()) == (1, [(0, "replaced"), (1, "sent"), (0, "sent")])
    assert world.elsewhere.submit("other", pay(10)).state == "final"
    assert world.paid() == 11


@pytest.mark.parametrize("depth", [1, 2, 5, 10])
def test_after_reorganisations_of_any_depth_each_is_paid_once(world: World, depth: int) -> None:
    world.node.ask("anvil_mine", hex(depth))
    due = 0
    for round_ in range(4):
        for one in range(3):
            world.outbox.submit(f"{round_} {one}", pay(4**one))
            due += 4**one
        world.node.ask("anvil_reorg", depth, [])
        world.outbox.post(f"{round_} late", pay(1000))
        due += 1000
        world.node.ask("anvil_reorg", depth, [])
    for round_ in range(4):
        for name, wei in (("0", 1), ("1", 4), ("2", 16), ("late", 1000)):
            assert world.outbox.submit(f"{round_} {name}", pay(wei)).state == "final"
    assert world.paid() == due
