"""`creditchain anchor`: an upload, or a folder that fills with uploads, becomes anchored batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.app import Settings, settings
from creditchain.cli.connecting import JOURNAL, SignerOption, TagKeyOption, open_region, required_signer
from creditchain.cli.product import Folders, folders_of
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.anchoring import Anchoring, Options
    from creditchain.batch import Problem
    from creditchain.batch.ledger import AnchoringRow
    from creditchain.cli.output import Output

KINDS = ("delta", "full")
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
    report_errors: Annotated[
        Path | None, typer.Option("--report-errors", help="Write every bad line to this file, as JSON Lines.")
    ] = None,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Leave bad lines out and anchor the rest.")
    ] = False,
    sort_memory: MemoryOption = "256M",
    workers: WorkersOption = 0,
    tag_key: TagKeyOption = None,
    signer: SignerOption = None,
    products: Folders = None,
) -> None:
    """Check an upload, make its batch and anchor it. Run again after an interruption, it finishes the same one. 锚定"""
    from creditchain.anchoring import Order
    from creditchain.batch import find_upload
    from creditchain.keystores import load_tag_key
    from creditchain.products import load_product

    chosen = settings(ctx)
    if kind not in KINDS:
        raise UsageError("a kind of batch that is not known", expected=" or ".join(KINDS), found=kind)
    order = Order(
        find_upload(upload),
        load_product(product, folders_of(products)),
        node,
        load_tag_key(required_tag_key(tag_key)),
        KINDS.index(kind),
    )
    with reporting(report_errors, order.upload.name) as report, watching(chosen.output) as options:
        ready = options(skip_invalid=skip_invalid, report=report, sort_memory=memory(sort_memory), workers=workers)
        with anchoring(chosen, signer, ready) as machine:
            row = machine.anchor(order)
            path = machine.batches / (row.root or b"").hex()
    chosen.output.emit(described(row) | {"folder": str(path)})


@contextmanager
def anchoring(chosen: Settings, signer: str | None, options: Options) -> Iterator[Anchoring]:
    """The machine that anchors, over the region of the global options and the home's journal."""
    from creditchain.anchoring import Anchoring
    from creditchain.chain.signers import parse_signer
    from creditchain.journal import open_journal

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
def reporting(path: Path | None, upload: str) -> Iterator[Callable[[Problem], None] | None]:
    """Writes problems to a file as they come; the file is there, perhaps empty, when all is done."""
    import orjson

    if path is None:
        yield None
        return
    with path.open("wb") as handle:

        def write(problem: Problem) -> None:
            handle.write(orjson.dumps(problem.as_json(upload)) + b"\n")

        yield write


@contextmanager
def watching(output: Output) -> Iterator[Callable[..., Options]]:
    """Options whose progress shows, one bar a stage with rate and time left, and whose states are told."""
    from creditchain.anchoring import Options
    from creditchain.batch import Faults, Limits
    from creditchain.batch.ledger import State

    told = {
        State.PREPARED: "batch made",
        State.NUMBERED: "sending",
        State.MINED: "in a block; waiting until it is final",
        State.FINAL: "final",
    }
    with output.stages() as watch:

        def options(*, skip_invalid: bool, report: Any, sort_memory: int, workers: int) -> Options:
            return Options(
                limits=Limits(sort_memory=sort_memory, workers=workers),
                faults=Faults(skip_invalid, report),
                watch=watch,
                observe=lambda state: output.note(told[state]),
            )

        yield options
