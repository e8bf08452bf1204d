"""Listing what a home has anchored or begun, each with the region and network that it is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditchain.batch.ledger import AnchoringRow, all_rows
from creditchain.chain.deployments import deployments_by_log
from creditchain.home.journal import Journal


@dataclass(frozen=True, slots=True)
class ListedAnchoring:
    """A row of the journal. Region and network are None where no deployment file here has its log."""

    row: AnchoringRow
    region: str | None
    network: str | None


def list_anchorings(journal: Journal, deployments: Path) -> list[ListedAnchoring]:
    """Every anchoring, of any region, in the order in which they were begun. Asks no chain."""
    known = deployments_by_log(deployments)
    listed = []
    for row in all_rows(journal):
        found = known.get(row.log_id)
        listed.append(ListedAnchoring(row, found.region if found else None, found.network if found else None))
    return listed
