"""`creditchain keys`: operator keys, tag keys and delivery keys in encrypted files."""

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
    DELIVERY = "delivery"


_KIND = (
    "operator: signs for a node. tag: makes the subject tags of an epoch. delivery: opens deliveries to an institution."
)
KindOption = Annotated[Kind, typer.Option(help=_KIND)]
NameArgument = Annotated[str, typer.Argument(help="Name of the key, for its file.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="keys")


@group.command()
def new(ctx: typer.Context, name: NameArgument, kind: KindOption = Kind.OPERATOR, file: FileOption = None) -> None:
    """Make a fresh random key and encrypt it under a password. 新建密钥

    Of a delivery key (age, X25519) the public part is shown: governors put it into the institution's profile by
    `creditchain node set-delivery-key`.
    """
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
    kinds = {_stored(kind): kind.value for kind in Kind}
    for kept in list_keys(Home.existing(chosen.home)):
        kind = kept.fault or kinds.get(kept.kind, kept.kind)
        rows.append([kept.name, kind, kept.address or kept.public_key or "", str(kept.file)])
    chosen.output.table(["name", "kind", "address", "file"], rows)


def _stored(kind: Kind) -> str:
    from creditchain.home.keystores import DELIVERY_KEY, OPERATOR_KEY, TAG_KEY

    return {Kind.OPERATOR: OPERATOR_KEY, Kind.TAG: TAG_KEY, Kind.DELIVERY: DELIVERY_KEY}[kind]


def _write(ctx: typer.Context, name: str, kind: Kind, file: Path | None, key: bytes) -> None:
    from creditchain.acts.keeping_keys import keep_key, keystore_path
    from creditchain.home.keystores import new_password
    from creditchain.home.layout import Home

    chosen = settings(ctx)
    path = keystore_path(Home(chosen.home), name, file)
    kept = keep_key(path, name, key, new_password(name), _stored(kind))
    described: dict[str, object] = {"file": str(kept.file), "kind": kind.value}
    told = {"epoch_digest": kept.digest, "address": kept.address, "public_key": kept.public_key}
    described |= {name: value for name, value in told.items() if value is not None}
    chosen.output.emit(described)
