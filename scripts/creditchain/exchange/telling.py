"""The thread that tells members what happened: it reads the log, and sends what waits for webhooks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event
from typing import Final

from creditchain.acts.hook_members import forget_retired
from creditchain.acts.noticing import notice_due, notice_entries, notice_meanwhile
from creditchain.acts.noticing_warnings import BATCH_SECONDS, notice_batches
from creditchain.acts.sending_webhooks import Sender
from creditchain.acts.webhooks import Hooks
from creditchain.errors import CreditchainError
from creditchain.exchange import measures
from creditchain.faults import told
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.posting.posting import Attempt, WebhookPoster
from creditchain.store.events import KEEP_SECONDS, Sending, SendingState

_log = logging.getLogger(__name__)

#: Seconds between two looks at the log, and at what is to be sent.
LOOK_SECONDS: Final = 1.0
SEND_SECONDS: Final = 0.25
#: Longest pause after failures, seconds.
LONGEST_PAUSE: Final = 30.0
#: Seconds between two looks at what may be forgotten.
FORGET_SECONDS: Final = 300.0
#: Steps after which others get their turn, while an old log is read.
_STEPS: Final = 20

Step = Callable[[Hooks, IndexedLog, int], int]
_NOTICING: Final[tuple[Step, ...]] = (forget_retired, notice_entries, notice_batches, notice_due, notice_meanwhile)


def tell(hooks: Hooks, stop: Event) -> None:
    """Tell members what happens, until told to stop. Failures are told and tried again."""
    asyncio.run(_tell(hooks, stop))


async def _tell(hooks: Hooks, stop: Event) -> None:
    async with WebhookPoster(hooks.allowed, hooks.authorities) as poster:
        sender, watcher = Sender(hooks, poster, _settled), Noticer(hooks)
        await asyncio.gather(_repeated(watcher.look, stop), _repeated(lambda: _send(sender), stop))
        await sender.all_done()


async def _send(sender: Sender) -> float:
    await sender.start_due()
    await sender.some_done(SEND_SECONDS)
    return 0.0


class Noticer:
    """Looks at everything that may have happened."""

    def __init__(self, hooks: Hooks, clock: Callable[[], float] = time.time) -> None:
        self._hooks, self._clock, self._forgets = hooks, clock, 0.0

    async def look(self) -> float:
        """Look once; the seconds after which to look again."""
        await asyncio.to_thread(self.notice)
        return LOOK_SECONDS

    def notice(self) -> None:
        """Look once. One part's fault does not stop the others: the first one's is raised at the end."""
        faults = [fault for part in (self._look, self._measure) if (fault := _fault_of(part)) is not None]
        if faults:
            raise faults[0]

    def _look(self) -> None:
        """Look at the log, and at what is due."""
        if not self._hooks.webhooks.readers():
            return
        log = region_log(self._hooks.region)
        now = max(int(self._clock()), log.block.time)
        parts = [*(partial(self._steps, step, log, now) for step in _NOTICING), partial(self._forget, now)]
        faults = [fault for part in parts if (fault := _fault_of(part)) is not None]
        for other in faults[1:]:
            _log.error("webhooks: %s", _words(other))
        if faults:
            raise faults[0]

    def _measure(self) -> None:
        counts = self._hooks.events.counts()
        measures.WEBHOOKS_WAITING.set(counts[SendingState.WAITING])
        measures.WEBHOOKS_DEAD.set(counts[SendingState.DEAD])
        measures.WATCHES_LOST.set(self._hooks.opened.lost)

    def _steps(self, step: Step, log: IndexedLog, now: int) -> None:
        for _ in range(_STEPS):
            if not step(self._hooks, log, now):
                break

    def _forget(self, now: int) -> None:
        if time.monotonic() < self._forgets:
            return
        self._hooks.watches.forget_over(now, now - BATCH_SECONDS)
        while self._hooks.events.forget_before(now - KEEP_SECONDS):
            pass
        self._forgets = time.monotonic() + FORGET_SECONDS


def _fault_of(part: Callable[[], None]) -> Exception | None:
    try:
        part()
    except Exception as fault:  # whatever it is, the other parts have their turn; it is raised after them
        return fault
    return None


def _words(fault: Exception) -> str:
    """What is told of a fault: of one that nobody foresaw not its words, which may name an enterprise."""
    return str(fault) if isinstance(fault, CreditchainError) else told(fault)


async def _repeated(work: Callable[[], Awaitable[float]], stop: Event) -> None:
    """Do something again and again; after failures, with growing pauses."""
    pause = LOOK_SECONDS
    while not stop.is_set():
        try:
            wait = await work()
            pause = LOOK_SECONDS
        except Exception as error:  # a thread that ends would tell nobody anything any more
            wait = pause = min(2 * pause, LONGEST_PAUSE) if isinstance(error, CreditchainError) else LONGEST_PAUSE
            _log.error("webhooks wait %.0f seconds: %s", pause, _words(error))
        await _pause(wait, stop)


async def _pause(seconds: float, stop: Event) -> None:
    end = time.monotonic() + seconds
    while not stop.is_set() and (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(left, SEND_SECONDS))


def _settled(_: Sending, attempt: Attempt) -> None:
    measures.WEBHOOKS_SENT.labels("taken" if attempt.taken else "failed").inc()
