"""Operations of governance that wait: who scheduled what, until when anybody can stop it, and carrying it out."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.abi import interface
from creditchain.chain.clock import now
from creditchain.chain.described_calls import described_call
from creditchain.chain.log_entries import blocks_from, entries_between
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.region import Region
from creditchain.errors import InputError, RefusedError
from creditchain.log.entries import OperationBody
from creditchain.log.views import ContractCall
from creditchain.vocabulary import EntryKind, Progress

#: Seconds for which an operation can be carried out once it is due (`AccessManager.expiration`).
OPEN_SECONDS = 7 * 86_400
#: The longest that an operation stays listed: the longest delay, and that.
LISTED_SECONDS = 30 * 86_400 + OPEN_SECONDS


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation: its id (32 bytes), who scheduled it, what it calls; times unix seconds; its log entry."""

    id: bytes
    caller: str
    target: str
    data: bytes
    words: str
    due: int
    entry: int
    progress: Progress

    def state_at(self, time: int) -> str:
        """`waiting`, `due`, `over` (nobody carried it out in time), `done` or `cancelled`."""
        if self.progress is not Progress.SCHEDULED:
            return self.progress.label
        if time < self.due:
            return "waiting"
        return "due" if time < self.due + OPEN_SECONDS else "over"


def list_operations(region: Region) -> list[Waiting]:
    """What was scheduled in the last 37 days, the oldest first, and what became of it."""
    head = region.chain.head()
    first = blocks_from(region, max(0, head.time - LISTED_SECONDS), head.number)
    found: dict[tuple[bytes, int], Waiting] = {}
    for entry in entries_between(region, first, head.number, EntryKind.OPERATION):
        body = entry.body
        if not isinstance(body, OperationBody):
            continue
        key, progress = (body.operation, body.nonce), Progress(body.progress)
        if progress is Progress.SCHEDULED:
            words = described_call(region.deployment, body.target, body.data)
            found[key] = Waiting(
                body.operation, body.by, body.target, body.data, words, body.due, entry.index, progress
            )
        elif key in found:
            known = found[key]
            found[key] = Waiting(
                known.id, known.caller, known.target, known.data, known.words, known.due, known.entry, progress
            )
    return list(found.values())


def find_operation(region: Region, operation: bytes) -> Waiting:
    """The last operation with this id. Raises InputError: none is listed."""
    found = [one for one in list_operations(region) if one.id == operation]
    if not found:
        raise InputError("no such operation", found="0x" + operation.hex(), hint="`creditchain govern list` shows all.")
    return found[-1]


def carry_out(region: Region, outbox: Outbox, operation: Waiting) -> Receipt:
    """Carry out what is due. Anybody may.

    Raises:
        RefusedError: it is not due, or over. TransactionError: the chain refuses, also what it calls.
    """
    intent = f"operation {operation.id.hex()} {operation.entry}"
    if outbox.state(intent) is None:
        state = operation.state_at(now(region.chain))
        if state != "due":
            raise RefusedError("the operation cannot be carried out", expected="one that is due", found=state)
    return outbox.submit(intent, _call(region, "carryOut", operation, "carry out an operation"))


def cancel(region: Region, outbox: Outbox, operation: Waiting) -> Receipt:
    """Stop an operation, as a canceller, an admin, or who scheduled it. Raises RefusedError, TransactionError."""
    intent = f"cancel {operation.id.hex()} {operation.entry}"
    if outbox.state(intent) is None and operation.progress is not Progress.SCHEDULED:
        raise RefusedError("there is nothing to stop", found=operation.progress.label)
    return outbox.submit(intent, _call(region, "cancel", operation, "cancel an operation"))


def _call(region: Region, function: str, operation: Waiting, doing: str) -> ContractCall:
    data = interface("Governance").encode(function, operation.caller, operation.target, operation.data)
    return ContractCall(region.deployment.address("Governance"), data, doing)
