"""One intent has one effect: under load, when stuck, replaced, reorganised away, or asked for twice at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from acting import GOVERNOR, batch, publisher, region_on, set_profile
from founded import founded_on
from servers import Server
from servers import anvil as start_anvil
from sqlalchemy import select

from creditchain.chain.abi import interface
from creditchain.chain.anchors import find_anchor
from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import ContractRefusedError, TransactionError
from creditchain.chain.outbox import Outbox, StillPendingError
from creditchain.chain.outbox_journal import AttemptRow
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.home.journal import Journal, open_journal
from creditchain.log.views import ContractCall


@pytest.fixture
def region(chain: Chain, journal: Journal) -> Region:
    return founded_on(chain, journal)


def outbox_of(region: Region, journal: Journal, key: int = GOVERNOR) -> Outbox:
    return region.outbox(dev_signer(key, region.chain), journal)


def attempts(journal: Journal) -> list[AttemptRow]:
    with journal.read() as session:
        return list(session.scalars(select(AttemptRow).order_by(AttemptRow.id)))


def test_an_intent_submitted_again_has_no_second_effect(region: Region, journal: Journal) -> None:
    signer = publisher(region, journal, 1)
    before, outbox = region.log_size(), outbox_of(region, journal)
    first = outbox.submit("change", set_profile(region, 1, 1))
    again = outbox.submit("change", set_profile(region, 1, 1))
    with open_journal(journal.path) as other:
        third = outbox_of(region, other).submit("change", set_profile(region, 1, 1))
    assert first == again == third
    assert (first.state, region.log_size()) == ("final", before + 1)
    assert region.node_of(signer.address) == 1


def test_an_intent_is_not_used_for_something_else(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    outbox = outbox_of(region, journal)
    outbox.submit("change", set_profile(region, 1, 1))
    with pytest.raises(TransactionError, match="other content"):
        outbox.submit("change", set_profile(region, 1, 2))


def test_states_are_told_in_order_after_they_were_journaled(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    outbox, told = outbox_of(region, journal), []
    outbox.on_state(lambda intent, state: told.append((intent, state, outbox.state(intent))))
    outbox.submit("change", set_profile(region, 1, 1))
    assert told == [("change", state, state) for state in ("signed", "sent", "mined", "final")]


def test_a_refused_call_names_the_custom_error_and_leaves_nothing(region: Region, journal: Journal) -> None:
    signer = publisher(region, journal, 1)
    outbox = outbox_of(region, journal, 1)
    outbox.submit("one", region.calls.anchor(batch(1, 1)))
    with pytest.raises(ContractRefusedError) as taken:
        outbox.submit("two", region.calls.anchor(batch(1, 1)))
    assert taken.value.name == "AnchorRegistryNumber"
    assert taken.value.values == {"expected": 2, "given": 1}
    with pytest.raises(ContractRefusedError) as barred:
        outbox.submit("three", region.calls.suspend(1))
    assert barred.value.name == "AccessManagedUnauthorized"
    assert barred.value.values == {"caller": signer.address}
    assert (outbox.state("two"), outbox.state("three")) == (None, None)


def test_what_is_done_already_is_not_done_again(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    outbox = outbox_of(region, journal, 1)
    outbox.submit("here", region.calls.anchor(batch(1, 1)))
    size = region.log_size()

    def anchored() -> bool:
        return find_anchor(region, 1, 1, batch(1, 1).root) is not None

    found = outbox.submit("elsewhere", region.calls.anchor(batch(1, 1)), already_done=anchored)
    assert (found.state, found.transaction_hash, region.log_size()) == ("final", None, size)


def test_many_at_once_from_several_threads_use_each_nonce_once(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    size, errors = region.log_size(), []

    def work(worker: int) -> None:
        try:
            outbox = outbox_of(region, journal)
            for step in range(6):
                outbox.submit(f"{worker} {step}", set_profile(region, 1, 100 * worker + step))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [str(error) for error in errors] == []
    assert region.log_size() == size + 24
    sender = outbox_of(region, journal).signer.address
    # A slow chain makes the outbox replace a transaction, under the same nonce and for the same intent.
    uses = {(attempt.nonce, attempt.transaction_id) for attempt in attempts(journal) if attempt.sender == sender}
    assert len({nonce for nonce, _ in uses}) == len(uses)


def test_one_intent_from_several_threads_has_one_effect(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    size, receipts = region.log_size(), []

    def work() -> None:
        with open_journal(journal.path) as own:
            receipts.append(outbox_of(region, own).submit("change", set_profile(region, 1, 1)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receipts) == 4
    assert len({receipt.transaction_hash for receipt in receipts}) == 1
    assert region.log_size() == size + 1


def test_all_are_sent_before_the_first_is_waited_for(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    outbox, size, told = outbox_of(region, journal), region.log_size(), []
    outbox.on_state(lambda _, state: told.append(state))
    receipts = outbox.submit_all([(f"{step}", set_profile(region, 1, step)) for step in range(5)])
    assert [receipt.state for receipt in receipts] == ["final"] * 5
    assert told[:10] == ["signed", "sent"] * 5
    assert region.log_size() == size + 5


def test_a_transaction_that_was_signed_but_never_sent_does_not_block_the_next(region: Region, journal: Journal) -> None:
    publisher(region, journal, 1)
    outbox, size = outbox_of(region, journal), region.log_size()

    class CrashError(Exception):
        pass

    def crash(_: str, state: str) -> None:
        if state == "signed":
            raise CrashError

    crashing = outbox_of(region, journal)
    crashing.on_state(crash)
    with pytest.raises(CrashError):
        crashing.submit("first", set_profile(region, 1, 1))
    assert region.log_size() == size
    outbox.submit("second", set_profile(region, 1, 2))
    assert region.log_size() == size + 2
    assert outbox.submit("first", set_profile(region, 1, 1)).state == "final"
    assert region.log_size() == size + 2


def test_two_journals_with_one_key_still_have_one_effect_each(region: Region, journal: Journal, tmp_path: Path) -> None:
    """The same key on two machines: whoever loses a nonce signs again, and nothing is lost or done twice."""
    publisher(region, journal, 1)
    size = region.log_size()
    mine = outbox_of(region, journal)
    with open_journal(tmp_path / "other.sqlite") as elsewhere:
        theirs = outbox_of(region, elsewhere)

        class CrashError(Exception):
            pass

        def crash(_: str, state: str) -> None:
            if state == "signed":
                raise CrashError

        mine.on_state(crash)
        with pytest.raises(CrashError):
            mine.submit("mine", set_profile(region, 1, 1))
        theirs.submit("theirs", set_profile(region, 1, 2))
        mine = outbox_of(region, journal)
        assert mine.submit("mine", set_profile(region, 1, 1)).state == "final"
    assert region.log_size() == size + 2


# What only a node with a mempool can show.


@pytest.fixture
def slow() -> Iterator[Server]:
    """An Anvil of its own, for tests that change how it mines."""
    with start_anvil() as server:
        yield server


def test_a_stuck_transaction_is_replaced_with_a_higher_fee(slow: Server, journal: Journal) -> None:
    with connect(slow.network(stuck_seconds=0.5)) as chain:
        region = region_on(chain, journal)
        publisher(region, journal, 1)
        size = region.log_size()
        slow.ask("evm_setAutomine", False)
        done, signed_before = threading.Event(), len(attempts(journal))

        def mine_what_was_replaced() -> None:
            while len(attempts(journal)) < signed_before + 2 and not done.wait(0.02):
                pass
            slow.ask("evm_mine")

        miner = threading.Thread(target=mine_what_was_replaced)
        miner.start()
        try:
            receipt = outbox_of(region, journal).submit("change", set_profile(region, 1, 1))
        finally:
            done.set()
            miner.join()
        signed = [attempt for attempt in attempts(journal) if attempt.nonce == attempts(journal)[-1].nonce]
        assert len(signed) > 1
        fees = [int(attempt.fee_limit) for attempt in signed]
        assert all(later >= earlier * 115 // 100 for earlier, later in pairwise(fees))
        assert receipt.transaction_hash in {attempt.hash for attempt in signed}
        assert region.log_size() == size + 1


def test_waiting_ends_with_an_error_and_goes_on_when_asked_again(slow: Server, journal: Journal) -> None:
    with connect(slow.network()) as chain:
        region = region_on(chain, journal)
        publisher(region, journal, 1)
        size = region.log_size()
        slow.ask("evm_setAutomine", False)
    with connect(replace(slow.network(), give_up_seconds=1.0)) as chain:
        region = Region(chain, region.deployment)
        outbox = outbox_of(region, journal)
        with pytest.raises(StillPendingError, match="sent"):
            outbox.submit("change", set_profile(region, 1, 1))
        assert outbox.state("change") == "sent"
        slow.ask("evm_mine")
        assert outbox.submit("change", set_profile(region, 1, 1)).state == "final"
        assert region.log_size() == size + 1


def test_final_waits_for_confirmations(slow: Server, journal: Journal) -> None:
    with connect(slow.network()) as chain:
        region = region_on(chain, journal)
        publisher(region, journal, 1)
    with connect(slow.network(confirmations=4)) as chain:
        outbox = outbox_of(Region(chain, region.deployment), journal)
        assert outbox.submit("change", set_profile(region, 1, 1), wait="mined").state == "mined"
    with connect(slow.network(confirmations=4, give_up_seconds=1.0)) as chain:
        region = Region(chain, region.deployment)
        outbox = outbox_of(region, journal)
        with pytest.raises(StillPendingError, match="mined"):
            outbox.submit("change", set_profile(region, 1, 1))
        slow.ask("anvil_mine", hex(3))
        receipt = outbox.submit("change", set_profile(region, 1, 1))
        assert receipt.state == "final"
        assert receipt.block is not None
        assert chain.final_block().number == receipt.block.number == chain.head().number - 3


@pytest.mark.parametrize("wait", ["mined", "final"])
def test_a_reorganised_transaction_is_sent_again(slow: Server, journal: Journal, wait: str) -> None:
    with connect(slow.network()) as chain:
        region = region_on(chain, journal)
        publisher(region, journal, 1)
        size, outbox = region.log_size(), outbox_of(region, journal)
        snapshot = slow.ask("evm_snapshot")
        first = outbox.submit("change", set_profile(region, 1, 1), wait=wait)  # type: ignore[arg-type]
        assert region.log_size() == size + 1
        # The block is gone, and another chain of blocks has taken its place.
        assert slow.ask("evm_revert", snapshot)
        slow.ask("anvil_mine", hex(3))
        assert region.log_size() == size
        again = outbox.submit("change", set_profile(region, 1, 1))
        assert again.transaction_hash == first.transaction_hash
        assert again.block != first.block
        assert region.log_size() == size + 1


def test_a_reverted_transaction_may_be_tried_again(slow: Server, journal: Journal) -> None:
    """Estimated when it would succeed, mined when it no longer does: refused, and done when asked again."""
    with connect(slow.network()) as chain:
        region = region_on(chain, journal)
        publisher(region, journal, 1)
        outbox, other = outbox_of(region, journal), outbox_of(region, journal, 5)
        outbox.submit("another governor", _grant(region, other.signer.address))
        slow.ask("evm_setAutomine", False)
        outbox.post("suspend too", region.calls.suspend(1))
        slow.ask("anvil_dropTransaction", "0x" + attempts(journal)[-1].hash.hex())
        slow.ask("evm_setAutomine", True)
        assert other.submit("suspend", region.calls.suspend(1)).state == "final"
        size = region.log_size()
        with pytest.raises(ContractRefusedError) as refused:
            outbox.submit("suspend too", region.calls.suspend(1))
        assert refused.value.name == "NodeRegistryStatus"
        assert outbox.state("suspend too") == "failed"
        outbox.submit("reinstate", region.calls.reinstate(1))
        assert outbox.submit("suspend too", region.calls.suspend(1)).state == "final"
        assert region.log_size() == size + 2


def _grant(region: Region, address: str) -> ContractCall:
    manager = interface("Governance")
    data = manager.encode("grantRole", 1, address, 0)
    return ContractCall(region.deployment.address("Governance"), data, "add a governor")


@pytest.mark.parametrize(
    "arguments",
    [("--gas-price", "0", "--block-base-fee-per-gas", "0"), ("--hardfork", "istanbul"), ()],
    ids=["zero fees", "legacy fees", "EIP-1559"],
)
def test_kinds_of_fees_are_found_out(arguments: tuple[str, ...], journal: Journal) -> None:
    with start_anvil(*arguments) as server, connect(server.network()) as chain:
        dev = dev_signer(1, chain)
        outbox = Outbox(chain, dev_signer(0, chain), journal)
        receipt = outbox.submit("pay", ContractCall(dev.address, b"", "pay", value=5))
        sent = server.ask("eth_getTransactionByHash", "0x" + (receipt.transaction_hash or b"").hex())
        if "--gas-price" in arguments:
            assert int(sent["gasPrice"], 16) == 0
        elif "--hardfork" in arguments:
            assert int(sent.get("type", "0x0"), 16) == 0
        else:
            assert int(sent["type"], 16) == 2


def test_a_poor_account_is_told_so_and_can_be_helped(slow: Server, journal: Journal) -> None:
    with connect(slow.network()) as chain:
        poor, rich = dev_signer(900, chain), dev_signer(0, chain)
        outbox = Outbox(chain, poor, journal)
        call = ContractCall(rich.address, b"", "pay", value=5)
        with pytest.raises(TransactionError) as refused:
            outbox.submit("pay", call)
        assert "able to pay" in str(refused.value.hint)
        slow.ask("anvil_setBalance", poor.address, hex(10**18))
        assert outbox.submit("pay", call).state == "final"


def test_a_chain_that_began_anew_has_its_own_nonces(journal: Journal) -> None:
    """A development chain that starts anew has the same id but is empty, so the old chain's rows do not apply."""
    for _ in range(2):
        with start_anvil() as server, connect(server.network()) as chain:
            outbox = Outbox(chain, dev_signer(0, chain), journal)
            receipt = outbox.submit("pay", ContractCall(dev_signer(1, chain).address, b"", "pay", value=5))
            assert receipt.state == "final"
            assert chain.transaction_count(outbox.signer.address) == 1
        time.sleep(1)  # a genesis block is told by its second
