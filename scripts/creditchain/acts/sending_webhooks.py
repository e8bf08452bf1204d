"""Sending what waits for webhooks, many at once, each again until it is taken or given up after 72 hours.

An attempt and what came of it are two things: killed between them, the same event is sent again, under the same id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from creditchain.acts.hook_members import ActingMembers
from creditchain.acts.webhooks import Hooks
from creditchain.errors import CreditchainError
from creditchain.faults import told
from creditchain.posting.posting import Attempt, Letter, WebhookPoster
from creditchain.store.events import Sending
from creditchain.store.turns import Room

_log = logging.getLogger(__name__)

#: Attempts under way at once. A slow receiver holds up no other webhook, and a slow member no other member.
ROOM: Final = Room(all=64, member=8, webhook=4)

#: Told of each attempt once it is written down.
Settled = Callable[[Sending, Attempt], None]


class Sender:
    """Sends for one exchange. One of them runs at a time."""

    def __init__(
        self, hooks: Hooks, poster: WebhookPoster, settled: Settled, clock: Callable[[], float] = time.time
    ) -> None:
        self._webhooks, self._events, self._poster = hooks.webhooks, hooks.events, poster
        self._settled, self._clock = settled, clock
        self._acting = ActingMembers(hooks.region, clock)
        self._under_way: dict[asyncio.Task[None], Sending] = {}

    async def start_due(self) -> int:
        """Begin what is due, as far as there is room. Returns how many attempts are, or were just, under way.

        What is due for a member that does not act now is not begun. Raises JournalError; as `region_log`.
        """
        busy = list(self._under_way.values())
        if len(busy) < ROOM.all:
            for one in await asyncio.to_thread(self._due, busy):
                task = asyncio.create_task(self._send(one))
                self._under_way[task] = one
                task.add_done_callback(self._under_way.pop)
        # Those that ended meanwhile took places that something else may be due for.
        return max(len(busy), len(self._under_way))

    async def some_done(self, seconds: float) -> None:
        """Wait until an attempt has ended, but not longer than so many seconds."""
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def all_done(self) -> None:
        """Wait until no attempt is under way. What is due meanwhile is not begun."""
        if self._under_way:
            await asyncio.wait(list(self._under_way))

    def _due(self, under_way: list[Sending]) -> list[Sending]:
        now = int(self._clock())
        acting = self._acting.among(self._events.members_waiting(now))
        return self._events.due(now, ROOM, under_way, acting) if acting else []

    async def _send(self, sending: Sending) -> None:
        try:
            attempt = await self._attempt(sending)
            if attempt is None:
                return
            await asyncio.to_thread(
                self._events.settle, sending, int(self._clock()), taken=attempt.taken, status=attempt.status,
                trouble=attempt.trouble,
            )  # fmt: skip
            self._settled(sending, attempt)
        except CreditchainError as error:  # it was not written down, so it is sent again
            _log.error("what came of a webhook could not be written down: %s", error.message)
            await asyncio.sleep(1.0)

    async def _attempt(self, sending: Sending) -> Attempt | None:
        """What came of one attempt; None if the webhook was removed."""
        try:
            secret = await asyncio.to_thread(self._webhooks.secret, sending.webhook)
            if secret is None:
                return None
            letter = Letter(sending.member, sending.address, sending.event.id, sending.event.body.encode(), secret)
            return await self._poster.post(letter, int(self._clock()))
        except CreditchainError as error:
            _log.error("a webhook cannot be sent now: %s", error.message)
            return Attempt(False, trouble=type(error).__name__)
        except Exception as error:  # one webhook's fault must not stop those of others
            _log.error("an attempt to send a webhook failed in a way that nobody foresaw: %s", told(error))
            return Attempt(False, trouble=type(error).__name__)
