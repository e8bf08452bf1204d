"""What a whole log says, read from its first entry: the plain way, for tests to hold walks through cells against."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from creditchain.log.entries import PauseBody, QueriesBody
from creditchain.log.reading import is_grant
from creditchain.log.views import LogEntry, Metered


def metered_in(entries: Iterable[LogEntry], institution: int, provider: int, nonce: int) -> Metered | None:
    """The delivery that was metered for a nonce; None if none was."""
    for entry in entries:
        for item in entry.body.items if isinstance(entry.body, QueriesBody) else ():
            if (item.institution, item.provider, item.nonce) == (institution, provider, nonce):
                return Metered(entry.index, entry.time, item)
    return None


def grant_in(entries: Iterable[LogEntry], consent: bytes) -> LogEntry | None:
    """The entry that granted a consent (by its id); None if there is none."""
    return next((one for one in entries if is_grant(one, consent)), None)


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
