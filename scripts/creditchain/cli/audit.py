"""`creditchain audit` and `creditchain disorder`: compare a batch's list of leaves with its anchor."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from creditchain.cli.batch_path import batch_path
from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.files import ForceOption
from creditchain.cli.settings import settings

group = typer.Typer(
    no_args_is_help=True, help="Audit batches from lists without content: list, check, attest. 批次审计"
)
disorder_group = typer.Typer(no_args_is_help=True, help="Prove that a batch is out of order; anyone may. 乱序举证")

ListArgument = Annotated[
    Path, typer.Argument(metavar="LIST", help="List of leaves, from `audit list`, or a batch folder.")
]
NodeOption = Annotated[int, typer.Option("--node", help="The node that anchored the batch.")]


def register(app: typer.Typer) -> None:
    """Add the groups."""
    app.add_typer(group, name="audit")
    app.add_typer(disorder_group, name="disorder")


@group.command("list")
def write_list(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(help="Root (or its first digits), or the batch's folder.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    force: ForceOption = False,
) -> None:
    """Write the list of a batch for its auditor: the content of each leaf, no document, no salt."""
    from creditchain.batch.folder.leaf_list import write_leaves
    from creditchain.batch.folder.opened import open_batch

    with open_batch(batch_path(settings(ctx), batch)) as folder, settings(ctx).output.progress("writing"):
        digest = write_leaves(folder, out, overwrite=force)
        size, root = len(folder.leaves), folder.manifest.root
    settings(ctx).output.emit({"list": str(out), "size": size, "root": root, "sha256": digest})


@group.command()
def check(ctx: typer.Context, listed: ListArgument, node: NodeOption) -> None:
    """Check that a list gives the anchored root and size, and ascends. Exit code 1 if not."""
    from creditchain.acts.auditing import check_list
    from creditchain.batch.folder.leaf_list import read_leaves

    chosen = settings(ctx)
    leaves = read_leaves(listed)
    with open_region(chosen) as region:
        audit = check_list(region, leaves, node)
    chosen.output.emit(_shown(node, audit.root, audit.size, audit.subjects))


@group.command()
def attest(
    ctx: typer.Context,
    listed: ListArgument,
    node: NodeOption,
    auditor: Annotated[int, typer.Option(help="The regulator that attests, by its node number.")],
    signer: SignerOption = None,
) -> None:
    """Check a list as `audit check` does, keep it, and attest on chain that size and order are right. 审计并留存"""
    from creditchain.acts.auditing import attest as run
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("attesting: waiting for a final block"):
        done = run(region, outbox, Home.made(chosen.home), listed, node, auditor)
    kept = done.kept
    chosen.output.emit(
        _shown(node, kept.root, kept.size, kept.subjects)
        | {"auditor": auditor, "kept": str(kept.path), "report": str(done.report), "report_digest": done.digest}
    )


@disorder_group.command()
def prove(ctx: typer.Context, listed: ListArgument, node: NodeOption, signer: SignerOption = None) -> None:
    """Find two adjacent leaves that do not ascend and prove it on chain: the anchor is broken for ever.

    The two subject tags become public; it is the only command that shows one.
    """
    from creditchain.acts.proving_disorder import prove_disorder
    from creditchain.batch.folder.leaf_list import read_leaves

    chosen = settings(ctx)
    leaves = read_leaves(listed)
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("proving: waiting for a final block"):
        done = prove_disorder(region, outbox, leaves, node)
    chosen.output.emit({"node": node, "root": done.root, "index": done.index, "broken": done.broken})


def _shown(node: int, root: bytes, size: int, subjects: int) -> dict[str, Any]:
    return {"node": node, "root": root, "size": size, "subjects": subjects, "ordered": True}
