"""What `anchor` and `batch resume` share: options, progress, and the machine that anchors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.batch_shown import SENT_AGAIN
from creditchain.cli.connecting import journal_of, open_region, required_signer
from creditchain.cli.settings import Settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.anchoring import Anchoring, AnchorOptions
    from creditchain.cli.output import Output

_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

MemoryOption = Annotated[
    str, typer.Option("--sort-memory", help="Memory for sorting, over all workers; more goes to disk. E.g. 256M, 2G.")
]
WorkersOption = Annotated[int, typer.Option("--workers", help="Number of processes; 0 for one on each core.")]


@contextmanager
def machine_of(chosen: Settings, signer: str | None, options: AnchorOptions) -> Iterator[Anchoring]:
    """The machine that anchors, over the region of the global options and the home's journal."""
    from creditchain.acts.anchoring import Anchoring
    from creditchain.chain.signers import parse_signer
    from creditchain.home.layout import Home

    with open_region(chosen) as region, journal_of(chosen) as journal:
        outbox = region.outbox(parse_signer(required_signer(signer), region.chain), journal)
        yield Anchoring(region, outbox, journal, Home(chosen.home), options)


def required_tag_key(tag_key: str | None) -> str:
    """The tag key option, where a command cannot do without it."""
    if tag_key is None:
        raise UsageError("this command needs the tag key", hint="Give it with --tag-key or CREDITCHAIN_TAG_KEY.")
    return tag_key


def memory(text: str) -> int:
    """Bytes from `256M` and the like."""
    number, unit = (text[:-1], _UNITS.get(text[-1:].lower())) if text[-1:].isalpha() else (text, 1)
    if unit is None or not number.isdigit() or int(number) * unit < 1 << 20:
        raise UsageError("not an amount of memory", expected="1M or more, like 256M or 2G", found=text)
    return int(number) * unit


@contextmanager
def options_of(output: Output) -> Iterator[Callable[..., AnchorOptions]]:
    """Options whose progress shows, one bar a stage with rate and time left, and whose states are told."""
    from creditchain.acts.anchoring import AnchorOptions
    from creditchain.batch.ledger import State
    from creditchain.batch.making.task import BatchLimits

    told = {
        State.PREPARED: "batch made",
        State.NUMBERED: "sending",
        State.MINED: "in a block; waiting until it is final",
        State.FINAL: "final",
    }
    with output.stages() as watch:

        def options(
            report: Any, *, sort_memory: int, workers: int, skip_invalid: bool = False, supersede: bool = False
        ) -> AnchorOptions:
            return AnchorOptions(
                limits=BatchLimits(sort_memory=sort_memory, workers=workers),
                skip_invalid=skip_invalid,
                supersede=supersede,
                report=report,
                watch=watch,
                observe=lambda state: output.note(told[state]),
                on_lost=lambda row: output.note(f"row {row.id}: {SENT_AGAIN}"),
            )

        yield options
