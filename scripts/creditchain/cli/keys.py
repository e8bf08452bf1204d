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
    """Make a fresh random key and encrypt it under a password."""
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
    """Encrypt a key that exists already. Keys are never taken from the command line, which others can see."""
    from creditchain.home.keystores import key_from_environment

    scheme, _, variable = source.partition(":")
    if scheme != "env" or not variable:
        raise UsageError("--from takes env:VARIABLE", hint="Put the key into an environment variable.")
    _write(ctx, name, kind, file, key_from_environment(variable))


@group.command("list")
def list_(ctx: typer.Context) -> None:
    """The keystores in the home folder, without opening them."""
    from creditchain.home.keystores import TAG_KEY, describe_keystore

    chosen = settings(ctx)
    rows = []
    for path in sorted((chosen.home / "keys").glob("*.json")):
        described = describe_keystore(path)
        kind = Kind.TAG if described["kind"] == TAG_KEY else Kind.OPERATOR
        rows.append([path.stem, kind.value, described["address"] or "", str(path)])
    chosen.output.table(["name", "kind", "address", "file"], rows)


def _stored(kind: Kind) -> str:
    from creditchain.home.keystores import OPERATOR_KEY, TAG_KEY

    return TAG_KEY if kind is Kind.TAG else OPERATOR_KEY


def _write(ctx: typer.Context, name: str, kind: Kind, file: Path | None, key: bytes) -> None:
    from eth_utils.address import to_checksum_address

    from creditchain.home.keystores import describe_keystore, new_password, write_keystore
    from creditchain.identifiers import epoch_digest

    chosen = settings(ctx)
    if file is None and Path(name).name != name:
        raise UsageError("a key's name is no path", hint="Choose another folder with --file.")
    path = write_keystore(file or chosen.home / "keys" / f"{name}.json", key, _stored(kind), new_password(name))
    described: dict[str, str] = {"file": str(path), "kind": kind.value}
    if kind is Kind.TAG:
        described["epoch digest"] = "0x" + epoch_digest(key).hex()
    else:
        described["address"] = to_checksum_address(describe_keystore(path)["address"] or "")
    chosen.output.emit(described)
