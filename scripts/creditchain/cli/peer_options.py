"""Options that say where the exchanges of other publishers are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.errors import UsageError

PeersOption = Annotated[
    list[str] | None,
    typer.Option(
        "--peer",
        metavar="NODE=URL",
        help="Exchange that gives another publisher's part, such as 7=https://exchange.example:8420; for each its own.",
    ),
]
PeerCaOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Certificates (PEM) that theirs have to follow from."),
]
CollectWithinOption = Annotated[
    float, typer.Option(min=0.1, max=60.0, help="Seconds that other exchanges have, all asked at the same time.")
]


def peers_of(given: list[str] | None) -> dict[int, str]:
    """Addresses by node. Raises UsageError."""
    found: dict[int, str] = {}
    for text in given or []:
        node, _, url = text.partition("=")
        if not node.isascii() or not node.isdecimal() or not 0 < int(node) < 1 << 24 or not url:
            raise UsageError("--peer names a node and an address", expected="NODE=URL", found=text[:100])
        if int(node) in found:
            raise UsageError("--peer names a node twice", found=f"node {int(node)}")
        found[int(node)] = url
    return found
