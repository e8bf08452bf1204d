"""Transactions that take effect exactly once, whatever crashes when.

An intent is a name for one effect. Its row goes signed → sent → mined → final, or failed: mined and reverted.
The raw transaction is in the journal before it leaves this process, so every later step can be done again: the same
bytes have the same hash and the same nonce, and the chain takes a nonce once. A crash leaves

- before the journal has the row: nothing, anywhere;
- after that, before or while sending: a signed transaction that the chain may or may not know; it is sent again;
- after sending: the same; the chain says "known", or it is mined already and its receipt is found;
- after a replacement was journaled: two signed transactions of one nonce; the chain takes one, both are looked for.

Nonces come from the journal, never from the endpoint's `pending` count, which repeats itself under load. Processes that
share a journal and a key are safe from each other: choosing a nonce and journaling what was signed with it is one
database transaction. A nonce that somebody outside the journal used is noticed by the nonce, not by waiting for a hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from creditchain.chain import answers
from creditchain.chain.abi import refusal
from creditchain.chain.connect import Chain, RpcError
from creditchain.chain.errors import ChainUnavailableError, ContractRefusedError, SignerError, TransactionError
from creditchain.chain.fees import Fee, suggest
from creditchain.chain.outbox_journal import AttemptRow, OutboxJournal, TransactionRow
from creditchain.errors import UnavailableError
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.log.views import BlockRef, ContractCall

if TYPE_CHECKING:
    from creditchain.chain.signers import Signer

State = Literal["signed", "sent", "mined", "final", "failed"]
Wait = Literal["mined", "final"]
Observer = Callable[[str, State], None]

#: What estimation says is raised by this much: the log's frontier, for one, may have moved on when the call is mined.
GAS_MARGIN_PERCENT = 25
GAS_MARGIN = 40_000
#: Most often that one nonce is signed again with a higher fee.
MAX_REPLACEMENTS = 12

# What endpoints say, in lower case, to a transaction that they know, whose nonce is used, or that offers too little.
# "Replacement … underpriced" says that one of ours has the nonce and is as good: it is to wait for, not to be outbid.
_KNOWN = (
    "already known",
    "known transaction",
    "already imported",
    "alreadyknown",
    "already exists",
    "can't be replaced",
    "replacement",
    "replaced by",
)
_USED = ("nonce too low", "nonce is too low", "invalid nonce", "oldnonce", "correct nonce", "nonce has already")
_CHEAP = ("underpriced", "less than block base fee", "fee too low", "feetoolow", "gas price too low", "below minimum")
_POOR = ("insufficient funds", "enough funds", "insufficient balance")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an intent.

    `transaction_hash`, `block` and `gas_used` are None when the effect was found on chain without a transaction of
    this journal (`already_done`). `logs` are the logs of the receipt.
    """

    intent: str
    state: State
    transaction_hash: bytes | None
    block: BlockRef | None
    gas_used: int | None
    contract_address: str | None
    logs: tuple[answers.Log, ...]


class StillPendingError(UnavailableError):
    """Waiting ended before the transaction was final. It is in the journal: calling again goes on waiting."""


class Outbox:
    """Sends calls of one signer on one chain, through the journal.

    `scope` keeps the intents of different regions apart: the log id in hex, usually.
    """

    def __init__(self, chain: Chain, signer: Signer, journal: Journal, scope: str = "") -> None:
        self.chain, self.signer = chain, signer
        self._journal = OutboxJournal(journal, chain.genesis, scope)
        self._observers: list[Observer] = []

    def on_state(self, observer: Observer) -> None:
        """Call `observer(intent, state)` right after each state was journaled."""
        self._observers.append(observer)

    def state(self, intent: str) -> State | None:
        """How far an intent has come, as the journal has it; None when it was never begun."""
        row = self._journal.find(intent)
        return None if row is None else cast(State, row.state)

    def submit(
        self,
        intent: str,
        call: ContractCall,
        *,
        wait: Wait = "final",
        already_done: Callable[[], bool] | None = None,
    ) -> Receipt:
        """Make `call` take effect exactly once under the name `intent`, and wait for it.

        Called again with the same intent, in this or another process, it goes on where the first one stopped. An
        intent whose transaction was mined and reverted may be submitted again, with another call too.

        Args:
            intent: a name that is the same for the same effect, at most 256 characters.
            call: what to do.
            wait: until it is in a block, or until that block is final.
            already_done: asked before anything is signed, and when the contract refuses: has the effect come about
                without this journal?
        Raises:
            ContractRefusedError: the contract reverts; nothing was sent, or it was mined without effect.
            TransactionError: the endpoint does not take it, or the intent was used for another call.
            StillPendingError: it was not mined and final in the network's give_up_seconds.
            ChainUnavailableError: no answer; what was sent is in the journal.
        """
        if not self.post(intent, call, already_done=already_done):
            return Receipt(intent, "final", None, None, None, None, ())
        return self._follow(intent, wait)

    def submit_all(self, calls: Sequence[tuple[str, ContractCall]], *, wait: Wait = "final") -> list[Receipt]:
        """As `submit` for many that do not depend on each other: all are sent before the first is waited for."""
        for intent, call in calls:
            self.post(intent, call)
        return [self._follow(intent, wait) for intent, _ in calls]

    def post(self, intent: str, call: ContractCall, *, already_done: Callable[[], bool] | None = None) -> bool:
        """Journal, sign and send, without waiting. False: `already_done` said that there is nothing to do."""
        row = self._journal.find(intent)
        if row is not None and row.state != "failed":
            self._same(row, call)
            return True
        if already_done is not None and already_done():
            return False
        try:
            gas = self._estimate(call)
        except ContractRefusedError:
            # It may have come about between the two questions.
            if already_done is not None and already_done():
                return False
            raise
        row = self._sign(intent, call, gas)
        # In the order of nonces, with those that somebody signed and did not live to send: some nodes do not answer a
        # nonce before the one below it came.
        for attempt in self._journal.unsent(row.sender, row.nonce):
            self._send(row, attempt)
        return True

    # Signing: the only place that makes transactions, always inside a journal write.

    def _sign(self, intent: str, call: ContractCall, gas: int) -> TransactionRow:
        fee = suggest(self.chain)
        count = self.chain.transaction_count(self.signer.address)
        with self._journal.journal.write() as session:
            row = self._journal.find(intent, session)
            if row is not None and row.state != "failed":
                self._same(row, call)  # another process was faster
                return row
            if row is None:
                row = TransactionRow(genesis=self.chain.genesis, scope=self._journal.scope, intent=intent)
                row.created_at = time.time()
            row.chain_id, row.sender, row.gas = self.chain.chain_id, self.signer.address, gas
            row.target, row.data, row.value = call.to, call.data, str(call.value)
            row.description = call.description[:512]
            row.nonce = self._journal.free_nonce(session, row.sender, count)
            row.state, row.block_number, row.block_hash, row.updated_at = "signed", None, None, time.time()
            session.add(row)
            session.flush()
            session.add(self._attempt(row, fee))
        # A crash here leaves a signed transaction that was never sent: submitting again sends these bytes.
        self._tell(intent, "signed")
        return row

    def _attempt(self, row: TransactionRow, fee: Fee) -> AttemptRow:
        if self.signer.address != row.sender:
            raise SignerError(
                "this transaction was signed by another key and can only be replaced by it",
                expected=row.sender,
                found=self.signer.address,
            )
        transaction: dict[str, Any] = {
            "chainId": row.chain_id,
            "nonce": row.nonce,
            "gas": row.gas,
            "value": int(row.value),
            "data": row.data,
            **fee.fields(),
        }
        if row.target is not None:
            transaction["to"] = row.target
        raw = self.signer.sign_transaction(transaction)
        return AttemptRow(
            transaction_id=row.id,
            genesis=row.genesis,
            sender=row.sender,
            nonce=row.nonce,
            hash=keccak256(raw),
            raw=raw,
            fee_limit=str(fee.limit),
            fee_tip=None if fee.tip is None else str(fee.tip),
            signed_at=time.time(),
        )

    def _estimate(self, call: ContractCall) -> int:
        fields: dict[str, Any] = {"from": self.signer.address, "data": "0x" + call.data.hex(), "value": hex(call.value)}
        if call.to is not None:
            fields["to"] = call.to
        try:
            estimated = int(self.chain.request("eth_estimateGas", fields), 16)
        except RpcError as error:
            if error.data is not None:
                raise refusal(error.data, call.description) from error
            raise _not_accepted(error, call.description) from error
        return max(call.gas, estimated + estimated * GAS_MARGIN_PERCENT // 100 + GAS_MARGIN)

    def _same(self, row: TransactionRow, call: ContractCall) -> None:
        if (row.target, row.data, row.value) != (call.to, call.data, str(call.value)):
            raise TransactionError(
                "this was begun before with other content, and is not done twice",
                expected=row.description,
                found=call.description,
                hint="Go on with the content it was begun with.",
            )

    # Following: look for a receipt of anything that was signed; if there is none, see to it that one can come.

    def _follow(self, intent: str, wait: Wait) -> Receipt:
        deadline = time.monotonic() + self.chain.network.give_up_seconds
        while True:
            row = self._journal.find(intent)
            if row is None:  # pragma: no cover - post() wrote it
                raise TransactionError("this intent is not in the journal", found=intent)
            receipt = self._look(row)
            if receipt is None:
                self._push(row)
            elif (done := self._found(row, receipt, wait)) is not None:
                return done
            if time.monotonic() > deadline:
                raise StillPendingError(
                    f"the transaction to {row.description} is {row.state}, not yet {wait}",
                    found=f"nonce {row.nonce} of {row.sender}",
                    hint="Run the same command again to go on waiting; it will not be done twice.",
                )
            self.chain.pause()

    def _look(self, row: TransactionRow) -> dict[str, Any] | None:
        hashes = ["0x" + attempt.hash.hex() for attempt in self._journal.attempts(row) if attempt.nonce == row.nonce]
        found = self.chain.batch([("eth_getTransactionReceipt", (each,)) for each in hashes])
        mined = [receipt for receipt in found if receipt is not None and receipt.get("blockNumber") is not None]
        return mined[0] if mined else None

    def _found(self, row: TransactionRow, receipt: dict[str, Any], wait: Wait) -> Receipt | None:
        block = self.chain.block(int(receipt["blockNumber"], 16))
        if block.hash != bytes.fromhex(receipt["blockHash"][2:]):
            return None  # the chain is reorganising under our eyes; look again
        if row.block_hash != block.hash or row.state not in ("mined", "final"):
            self._journal.set_state(row, state="mined", block_number=block.number, block_hash=block.hash)
            self._tell(row.intent, "mined")
        reverted = int(receipt["status"], 16) == 0
        if (reverted or wait == "final") and row.state != "final":
            # A reverted transaction counts only when it is final: until then a reorganisation may let it succeed.
            if self.chain.final_block().number < block.number:
                return None
            self._journal.set_state(row, state="failed" if reverted else "final")
            self._tell(row.intent, cast(State, row.state))
        if reverted:
            raise self._reason(row, receipt, block)
        return _receipt(row, receipt, block)

    def _push(self, row: TransactionRow) -> None:
        if row.state in ("mined", "final"):
            # The block that held it is gone. A crash after this line finds no receipt either, and comes here again.
            self._journal.set_state(row, state="sent", block_number=None, block_hash=None)
            self._tell(row.intent, "sent")
        count = self.chain.transaction_count(row.sender)
        if count > row.nonce:
            self._nonce_used(row)
            return
        # Earlier nonces first: this one waits for them, and whoever signed them may have crashed before sending.
        waiting = self._journal.newest_by_nonce(row.sender, count, row.nonce)
        known = self.chain.batch([("eth_getTransactionByHash", ("0x" + a.hash.hex(),)) for a in waiting])
        for attempt, there in zip(waiting, known, strict=True):
            if there is None:
                self._send(row, attempt)
            elif attempt.nonce == count and self._stuck(attempt):
                # Where fees are zero there is nothing to raise: hand in the same bytes again.
                self._send(row, self._replace(attempt) or attempt)

    def _nonce_used(self, row: TransactionRow) -> None:
        """The chain has used this nonce, and no transaction of ours has a receipt: somebody else's, or a race."""
        final = self.chain.final_block().number
        used = int(self.chain.request("eth_getTransactionCount", row.sender, hex(final)), 16)
        if used <= row.nonce or self._look(row) is not None:
            return
        # For ever lost: sign anew. The old transactions can not be mined any more, so this is still one effect.
        fee = suggest(self.chain)
        count = self.chain.transaction_count(row.sender)
        with self._journal.journal.write() as session:
            stored = session.get_one(TransactionRow, row.id)
            if stored.nonce != row.nonce:
                return  # another process did
            stored.nonce = self._journal.free_nonce(session, row.sender, count)
            stored.state, stored.updated_at = "signed", time.time()
            session.flush()
            session.add(self._attempt(stored, fee))
        self._tell(row.intent, "signed")

    def _stuck(self, attempt: AttemptRow) -> bool:
        return time.time() - (attempt.sent_at or attempt.signed_at) > self.chain.network.stuck_seconds

    def _replace(self, attempt: AttemptRow, refused: bool = False) -> AttemptRow | None:
        """Sign the same call again, same nonce, higher fee; journaled before it is sent. None: not higher."""
        old = Fee(int(attempt.fee_limit), None if attempt.fee_tip is None else int(attempt.fee_tip))
        fee = old.raised(self.chain.network.bump_percent, suggest(self.chain, free=not refused))
        if fee is None:
            return None
        with self._journal.journal.write() as session:
            row = session.get_one(TransactionRow, attempt.transaction_id)
            if row.nonce != attempt.nonce or self._journal.attempts(row)[0].id != attempt.id:
                return None  # another process did
            if len(self._journal.attempts(row)) > MAX_REPLACEMENTS:
                raise TransactionError(
                    f"the transaction to {row.description} is not mined after {MAX_REPLACEMENTS} replacements",
                    hint="Look at the network's fees; run the same command again later.",
                )
            replacement = self._attempt(row, fee)
            session.add(replacement)
        return replacement

    def _send(self, row: TransactionRow, attempt: AttemptRow) -> None:
        try:
            self.chain.request("eth_sendRawTransaction", "0x" + attempt.raw.hex())
        except RpcError as error:
            if not self._harmless(row, attempt, error):
                return
        # A crash before this line: the transaction is out and the journal does not know; it is found by its hash.
        if self._journal.set_sent(attempt) and attempt.transaction_id == row.id:
            self._tell(row.intent, "sent")

    def _harmless(self, row: TransactionRow, attempt: AttemptRow, error: RpcError) -> bool:
        """Was it taken after all? False: not, and what follows deals with it. Raises when it never will be."""
        text = error.reason.lower()
        if any(words in text for words in _KNOWN + _USED):
            return True
        # Ganache says "underpriced" to what it has, and reports as an error what it mined and reverts.
        sent = "0x" + attempt.hash.hex()
        if any(self.chain.batch([("eth_getTransactionByHash", (sent,)), ("eth_getTransactionReceipt", (sent,))])):
            return True
        if any(words in text for words in _CHEAP) and (replacement := self._replace(attempt, refused=True)) is not None:
            self._send(row, replacement)
            return False
        raise _not_accepted(error, row.description) from error

    def _reason(self, row: TransactionRow, receipt: dict[str, Any], block: BlockRef) -> TransactionError:
        if int(receipt["gasUsed"], 16) >= row.gas:
            return TransactionError(f"the transaction to {row.description} ran out of gas", hint="Run it again.")
        fields = {"from": row.sender, "to": row.target, "data": "0x" + row.data.hex(), "value": hex(int(row.value))}
        for at in (block.number - 1, block.number):
            try:
                self.chain.request("eth_call", fields, hex(at))
            except RpcError as error:
                if error.data is not None:
                    return refusal(error.data, row.description)
            except ChainUnavailableError:
                break
        return ContractRefusedError("revert", {}, doing=row.description, hint="It would succeed now; run it again.")

    def _tell(self, intent: str, state: State) -> None:
        for observer in self._observers:
            observer(intent, state)


def _receipt(row: TransactionRow, receipt: dict[str, Any], block: BlockRef) -> Receipt:
    from eth_utils.address import to_checksum_address

    created = receipt.get("contractAddress")
    return Receipt(
        intent=row.intent,
        state=cast(State, row.state),
        transaction_hash=bytes.fromhex(receipt["transactionHash"][2:]),
        block=block,
        gas_used=int(receipt["gasUsed"], 16),
        contract_address=to_checksum_address(created) if created and row.target is None else None,
        logs=answers.logs(receipt["logs"]),
    )


def _not_accepted(error: RpcError, doing: str) -> TransactionError:
    poor = any(words in error.reason.lower() for words in _POOR)
    return TransactionError(
        f"the endpoint does not take the transaction to {doing}",
        found=error.reason,
        hint="The signer's account must be able to pay for gas." if poor else None,
    )
