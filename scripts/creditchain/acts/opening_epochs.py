"""Governors open key epochs, under whose tag keys subjects are named inside batches."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.errors import RefusedError


@dataclass(frozen=True, slots=True)
class KeyEpoch:
    """A key epoch: its number and the logged digest of its tag key."""

    number: int
    digest: bytes
    current: bool


def list_epochs(region: Region) -> list[KeyEpoch]:
    """All key epochs as of the newest final block, the oldest first."""
    block = region.chain.final_block().number
    current = region.current_key_epoch(block)
    numbers = range(1, current + 1)
    return [KeyEpoch(one, region.key_epoch_digest(one, block) or b"", one == current) for one in numbers]


def open_epoch(region: Region, outbox: Outbox, epoch_digest: bytes) -> int:
    """Open a key epoch under this digest; its number. Opening the current one again changes nothing.

    Raises:
        RefusedError: the key is that of an epoch that is over.
        TransactionError: the signer is no governor.
    """

    def is_open() -> bool:
        return _epoch_of(region, epoch_digest) is not None

    outbox.submit(f"epoch {epoch_digest.hex()}", region.calls.open_key_epoch(epoch_digest), already_done=is_open)
    epoch, current = _epoch_of(region, epoch_digest), region.current_key_epoch()
    if epoch is None:
        raise RefusedError("the key epoch was opened, but the endpoint does not have it yet", hint="Run it again.")
    if epoch != current:
        raise RefusedError(f"this is the key of epoch {epoch}, which is over", hint="A new epoch needs a new key.")
    return epoch


def _epoch_of(region: Region, epoch_digest: bytes) -> int | None:
    for epoch in range(region.current_key_epoch(), 0, -1):
        if region.key_epoch_digest(epoch) == epoch_digest:
            return epoch
    return None
