"""Governors change a member: suspend, reinstate, retire, set domains or a guest's end, declare its key compromised."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from creditchain.chain.clock import await_time, now
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.documents import canonical_bytes
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.log.views import ContractCall, NodeInfo


@dataclass(frozen=True, slots=True)
class Changed:
    """A node after a change, and the transaction that changed it (32 bytes; None if it was found done)."""

    node: NodeInfo
    transaction: bytes | None


def suspend(region: Region, outbox: Outbox, number: int) -> Changed:
    """Stop a node from acting, until it is reinstated. Raises InputError, TransactionError."""
    return change(region, outbox, number, "suspend", region.calls.suspend(number))


def reinstate(region: Region, outbox: Outbox, number: int) -> Changed:
    """Let a suspended node act again. Raises InputError, TransactionError."""
    return change(region, outbox, number, "reinstate", region.calls.reinstate(number))


def retire(region: Region, outbox: Outbox, number: int) -> Changed:
    """End a membership for ever. Raises InputError, TransactionError."""
    return change(region, outbox, number, "retire", region.calls.retire(number))


def set_domains(region: Region, outbox: Outbox, number: int, domains: int) -> Changed:
    """Set which domains, a bit set, a node may publish. Raises InputError, TransactionError."""
    return change(region, outbox, number, f"set-domains {domains}", region.calls.set_domains(number, domains))


def set_end(region: Region, outbox: Outbox, number: int, until: int) -> Changed:
    """Set the end of a guest's membership, unix seconds; 0: no end. Raises InputError, TransactionError."""
    return change(region, outbox, number, f"extend {until}", region.calls.set_until(number, until))


def mark_compromised(region: Region, outbox: Outbox, number: int, since: int) -> Changed:
    """Declare a node's key compromised since then. Raises InputError, TransactionError."""
    if since <= now(region.chain):
        await_time(region.chain, since)  # the contract takes no time after that of its block
    return change(region, outbox, number, f"compromise {since}", region.calls.mark_compromised(number, since))


def change(region: Region, outbox: Outbox, number: int, action: str, call: ContractCall) -> Changed:
    """Change a node. The intent names the state that it starts from: run again after a crash, it is the same act.

    Raises:
        InputError: there is no such node.
        TransactionError: the chain refuses.
    """
    before = require_node(region, number)
    state = keccak256(canonical_bytes({name: _plain(value) for name, value in asdict(before).items()})).hex()[:16]
    times = 0
    # A node may come back to the same state; an act from there that is final was an earlier one.
    while outbox.state(intent := f"{action} {number} from {state} #{times}") == "final":
        times += 1
    receipt = outbox.submit(intent, call)
    return Changed(require_node(region, number), receipt.transaction_hash)


def require_node(region: Region, number: int, block: int | None = None) -> NodeInfo:
    """The node of this number.

    Raises:
        InputError: there is none.
    """
    info = region.node(number, block)
    if info is None:
        raise InputError(f"there is no node {number}", hint="`creditchain node list` shows all.")
    return info


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
