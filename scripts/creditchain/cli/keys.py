"""`creditchain keys`: operator keys and tag keys in encrypted files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.settings import settings
from creditchain.errors import UsageError

group = typer.Typer(no_args_is_help=True, help="Keys in encrypted files: new, import, list. 密钥")

FileOption = Annotated[
    Path | None, typer.Option("--file", "-o", help="File to write; by default keys/<name>.json in the home folder.")
]


class Kind(StrEnum):
    """What a key is for."""

    OPERATOR = "operator"
    TAG = "tag"


KindOption = Annotated[Kind, typer.Option(help="operator: signs for a node. tag: makes the subject tags of an epoch.")]
NameArgument = Annotated[str, typer.Argument(help="Name of the key, for its file.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="keys")


@group.command()
def new(ctx: typer.Context, name: NameArgument, kind: KindOption = Kind.OPERATOR, file: FileOption = None) -> None:
    """Make a fresh random key and encrypt it under a password. 新建密钥"""
    from creditchain.home.keystores import new_key

    _write(ctx, name, kind, file, new_key(_stored(kind)))


@group.command("import")
def import_(
    ctx: typer.Context,
    name: NameArgument,
    source: Annotated[str, typer.Option("--from", help="env:VARIABLE that holds the key as 64 hex digits.")],
    kind: KindOption = Kind.OPERATOR,
    file: FileOption = None,
) -> None:
    """Encrypt a key that exists already, from a variable: others can see what stands on a command line. 导入密钥"""
    from creditchain.home.keystores import key_from_environment

    scheme, _, variable = source.partition(":")
    if scheme != "env" or not variable:
        raise UsageError("--from takes env:VARIABLE", hint="Put the key into an environment variable.")
    _write(ctx, name, kind, file, key_from_environment(variable))


@group.command("list")
def list_(ctx: typer.Context) -> None:
    """List the keystores in the home folder, without opening them. 密钥列表"""
    from creditchain.acts.keeping_keys import list_keys
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    rows = []
    for kept in list_keys(Home.existing(chosen.home)):
        kind = Kind.TAG if kept.is_tag_key else Kind.OPERATOR
        rows.append([kept.name, kept.fault or kind.value, kept.address or "", str(kept.file)])
    chosen.output.table(["name", "kind", "address", "file"], rows)


def _stored(kind: Kind) -> str:
    from creditchain.home.keystores import OPERATOR_KEY, TAG_KEY

    return TAG_KEY if kind is Kind.TAG else OPERATOR_KEY


def _write(ctx: typer.Context, name: str, kind: Kind, file: Path | None, key: bytes) -> None:
    from creditchain.acts.keeping_keys import keep_key, keystore_path
    from creditchain.home.keystores import new_password
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    path = keystore_path(Home(chosen.home), name, file)
    kept = keep_key(path, name, key, new_password(name), is_tag_key=kind is Kind.TAG)
    described: dict[str, object] = {"file": str(kept.file), "kind": kind.value}
    described |= {"epoch_digest": kept.digest} if kept.is_tag_key else {"address": kept.address}
    chosen.output.emit(described)
