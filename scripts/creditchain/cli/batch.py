"""`creditchain batch`: the batches of this home, from begun to final."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.anchor import anchoring, described, watching
from creditchain.cli.connecting import JOURNAL, SignerOption, TagKeyOption
from creditchain.cli.naming import ReasonOption
from creditchain.cli.prove import batch_path
from creditchain.cli.record import set_life
from creditchain.cli.settings import settings
from creditchain.errors import InputError

if TYPE_CHECKING:
    from creditchain.batch import Manifest

group = typer.Typer(no_args_is_help=True, help="Batches: list, show, check, resume, purge. 批次")

RootArgument = Annotated[
    str, typer.Argument(metavar="BATCH", help="Root (or its first digits), or the batch's folder.")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="batch")


@group.command("list")
def list_batches(ctx: typer.Context) -> None:
    """Every anchoring in the journal of this home, of any region."""
    from creditchain.batch.ledger import all_rows
    from creditchain.home.journal import open_journal

    chosen = settings(ctx)
    with open_journal(chosen.home / JOURNAL) as journal:
        rows = [described(row) for row in all_rows(journal)]
    columns = ("root", "state", "node", "product", "kind", "number", "size", "subjects")
    cells = [["" if row[name] is None else row[name] for name in columns] for row in rows]
    chosen.output.table(columns, cells, value=rows)


@group.command()
def show(ctx: typer.Context, batch: RootArgument) -> None:
    """What a batch's manifest says."""
    from creditchain.batch.folder.manifest import read_manifest

    chosen = settings(ctx)
    path = batch_path(chosen, batch)
    chosen.output.emit({**_summary(read_manifest(path)), "folder": str(path)})


@group.command()
def check(ctx: typer.Context, batch: RootArgument) -> None:
    """Recompute everything in a batch folder; exit code 1 if a single bit of it is not as it was."""
    from creditchain.batch.folder.check import check_batch

    chosen = settings(ctx)
    path = batch_path(chosen, batch)
    with chosen.output.stages() as watch:
        checked = check_batch(path, watch)
    chosen.output.emit({**_summary(checked.manifest), "purged": checked.purged, "folder": str(path), "intact": True})


@group.command()
def resume(ctx: typer.Context, tag_key: TagKeyOption = None, signer: SignerOption = None) -> None:
    """Finish every anchoring that was begun in this region and is not final."""
    from creditchain.home.keystores import load_tag_key

    chosen = settings(ctx)
    key = load_tag_key(tag_key) if tag_key is not None else None
    with watching(chosen.output) as options:
        ready = options(skip_invalid=False, report=None, sort_memory=256 << 20, workers=0)
        with anchoring(chosen, signer, ready) as machine:
            rows = [machine.resume(row, key) for row in machine.ledger.rows(unfinished=True)]
    chosen.output.table(
        ["root", "state", "node", "product", "number"],
        [[row.root, row.state, row.node, row.product, row.number] for row in rows],
        value=[described(row) for row in rows],
    )


@group.command()
def purge(
    ctx: typer.Context,
    batch: RootArgument,
    index: Annotated[list[int], typer.Option(help="Leaf index of a record; may be given several times.")],
    reason: ReasonOption,
    signer: SignerOption = None,
) -> None:
    """Erase content and salt of records for good, and log that they were erased. All other proofs stay. 清除"""
    from creditchain.batch import open_batch
    from creditchain.batch.folder.purging import purge as erase
    from creditchain.vocabulary import Life

    chosen = settings(ctx)
    path = batch_path(chosen, batch)
    with open_batch(path) as folder:
        manifest = folder.manifest
        if wrong := [each for each in index if not 0 <= each < manifest.size]:
            raise InputError("no leaf at this index", expected=f"0 to {manifest.size - 1}", found=str(wrong[0]))
        leaves = [folder.leaves[each].hash() for each in index]
    # First the content, which the law wants gone, then the word of it; doing both again does no harm.
    erase(path, manifest, index)
    for leaf in leaves:
        set_life(ctx, f"{manifest.terms.node}:0x{leaf.hex()}", Life.ERASED, reason, signer)


def _summary(manifest: Manifest) -> dict[str, Any]:
    from creditchain.cli.anchor import KINDS
    from creditchain.documents import domains_of

    terms = manifest.terms
    return {
        "root": manifest.root,
        "size": manifest.size,
        "subjects": manifest.subjects,
        "domains": [domain.label for domain in domains_of(manifest.domains)],
        "product": terms.product,
        "kind": KINDS[terms.kind],
        "node": terms.node,
        "key_epoch": terms.key_epoch,
        "chain_id": terms.chain_id,
        "log_id": terms.log_id,
        "files": {"leaves": len(manifest.leaves), "documents": len(manifest.documents)},
    }
