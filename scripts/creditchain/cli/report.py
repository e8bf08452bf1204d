"""`creditchain report`: assemble a report with everything that a verifier needs, from this home's batches; show one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import two_days
from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.facts_options import RegionFactsOption, require_checkpoint, signed_in
from creditchain.cli.files import ForceOption, load
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.report_choices import BatchesOption, BooksOption, asked_of, day_of_report
from creditchain.cli.report_showing import register as register_showing
from creditchain.cli.settings import Settings, settings
from creditchain.cli.subject_options import TagKeysOption, subject_of

if TYPE_CHECKING:
    from creditchain.reports import Assembled

group = typer.Typer(
    no_args_is_help=True,
    help="Reports: assembled from batches, with the proof that nothing is left out; shown. 报告",
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    register_showing(group)
    app.add_typer(group, name="report")


@group.command()
def assemble(
    ctx: typer.Context,
    product: Annotated[str, typer.Option(help="The report's product, such as enterprise-basic-report/1.")],
    number: Annotated[str, typer.Option(help="The enterprise's number.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="Report package to write.")],
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    scorecard: Annotated[
        str | None, typer.Option(help="Scorecard that makes the score: name/version, or a file of your own. 评分卡")
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(help="Your own words: a JSON file with members of `data` for which the product has no rule."),
    ] = None,
    batches: BatchesOption = None,
    books: BooksOption = None,
    tag_keys: TagKeysOption = None,
    statements: Annotated[
        list[Path] | None, typer.Option("--tag-statement", help="A platform's statement, one for each key epoch.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="The report's day, YYYY-MM-DD. Default: today.")] = None,
    sections: Annotated[
        str | None, typer.Option(help="Requested sections, joined by commas. Default: all that the product combines.")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="Requested domains, joined by commas.")] = None,
    days: Annotated[
        str | None, typer.Option(help="Days that the consent covers, YYYYMMDD-YYYYMMDD. Default: any.")
    ] = None,
    products: Folders = None,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="Put in the facts that verifying needs under this checkpoint.")
    ] = None,
    region_facts: RegionFactsOption = None,
    force: ForceOption = False,
    rpc: RpcOption = None,
) -> None:
    """Write a report package: the report, its records, and range proofs that none is left out. 组装报告

    Its figures follow from the records by the product's rules; they are computed, and verifiers compute them again.
    They show each publisher's last audited book and its batches since. The chain says which these are; a folder that is
    missing is an error that names it. The package still lacks request, receipt and consent: `creditchain query` adds
    them.
    """
    from creditchain.acts.reporting import Places, Vouchers, Wanted, assemble_report
    from creditchain.acts.showing_facts import with_facts
    from creditchain.catalogue.products import catalogue, load_product, load_scorecard
    from creditchain.documents import parse_json
    from creditchain.home.files import check_output, write_file
    from creditchain.home.keystores import load_tag_key
    from creditchain.home.layout import Home
    from creditchain.packages.record_package import parse_statement

    require_checkpoint(checkpoint, region_facts)
    chosen, folders = settings(ctx), folders_of(products)
    check_output(out, overwrite=force, inputs=[*([words] if words else []), *(statements or [])])
    kind = load_product(product, folders)
    wanted = Wanted(
        product=kind,
        catalogue={one.ref: one for one in catalogue(folders)},
        subject=subject_of(chosen, scheme, number),
        asked=asked_of(kind, sections, domains),
        words={} if words is None else load(words, parse_json),
        as_of=None if as_of is None else day_of_report(as_of),
        scorecard=None if scorecard is None else load_scorecard(scorecard, kind),
        days=None if days is None else two_days("--days", days),
    )
    vouchers = Vouchers(
        [load_tag_key(key) for key in tag_keys or []], [load(path, parse_statement) for path in statements or []]
    )
    with open_region(chosen, rpc) as region:
        home = Home(chosen.home, chosen.database)
        mine = home.region(region.deployment.log_id)
        places = Places(batches or [mine.batches], books or [path for path in [mine.books] if path.is_dir()])
        made = assemble_report(region, wanted, places, vouchers, home)
        if checkpoint is not None:
            with chosen.output.stages() as watch:
                signed = signed_in(chosen, region, checkpoint, region_facts, watch)
            made = replace(made, package=with_facts(region, signed, made.package))
    write_file(out, made.package.to_json(), overwrite=force)
    _show(chosen, made, out)


def _show(chosen: Settings, made: Assembled, out: Path) -> None:
    package = made.package
    unexplained = sum(not one.excused for one in made.left_out)
    if unexplained:
        chosen.output.note(
            f"{unexplained} record(s) may not be shown, but verifiers cannot see why. Their publishers should log "
            "those whose retention is over as erased (`creditchain record erase`)."
        )
    chosen.output.emit(
        {
            "written": str(out),
            "report": "0x" + package.report.commitment.hex(),
            "records": len(package.records),
            "shown": len({one.place.index for one in package.ranges}),
            "ranges": len(package.ranges),
            "left_out": [{"node": one.node, "leaf": "0x" + one.leaf.hex(), "why": one.why} for one in made.left_out],
        }
    )
