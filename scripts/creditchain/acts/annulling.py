"""Governors annul what a stolen key published, and close a node that no longer serves proofs. Both tell why."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.acts.changing_members import require_node
from creditchain.acts.proving_faults import Publication
from creditchain.acts.showing import Shower, show
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.home.layout import Home
from creditchain.home.reasons import Reason, keep_reason, require_reason


@dataclass(frozen=True, slots=True)
class Annulled:
    """A batch or book that counts no more: its log entry, and the reason that was kept."""

    entry: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Closed:
    """From which log entry on a node shows nothing (0: it shows all), and the reason that was kept."""

    since: int
    reason: Reason


def annul(
    region: Region,
    outbox: Outbox,
    home: Home,
    of: Publication,
    root: bytes,
    key: str,
    reason: str,
    *,
    book: bool = False,
) -> Annulled:
    """Annul a batch, or a book, by its root (32 bytes), that was made with the stolen `key` (an address).

    Of a book, also the key with which a regulator attested its audit.

    Raises:
        InputError: the node anchored or entered nothing with this root. ReasonError: the reason is not one line.
        TransactionError: the signer is no governor, or the key was not in other hands then.
    """
    require_reason(reason)
    shower = Shower(region)
    entry = (shower.book if book else shower.batch)(of.node, of.key_epoch, root).entry.index
    intent = f"annul {entry} {key}"
    kept = _kept(region, home, intent, reason)
    show(
        region,
        outbox,
        intent,
        lambda now: region.calls.annul(
            (now.book if book else now.batch)(of.node, of.key_epoch, root), key, kept.digest
        ),
    )
    return Annulled(entry, kept)


def close(region: Region, outbox: Outbox, home: Home, node: int, since: int, reason: str) -> Closed:
    """Close a node from a log entry on: what it published since then need not be shown. 0: it shows all again.

    Raises:
        InputError: there is no such node, or no such entry yet. ReasonError: the reason is not one line.
        TransactionError: the signer is no governor.
    """
    require_reason(reason)
    require_node(region, node)
    size = region.log_size()
    if since >= size:
        raise InputError("there is no such entry yet", expected=f"an entry below {size}", found=str(since))
    before, times = region.closed_from(node), 0
    # A node may be closed and opened again; an act that is final was an earlier one.
    while before != since and outbox.state(intent := f"close {node} {before} {since} #{times}") == "final":
        times += 1
    if before == since:
        intent = f"close {node} {before} {since} #0"
    kept = _kept(region, home, intent, reason)
    call = region.calls.close_node(node, since, kept.digest)
    outbox.submit(intent, call, already_done=lambda: region.closed_from(node) == since)
    return Closed(region.closed_from(node, region.chain.final_block().number), kept)


def _kept(region: Region, home: Home, intent: str, reason: str) -> Reason:
    log_id = region.deployment.log_id
    return keep_reason(home.region(log_id).reasons, f"{intent} {log_id.hex()}", reason)
