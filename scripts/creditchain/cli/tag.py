"""`creditchain tag`: a platform states whose tag it is; anyone checks a statement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption, TagKeyOption, open_region, required_signer
from creditchain.cli.files import ForceOption, load
from creditchain.cli.moments import shown
from creditchain.cli.settings import settings
from creditchain.cli.subject_options import subject_of
from creditchain.errors import CreditchainError, Place, UsageError

group = typer.Typer(no_args_is_help=True, help="Tag statements: state, check. 标签声明")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="tag")


@group.command()
def state(
    ctx: typer.Context,
    platform: Annotated[int, typer.Option(help="The platform that states, by its node number.")],
    package: Annotated[Path | None, typer.Option(help="Package to put the statement into; names the subject.")] = None,
    number: Annotated[str | None, typer.Option(help="The subject's number, without a package.")] = None,
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
    out: Annotated[Path | None, typer.Option("--output", "-o", help="Statement file to write.")] = None,
    force: ForceOption = False,
    tag_key: TagKeyOption = None,
    signer: SignerOption = None,
) -> None:
    """Sign that a number has this tag under the key epoch of --tag-key. For platforms, which hold the key. 签署声明"""
    from creditchain.acts.stating import put_statement, state_tag
    from creditchain.chain.signers import parse_signer
    from creditchain.home.files import check_output, write_file
    from creditchain.home.keystores import load_tag_key
    from creditchain.packages.record_package import parse_package

    chosen = settings(ctx)
    if (package is None) == (number is None) or (package is None and out is None):
        raise UsageError("say whose tag it is", expected="--package FILE, or --number with --output FILE")
    if tag_key is None:
        raise UsageError(
            "the platform needs the tag key to compute the tag", hint="Give it with --tag-key or CREDITCHAIN_TAG_KEY."
        )
    if out is not None:
        check_output(out, overwrite=force, inputs=[] if package is None else [package])
    key = load_tag_key(tag_key)
    given = load(package, parse_package) if package is not None else None
    subject = given.record.subject if given is not None else subject_of(chosen, scheme, number or "")
    with open_region(chosen) as region:
        found = parse_signer(required_signer(signer), region.chain)
        statement = state_tag(region, found, platform, subject, key)
        filled = put_statement(region, given, statement, instead=force) if given is not None else None
    if package is not None and filled is not None:
        write_file(package, filled.to_json(), overwrite=True)
    if out is not None:
        write_file(out, json.dumps(statement.as_json(), indent=2) + "\n", overwrite=force)
    chosen.output.emit(
        {
            "platform": platform,
            "key_epoch": statement.key_epoch,
            "signer": found.address,
            "written": [str(path) for path in (package, out) if path is not None],
        }
    )


@group.command()
def check(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="Statement file.")],
    tag_key: TagKeyOption = None,
) -> None:
    """Check that an active platform of this region signed a statement and, with the key, that it is true. 核验声明"""
    from creditchain.acts.stating import check_statement
    from creditchain.home.keystores import load_tag_key
    from creditchain.packages.record_package import parse_statement

    chosen = settings(ctx)
    statement = load(file, parse_statement)
    key = load_tag_key(tag_key) if tag_key is not None else None
    try:
        with open_region(chosen) as region:
            checked = check_statement(region, statement, key)
    except CreditchainError as error:
        raise error.at(Place(str(file))) from None
    chosen.output.emit(
        {"platform": statement.platform, "key_epoch": statement.key_epoch, "issued_at": shown(statement.issued_at)}
        | ({"tag_computed": True} if checked.computed else {})
    )


@group.command()
def exception(
    ctx: typer.Context,
    number: Annotated[str, typer.Option(help="A registered number that fails its check.")],
    scheme: Annotated[str, typer.Option(help="USCC or TWUBN.")] = "USCC",
) -> None:
    """Print the digest by which a region accepts a number whose check digits are wrong. 号码例外"""
    from creditchain.identifiers import exception_digest, well_formed_subject

    settings(ctx).output.emit({"digest": exception_digest(well_formed_subject(scheme, number))})
