"""Work shared over processes or threads: a bounded number of pieces under way, results in the order of the pieces."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

#: Imported once, by the server process that workers are forked from, so that a worker starts in milliseconds.
_PRELOAD = ["creditchain.batch.making.preload"]


_FORKSERVER = "forkserver" in multiprocessing.get_all_start_methods()
# The GNU C library's tunables, and its malloc.h.
_TUNABLES, _HUGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb=1"
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start_early() -> None:
    """Start the process that workers are forked from early: it needs a moment to load the kernel."""
    if _FORKSERVER:
        _context()
        with _main_kept_out(), _huge_pages():
            forkserver.ensure_running()


@contextmanager
def processes(workers: int) -> Iterator[Executor]:
    """A pool of worker processes that end with this one, however it ends."""
    context = _context()
    start_early()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with, initargs=(os.getpid(),))
    with _main_kept_out():
        try:
            yield pool
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _context() -> BaseContext:
    context: BaseContext = multiprocessing.get_context("forkserver" if _FORKSERVER else "spawn")
    if _FORKSERVER:
        context.set_forkserver_preload(_PRELOAD)
    return context


@contextmanager
def _main_kept_out() -> Iterator[None]:
    """Let workers start without running the caller's main module once more: they need nothing of it.

    Saves them its imports, and callers the `if __name__ == "__main__"` that multiprocessing asks for.
    """
    main = sys.modules["__main__"].__dict__
    kept: dict[str, Any] = {name: main[name] for name in ("__spec__", "__file__") if name in main}
    main["__spec__"] = None
    main.pop("__file__", None)
    try:
        yield
    finally:
        main.update(kept)


@contextmanager
def _huge_pages() -> Iterator[None]:
    """Let the C library of a process started here take its memory in huge pages where the system has them.

    What a worker touches for the first time it then gets in far fewer faults; on a virtual machine they take longer
    than the work. The GNU C library listens to this when a program starts, others do not mind.
    """
    before = os.environ.get(_TUNABLES)
    os.environ[_TUNABLES] = f"{before}:{_HUGE_PAGES}" if before else _HUGE_PAGES
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TUNABLES]
        else:
            os.environ[_TUNABLES] = before


def _end_with(owner: int) -> None:
    """Let this worker end when the process `owner` is gone, however it went. Ctrl-C is the owner's matter."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_memory()
    threading.Thread(target=_watch, args=(owner,), daemon=True).start()


def _keep_memory() -> None:
    """Let the allocator keep what is freed: a worker needs as much for its next piece, and new pages cost more."""
    import pyarrow as pa

    try:
        libc = ctypes.CDLL(None)
        kept = libc.mallopt(_M_MMAP_MAX, 0) and libc.mallopt(_M_TRIM_THRESHOLD, 1 << 30)
    except (OSError, AttributeError, TypeError):  # another C library
        return
    if kept:
        pa.set_memory_pool(pa.system_memory_pool())


def _watch(owner: int) -> None:
    while True:
        try:
            os.kill(owner, 0)
        except OSError:
            os._exit(1)
        time.sleep(0.5)
