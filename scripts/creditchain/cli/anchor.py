"""`creditchain anchor`: an upload, or a folder that fills with uploads, becomes anchored batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import JOURNAL, SignerOption, TagKeyOption, open_region, required_signer
from creditchain.cli.fault_report import ReportOption, reporting
from creditchain.cli.product import Folders, folders_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import ExitCode, InputError, Place, RefusedError, UsageError

if TYPE_CHECKING:
    from creditchain.acts.anchoring import Anchoring, Options, Order
    from creditchain.batch.ledger import AnchoringRow
    from creditchain.batch.readers.inbox import Inbox
    from creditchain.cli.output import Output
    from creditchain.products import Product

KINDS = ("delta", "full")
#: Seconds between two looks into a folder that is watched.
_LOOK_SECONDS = 0.5
_UNITS = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}

MemoryOption = Annotated[
    str, typer.Option("--sort-memory", help="Memory for sorting, over all workers; more goes to disk. E.g. 256M, 2G.")
]
WorkersOption = Annotated[int, typer.Option("--workers", help="Processes; 0 for one a core.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(anchor)


def anchor(
    ctx: typer.Context,
    upload: Annotated[
        str, typer.Argument(help="JSON Lines, CSV or Parquet file, or folder of files with manifest.csv; or its URL.")
    ],
    product: Annotated[str, typer.Option(help="name/version, or a product file.")],
    node: Annotated[int, typer.Option(help="The node that publishes.")],
    kind: Annotated[str, typer.Option(help="delta, or full: restates all earlier batches of its series.")] = "delta",
    report_errors: ReportOption = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave bad lines out and anchor the rest.")
    ] = False,
    supersede: Annotated[
        bool,
        typer.Option("--supersede", help="Records published before may come again; the earlier ones are superseded."),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="UPLOAD is a folder in which uploads arrive; anchor each of them once.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="With --watch: end when what is there is done.")] = False,
    move_to: Annotated[
        Path | None, typer.Option("--move-to", help="With --watch: move uploads there when they are final.")
    ] = None,
    settle: Annotated[
        float, typer.Option(min=0.0, help="With --watch: seconds without a change that make an upload whole.")
    ] = 5.0,
    sort_memory: MemoryOption = "256M",
    workers: WorkersOption = 0,
    tag_key: TagKeyOption = None,
    signer: SignerOption = None,
    products: Folders = None,
) -> int:
    """Check an upload, make its batch and anchor it. Run again after an interruption, it finishes the same one. 锚定"""
    from creditchain.batch.readers.inbox import Inbox
    from creditchain.catalogue.products import load_product
    from creditchain.home.keystores import load_tag_key

    chosen = settings(ctx)
    if kind not in KINDS:
        raise UsageError("a kind of batch that is not known", expected=" or ".join(KINDS), found=kind)
    if not watch and (once or move_to is not None):
        raise UsageError("--once and --move-to go with --watch")
    what = _What(
        load_product(product, folders_of(products)), node, load_tag_key(required_tag_key(tag_key)), KINDS.index(kind)
    )
    with reporting(report_errors, upload) as report, watching(chosen.output) as options:
        ready = options(
            skip_invalid=skip_invalid,
            supersede=supersede,
            report=report,
            sort_memory=memory(sort_memory),
            workers=workers,
        )
        with anchoring(chosen, signer, ready) as machine:
            if watch:
                return _watch(chosen, machine, what, Inbox(Path(upload), settle), once=once, move_to=move_to)
            chosen.output.emit(_anchored(machine, what, upload))
    return ExitCode.OK


@dataclass(frozen=True)
class _What:
    """What every upload of one call has in common."""

    product: Product
    node: int
    tag_key: bytes = field(repr=False)
    kind: int

    def order(self, upload: str) -> Order:
        from creditchain.acts.anchoring import Order
        from creditchain.batch import find_upload

        return Order(find_upload(upload), self.product, self.node, self.tag_key, self.kind)


def _anchored(machine: Anchoring, what: _What, upload: str) -> dict[str, Any]:
    row = machine.anchor(what.order(upload))
    return described(row) | {"folder": str(machine.batches / (row.root or b"").hex())}


def _watch(chosen: Settings, machine: Anchoring, what: _What, inbox: Inbox, *, once: bool, move_to: Path | None) -> int:
    """Anchor what arrives, until Ctrl-C or, with `once`, until nothing is left. The worst exit code of all uploads.

    An upload that is bad, or refused, is told and left alone until it changes. What can't be asked is tried again.
    """
    import time

    worst = ExitCode.OK
    for row in machine.ledger.rows(unfinished=True):
        machine.resume(row, what.tag_key)
    while True:
        for arrival in inbox.ready():
            try:
                done = _anchored(machine, what, str(arrival.path))
            except (InputError, RefusedError) as error:
                chosen.output.error(error.at(Place(str(arrival.path))))
                worst = max(worst, error.exit_code)
            else:
                chosen.output.emit({"upload": arrival.path.name, **done})
                if move_to is not None:
                    move_to.mkdir(parents=True, exist_ok=True)
                    arrival.path.rename(move_to / arrival.path.name)
            inbox.deal_with(arrival)
        if once and not inbox.unsettled():
            return worst
        time.sleep(_LOOK_SECONDS)


@contextmanager
def anchoring(chosen: Settings, signer: str | None, options: Options) -> Iterator[Anchoring]:
    """The machine that anchors, over the region of the global options and the home's journal."""
    from creditchain.acts.anchoring import Anchoring
    from creditchain.chain.signers import parse_signer
    from creditchain.home.journal import open_journal

    with open_region(chosen) as region, open_journal(chosen.home / JOURNAL) as journal:
        outbox = region.outbox(parse_signer(required_signer(signer), region.chain), journal)
        yield Anchoring(region, outbox, journal, chosen.home, options)


def described(row: AnchoringRow) -> dict[str, Any]:
    """An anchoring for people and machines; no subject, no secret."""
    from creditchain.documents import domains_of

    return {
        "root": row.root,
        "state": str(row.state),
        "node": row.node,
        "product": row.product,
        "kind": KINDS[row.kind],
        "number": row.number,
        "size": row.size,
        "subjects": row.subjects,
        "domains": [domain.label for domain in domains_of(row.domains or 0)],
        "key_epoch": row.key_epoch,
        "skipped": row.skipped,
        "entry": row.entry,
        "block": row.block,
        "transaction": row.transaction_hash,
    }


def required_tag_key(tag_key: str | None) -> str:
    """The tag key option, which this command can not do without."""
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
def watching(output: Output) -> Iterator[Callable[..., Options]]:
    """Options whose progress shows, one bar a stage with rate and time left, and whose states are told."""
    from creditchain.acts.anchoring import Options
    from creditchain.batch import Limits
    from creditchain.batch.ledger import State

    told = {
        State.PREPARED: "batch made",
        State.NUMBERED: "sending",
        State.MINED: "in a block; waiting until it is final",
        State.FINAL: "final",
    }
    with output.stages() as watch:

        def options(
            *, skip_invalid: bool, report: Any, sort_memory: int, workers: int, supersede: bool = False
        ) -> Options:
            return Options(
                limits=Limits(sort_memory=sort_memory, workers=workers),
                skip_invalid=skip_invalid,
                supersede=supersede,
                report=report,
                watch=watch,
                observe=lambda state: output.note(told[state]),
            )

        yield options
