"""What a region's log says of deliveries and of pauses of consents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from creditchain.hashing import keccak256
from creditchain.log.entries import ConsentBody, PauseBody, QueriesBody
from creditchain.log.views import LogEntry, Metered
from creditchain.messages.consents import Consent

_CONSENT_TYPE: Final = keccak256(
    f"{Consent.TYPE}({','.join(f'{kind} {name}' for name, kind in Consent.MEMBERS)})".encode()
)


def metered_in(entries: Iterable[LogEntry], institution: int, provider: int, nonce: int) -> Metered | None:
    """The delivery that was metered for a nonce; None if none was."""
    for entry in entries:
        for item in entry.body.items if isinstance(entry.body, QueriesBody) else ():
            if (item.institution, item.provider, item.nonce) == (institution, provider, nonce):
                return Metered(entry.index, entry.time, item)
    return None


def consent_id(body: bytes) -> bytes:
    """The id of the consent with this body of its entry: the members are encoded as EIP-712 encodes them."""
    return keccak256(_CONSENT_TYPE + body)


def grant_in(entries: Iterable[LogEntry], consent: bytes) -> LogEntry | None:
    """The entry that granted a consent (by its id); None if there is none."""
    found = (one for one in entries if isinstance(one.body, ConsentBody) and consent_id(one.data) == consent)
    return next(found, None)


def pauses_of(entries: Iterable[LogEntry], consent: bytes) -> Iterator[tuple[int, int | None]]:
    """The pauses of a consent (by its id), each from one time until another, unix seconds; None while it lasts."""
    since = None
    for entry in entries:
        if not isinstance(entry.body, PauseBody) or entry.body.consent != consent:
            continue
        if entry.body.turn % 2:
            since = entry.time
        elif since is not None:
            yield since, entry.time
            since = None
    if since is not None:
        yield since, None
