"""Transactions that an endpoint refuses: nothing is lost, done twice, or blocks later transactions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from servers import Server
from servers import anvil as start_anvil
from sqlalchemy import select
from tampering import Tampering, ask_the_node, tampering

from creditchain.chain import outbox_signing
from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import TransactionError
from creditchain.chain.outbox import Outbox, StillPendingError
from creditchain.chain.outbox_journal import AttemptRow
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import Journal, open_journal
from creditchain.log.views import ContractCall


@pytest.fixture(scope="module")
def node() -> Iterator[Server]:
    with start_anvil() as server:
        yield server


class World:
    """An outbox on a chain whose endpoint tampers, and what came of its payments."""

    def __init__(self, chain: Chain, endpoint: Tampering, journal: Journal, key: int) -> None:
        self.chain, self.endpoint, self.journal = chain, endpoint, journal
        self.outbox = Outbox(chain, dev_signer(key, chain), journal)
        self.impatient = Outbox(self._impatient(), dev_signer(key, chain), journal)
        self.nobody = to_checksum_address(key.to_bytes(20, "big"))

    def _impatient(self) -> Chain:
        return connect(replace(self.chain.network, give_up_seconds=1.0, stuck_seconds=0.1))

    def pay(self, wei: int) -> ContractCall:
        return ContractCall(self.nobody, b"", f"pay {wei}", value=wei)

    def paid(self) -> int:
        return self.chain.balance(self.nobody)

    def attempts(self) -> list[AttemptRow]:
        with self.journal.read() as session:
            return list(session.scalars(select(AttemptRow).order_by(AttemptRow.id)))


_keys = iter(range(20, 40))


@pytest.fixture
def world(node: Server, tmp_path: Path) -> Iterator[World]:
    key = next(_keys)
    with (
        tampering(node.url) as endpoint,
        connect(replace(node.network(), url=endpoint.url)) as chain,
        open_journal(tmp_path / "journal.sqlite") as journal,
    ):
        node.ask("anvil_setBalance", dev_signer(key, chain).address, hex(10**20))
        yield World(chain, endpoint, journal, key)


def test_what_was_refused_for_a_low_tip_is_never_sent_again(world: World) -> None:
    world.endpoint.refuse_sending("transaction underpriced: gas tip cap 1, minimum needed 2", times=2)
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    attempts = world.attempts()
    assert [each.state for each in attempts] == ["replaced", "replaced", "sent"]
    assert len({each.nonce for each in attempts}) == 1
    world.endpoint.sent.clear()
    world.outbox.submit("two", world.pay(10))
    assert world.endpoint.sent == ["0x" + world.attempts()[-1].raw.hex()]
    assert world.paid() == 11


def test_after_the_last_replacement_it_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_signing, "MAX_REPLACEMENTS", 2)
    world.endpoint.refuse_sending("transaction underpriced")
    for _ in range(2):
        with pytest.raises(StillPendingError, match="underpriced"):
            world.impatient.submit("one", world.pay(1))
    assert len(world.attempts()) == 3
    world.endpoint.rule = ask_the_node
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert world.paid() == 1


def test_one_refused_transaction_does_not_hold_up_the_next(world: World) -> None:
    world.endpoint.refuse_sending("insufficient funds for gas * price + value", times=1)
    with pytest.raises(TransactionError, match="insufficient funds"):
        world.outbox.submit("one", world.pay(1))
    assert world.outbox.submit("two", world.pay(10)).state == "final"
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert world.paid() == 11
    assert [(each.nonce, each.state) for each in world.attempts()] == [(0, "dead"), (0, "sent"), (1, "sent")]


def test_one_that_is_not_taken_yet_is_named_by_those_behind_it(world: World) -> None:
    world.endpoint.refuse_sending("nonce too high", times=1)
    world.outbox.post("one", world.pay(1))
    first = world.endpoint.sent[0]
    world.endpoint.refuse_only(first, "nonce too high")
    with pytest.raises(StillPendingError, match="nonce 0: nonce too high"):
        world.impatient.submit("two", world.pay(10))
    world.endpoint.rule = ask_the_node
    assert world.outbox.submit("two", world.pay(10)).state == "final"
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert world.paid() == 11
    assert world.chain.transaction_count(world.outbox.signer.address) == 2


@pytest.mark.parametrize("words", ["txpool is full", "account limit exceeded", "words of tomorrow, code -32005"])
def test_a_full_pool_is_waited_for(world: World, words: str) -> None:
    world.endpoint.refuse_sending(words, times=3, code=-32005 if "-32005" in words else -32000)
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert (len(world.attempts()), len(set(world.endpoint.sent)), world.paid()) == (1, 1, 1)


def test_what_can_never_be_taken_gives_its_nonce_back(world: World) -> None:
    world.endpoint.refuse_sending("exceeds block gas limit", times=1)
    with pytest.raises(TransactionError, match="exceeds block gas limit"):
        world.outbox.submit("one", world.pay(1))
    assert world.outbox.state("one") == "failed"
    assert world.outbox.submit("two", world.pay(10)).state == "final"
    assert [(each.nonce, each.state) for each in world.attempts()] == [(0, "dead"), (0, "sent")]
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert world.paid() == 11


def test_the_same_bytes_signed_again_live_again(world: World) -> None:
    """A refused transaction that is signed again under its nonce, at its fee, has the same hash."""
    with connect(replace(world.chain.network, fees="legacy")) as chain:
        outbox = Outbox(chain, world.outbox.signer, world.journal)
        for words in ("insufficient funds", "exceeds block gas limit", "insufficient funds"):
            world.endpoint.refuse_sending(words, times=1)
            with pytest.raises(TransactionError, match=words):
                outbox.submit("one", world.pay(1))
        assert outbox.submit("one", world.pay(1)).state == "final"
    assert len(set(world.endpoint.sent)) == len(world.attempts()) == 1
    assert world.paid() == 1


def test_a_nonce_given_back_below_others_is_filled(world: World) -> None:
    world.endpoint.refuse_sending("nonce too high", times=1)
    world.outbox.post("one", world.pay(1))
    first = world.endpoint.sent[0]
    world.endpoint.refuse_only(first, "exceeds block gas limit")
    assert world.outbox.submit("two", world.pay(10)).state == "final"
    assert world.outbox.state("one") == "failed"
    assert world.paid() == 10
    assert world.chain.transaction_count(world.outbox.signer.address) == 2
    assert world.outbox.submit("one", world.pay(1)).state == "final"
    assert world.paid() == 11


def test_what_no_endpoint_took_can_be_abandoned_and_nothing_else(world: World) -> None:
    world.endpoint.refuse_sending("nonce too high")
    with pytest.raises(StillPendingError):
        world.impatient.submit("one", world.pay(1))
    world.endpoint.rule = ask_the_node
    world.outbox.abandon("one")
    world.outbox.abandon("one")
    world.outbox.abandon("never begun")
    world.outbox.submit("two", world.pay(10))
    with pytest.raises(TransactionError, match="cannot be called back"):
        world.outbox.abandon("two")
    assert world.paid() == 10
