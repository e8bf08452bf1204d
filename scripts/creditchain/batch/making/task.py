"""What the stages of one batch share: the task, the workers, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from creditchain.batch.errors import Problem
from creditchain.batch.folder.files import Syncer
from creditchain.batch.making.worker import Job
from creditchain.batch.ordered import ordered
from creditchain.batch.progress import Watch
from creditchain.batch.readers.upload import Upload

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much of the machine a batch may take."""

    sort_memory: int = 256 << 20  #: bytes of records that are sorted at a time, over all workers
    piece_bytes: int = 32 << 20  #: bytes of the upload that become one sorted run, at most
    workers: int = 0  #: processes; 0 for one a core


@dataclass(frozen=True, slots=True)
class Faults:
    """What to do about bad lines. Without `skip` there is no batch; `report` gets each of them, in order."""

    skip: bool = False
    report: Callable[[Problem], None] | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """One batch in the making. Without a `pool` the work is done in this process."""

    upload: Upload
    job: Job
    limits: BatchLimits
    faults: Faults
    watch: Watch
    pool: Executor | None
    syncer: Syncer

    def shared(self, work: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """`work` of each item, in order."""
        if self.pool is None:
            return map(work, items)
        return ordered(self.pool, work, items, window=2 * self.limits.workers)

    def report(self, problem: Problem) -> None:
        """Pass a bad line to the report, if there is one."""
        if self.faults.report is not None:
            self.faults.report(problem)
