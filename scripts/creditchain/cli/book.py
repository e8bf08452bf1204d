"""`creditchain book`: all that a node published under one key epoch as one tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli import book_dropping
from creditchain.cli.connecting import SignerOption, acting, journal_of
from creditchain.cli.settings import settings
from creditchain.errors import InputError, UsageError

if TYPE_CHECKING:
    from creditchain.batch.book.manifest import BookManifest

group = typer.Typer(no_args_is_help=True, help="Books: all batches of a node and key epoch as one tree. 总账")

group.command()(book_dropping.drop)

BatchesOption = Annotated[
    list[str] | None,
    typer.Option("--batch", help="NUMBER=FOLDER of a batch that this home did not anchor; can be given many times."),
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="book")


@group.command()
def make(
    ctx: typer.Context,
    node: Annotated[int, typer.Option("--node", min=1, help="The node whose batches the book holds.")],
    epoch: Annotated[int, typer.Option("--epoch", min=1, help="The key epoch of the batches.")],
    batches: BatchesOption = None,
    gone: Annotated[
        list[int] | None, typer.Option("--gone", help="Number of a broken or annulled batch, which is left out.")
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="From the batches alone, whatever books there are.")] = False,
) -> None:
    """Make the book of a node's final batches, from its last book and the batches since. 编制总账

    Killed anywhere, run it again.
    """
    from creditchain.acts.booking import BookOrder
    from creditchain.acts.booking import make as run
    from creditchain.chain.deployments import load_deployment
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    home, deployment = Home.existing(chosen.home), load_deployment(chosen.network, chosen.deployments)
    order = BookOrder(node, epoch, _given(batches), frozenset(gone or ()), anew)
    with journal_of(chosen) as journal, chosen.output.stages() as watch:
        made = run(home, journal, deployment, order, watch)
    chosen.output.emit(_shown(made.manifest) | {"folder": str(made.path)})


@group.command()
def check(
    ctx: typer.Context,
    book: Annotated[str, typer.Argument(help="Root (or its first digits), or the book's folder.")],
    batches: Annotated[
        list[str] | None,
        typer.Option("--batch", help="NUMBER=PATH of a batch's folder or list of leaves; can be given many times."),
    ] = None,
) -> None:
    """Check that a book is exactly its batches, in order, root and size as stated. Exit code 1 if not. 核对总账"""
    from creditchain.acts.booking import check as run
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    home, given = Home(chosen.home), _given(batches)
    path = _book_path(home, book)
    with chosen.output.stages() as watch:
        manifest = run(home, path, given, watch)
    chosen.output.emit(_shown(manifest) | {"folder": str(path), "intact": True})


@group.command()
def enter(
    ctx: typer.Context,
    book: Annotated[str, typer.Argument(help="Root (or its first digits), or the book's folder.")],
    signer: SignerOption = None,
) -> None:
    """Enter a book on chain: it covers all batches of the node so far that are sound. 总账上链

    Run again, it enters nothing twice.
    """
    from creditchain.acts.entering_books import enter_book
    from creditchain.batch.book.manifest import read_manifest
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    manifest = read_manifest(_book_path(Home(chosen.home), book))
    with acting(chosen, signer) as (region, outbox), chosen.output.progress("entering: waiting for a final block"):
        entry = enter_book(region, outbox, manifest)
    chosen.output.emit(_shown(manifest) | {"entry": entry})


def _given(options: list[str] | None) -> dict[int, Path]:
    given: dict[int, Path] = {}
    for option in options or ():
        number, _, path = option.partition("=")
        if not number.isdecimal() or not path or int(number) in given:
            raise UsageError("--batch names a number and a path, each number once", expected="3=FOLDER", found=option)
        given[int(number)] = Path(path)
    return given


def _book_path(home: Any, book: str) -> Path:
    if Path(book).is_dir():
        return Path(book).resolve()
    digits = book.removeprefix("0x").lower()
    folders = [region.books for region in home.known_regions().values()] if digits.isalnum() else []
    found = [path for folder in folders for path in folder.glob(f"{digits}*") if path.is_dir()]
    if len(found) != 1:
        raise InputError(
            "no book of this root in the home folder" if not found else "more than one book begins like this",
            expected="a root, as `creditchain book make` shows it, or a folder",
            found=book if not found else f"{len(found)} books",
        )
    return Path(found[0])


def _shown(manifest: BookManifest) -> dict[str, Any]:
    return {
        "root": manifest.root,
        "size": manifest.size,
        "node": manifest.terms.node,
        "key_epoch": manifest.terms.key_epoch,
        "batches": manifest.covered,
        "gone": list(manifest.gone),
        "log_id": manifest.terms.log_id,
    }
