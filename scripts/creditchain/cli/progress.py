"""Progress bars on stderr, for people who wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How much a second."""

    def render(self, task: Task) -> Text:
        """The rate since the stage began, in its unit."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def bar(title: str, total: int | None, *, hidden: bool) -> Iterator[Progress]:
    """One bar with count, time passed and time left."""
    with _progress(MofNCompleteColumn(), hidden=hidden) as progress:
        progress.add_task(title, total=total)
        yield progress


@contextmanager
def stages(*, hidden: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage, with rate and time left; the function takes (stage, done, total)."""
    tasks: dict[str, TaskID] = {}
    with _progress(TaskProgressColumn(), _Rate(), hidden=hidden) as progress:

        def watch(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield watch


def _progress(*columns: ProgressColumn, hidden: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *columns,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
        disable=hidden,
    )
