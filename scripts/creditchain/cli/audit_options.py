"""Whose batches and books the `creditchain audit` commands mean, and the lists that they take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from creditchain.acts.proving_faults import Publication
    from creditchain.chain.region import Region

ListArgument = Annotated[
    Path, typer.Argument(metavar="LIST", help="List of leaves, from `audit list`, or a batch folder.")
]
NodeOption = Annotated[int, typer.Option("--node", help="The node that published.")]
EpochOption = Annotated[
    int | None,
    typer.Option("--key-epoch", min=1, help="The key epoch it published under; default: the current one."),
]


def publication(region: Region, node: int, key_epoch: int | None) -> Publication:
    """Whose batches and books the options mean."""
    from creditchain.acts.proving_faults import Publication

    return Publication(node, key_epoch or region.current_key_epoch())
