"""Transactions that take effect exactly once, whatever crashes when.

An intent is a name for one effect. Its row goes signed → sent → mined → final, or failed: mined and reverted, or never
taken by any endpoint and given up. The raw transaction is in the journal before it leaves this process, so every later
step can be done again: the same bytes have the same hash and the same nonce, and the chain takes a nonce once. A crash
leaves

- before the journal has the row: at most a claim on the key, which ends by itself (see outbox_signing);
- after that, before or while sending: a signed transaction that the chain may or may not know; it is sent again;
- after sending: the same; the chain says "known", or it is mined already and its receipt is found;
- after a replacement was journaled: two signed transactions of one nonce; the chain takes one, both are looked for.

Nonces come from the journal, never from the endpoint's `pending` count, which repeats itself under load. Processes that
share a journal and a key are safe from each other. A nonce that somebody outside the journal used is noticed by the
nonce, not by waiting for a hash; a call is signed anew once the chain shows whose transaction used it. A nonce that was
given back while later ones were under way is filled with an empty transaction by whoever waits behind it.

Of each nonce one attempt at most is outstanding. Attempts that were replaced, or given up, are never sent again; they
cannot hold up what comes after them.
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
from creditchain.chain.fees import suggest
from creditchain.chain.nonces import user_of_nonce
from creditchain.chain.outbox_journal import OUTSTANDING, AttemptRow, AttemptState, OutboxJournal, TransactionRow
from creditchain.chain.outbox_signing import CLAIM_SECONDS, Signing
from creditchain.chain.refusals import Refusal
from creditchain.errors import UnavailableError
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

#: The transaction is there, or its nonce is. "Outbid" says that one of ours has the nonce: it is to be waited for.
_AS_GOOD_AS_TAKEN = (Refusal.KNOWN, Refusal.OUTBID, Refusal.NONCE_USED)
#: Handing the same bytes in again, a little later, may succeed.
_MAY_PASS = (Refusal.PASSING, Refusal.NONCE_AHEAD)


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

    `scope` keeps the intents of different regions apart: the log id in hex, usually. `claim_seconds` is how long the
    signer may take before another process may go on with its key.
    """

    def __init__(
        self, chain: Chain, signer: Signer, journal: Journal, scope: str = "", claim_seconds: float = CLAIM_SECONDS
    ) -> None:
        self.chain, self.signer = chain, signer
        self._journal = OutboxJournal(journal, chain.genesis, scope)
        self._signing = Signing(chain, signer, self._journal, claim_seconds)
        self._observers: list[Observer] = []
        #: Since when it is not known who used the nonce of a row; monotonic clock, seconds.
        self._unknown_since: dict[tuple[int, int], float] = {}

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
        intent whose transaction was mined and reverted may be submitted again, with another call too. An intent that
        was final, and that a reorganisation of the chain undid, is sent again.

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
            KeyHeldError: another process is signing with this key and does not come to an end.
        """
        if not self.post(intent, call, already_done=already_done):
            return Receipt(intent, "final", None, None, None, None, ())
        return self._follow(intent, wait)

    def go_on(self, intent: str, *, wait: Wait = "final") -> Receipt | None:
        """Finish what was submitted under this name before, with the call that it had; None if nothing is under way.

        For calls that would be made otherwise today, such as those that show a proof. Raises as `submit`.
        """
        row = self._journal.find(intent)
        if row is None or (row.state == "failed" and not self._reopen(row)):
            return None
        return self._follow(intent, wait)

    def submit_all(self, calls: Sequence[tuple[str, ContractCall]], *, wait: Wait = "final") -> list[Receipt]:
        """As `submit` for many that do not depend on each other: all are sent before the first is waited for."""
        for intent, call in calls:
            self.post(intent, call)
        return [self._follow(intent, wait) for intent, _ in calls]

    def post(self, intent: str, call: ContractCall, *, already_done: Callable[[], bool] | None = None) -> bool:
        """Journal, sign and send, without waiting. False: `already_done` said that there is nothing to do."""
        row = self._journal.find(intent)
        if row is not None and (row.state != "failed" or self._reopen(row)):
            self._same(row, call)
            return True
        if already_done is not None and already_done():
            return False
        try:
            gas = self._estimate(call)
        except ContractRefusedError:
            # Another process may have done it between the two questions, which is why the contract now refuses.
            if already_done is not None and already_done():
                return False
            raise
        row = self._signing.new(intent, call, gas)
        self._same(row, call)  # another process may have been faster, with the same call
        self._tell(intent, "signed")
        # Send in the order of nonces, including transactions that another process signed but did not live to send: some
        # nodes do not answer for a nonce until they have the one below it.
        for attempt in self._journal.outstanding(row.sender, 0, row.nonce):
            if attempt.state != AttemptState.SENT:
                self._hand_in_for(row, attempt)
        return True

    def check(self, call: ContractCall) -> None:
        """Ask the chain whether it would take a call now, from this signer. Signs and sends nothing.

        Raises:
            ContractRefusedError: the contract reverts.
            TransactionError: the account cannot pay, or the call does not fit into a block.
        """
        gas, address = self._estimate(call), self.signer.address
        # Not every client looks at the balance when it estimates.
        needed = gas * suggest(self.chain).limit + call.value
        if needed and self.chain.balance(address) < needed:
            raise _not_accepted(Refusal.UNAFFORDABLE, f"less than {needed} wei in {address}", call.description)

    def abandon(self, intent: str) -> None:
        """Give up an intent that no endpoint ever took, for good; its nonce is free again.

        Raises:
            TransactionError: it took effect, or may still do so.
        """
        abandon(self.chain, self._journal.journal, self._journal.scope, intent)

    def _reopen(self, row: TransactionRow) -> bool:
        """Whether a transaction of a failed intent may still take effect. Then it is followed, and nothing is signed.

        This happens if a reorganisation removed the block in which the transaction reverted.
        """
        signed, receipt = self._journal.current_attempts(row), self._look(row)
        if receipt is not None and not receipt.succeeded:
            return False
        if receipt is None and all(each.state == AttemptState.DEAD for each in signed):
            return False
        self._journal.set_state(row, state="sent")
        return True

    def _estimate(self, call: ContractCall) -> int:
        fields: dict[str, Any] = {"from": self.signer.address, "data": "0x" + call.data.hex(), "value": hex(call.value)}
        if call.to is not None:
            fields["to"] = call.to
        try:
            estimated = self.chain.estimate_gas(fields)
        except RpcError as error:
            if error.data is not None:
                raise refusal(error.data, call.description) from error
            if error.refusal is Refusal.PASSING:
                raise
            raise _not_accepted(error.refusal, error.reason, call.description) from error
        return max(call.gas, estimated + estimated * GAS_MARGIN_PERCENT // 100 + GAS_MARGIN)

    def _same(self, row: TransactionRow, call: ContractCall) -> None:
        if (row.target, row.data, row.value) != (call.to, call.data, str(call.value)):
            differs = row.description != call.description
            raise TransactionError(
                "this was begun before with other content, and is not done twice",
                expected=row.description if differs else None,
                found=call.description if differs else None,
                hint="Go on with the content it was begun with.",
            )

    # Following: look for a receipt of anything that was signed; if there is none, see to it that one can come.

    def _follow(self, intent: str, wait: Wait) -> Receipt:
        deadline = time.monotonic() + self.chain.network.give_up_seconds
        while True:
            row = self._journal.find(intent)
            if row is None:  # pragma: no cover - post() wrote it
                raise TransactionError("this intent is not in the journal", found=intent)
            receipt, refused = self._look(row), None
            if receipt is not None:
                if (done := self._found(row, receipt, wait)) is not None:
                    return done
            elif row.state == "failed":
                raise self._given_up(row)  # another process sent it, was refused, and gave it up
            else:
                refused = self._push(row)
            if time.monotonic() > deadline:
                raise StillPendingError(
                    f"the transaction to {row.description} is {row.state}, not yet {wait}",
                    found=f"nonce {row.nonce} of {row.sender}" + (f"; {refused}" if refused else ""),
                    hint="Run the same command again to go on waiting; it will not be done twice.",
                )
            self.chain.pause()

    def _look(self, row: TransactionRow) -> answers.TransactionReceipt | None:
        return _receipt_of(self.chain, self._journal, row)

    def _found(self, row: TransactionRow, receipt: answers.TransactionReceipt, wait: Wait) -> Receipt | None:
        block = self.chain.block(receipt.block_number)
        if block.hash != receipt.block_hash:
            return None  # the chain was reorganised between the two reads; look again
        if row.block_hash != block.hash or row.state not in ("mined", "final"):
            self._journal.set_state(row, state="mined", block_number=block.number, block_hash=block.hash)
            self._tell(row.intent, "mined")
        reverted = not receipt.succeeded
        if (reverted or wait == "final") and row.state != "final":
            # A reverted transaction counts only when it is final: until then a reorganisation may let it succeed.
            if self.chain.final_block().number < block.number:
                return None
            self._journal.set_state(row, state="failed" if reverted else "final")
            self._tell(row.intent, cast(State, row.state))
        if reverted:
            raise self._reason(row, receipt, block)
        return _receipt(row, receipt, block)

    def _push(self, row: TransactionRow) -> str | None:
        """Make sure that a transaction can be mined. Returns the endpoint's objection to it or to an earlier one."""
        if row.state in ("mined", "final"):
            if self._is_block_there(row):
                # Old receipts are dropped by some nodes, and one behind a balancer may lag. It is not lost.
                return f"the endpoint has block {row.block_number}, which holds it, and gives no receipt"
            # The block that held it is gone. A crash after this line finds no receipt either, and comes here again.
            self._journal.set_state(row, state="sent", block_number=None, block_hash=None)
            self._tell(row.intent, "sent")
        count = self.chain.transaction_count(row.sender)
        if count > row.nonce:
            self._nonce_used(row)
            return None
        # Earlier nonces first: this one waits for them, and whoever signed them may have crashed before sending.
        waiting = self._journal.outstanding(row.sender, count, row.nonce)
        if self._fill(row, count, {attempt.nonce for attempt in waiting}):
            waiting = self._journal.outstanding(row.sender, count, row.nonce)
        known = self.chain.known([attempt.hash for attempt in waiting])
        for attempt, is_known in zip(waiting, known, strict=True):
            if not is_known:
                self._hand_in_for(row, attempt)
            elif attempt.nonce == count and self._stuck(attempt):
                # Without fees there is nothing to raise, so the same bytes are sent again.
                self._hand_in_for(row, self._signing.replace(attempt) or attempt)
        refused = [attempt for attempt in waiting if attempt.refusal is not None]
        return f"the endpoint says of nonce {refused[0].nonce}: {refused[0].refusal}" if refused else None

    def _fill(self, row: TransactionRow, count: int, held: set[int]) -> bool:
        """Fill the lowest unused nonce below a row's with an empty transaction. Returns whether there was one.

        Such a nonce was given back because the endpoint refused its transaction for good, while later ones were under
        way; or somebody else used it and a reorganisation undid that. Unless it is filled, the later ones would wait
        for ever.
        """
        hole = next((nonce for nonce in range(count, row.nonce) if nonce not in held), None)
        if hole is None or row.sender != self.signer.address:
            return False
        call = ContractCall(self.signer.address, b"", f"fill the unused nonce {hole}")
        self._signing.new(f"fill nonce {hole} of {self.signer.address}", call, self._estimate(call), nonce=hole)
        return True

    def _nonce_used(self, row: TransactionRow) -> None:
        """Handle a nonce that the chain has used although none of our transactions has a receipt.

        Either somebody else used the key, or the receipt is not visible yet. Only a final block decides.
        """
        final = self.chain.final_block().number
        used = self.chain.transaction_count(row.sender, final)
        if used <= row.nonce or self._look(row) is not None:
            return
        user = user_of_nonce(self.chain, row.sender, row.nonce, final)
        if user in {attempt.hash for attempt in self._journal.attempts(row)}:
            return  # it is ours: the endpoint has no receipt of it yet, or lags behind
        since = self._unknown_since.setdefault((row.id, row.nonce), time.monotonic())
        if user is None and time.monotonic() - since <= self.chain.network.stuck_seconds:
            return
        # The nonce is lost for good, so sign again. The old transactions can never be mined: there is still one effect.
        if self._signing.renew(row):
            self._tell(row.intent, "signed")

    def _is_block_there(self, row: TransactionRow) -> bool:
        """Does the chain still have the block in which a row's transaction was found?"""
        if row.block_number is None or self.chain.head().number < row.block_number:
            return False
        return self.chain.block(row.block_number).hash == row.block_hash

    def _stuck(self, attempt: AttemptRow) -> bool:
        waited = time.time() - (attempt.sent_at or attempt.signed_at)
        # `abs`: a time far in the future comes from a clock that was ahead, here or on the machine from which this home
        # was restored. Nothing waits for that date.
        return abs(waited) > self.chain.network.stuck_seconds

    # Handing in.

    def _hand_in_for(self, row: TransactionRow, attempt: AttemptRow) -> None:
        """Send a transaction that `row` needs: its own, or one with a lower nonce.

        A fault of another intent's transaction is that intent's error, so here it is only journaled.
        """
        try:
            self._hand_in(attempt)
        except (TransactionError, SignerError):
            if attempt.transaction_id == row.id:
                raise

    def _hand_in(self, attempt: AttemptRow) -> None:
        """Send a transaction. If the endpoint does not accept it now but may later, this is only journaled.

        Raises:
            TransactionError: it is refused for good, or until somebody intervenes.
        """
        try:
            self.chain.send(attempt.raw)
        except RpcError as error:
            if not self._was_taken(attempt, error):
                self._refused(attempt, error)
                return
        # After a crash before this line, the transaction is sent and the journal does not know; its hash finds it.
        if self._journal.set_sent(attempt):
            self._tell(self._journal.row_of(attempt).intent, "sent")

    def _was_taken(self, attempt: AttemptRow, error: RpcError) -> bool:
        """Whether the endpoint has the transaction, or the chain its nonce, in spite of the error."""
        if error.refusal in _AS_GOOD_AS_TAKEN:
            return True
        # Ganache answers "underpriced" for a transaction that it has, and an error for a mined one that reverted.
        return any(self.chain.known([attempt.hash])) or any(self.chain.receipts([attempt.hash]))

    def _refused(self, attempt: AttemptRow, error: RpcError) -> None:
        self._journal.set_refused(attempt, error.reason)
        if error.refusal in _MAY_PASS:
            return
        if error.refusal is Refusal.UNDERPRICED:
            replacement = self._signing.replace(attempt, refused=True)
            if replacement is not None:
                self._hand_in(replacement)
            return  # no replacement is left; it is sent again unchanged, since the price that the network asks may fall
        # Otherwise it would hold its nonce, and everything behind it, for nothing. `give_up` keeps a transaction that
        # some endpoint has accepted once, because it may still be mined.
        if self._journal.give_up(attempt):
            raise _not_accepted(error.refusal, error.reason, self._journal.row_of(attempt).description) from error

    def _given_up(self, row: TransactionRow) -> TransactionError:
        said = next((each.refusal for each in self._journal.attempts(row) if each.refusal), "")
        return _not_accepted(Refusal.REFUSED, said, row.description)

    def _reason(self, row: TransactionRow, receipt: answers.TransactionReceipt, block: BlockRef) -> TransactionError:
        if receipt.gas_used >= row.gas:
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


def abandon(chain: Chain, journal: Journal, scope: str, intent: str) -> None:
    """Give up an intent that no endpoint ever took, for good; its nonce is free again. Needs no signer.

    Raises:
        TransactionError: it took effect, or may still do so.
    """
    kept = OutboxJournal(journal, chain.genesis, scope)
    row = kept.find(intent)
    if row is None or row.state == "failed":
        return
    attempts = kept.current_attempts(row)
    outstanding = [each for each in attempts if each.state in OUTSTANDING]
    if (
        any(chain.known([each.hash for each in attempts]))
        or _receipt_of(chain, kept, row) is not None
        or not all(kept.give_up(each) for each in outstanding)
    ):
        raise TransactionError(
            f"a transaction to {row.description} is under way and cannot be called back",
            found=f"state {row.state}, nonce {row.nonce} of {row.sender}",
            hint="Let it finish: run the command that began it again.",
        )


def _receipt_of(chain: Chain, journal: OutboxJournal, row: TransactionRow) -> answers.TransactionReceipt | None:
    """The receipt of whichever transaction of a row's nonce is in a block."""
    hashes = [attempt.hash for attempt in journal.current_attempts(row)]
    found = chain.receipts(hashes)
    mined = [receipt for receipt in found if receipt is not None]
    return mined[0] if mined else None


def _receipt(row: TransactionRow, receipt: answers.TransactionReceipt, block: BlockRef) -> Receipt:
    from eth_utils.address import to_checksum_address

    created = receipt.contract_address
    return Receipt(
        intent=row.intent,
        state=cast(State, row.state),
        transaction_hash=receipt.transaction_hash,
        block=block,
        gas_used=receipt.gas_used,
        contract_address=to_checksum_address(created) if created and row.target is None else None,
        logs=receipt.logs,
    )


def _not_accepted(refusal_: Refusal, reason: str, doing: str) -> TransactionError:
    poor = refusal_ is Refusal.UNAFFORDABLE
    return TransactionError(
        f"the endpoint does not take the transaction to {doing}",
        found=reason,
        hint="The signer's account must be able to pay for gas." if poor else None,
    )
