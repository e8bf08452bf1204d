"""Bringing the index of a region's log up to date, rebuilding it, and checking all of it."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.region import Region
from creditchain.home.layout import Home
from creditchain.index.errors import IndexDamagedError
from creditchain.index.following import IndexPlace, rebuild_index
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import open_log
from creditchain.index.states import REPLAYED_AT_ONCE
from creditchain.log.replay import NOTHING_REPLAYED, Replayed, ReplayError, replay


def rebuild(region: Region, home: Home, watch: Watch = no_watch) -> IndexedLog:
    """Read the log anew, from its first entry, whatever the index holds. Raises as `follow_log`."""
    return rebuild_index(region, _place(region, home), region.chain.final_block(), watch)


@dataclass(frozen=True, slots=True)
class CheckedIndex:
    """An index whose every entry, write, node and cell was computed again."""

    log: IndexedLog
    cells: int
    state_root: bytes


def check_index(region: Region, home: Home, watch: Watch = no_watch) -> CheckedIndex:
    """Follow the log, and compute all that the index holds from the entries again.

    Raises IndexDamagedError, or as `follow_log`.
    """
    log = open_log(region, home, None, watch)
    state, again = log.state(), replayed(log, watch)
    if (again.size, again.root, again.cells.keys.tobytes()) != (log.size, log.root, state.cells.keys.tobytes()):
        raise IndexDamagedError("its entries and its state contradict each other")
    if again.cells.words.tobytes() != state.cells.words.tobytes():
        raise IndexDamagedError("a cell is not what its entries add up to")
    state.require_intact()
    return CheckedIndex(log, state.size, state.root)


def replayed(log: IndexedLog, watch: Watch = no_watch) -> Replayed:
    """What the entries of a log add up to, computed from the first on, whatever states the index keeps.

    Raises IndexDamagedError: they contradict each other, or the root.
    """
    try:
        return _replayed(log, watch).require_root(log.size, log.root)
    except ReplayError as error:
        # The log's root was checked when they were read, so they were changed since.
        raise IndexDamagedError(error.message, expected=error.expected, found=error.found) from error


def _replayed(log: IndexedLog, watch: Watch) -> Replayed:
    done = NOTHING_REPLAYED
    for start in range(0, log.size, REPLAYED_AT_ONCE):
        done = replay(log.columns(start, start + REPLAYED_AT_ONCE, checked=False), log.log_id, done)
        watch("replaying", done.size, log.size)
    return done


def _place(region: Region, home: Home) -> IndexPlace:
    return IndexPlace.of(home.region(region.deployment.log_id))
