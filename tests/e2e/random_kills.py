"""Kills work by SIGKILL at random times, again and again, until it is done. The result must be as without kills."""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Sweep:
    """One sweep over one kind of work. `whole` is how long an undisturbed run takes, seconds; `kills` counts."""

    rng: random.Random
    whole: float
    kills: int = 0
    runs: int = 0

    def until_done(self, work: Callable[[], object], most: int = 3) -> None:
        """Run `work` in children, killing each of the first `most` at a random time, and then let it finish."""
        self.runs += 1
        for _ in range(most):
            if not killed_after(self.rng.uniform(0.0, self.whole), work):
                return
            self.kills += 1
        assert not killed_after(None, work)


def measured(work: Callable[[], object]) -> float:
    """How long `work` takes in a child, in seconds."""
    start = time.monotonic()
    assert not killed_after(None, work)
    return time.monotonic() - start


def killed_after(seconds: float | None, work: Callable[[], object]) -> bool:
    """Do `work` in a child and kill it after so many seconds. False: it was done before that."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(1)
    if seconds is not None:
        ended = os.pidfd_open(child)
        try:
            if not select.select([ended], [], [], seconds)[0]:
                os.kill(child, signal.SIGKILL)
        finally:
            os.close(ended)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work failed"
    return os.WIFSIGNALED(status)
