"""`creditchain product`: what records and reports there are, and whether a product file is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.product_launching import register as register_launching
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.products import Product

group = typer.Typer(no_args_is_help=True, help="Products: kinds of records and reports. 产品目录")


def register(app: typer.Typer) -> None:
    """Add the group."""
    register_launching(group)
    app.add_typer(group, name="product")


@group.command("list")
def list_products(ctx: typer.Context, products: Folders = None) -> None:
    """List every product of the catalogue. 产品列表"""
    from creditchain.catalogue.products import catalogue

    found = catalogue(folders_of(products))
    settings(ctx).output.table(
        ["product", "number", "title", "sections", "domains", "consent"],
        [_row(product) for product in found],
        value=[_summary(product) for product in found],
    )


@group.command()
def show(
    ctx: typer.Context,
    product: Annotated[str, typer.Argument(help="name/version, or a product file.")],
    products: Folders = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print only the JSON Schema of a whole document.")] = False,
) -> None:
    """Show one product: who may ask, for what purpose, how long it is kept, its fields. 查看产品"""
    import orjson

    from creditchain.catalogue.products import load_product

    found = load_product(product, folders_of(products))
    output = settings(ctx).output
    if schema:
        document = found.document_schema()
        output.emit(document, text=orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
        return
    if output.as_json:
        output.emit({**_summary(found), "schema": dict(found.schema)})
        return
    output.emit({name: _line(value) for name, value in _summary(found).items()})
    required = set(found.schema.get("required", ()))
    output.table(
        ["field", "title", "type", "required"],
        [
            [name, field.get("title", ""), _type(field), "yes" if name in required else ""]
            for name, field in found.schema["properties"].items()
        ],
    )


@group.command()
def check(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Product files of your own.")],
    products: Folders = None,
) -> None:
    """Check product files: numbers against the catalogue, figures over samples; an error names its place. 检查产品"""
    from creditchain.acts.checking_products import check_products

    checked = check_products(files, folders_of(products))
    settings(ctx).output.table(
        ["file", "product", "number", "digest"],
        [
            [str(file), product.ref, product.number, "0x" + product.digest.hex()]
            for file, product in zip(files, checked, strict=True)
        ],
        value=[_summary(product) for product in checked],
    )


def _row(product: Product) -> list[object]:
    sections = ", ".join(section.label for section in product.sections)
    domains = product.combined_domains or product.domains
    consent = "needed" if product.consent.required else ""
    return [
        product.ref,
        product.number,
        product.title_zh,
        sections,
        ", ".join(domain.label for domain in domains),
        consent,
    ]


def _summary(product: Product) -> dict[str, Any]:
    found: dict[str, Any] = {
        "product": product.ref,
        "number": product.number,
        "kind": product.kind.value,
        "title": {"en": product.title, "zh": product.title_zh},
        "digest": "0x" + product.digest.hex(),
        "hash": "keccak-256",
        "subjects": list(product.subjects),
        "sections": [section.label for section in product.sections],
        "domains": [domain.label for domain in product.domains],
        "purposes": [purpose.label for purpose in product.purposes],
        "consent": {"required": product.consent.required, "basis": product.consent.basis},
        "retention": {
            section.label: "unlimited" if rule.years is None else f"{rule.years} years from {rule.start}"
            for section, rule in product.retention.items()
        },
    }
    if product.combines:
        found["combines"] = {
            "products": list(product.combines),
            "sections": [section.label for section in product.combined_sections],
            "domains": [domain.label for domain in product.combined_domains],
        }
    return found


def _line(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_line(inner)}" for name, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(map(str, field["enum"]))
    return str(field.get("format") or field.get("pattern") or field.get("type") or "choice")
