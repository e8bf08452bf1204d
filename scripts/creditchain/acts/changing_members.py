"""Governors change a member: status, domains, a guest's end, host, who answers for it, when its key was stolen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from creditchain.chain.clock import await_time, now
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.documents import canonical_bytes
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.log.views import Compromise, ContractCall, NodeInfo

_FOR_EVER: Final = 2**40


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


def move(region: Region, outbox: Outbox, number: int, host: int) -> Changed:
    """Let another node host a virtual one. Raises InputError, TransactionError."""
    return change(region, outbox, number, f"move {host}", region.calls.set_host(number, host))


def set_answerer(region: Region, outbox: Outbox, number: int, by: int) -> Changed:
    """Name the node that answers for the records of a retired one. Raises InputError, TransactionError."""
    if region.members().answerer(number) == by:
        return Changed(require_node(region, number), None)
    return change(region, outbox, number, f"answerer {by}", region.calls.set_answerer(number, by))


def declare_stolen(
    region: Region, outbox: Outbox, number: int, intervals: Sequence[tuple[int, int]], key: str | None = None
) -> Changed:
    """Declare when a key of a node was in other hands, in place of what was declared before.

    Args:
        intervals: (since, until) in unix seconds, both included, ascending; until 0: still.
        key: address; by default the node's operator's.
    Raises:
        InputError: there is no such node, or it has no key and `key` names none.
        TransactionError: the chain refuses.
    """
    if key is None and (key := require_node(region, number).operator) is None:
        raise InputError(f"node {number} has no key of its own", hint="Its host's key acts for it: name the host.")
    known = region.members().intervals(key)
    if [(one.since, one.until) for one in known] == list(intervals):
        return Changed(require_node(region, number), None)
    latest = max((max(one) for one in intervals), default=0)
    if latest <= now(region.chain):
        await_time(region.chain, latest)  # the contract takes no time after that of its block
    doing = f"compromise {key} {' '.join(f'{since}-{until}' for since, until in intervals)}"
    return change(region, outbox, number, doing, region.calls.set_compromises(key, intervals))


def known_intervals(region: Region, number: int, key: str | None = None) -> list[Compromise]:
    """What was declared of a key of a node; by default its operator's. Raises InputError: there is no such node."""
    address = key or require_node(region, number).operator
    return [] if address is None else region.members().intervals(address)


def with_interval(known: Iterable[Compromise], since: int, until: int) -> list[tuple[int, int]]:
    """The intervals of a key with one more, joined to those that it overlaps or touches; until 0: still."""
    joined = [(since, until or _FOR_EVER)]
    for one in known:
        first, last = joined[-1]
        here = (one.since, one.until or _FOR_EVER)
        if here[0] <= last + 1 and first <= here[1] + 1:
            joined[-1] = (min(first, here[0]), max(last, here[1]))
        else:
            joined.insert(0, here)
    return [(first, 0 if last == _FOR_EVER else last) for first, last in sorted(joined)]


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
