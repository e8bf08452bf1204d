"""`creditchain report`: a report with everything a verifier needs, from the batches that lie here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.product import Folders, folders_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import InputError, Place, UsageError

if TYPE_CHECKING:
    from datetime import date

    from creditchain.chain.region import Region
    from creditchain.packages.parts import PackagedTag, SignedTagStatement
    from creditchain.products import Product
    from creditchain.reports import Assembled, ReportOrder
    from creditchain.verification.scope import Asked

group = typer.Typer(
    no_args_is_help=True, help="Reports: assembled from batches, with the proof that nothing is left out. 报告"
)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="report")


@group.command()
def assemble(
    ctx: typer.Context,
    product: Annotated[str, typer.Option(help="The report's product, such as enterprise-basic-report/1.")],
    number: Annotated[str, typer.Option(help="The enterprise's number.")],
    data: Annotated[Path, typer.Option(help="What you derived: a JSON file with the report's `data`.")],
    out: Annotated[Path, typer.Option("--output", "-o", help="Report package to write.")],
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    batches: Annotated[
        list[Path] | None,
        typer.Option(
            "--batches", help="Folder of batch folders, yours or another node's; several times. Default: home."
        ),
    ] = None,
    tag_keys: Annotated[
        list[str] | None,
        typer.Option(
            "--tag-key", envvar="CREDITCHAIN_TAG_KEY", help="Tag key of an epoch: keystore:PATH or env:VARIABLE."
        ),
    ] = None,
    statements: Annotated[
        list[Path] | None, typer.Option("--tag-statement", help="A platform's statement, one for each key epoch.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="The report's day, YYYY-MM-DD. Default: today.")] = None,
    sections: Annotated[
        str | None, typer.Option(help="Sections asked for, joined by commas. Default: all that the product combines.")
    ] = None,
    domains: Annotated[str | None, typer.Option(help="Domains asked for, likewise.")] = None,
    days: Annotated[
        str | None, typer.Option(help="Days that the consent covers, YYYYMMDD-YYYYMMDD. Default: any.")
    ] = None,
    products: Folders = None,
    rpc: RpcOption = None,
) -> None:
    """Write a report package: the report, every record it rests on, and a range proof for each batch in scope. 组装报告

    The chain says which batches there are; a folder that is missing is an error that names it. The package still lacks
    request, receipt and consent: `creditchain query` adds them.
    """
    from creditchain.catalogue.products import catalogue, load_product
    from creditchain.home.keystores import load_tag_key
    from creditchain.identifiers import parse_subject

    chosen, folders = settings(ctx), folders_of(products)
    wanted = load_product(product, folders)
    subject = parse_subject(scheme, number)
    with open_region(chosen, rpc) as region:
        order = _order(
            region,
            product=wanted,
            catalogue={one.ref: one for one in catalogue(folders)},
            subject=subject,
            data=_read_data(data),
            as_of=as_of,
            asked=_asked(wanted, sections, domains),
            days=_days(days),
        )
        keys = [load_tag_key(key) for key in tag_keys or []]
        tags = _tags(region, subject, keys, [_statement(path) for path in statements or []])
        made = _assemble(region, order, batches or [chosen.home / "batches"], tags)
    out.write_bytes(made.package.to_json())
    _show(chosen, made, out)


def _order(region: Region, *, as_of: str | None, **values: Any) -> ReportOrder:
    import secrets

    from creditchain.chain.consents import ConsentReads
    from creditchain.reports import ReportOrder
    from creditchain.verification.days import day_of

    block = region.chain.final_block()
    has_consents = "ConsentToken" in region.deployment.contracts
    return ReportOrder(
        as_of=day_of(block.time) if as_of is None else _day(as_of),
        region=region.deployment.region,
        time=block.time,
        salt=secrets.token_bytes(32),
        open_domains=ConsentReads(region).open_domains_at(block.time, block.number) if has_consents else 0,
        **values,
    )


def _assemble(region: Region, order: ReportOrder, places: Sequence[Path], tags: dict[int, PackagedTag]) -> Assembled:
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.evidence.report import ReportEvidenceFetcher
    from creditchain.log.history import index_log
    from creditchain.reports import assemble, find_folders, open_folders, plan

    fetcher = ReportEvidenceFetcher(region, EvidenceFetcher(region))
    log = index_log(fetcher.log)
    scope = plan(order, log, fetcher.members())
    with open_folders(scope, find_folders(places, region.deployment.log_id)) as folders:
        return assemble(order, log, scope, folders, tags)


def _tags(
    region: Region, subject: Any, keys: Sequence[bytes], statements: Sequence[SignedTagStatement]
) -> dict[int, PackagedTag]:
    from creditchain.reports import gather_tags

    block = region.chain.final_block().number
    epochs = range(1, region.current_key_epoch(block) + 1)
    digests = {epoch: region.key_epoch_digest(epoch, block) for epoch in epochs}
    return gather_tags(subject, {epoch: one for epoch, one in digests.items() if one is not None}, keys, statements)


def _asked(product: Product, sections: str | None, domains: str | None) -> Asked:
    from creditchain.documents import DOMAINS, SECTIONS, domain_mask
    from creditchain.verification.scope import Asked, everything

    whole = everything(product)
    wanted = None if sections is None else frozenset(SECTIONS[name] for name in _names("sections", sections, SECTIONS))
    mask = None if domains is None else domain_mask(DOMAINS[name] for name in _names("domains", domains, DOMAINS))
    return Asked(whole.sections if wanted is None else wanted, whole.domains if mask is None else mask)


def _names(option: str, text: str, known: dict[str, Any]) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"--{option}: no such name", expected=", ".join(known), found=", ".join(unknown))
    return names


def _days(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    first, _, last = text.partition("-")
    if not (len(first) == len(last) == 8 and first.isdecimal() and last.isdecimal() and first <= last):
        raise UsageError("--days: not two days", expected="YYYYMMDD-YYYYMMDD")
    return int(first), int(last)


def _day(text: str) -> date:
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--as-of: no day", expected="YYYY-MM-DD") from error


def _read_data(path: Path) -> dict[str, Any]:
    from creditchain.cli.files import read_file
    from creditchain.documents import parse_json

    try:
        return parse_json(read_file(path))
    except InputError as error:
        raise error.at(Place(str(path))) from None


def _statement(path: Path) -> SignedTagStatement:
    from creditchain.cli.files import read_file
    from creditchain.packages.record_package import parse_statement

    try:
        return parse_statement(read_file(path))
    except InputError as error:
        raise error.at(Place(str(path))) from None


def _show(chosen: Settings, made: Assembled, out: Path) -> None:
    package = made.package
    unexplained = sum(not one.excused for one in made.left_out)
    if unexplained:
        chosen.output.note(
            f"{unexplained} record(s) may not be shown, but verifiers can not see why. Their publishers should log "
            "those whose retention is over as erased (`creditchain record erase`)."
        )
    batches = {(one.node, one.root) for one in package.ranges}
    chosen.output.emit(
        {
            "written": str(out),
            "report": "0x" + package.report.commitment.hex(),
            "records": len(package.records),
            "batches": len(batches),
            "ranges": len(package.ranges),
            "left_out": [{"node": one.node, "leaf": "0x" + one.leaf.hex(), "why": one.why} for one in made.left_out],
        }
    )
