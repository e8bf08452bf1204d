"""Governors set limits: which domains need no consent, how old a delivery may be, which numbers are accepted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.limits import LimitReads
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.log.views import ContractCall
from creditchain.vocabulary import Limit

#: Seconds that a delivery may be old as long as governors set nothing.
DEFAULT_AGE = 8 * 86_400


@dataclass(frozen=True, slots=True)
class StandingLimits:
    """What holds now: a bit set of domains, seconds, and the first 25 bytes of the digests of accepted numbers."""

    open_domains: int
    delivery_age: int
    exceptions: tuple[bytes, ...]


def standing_limits(region: Region) -> StandingLimits:
    """The limits as of the newest final block."""
    block = region.chain.final_block().number
    reads = LimitReads(region, block)
    return StandingLimits(reads.open_domains(), reads.delivery_age() or DEFAULT_AGE, reads.exceptions())


def accepted_numbers(region: Region) -> frozenset[bytes]:
    """The first 25 bytes of the digests of numbers that governors accept, as of the newest final block."""
    return frozenset(LimitReads(region, region.chain.final_block().number).exceptions())


def set_open_domains(region: Region, outbox: Outbox, domains: int) -> StandingLimits:
    """Let these domains, a bit set, be used without consent from now on, and no others. Raises TransactionError."""
    return _set(region, outbox, Limit.OPEN_DOMAINS, domains, lambda reads: reads.open_domains() == domains)


def set_delivery_age(region: Region, outbox: Outbox, seconds: int) -> StandingLimits:
    """Set how old a delivery may be when it is metered. Raises TransactionError."""
    return _set(region, outbox, Limit.DELIVERY_AGE, seconds, lambda reads: reads.delivery_age() == seconds)


def set_exception(region: Region, outbox: Outbox, digest: bytes, *, accepted: bool) -> StandingLimits:
    """Accept the number with this digest (32 bytes) although its check digits are wrong, or no longer.

    Raises TransactionError.
    """
    call = region.calls.set_exception(digest, accepted=accepted)

    def done(reads: LimitReads) -> bool:
        return (digest[:25] in reads.exceptions()) == accepted

    return _submit(region, outbox, f"exception {digest.hex()} {accepted}", call, done)


def _set(
    region: Region, outbox: Outbox, limit: Limit, value: int, done: Callable[[LimitReads], bool]
) -> StandingLimits:
    call = ConsentCalls(region.deployment).set_limit(limit, value)
    return _submit(region, outbox, f"limit {limit.label} {value}", call, done)


def _submit(
    region: Region, outbox: Outbox, intent: str, call: ContractCall, done: Callable[[LimitReads], bool]
) -> StandingLimits:
    """Submit a change unless it holds. What held before may be set again later: that is another act."""
    if not done(LimitReads(region)):
        times = 0
        while outbox.state(numbered := f"{intent} #{times}") == "final":
            times += 1
        outbox.submit(numbered, call, already_done=lambda: done(LimitReads(region)))
    return standing_limits(region)
