"""Whose webhooks are sent next: members take turns, so that one who waits for much holds up nobody else."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """Attempts that may be under way at once: in all, for one member, and for one webhook."""

    all: int
    member: int
    webhook: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """A webhook for which something is due: how many events, those under way not counted."""

    member: int
    webhook: str
    count: int


def share_out(waiting: Sequence[Backlog], under_way: Iterable[tuple[int, str]], room: Room) -> Mapping[str, int]:
    """How many attempts each webhook gets now. `waiting`: the longest waiting first; `under_way`: member, webhook.

    A place goes to the member that has the fewest, and there to the webhook that has the fewest; among equals to the
    one that has waited longest.
    """
    busy = list(under_way)
    of_member, of_webhook = Counter(member for member, _ in busy), Counter(webhook for _, webhook in busy)
    left: dict[int, dict[str, int]] = {}
    for one in waiting:
        left.setdefault(one.member, {})[one.webhook] = one.count
    turns = [(of_member[member], place, member) for place, member in enumerate(left)]
    heapq.heapify(turns)
    shares: Counter[str] = Counter()
    places = room.all - len(busy)
    while turns and places > 0:
        count, place, member = heapq.heappop(turns)
        webhook = _next(left[member], of_webhook, room.webhook) if count < room.member else None
        if webhook is None:  # this member gets no more now
            continue
        left[member][webhook] -= 1
        of_webhook[webhook] += 1
        shares[webhook] += 1
        places -= 1
        heapq.heappush(turns, (count + 1, place, member))
    return shares


def _next(left: Mapping[str, int], busy: Mapping[str, int], most: int) -> str | None:
    """The webhook of a member that has the fewest attempts under way; None if none may have another."""
    able = [webhook for webhook, count in left.items() if count > 0 and busy.get(webhook, 0) < most]
    return min(able, key=lambda one: busy.get(one, 0), default=None)
