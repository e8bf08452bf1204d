"""`creditchain anchor`: an upload, or a folder that fills with uploads, becomes anchored batches."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.anchoring_options import (
    MemoryOption,
    WorkersOption,
    machine_of,
    memory,
    options_of,
    required_tag_key,
)
from creditchain.cli.batch_shown import SENT_AGAIN, anchored, arrived, booked, resumed, tell_resumed
from creditchain.cli.connecting import SignerOption, TagKeyOption
from creditchain.cli.fault_report import ReportOption, reporting
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.reading_options import EncodingOption, HeaderRowOption, MappingOption, SheetOption, reading_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from creditchain.acts.anchoring import Anchoring
    from creditchain.acts.watching import Watching


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(anchor)


def anchor(
    ctx: typer.Context,
    upload: Annotated[
        str,
        typer.Argument(help="JSON Lines, CSV, .xlsx or Parquet file, folder of files with manifest.csv, or URL."),
    ],
    product: Annotated[str, typer.Option(help="name/version, or a product file.")],
    node: Annotated[int, typer.Option(help="The node that publishes.")],
    report_errors: ReportOption = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Skip bad lines and anchor the rest.")] = False,
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
    book: Annotated[
        bool, typer.Option("--book/--no-book", help="With --watch: also enter the book of what was anchored.")
    ] = True,
    book_every: Annotated[
        int, typer.Option("--book-every", min=1, help="With --watch: hours for one book, from midnight in China.")
    ] = 24,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    header_row: HeaderRowOption = 1,
    mapping: MappingOption = None,
    sort_memory: MemoryOption = "256M",
    workers: WorkersOption = 0,
    tag_key: TagKeyOption = None,
    signer: SignerOption = None,
    products: Folders = None,
) -> int:
    """Check an upload, make its batch and anchor it. Run again after an interruption, it finishes the same one. 锚定

    With --watch, --json prints one JSON document a line, as each upload is done.
    """
    from creditchain.acts.anchoring import AnchorOrder
    from creditchain.acts.daily_books import HOUR, BookPlan
    from creditchain.acts.watching import Watching
    from creditchain.batch.readers.inbox import Inbox
    from creditchain.batch.readers.upload import find_upload
    from creditchain.catalogue.products import load_product
    from creditchain.home.keystores import load_tag_key

    chosen = settings(ctx)
    if not watch and (once or move_to is not None or not book):
        raise UsageError("--once, --move-to and --no-book go with --watch")
    found, key = load_product(product, folders_of(products)), load_tag_key(required_tag_key(tag_key))

    reading = reading_of(encoding, sheet, header_row, mapping, found)

    def order(path: str) -> AnchorOrder:
        return AnchorOrder(find_upload(path, reading), found, node, key)

    with reporting(report_errors, upload, product, mapping) as report, options_of(chosen.output) as options:
        ready = options(
            report,
            skip_invalid=skip_invalid,
            supersede=supersede,
            sort_memory=memory(sort_memory),
            workers=workers,
        )
        with machine_of(chosen, signer, ready) as machine:
            if watch:
                plan = BookPlan(node, book_every * HOUR) if book else None
                what = Watching(Inbox(Path(upload), settle), order, key, once, move_to, books=plan)
                return _watch(chosen, machine, what, Path(upload))
            row = machine.anchor(order(upload))
    chosen.output.emit(anchored(row) | {"folder": str(machine.batches / (row.root or b"").hex())})
    return ExitCode.OK


def _watch(chosen: Settings, machine: Anchoring, what: Watching, folder: Path) -> int:
    """Show what becomes of each upload. The worst exit code of all that were not anchored."""
    from creditchain.acts.daily_books import BookOutcome
    from creditchain.acts.resuming import BatchOutcome
    from creditchain.acts.watching import watch, watch_lock
    from creditchain.home.layout import Home

    worst, output = ExitCode.OK, chosen.output
    with watch_lock(Home(chosen.home), folder):
        for outcome in watch(machine, what):
            worst = max(worst, outcome.exit_code)
            if isinstance(outcome, BatchOutcome):
                tell_resumed(output, outcome)
                output.event(resumed(outcome))
                continue
            shown = booked(outcome) if isinstance(outcome, BookOutcome) else arrived(outcome)
            if outcome.error is not None and not output.as_json:
                output.error(outcome.error)
                if outcome.again:
                    output.note("it will be tried again")
            output.event(shown)
    return worst


__all__ = ["SENT_AGAIN", "anchor", "register"]
