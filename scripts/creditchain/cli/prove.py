"""`creditchain prove`: the package of one record, for whoever may see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.anchoring_options import required_tag_key
from creditchain.cli.batch_path import batch_path
from creditchain.cli.choices import names_of
from creditchain.cli.connecting import RpcOption, TagKeyOption, journal_of, open_region
from creditchain.cli.facts_options import RegionFactsOption, require_checkpoint, signed_in
from creditchain.cli.files import ForceOption, load
from creditchain.cli.settings import Settings, settings
from creditchain.cli.subject_options import subject_of
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.batch.ledger import AnchoringRow

BatchOption = Annotated[
    str,
    typer.Option("--batch", help="The batch: its root (or the first digits of it) in the home folder, or its folder."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    ctx: typer.Context,
    batch: BatchOption,
    number: Annotated[str, typer.Option(help="The subject's number.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="Package to write; a folder if several are found.")],
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    section: Annotated[str | None, typer.Option(help="Only this section.")] = None,
    index: Annotated[int | None, typer.Option(help="Only the leaf at this index, if there are several.")] = None,
    tag_statement: Annotated[
        Path | None, typer.Option("--tag-statement", help="A platform's statement to include, from `tag state`.")
    ] = None,
    force: ForceOption = False,
    tag_key: TagKeyOption = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Put in the facts that verifying needs under this checkpoint.")
    ] = None,
    region_facts: RegionFactsOption = None,
    rpc: RpcOption = None,
) -> None:
    """Write the package of one record of a final batch, or of each of a subject's records in it. 出具证明"""
    from creditchain.acts.proving import SoughtRecords, find_records, shown
    from creditchain.acts.proving import prove as run
    from creditchain.acts.showing_facts import with_facts
    from creditchain.batch.folder.opened import open_batch
    from creditchain.documents import SECTIONS
    from creditchain.home.files import check_output, write_file
    from creditchain.home.keystores import load_tag_key
    from creditchain.packages.record_package import parse_statement

    require_checkpoint(checkpoint, region_facts)
    chosen = settings(ctx)
    wanted = None if section is None else SECTIONS[names_of("--section", section, SECTIONS)[0]]
    subject = subject_of(chosen, scheme, number, rpc)
    sought = SoughtRecords(subject, load_tag_key(required_tag_key(tag_key)), wanted, index)
    statement = None if tag_statement is None else load(tag_statement, parse_statement)
    with open_batch(batch_path(chosen, batch)) as folder:
        indices = find_records(folder, sought)
        if len(indices) > 1 and not out.is_dir():
            hint = "Choose with --index, or name a folder."
            raise UsageError("there are several records", found=shown(indices), hint=hint)
        paths = [out / f"{each}.json" if out.is_dir() else out for each in indices]
        for path in paths:
            check_output(path, overwrite=force, inputs=[] if tag_statement is None else [tag_statement])
        with open_region(chosen, rpc) as region:
            proven = run(region, folder, sought, indices, statement, _known(chosen, folder.manifest.root))
            packages = [one.package for one in proven]
            if checkpoint is not None:
                with chosen.output.stages() as watch:
                    signed = signed_in(chosen, region, checkpoint, region_facts, watch)
                packages = [with_facts(region, signed, one) for one in packages]
    for path, package in zip(paths, packages, strict=True):
        write_file(path, package.to_json(), overwrite=force)
    rows = [[str(path), one.index, one.section.label, one.leaf] for path, one in zip(paths, proven, strict=True)]
    chosen.output.table(["package", "index", "section", "leaf"], rows)


def _known(chosen: Settings, root: bytes) -> list[AnchoringRow]:
    """What the journal of this home has about a batch; nothing where there is no journal."""
    from creditchain.batch.ledger import all_rows
    from creditchain.home.layout import Home
    from creditchain.home.whereabouts import has_journal

    if not has_journal(Home(chosen.home, chosen.database)):
        return []
    with journal_of(chosen) as journal:
        return [row for row in all_rows(journal) if row.root == root]
