"""The commands about records, consents and queries, by name, with the function that loads each."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from creditchain.cli.lazy_commands import Register


def _product(app: typer.Typer) -> None:
    from creditchain.cli import product

    product.register(app)


def _sample(app: typer.Typer) -> None:
    from creditchain.cli import sample

    sample.register(app)


def _upload(app: typer.Typer) -> None:
    from creditchain.cli import upload

    upload.register(app)


def _anchor(app: typer.Typer) -> None:
    from creditchain.cli import anchor

    anchor.register(app)


def _prove(app: typer.Typer) -> None:
    from creditchain.cli import prove

    prove.register(app)


def _batch(app: typer.Typer) -> None:
    from creditchain.cli import batch

    batch.register(app)


def _book(app: typer.Typer) -> None:
    from creditchain.cli import book

    book.register(app)


def _report(app: typer.Typer) -> None:
    from creditchain.cli import report

    report.register(app)


def _verify(app: typer.Typer) -> None:
    from creditchain.cli import verify

    verify.register(app)


def _record(app: typer.Typer) -> None:
    from creditchain.cli import record

    record.register(app)


def _consent(app: typer.Typer) -> None:
    from creditchain.cli import consent

    consent.register(app)


def _query(app: typer.Typer) -> None:
    from creditchain.cli import query

    query.register(app)


def _order(app: typer.Typer) -> None:
    from creditchain.cli import order

    order.register(app)


def _loans(app: typer.Typer) -> None:
    from creditchain.cli import loans

    loans.register(app)


def _dispute(app: typer.Typer) -> None:
    from creditchain.cli import dispute

    dispute.register(app)


def _tag(app: typer.Typer) -> None:
    from creditchain.cli import tag

    tag.register(app)


#: In the order in which `--help` lists them.
RECORD_COMMANDS: Mapping[str, Register] = {
    "product": _product,
    "sample": _sample,
    "upload": _upload,
    "anchor": _anchor,
    "prove": _prove,
    "batch": _batch,
    "book": _book,
    "report": _report,
    "verify": _verify,
    "record": _record,
    "consent": _consent,
    "query": _query,
    "order": _order,
    "loans": _loans,
    "dispute": _dispute,
    "tag": _tag,
}
