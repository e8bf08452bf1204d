"""The filings about one record: found from the record's cell, each by the one after it, without reading the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from creditchain.chain.errors import LyingEndpointError
from creditchain.chain.log_entries import entry_at
from creditchain.chain.region import Region
from creditchain.log.cells import NO_WORD, parse_writes
from creditchain.log.disputes import LoggedDispute, filed_dispute
from creditchain.log.entries import DisputeBody
from creditchain.log.record_cells import record_state
from creditchain.log.views import RecordName


def filings_of(region: Region, record: RecordName, block: int) -> Iterator[LoggedDispute]:
    """Every filing about a record as of a block, the last one first. What answers say of successors is not among it.

    Raises:
        LyingEndpointError: the entry that the cell names is not the filing.
    """
    state = region.record(record.node, record.leaf, block)
    answers = region.answers(record.node, record.leaf, state.filings, block)
    while state.filings:
        entry = entry_at(region, state.last, state.filed_at, block)
        body = None if entry is None else entry.body
        if entry is None or not isinstance(body, DisputeBody) or body.number != state.filings:
            raise LyingEndpointError(
                "the endpoint does not return the filing that the record's cell names",
                expected=f"entry {state.last}, filing {state.filings}",
                found="no such entry" if entry is None else f"entry {entry.index} of kind {entry.kind}",
            )
        outcome, answered_at = answers[body.number - 1]
        yield replace(filed_dispute(entry, body), state=outcome, answered_at=answered_at)
        # The entry's old word is the cell as it was before this filing.
        before = parse_writes(entry.writes, entry.index)[0].old
        state = record_state(record.node, record.leaf, NO_WORD, before)
