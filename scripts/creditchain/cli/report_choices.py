"""What options of `report` and `exchange` choose: folders, sections and domains of a report, and its day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.choices import names_of
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.products import Product
    from creditchain.verification.scope import Asked

BatchesOption = Annotated[
    list[Path] | None,
    typer.Option("--batches", help="Folder of batch folders, yours or another node's; several times. Default: home."),
]
BooksOption = Annotated[
    list[Path] | None, typer.Option("--books", help="The same for folders of books. Default: home.")
]


def asked_of(product: Product, sections: str | None, domains: str | None) -> Asked:
    """What is asked for: all that the product combines, or these sections and domains, joined by commas."""
    from creditchain.documents import DOMAINS, SECTIONS, domain_mask
    from creditchain.verification.scope import Asked, everything

    whole = everything(product)
    wanted, mask = whole.sections, whole.domains
    if sections is not None:
        wanted = frozenset(SECTIONS[name] for name in names_of("--sections", sections, SECTIONS))
    if domains is not None:
        mask = domain_mask(DOMAINS[name] for name in names_of("--domains", domains, DOMAINS))
    return Asked(wanted, mask)


def day_of_report(text: str) -> date:
    """The day of a report, from YYYY-MM-DD. Raises UsageError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--as-of: no day", expected="YYYY-MM-DD") from error
