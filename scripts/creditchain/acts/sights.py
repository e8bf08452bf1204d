"""What a provider's service knows of its region as of the newest blocks: read once for each, shared by all requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from creditchain.acts.reporting import Survey, survey
from creditchain.acts.standing import AnchorGoneError, require_none_lost
from creditchain.batch.ledger import Ledger
from creditchain.chain.region import Region
from creditchain.evidence.query import require_fresh
from creditchain.evidence.record import EvidenceFetcher, evidence_over
from creditchain.home.journal import Journal
from creditchain.index.newest import Newest, NewestLog
from creditchain.log.reading import RegionReading
from creditchain.log.views import BlockRef

_log = logging.getLogger(__name__)

#: Seconds after which the journal's batches are held against the chain again.
_LOST_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Sight:
    """The region as of the newest block, and as of the newest final one."""

    now: RegionReading  #: as of the newest block: by this, consents are judged
    records: EvidenceFetcher  #: as of the newest final block: by this, reports are assembled and verified
    survey: Survey
    epochs: Mapping[int, bytes]  #: the digest of each key epoch

    @property
    def head(self) -> BlockRef:
        """The newest block."""
        return self.now.facts.block


class Sights:
    """The sights of one region. Safe for several threads; each process has its own."""

    def __init__(self, region: Region, journal: Journal) -> None:
        self._region, self._log = region, NewestLog(region)
        self._ledger = Ledger(journal, region.deployment.log_id)
        self._lock = threading.Lock()
        self._last: tuple[Newest, Sight] | None = None
        self._checked = -1  #: at which fork it was looked last whether batches are lost
        self._checks = 0.0  #: when to look again, monotonic clock

    def newest(self, view_age: int) -> Sight:
        """The region as of the newest block that the endpoints have when this is called.

        Raises:
            StaleViewError: it is older than `view_age` seconds.
            AnchorGoneError: the chain has lost a batch of this home, which a report would silently leave out.
            ChainUnavailableError and its kinds, as `NewestLog.newest`.
        """
        newest = self._log.newest()
        require_fresh(self._region.chain, newest.head.block, view_age)
        with self._lock:
            if self._checked != self._log.forks:
                self._require_none_lost()
            if self._last is None or self._last[0] is not newest:
                self._last = newest, self._made(newest)
            return self._last[1]

    def acts_for(self, address: str, node: int) -> bool:
        """Whether a key may act for a node as of the newest block. Raises as `NewestLog.newest`."""
        facts = self._log.newest().head
        return RegionReading(facts).members.acts_for(address, node, facts.block.time)

    def head(self) -> BlockRef:
        """The newest block. Raises as `NewestLog.newest`."""
        return self._log.newest().head.block

    def time(self) -> int:
        """Unix seconds: the later of this machine's clock and the newest block that was seen. Asks nothing."""
        return max(int(time.time()), self._log.seen_time)

    def settle(self) -> None:
        """Do what makes later calls cheaper, and look whether batches are lost; to be called where nobody waits.

        That batches are lost, the next call says. Raises ChainUnavailableError, JournalError.
        """
        self._log.settle()
        if time.monotonic() >= self._checks:
            try:
                self._require_none_lost()
            except AnchorGoneError as error:
                self._checked = -1
                _log.error("no reports are assembled: %s", error)
            self._checks = time.monotonic() + _LOST_SECONDS

    def _made(self, newest: Newest) -> Sight:
        before = self._last
        if before is not None and before[0].final is newest.final:
            known = before[1]
            return Sight(RegionReading(newest.head), known.records, known.survey, known.epochs)
        records = evidence_over(self._region, newest.final)
        reading = records.reading
        logged = {epoch: reading.key_epoch_digest(epoch) for epoch in range(1, reading.current_key_epoch() + 1)}
        epochs = {epoch: digest for epoch, digest in logged.items() if digest is not None}
        return Sight(RegionReading(newest.head), records, survey(records), epochs)

    def _require_none_lost(self) -> None:
        """Look after each fork, and every few seconds: what came and went between two blocks was never seen here."""
        forks = self._log.forks
        require_none_lost(self._region, self._ledger)
        self._checked = forks
