"""Which members are told what happens: those that act now.

One that is suspended, whose membership as a guest is over, or whose key is in other hands is told nothing: the log is
not read on for it, its dates wait, and nothing is sent. Once it acts again all of that goes on from where it stopped.
One that retired never acts again, and nothing of it is kept.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Final

from creditchain.acts.webhooks import Hooks
from creditchain.chain.region import Region
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.index.queries import reading_of
from creditchain.vocabulary import NodeStatus

_log = logging.getLogger(__name__)

#: Seconds for which it is remembered who acts, while webhooks are sent.
REMEMBERED_SECONDS: Final = 1.0


def acting_members(region: Region, log: IndexedLog, members: Collection[int], now: int) -> set[int]:
    """Those of some members that act at `now` (unix seconds), as of the log's block."""
    found = reading_of(region, log).members
    found.prepare(members)
    return {one for one in members if found.member_at(one, now).acts}


def forget_retired(hooks: Hooks, log: IndexedLog, _: int) -> int:
    """Drop the webhooks of members that retired, and all else that is kept for these. Returns how many there were."""
    readers = [one.member for one in hooks.webhooks.readers()]
    retired = [
        node.number
        for node in reading_of(hooks.region, log).members.nodes(readers)
        if node.status == NodeStatus.RETIRED
    ]
    for member in retired:
        hooks.webhooks.drop(member)
        _log.info("a member retired: its webhooks are dropped")
    return len(retired)


class ActingMembers:
    """Which members act, as of a final block that was the newest one a second ago."""

    def __init__(self, region: Region, clock: Callable[[], float] = time.time) -> None:
        self._region, self._clock = region, clock
        self._last: tuple[IndexedLog, float] | None = None

    def among(self, members: Collection[int]) -> set[int]:
        """Those of some members that act now. Asks no chain for none. Raises as `region_log`."""
        if not members:
            return set()
        if self._last is None or time.monotonic() >= self._last[1]:
            self._last = region_log(self._region), time.monotonic() + REMEMBERED_SECONDS
        log = self._last[0]
        return acting_members(self._region, log, members, max(int(self._clock()), log.block.time))
