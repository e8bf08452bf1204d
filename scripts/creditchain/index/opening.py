"""Opening a region's log from the index in its home, which follows the chain."""

from __future__ import annotations

import tempfile
from pathlib import Path

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.region import Region
from creditchain.home.layout import Home
from creditchain.index.following import IndexPlace, follow_log
from creditchain.index.opened import IndexedLog
from creditchain.log.views import BlockRef


def region_log(
    region: Region,
    block: BlockRef | None = None,
    watch: Watch = no_watch,
    head: tuple[int, bytes] | None = None,
) -> IndexedLog:
    """The region's log as of a final block (None: the newest), from the index in its own home; see `open_log`."""
    return open_log(region, region.home, block, watch, head)


def open_log(
    region: Region,
    home: Home | None,
    block: BlockRef | None = None,
    watch: Watch = no_watch,
    head: tuple[int, bytes] | None = None,
) -> IndexedLog:
    """The region's log as of a block; None: the newest final one. Only what is new since the last call is read.

    Where there is no home (None, or a folder that is none), the whole log is read, and nothing is kept.

    `head`: size and root at this block, as `follow_log` takes them, and raises.
    """
    at = region.chain.final_block() if block is None else block
    if home is not None and home.exists():
        return follow_log(region, IndexPlace.of(home.region(region.deployment.log_id)), at, watch, head)
    with tempfile.TemporaryDirectory() as folder:
        # The files are mapped when the log is open; they need no names any more.
        return follow_log(region, IndexPlace(Path(folder) / "index", Path(folder) / "lock"), at, watch, head)
