"""Signing for the outbox: one process at a time gives out a key's next nonce, and no lock is held meanwhile.

A remote signer may take a minute or hang for ever, so it is never asked inside a database transaction. Instead:

1. claim: one short transaction writes who is about to sign with this key, and until when;
2. sign: outside of any transaction;
3. record: one transaction stores what was signed and ends the claim, if the claim is still ours.

Killed between 1 and 3, the claim is all that is left: it ends when its process is seen to be gone, or when its time is
over. What a signer answers too late is thrown away: it never left this process, and somebody else may have used the
nonce meanwhile. So no nonce is used twice, and none is left out.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from creditchain.chain.connect import Chain
from creditchain.chain.errors import SignerError
from creditchain.chain.fees import Fee, suggest
from creditchain.chain.outbox_journal import AttemptRow, AttemptState, KeyClaimRow, OutboxJournal, TransactionRow
from creditchain.errors import UnavailableError
from creditchain.hashing import keccak256
from creditchain.log.views import ContractCall

if TYPE_CHECKING:
    from creditchain.chain.signers import Signer

#: How long a claim lasts, in seconds: longer than a remote signer may take (signers.REMOTE_SECONDS).
CLAIM_SECONDS = 150.0
#: Most often that one nonce is signed again with a higher fee.
MAX_REPLACEMENTS = 12
#: Tokens of the claims that this process holds now. After a restart with the same process id they are gone.
_held_here: set[str] = set()


class KeyHeldError(UnavailableError):
    """Another process is signing with this key, or went on with it because this one took too long."""


class Signing:
    """Makes every transaction of one signer on one chain, and journals it before anything else can happen to it."""

    def __init__(
        self, chain: Chain, signer: Signer, journal: OutboxJournal, claim_seconds: float = CLAIM_SECONDS
    ) -> None:
        self._chain, self._signer, self._journal = chain, signer, journal
        self._claim_seconds = claim_seconds

    def new(self, intent: str, call: ContractCall, gas: int, nonce: int | None = None) -> TransactionRow:
        """Sign a call under the next free nonce. A row that another process made of it meanwhile is returned as it is.

        `nonce`: sign under this one, which nothing outstanding holds.

        Raises:
            SignerError, ChainUnavailableError: the signer does not sign.
            KeyHeldError: somebody else has the key, for longer than anybody should.
        """

        def row_to_sign(session: Session) -> TransactionRow | None:
            row = self._journal.find(intent, session)
            if row is not None and row.state != "failed":
                return None
            row = row or TransactionRow(
                genesis=self._journal.genesis, scope=self._journal.scope, intent=intent, created_at=time.time()
            )
            row.chain_id, row.sender, row.gas = self._chain.chain_id, self._signer.address, gas
            row.target, row.data, row.value = call.to, call.data, str(call.value)
            row.description = call.description[:512]
            return row

        self._under_next_nonce(row_to_sign, nonce)
        row = self._journal.find(intent)
        assert row is not None  # noqa: S101 - written here or by another process
        return row

    def renew(self, row: TransactionRow) -> bool:
        """Sign a row's call anew under another nonce: somebody outside this journal used up its own. False: done."""

        def row_to_sign(session: Session) -> TransactionRow | None:
            stored = session.get_one(TransactionRow, row.id)
            return stored if stored.nonce == row.nonce and stored.state != "failed" else None

        return self._under_next_nonce(row_to_sign)

    def replace(self, attempt: AttemptRow, *, refused: bool = False) -> AttemptRow | None:
        """Sign the same call again, same nonce, higher fee; journaled before it is sent.

        None: not higher, often enough, or another process (or another key) has the say. Needs no claim: of two
        replacements of one attempt the second is thrown away.
        """
        row = self._journal.row_of(attempt)
        if row.sender != self._signer.address:
            return None
        if sum(each.nonce == attempt.nonce for each in self._journal.attempts(row)) > MAX_REPLACEMENTS:
            return None
        old = Fee(int(attempt.fee_limit), None if attempt.fee_tip is None else int(attempt.fee_tip))
        fee = old.raised(self._chain.network.bump_percent, suggest(self._chain, free=not refused))
        if fee is None:
            return None
        replacement = self._signed(row, attempt.nonce, fee)
        with self._journal.journal.write() as session:
            if not self._journal.is_outstanding(session, attempt):
                return None
            session.get_one(AttemptRow, attempt.id).state = AttemptState.REPLACED
            return self._journal.add_attempt(session, replacement)

    def _under_next_nonce(
        self, row_to_sign: Callable[[Session], TransactionRow | None], chosen: int | None = None
    ) -> bool:
        """Claim the key, sign what `row_to_sign` says under the next free nonce, record it. False: it says None."""
        fee = suggest(self._chain)
        count = self._chain.transaction_count(self._signer.address)
        with self._claimed() as token:
            with self._journal.journal.read() as session:
                free = self._journal.free_nonce(session, self._signer.address, count)
                nonce = free if chosen is None else chosen
                row = None if self._journal.is_held(session, self._signer.address, nonce) else row_to_sign(session)
            if row is None:
                return False
            self._require_key(row)
            attempt = self._signed(row, nonce, fee)
            # A crash here leaves a claim, and a signature that nobody has.
            with self._journal.journal.write() as session:
                self._end_claim(session, token)
                row = row_to_sign(session)
                if row is None:
                    return False  # the same intent, signed by another key
                self._journal.retire(session, row)
                row.nonce, row.state, row.block_number, row.block_hash = nonce, "signed", None, None
                row.updated_at = time.time()
                session.add(row)
                session.flush()
                attempt.transaction_id = row.id
                self._journal.add_attempt(session, attempt)
            # A crash here leaves a signed transaction that was never sent: submitting again sends these bytes.
            return True

    def _signed(self, row: TransactionRow, nonce: int, fee: Fee) -> AttemptRow:
        transaction: dict[str, Any] = {
            "chainId": row.chain_id,
            "nonce": nonce,
            "gas": row.gas,
            "value": int(row.value),
            "data": row.data,
            **fee.fields(),
        }
        if row.target is not None:
            transaction["to"] = row.target
        raw = self._signer.sign_transaction(transaction)
        return AttemptRow(
            transaction_id=row.id,
            genesis=row.genesis,
            sender=row.sender,
            nonce=nonce,
            hash=keccak256(raw),
            raw=raw,
            fee_limit=str(fee.limit),
            fee_tip=None if fee.tip is None else str(fee.tip),
            signed_at=time.time(),
            state=AttemptState.SIGNED,
        )

    def _require_key(self, row: TransactionRow) -> None:
        if self._signer.address != row.sender:
            raise SignerError(
                "this transaction was signed by another key and can only be replaced by it",
                expected=row.sender,
                found=self._signer.address,
            )

    # Claims.

    @contextmanager
    def _claimed(self) -> Iterator[str]:
        token = secrets.token_hex(16)
        _held_here.add(token)
        try:
            self._claim(token)
            yield token
        finally:
            _held_here.discard(token)
            with self._journal.journal.write() as session:
                held = session.get(KeyClaimRow, (self._journal.genesis, self._signer.address))
                if held is not None and held.token == token:
                    session.delete(held)

    def _claim(self, token: str) -> None:
        """Wait until nobody else signs with this key, and write that we do now."""
        waiting_for, give_up = None, 0.0
        # Longer than a claim may last: it is the way out where clocks disagree, nothing else.
        patience = min(self._claim_seconds + 5, self._chain.network.give_up_seconds)
        key = (self._journal.genesis, self._signer.address)
        while True:
            with self._journal.journal.read() as session:
                held = session.get(KeyClaimRow, key)
            if held is None or _is_void(held):
                with self._journal.journal.write() as session:
                    current = session.get(KeyClaimRow, key)
                    if current is None or (held is not None and current.token == held.token):
                        until = time.time() + self._claim_seconds
                        session.merge(
                            KeyClaimRow(genesis=key[0], sender=key[1], token=token, holder=_me(), until=until)
                        )
                        return
                continue
            if held.token != waiting_for:  # the queue moves
                waiting_for, give_up = held.token, time.monotonic() + patience
            elif time.monotonic() > give_up:
                raise KeyHeldError(
                    "another process is signing with this key and does not come to an end",
                    found=held.holder,
                    hint="See whether its signer answers; end it, and run this again.",
                )
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - so that those who wait do not ask in step

    def _end_claim(self, session: Session, token: str) -> None:
        held = session.get(KeyClaimRow, (self._journal.genesis, self._signer.address))
        if held is None or held.token != token:
            raise KeyHeldError(
                "signing took so long that another process went on with this key",
                found=None if held is None else held.holder,
                hint="Nothing was sent. Run the same command again.",
            )
        session.delete(held)


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _is_void(claim: KeyClaimRow) -> bool:
    """Is a claim over, or its process gone? Where this errs, a signature is thrown away, and nothing else happens."""
    if claim.until < time.time():
        return True
    if claim.holder == _me():
        return claim.token not in _held_here
    number, _, host = claim.holder.removeprefix("process ").partition(" on ")
    if host != socket.gethostname():
        # Of the machine from which this home was restored, perhaps. One that would last longer than any claim is from a
        # clock that was ahead, and must not be waited for until that date.
        return claim.until - time.time() > CLAIM_SECONDS
    if os.name != "posix" or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False  # it is another user's
    return False
