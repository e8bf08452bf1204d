"""`creditchain audit`: compare lists of leaves with anchors and books, attest, prove what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.audit_annulling import register as register_annulling
from creditchain.cli.audit_options import EpochOption, ListArgument, NodeOption, publication
from creditchain.cli.audit_proving import register as register_proofs
from creditchain.cli.audit_watching import register as register_watch
from creditchain.cli.batch_path import batch_path
from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.files import ForceOption
from creditchain.cli.settings import settings

group = typer.Typer(
    no_args_is_help=True, help="Audit books from lists without content: list, check, attest, prove. 审计"
)
prove_group = typer.Typer(
    no_args_is_help=True, help="Prove that a batch or a book is wrong; anyone may. It is broken for ever. 举证"
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    register_proofs(prove_group)
    register_watch(group)
    register_annulling(group)
    group.add_typer(prove_group, name="prove")
    app.add_typer(group, name="audit")


@group.command("list")
def write_list(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="Root (or its first digits), or the batch's folder.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    force: ForceOption = False,
) -> None:
    """Write the list of a batch for its auditor: the content of each leaf, no document, no salt. 导出叶清单"""
    from creditchain.batch.folder.leaf_list import write_leaves
    from creditchain.batch.folder.opened import open_batch

    with open_batch(batch_path(settings(ctx), batch)) as folder, settings(ctx).output.progress("writing"):
        digest = write_leaves(folder, out, overwrite=force)
        size, root = len(folder.leaves), folder.manifest.root
    settings(ctx).output.emit({"list": str(out), "size": size, "root": root, "sha256": digest})


@group.command()
def check(ctx: typer.Context, listed: ListArgument, node: NodeOption, key_epoch: EpochOption = None) -> None:
    """Check that a list gives the anchored root and size, and ascends. Exit code 1 if not. 核对清单"""
    from creditchain.acts.auditing import check_list
    from creditchain.batch.folder.leaf_list import read_leaves

    chosen = settings(ctx)
    leaves = read_leaves(listed)
    with open_region(chosen) as region:
        of = publication(region, node, key_epoch)
        audit = check_list(region, leaves, of)
    chosen.output.emit(
        {"node": node, "key_epoch": of.key_epoch, "root": audit.root, "size": audit.size}
        | {"subjects": audit.subjects, "ordered": True}
    )


@group.command()
def attest(
    ctx: typer.Context,
    node: NodeOption,
    auditor: Annotated[int, typer.Option(help="The regulator that attests, by its node number.")],
    lists: Annotated[
        list[Path] | None,
        typer.Argument(metavar="LIST...", help="Lists of the node's batches, or folders, but those kept before."),
    ] = None,
    key_epoch: EpochOption = None,
    restored: Annotated[
        bool,
        typer.Option("--restored", help="What broken and annulled batches held is published again, or was a thief's."),
    ] = False,
    signer: SignerOption = None,
) -> None:
    """Keep the lists, check that the node's last book is exactly its batches, and attest it on chain. 审计并留存"""
    from creditchain.acts.auditing import AuditOrder
    from creditchain.acts.auditing import attest as run
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("attesting: waiting for a final block"):
        of = publication(region, node, key_epoch)
        done = run(region, outbox, Home.made(chosen.home), lists or [], AuditOrder(auditor, of, restored))
    chosen.output.emit(
        {"node": node, "key_epoch": of.key_epoch, "root": done.root, "size": done.size, "batches": done.batches}
        | {"auditor": auditor, "restored": restored, "report": str(done.report), "report_digest": done.digest}
    )
