"""Governors act m of n: they approve proposals, and anybody carries out what enough of them approved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from creditchain.chain.abi import interface
from creditchain.chain.described_calls import described_call
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.region import Region
from creditchain.chain.safe import SafeState, execution, governors_safe, safe_state, safe_transaction
from creditchain.chain.signers import Signer
from creditchain.errors import InputError, NotValidError, Place, RefusedError
from creditchain.log.views import ContractCall
from creditchain.messages.safe import SafeTransaction
from creditchain.messages.signatures import signed_by
from creditchain.packages.proposal_file import Proposal, parse_proposal

#: What the Safe's chain of owners begins with.
_FIRST = "0x" + "00" * 19 + "01"


@dataclass(frozen=True, slots=True)
class CheckedProposal:
    """A proposal that says in words what its bytes do, with signatures of owners only."""

    proposal: Proposal
    transaction: SafeTransaction
    safe: SafeState

    @property
    def missing(self) -> int:
        """How many more owners have to approve."""
        return max(0, self.safe.threshold - len(self.proposal.signatures))

    @property
    def over(self) -> bool:
        """Whether a transaction of this nonce took effect: this one, or another."""
        return self.proposal.nonce < self.safe.nonce


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of a proposal: the transaction, and the ids (32 bytes) of what it scheduled."""

    receipt: Receipt
    scheduled: tuple[bytes, ...]


def check_proposal(region: Region, raw: bytes) -> CheckedProposal:
    """Read a proposal of this region. Its words are made again from its bytes, and its digest too.

    Raises:
        PackageError: it is no proposal. InputError: it is for another region, chain or Safe.
        NotValidError: words, digest or a signature do not belong to its bytes.
    """
    proposal, deployment = parse_proposal(raw), region.deployment
    for field, expected, found in (
        ("log_id", "0x" + deployment.log_id.hex(), "0x" + proposal.log_id.hex()),
        ("chain_id", str(deployment.chain_id), str(proposal.chain_id)),
        ("safe", governors_safe(deployment) or "no Safe", proposal.safe),
    ):
        if expected != found:
            raise InputError("the proposal is for others", expected=expected, found=found, place=Place(field=field))
    for place, call in enumerate(proposal.calls):
        words = described_call(deployment, call.target, call.data)
        if words != call.words:
            at = Place(field=f"calls[{place}].words")
            raise NotValidError("the words say something else than the bytes", expected=words, place=at)
    calls = [(call.target, call.data) for call in proposal.calls]
    transaction = safe_transaction(deployment, proposal.safe, proposal.nonce, calls)
    if transaction.digest() != proposal.digest:
        found = "0x" + proposal.digest.hex()
        expected = "0x" + transaction.digest().hex()
        raise NotValidError(
            "the digest is that of other calls", expected=expected, found=found, place=Place(field="digest")
        )
    safe = safe_state(region.chain, proposal.safe)
    for owner, signature in proposal.signatures.items():
        if owner not in safe.owners or not signed_by(transaction, signature, owner):
            raise NotValidError(
                "a signature is not a governor's over this proposal", found=owner, place=Place(field="signatures")
            )
    return CheckedProposal(proposal, transaction, safe)


def approve(signer: Signer, checked: CheckedProposal) -> CheckedProposal:
    """Sign a proposal as one of the governors.

    Raises:
        RefusedError: the key is no governor's, or a transaction of this nonce took effect already.
    """
    if signer.address not in checked.safe.owners:
        expected = ", ".join(checked.safe.owners)
        hint = "Sign with a governor's key: `creditchain govern show` lists them."
        raise RefusedError("this key is no governor's", expected=expected, found=signer.address, hint=hint)
    _require_open(checked)
    signature = signer.sign_typed(checked.transaction.typed_data())
    return replace(checked, proposal=checked.proposal.signed(signer.address, signature))


def joined(proposals: Sequence[CheckedProposal]) -> CheckedProposal:
    """One proposal with all approvals of several copies. Raises InputError: they are different proposals."""
    first = proposals[0]
    signatures: dict[str, bytes] = {}
    for one in proposals:
        if one.proposal.digest != first.proposal.digest:
            expected, found = "0x" + first.proposal.digest.hex(), "0x" + one.proposal.digest.hex()
            raise InputError("these are different proposals", expected=expected, found=found)
        signatures |= one.proposal.signatures
    return replace(first, proposal=replace(first.proposal, signatures=signatures))


def execute(region: Region, outbox: Outbox, checked: CheckedProposal) -> Executed:
    """Carry out what enough governors approved. Anybody may; run again after a crash, it is the same act.

    Raises:
        RefusedError: too few approved, it is not its turn, or another transaction took its nonce.
        TransactionError: the chain refuses.
    """
    intent = f"safe {checked.proposal.digest.hex()}"
    begun = outbox.state(intent) is not None
    if not begun:
        _require_open(checked)
    if checked.missing:
        expected, found = str(checked.safe.threshold), str(len(checked.proposal.signatures))
        hint = "Others approve this file, or copies of it, with `creditchain govern approve`; name all copies."
        raise RefusedError("too few governors approved", expected=expected, found=found, hint=hint)
    if not begun and checked.proposal.nonce > checked.safe.nonce:
        raise RefusedError(
            "another transaction of the governors comes first",
            expected=f"nonce {checked.safe.nonce}",
            found=f"nonce {checked.proposal.nonce}",
            hint="Execute that one first, or propose this again with `creditchain govern renew`.",
        )
    # The first in the order of addresses; more than enough would cost gas for nothing.
    owners = sorted(checked.proposal.signatures, key=lambda one: int(one, 16))[: checked.safe.threshold]
    call = execution(checked.transaction, {owner: checked.proposal.signatures[owner] for owner in owners})
    receipt = outbox.submit(intent, call)
    return Executed(receipt, _scheduled(region, receipt))


def replace_owner(region: Region, outbox: Outbox, old: str, new: str) -> None:
    """Put another key in the place of a governor's (checksum addresses). Only the governors together can.

    Raises:
        RefusedError: single keys govern, or `old` is no governor's. TransactionError: the chain refuses.
    """
    safe = governors_safe(region.deployment)
    if safe is None:
        raise RefusedError(
            "this region is governed by single keys", hint="They are roles: see `creditchain govern show`."
        )
    owners = safe_state(region.chain, safe).owners
    if old not in owners:
        raise RefusedError("this key is no governor's", expected=", ".join(owners), found=old)
    # The Safe keeps its owners as a chain, and wants to know which one comes before.
    place = owners.index(old)
    before = owners[place - 1] if place else _FIRST
    data = interface("Safe").encode("swapOwner", before, old, new)
    outbox.submit(f"replace owner {old} {new}", ContractCall(safe, data, "replace a governor's key"))


def _scheduled(region: Region, receipt: Receipt) -> tuple[bytes, ...]:
    event, address = interface("Governance").events["OperationScheduled"], region.deployment.address("Governance")
    logs = [log for log in receipt.logs if log.address == address and log.topics[:1] == (event.topic,)]
    return tuple(bytes(event.decode(log)["operationId"]) for log in logs)


def _require_open(checked: CheckedProposal) -> None:
    if checked.over:
        raise RefusedError(
            "a transaction with this proposal's nonce took effect: this one, or another",
            expected=f"nonce {checked.safe.nonce} or later",
            found=f"nonce {checked.proposal.nonce}",
            hint="`creditchain log show` says what was done. If it was something else: `creditchain govern renew FILE "
            "--output NEW` proposes this again.",
        )
