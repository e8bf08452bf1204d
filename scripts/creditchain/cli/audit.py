"""`creditchain audit` and `creditchain disorder`: is a batch what its anchor says, from its list of leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.settings import settings
from creditchain.errors import InputError, NotValidError, Place, UnavailableError

if TYPE_CHECKING:
    from creditchain.chain.region import Region
    from creditchain.verification.audit import Audit, LeafList

group = typer.Typer(
    no_args_is_help=True, help="Audit batches from lists without content: list, check, attest. 批次审计"
)
disorder_group = typer.Typer(no_args_is_help=True, help="Prove that a batch is out of order; anybody may. 乱序举证")

ListArgument = Annotated[
    Path, typer.Argument(metavar="LIST", help="List of leaves: Parquet from `audit list`, or a batch folder.")
]
NodeOption = Annotated[int, typer.Option("--node", help="The node that anchored the batch.")]
#: Columns of a list, and their width in bytes.
COLUMNS = {"tag": 32, "section": 1, "commitment": 32}


def register(app: typer.Typer) -> None:
    """Add the groups."""
    app.add_typer(group, name="audit")
    app.add_typer(disorder_group, name="disorder")


@group.command("list")
def write_list(
    ctx: typer.Context,
    batch: Annotated[Path, typer.Argument(help="Batch folder.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="Parquet file to write.")],
) -> None:
    """Write the list of a batch for its auditor: (tag, section, commitment) of each leaf, no content, no salt."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from creditchain.batch.folder.opened import open_batch

    kinds = [("tag", pa.binary(32)), ("section", pa.uint8()), ("commitment", pa.binary(32))]
    schema = pa.schema(kinds)
    part = out.with_name(out.name + ".part")
    with open_batch(batch) as folder, settings(ctx).output.progress("writing", len(folder.leaves)) as bar:
        with pq.ParquetWriter(part, schema, compression="none") as writer:
            for start in range(0, len(folder.leaves), 100_000):
                leaves = folder.leaves[start : start + 100_000]
                columns = [
                    pa.array(column, kind) for column, (_, kind) in zip(zip(*leaves, strict=True), kinds, strict=True)
                ]
                writer.write_table(pa.table(columns, schema=schema))
                bar.advance(bar.task_ids[0], len(leaves))
        size, root = len(folder.leaves), folder.manifest.root
    part.replace(out)
    settings(ctx).output.emit({"list": str(out), "size": size, "root": root})


@group.command()
def check(ctx: typer.Context, listed: ListArgument, node: NodeOption) -> None:
    """Does the list give the anchored root and size, and ascend? Exit code 1 if not."""
    from creditchain.verification.audit import audit_list

    chosen = settings(ctx)
    audit = audit_list(read_list(listed))
    with open_region(chosen) as region:
        require_right(audit, region, node)
    chosen.output.emit(_shown(audit, node))


@group.command()
def attest(
    ctx: typer.Context,
    listed: ListArgument,
    node: NodeOption,
    auditor: Annotated[int, typer.Option(help="The regulator that attests, by its node number.")],
    report: Annotated[Path | None, typer.Option(help="Where to write the report whose digest goes on chain.")] = None,
    signer: SignerOption = None,
) -> None:
    """Check a list as `audit check` does, and attest on chain that list, size and order are right. For regulators."""
    from creditchain.documents import canonical_bytes
    from creditchain.verification.audit import audit_list, audit_report, report_digest

    chosen = settings(ctx)
    audit = audit_list(read_list(listed))
    with acting(chosen, signer) as (region, outbox):
        require_right(audit, region, node)
        document = audit_report(audit, log_id=region.deployment.log_id, node=node, auditor=auditor)
        path = report or listed.with_suffix(".audit.json")
        path.write_bytes(canonical_bytes(document))
        digest = report_digest(document)
        call = region.calls.attest_audit(auditor, node, audit.root, digest)
        with chosen.output.progress("attesting: waiting for a final block"):
            outbox.submit(f"audit {auditor} {node} {audit.root.hex()} {digest.hex()}", call)
    chosen.output.emit(_shown(audit, node) | {"auditor": auditor, "report": str(path), "report_digest": digest})


@disorder_group.command()
def prove(ctx: typer.Context, listed: ListArgument, node: NodeOption, signer: SignerOption = None) -> None:
    """Find two adjacent leaves that do not ascend and prove it on chain: the anchor is broken for ever.

    The two subject tags become public; it is the only command that shows one.
    """
    from creditchain.verification.audit import find_disorder, tree_of

    chosen = settings(ctx)
    leaves = read_list(listed)
    found = find_disorder(leaves)
    if found is None:
        raise InputError("the list is in order; there is nothing to prove", place=Place(str(listed)))
    root = tree_of(leaves).root
    with acting(chosen, signer) as (region, outbox):
        call = region.calls.prove_disorder(node, root, found.index, found.first, found.second, found.proofs)
        with chosen.output.progress("proving: waiting for a final block"):
            outbox.submit(f"disorder {node} {root.hex()}", call)
        anchor = region.anchor(node, root, region.chain.final_block().number)
    chosen.output.emit(
        {"node": node, "root": root, "index": found.index, "broken": anchor is not None and anchor.broken}
    )


def read_list(path: Path) -> LeafList:
    """A list of leaves. Raises UnavailableError if it can not be read, InputError if it is no list."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from creditchain.verification.audit import LeafList

    try:
        table = _arrow_parts(path) if path.is_dir() else pq.read_table(path)
    except OSError as error:
        raise UnavailableError(
            "the list can not be read", place=Place(str(path)), found=type(error).__name__
        ) from error
    except pa.ArrowException as error:
        raise InputError("this is no list of leaves", place=Place(str(path))) from error
    if table.column_names != list(COLUMNS) or table.num_rows == 0:
        raise InputError(
            "this is no list of leaves",
            expected="columns " + ", ".join(COLUMNS) + ", one leaf or more",
            found=", ".join(table.column_names),
            place=Place(str(path)),
        )
    columns = []
    for name, width in COLUMNS.items():
        column = table.column(name).combine_chunks()
        kind = pa.uint8() if width == 1 else pa.binary(width)
        if column.type != kind or column.null_count:
            raise InputError("a column has the wrong type", expected=str(kind), place=Place(str(path), field=name))
        start = column.offset * width
        flat = np.frombuffer(column.buffers()[1], np.uint8)[start : start + len(column) * width]
        columns.append(flat.reshape(-1, width) if width > 1 else flat)
    return LeafList(*columns)


def _arrow_parts(path: Path) -> Any:
    """The leaves of a batch folder, as the publisher keeps them."""
    import pyarrow as pa

    parts = sorted((path / "leaves").glob("*.arrow"))
    if not parts:
        raise InputError("this is no batch folder", expected="a folder leaves with Arrow files", place=Place(str(path)))
    return pa.concat_tables(pa.ipc.open_file(part).read_all() for part in parts).select(list(COLUMNS))


def require_right(audit: Audit, region: Region, node: int) -> None:
    """Raise NotValidError unless what a list shows is what the node anchored."""
    anchor = region.anchor(node, audit.root, region.chain.final_block().number)
    if anchor is None:
        raise NotValidError(
            "this node anchored no batch with the root of this list",
            found="0x" + audit.root.hex(),
            hint="The list is not the batch's, or leaves were changed, left out or put in another order.",
        )
    if anchor.size != audit.size:
        raise NotValidError(
            "the list has another size than the anchor", expected=str(anchor.size), found=str(audit.size)
        )
    if audit.disorder is not None:
        raise NotValidError(
            f"leaves {audit.disorder} and {audit.disorder + 1} do not ascend",
            hint="Prove it on chain with `creditchain disorder prove`.",
        )


def _shown(audit: Audit, node: int) -> dict[str, Any]:
    return {"node": node, "root": audit.root, "size": audit.size, "subjects": audit.subjects, "ordered": True}
