"""`creditchain epoch`: key epochs, under whose tag keys subjects are named inside batches."""

from __future__ import annotations

import typer

from creditchain.cli.connecting import GovernorsOption, TagKeyOption, acting, open_region
from creditchain.cli.settings import settings
from creditchain.errors import UsageError

group = typer.Typer(no_args_is_help=True, help="Key epochs of the subject tags. 标签密钥期")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="epoch")


@group.command("open")
def open_(ctx: typer.Context, tag_key: TagKeyOption = None, signer: GovernorsOption = None) -> None:
    """Log the digest of a new tag key; batches name the new epoch from now on. For governors. 开启新期

    Only the digest goes on chain. Give the key to the region's publishers, and to nobody else.
    """
    from creditchain.acts.opening_epochs import open_epoch
    from creditchain.home.keystores import load_tag_key
    from creditchain.identifiers import epoch_digest

    if tag_key is None:
        raise UsageError("this command needs the new tag key", hint="Say which with --tag-key or CREDITCHAIN_TAG_KEY.")
    digest = epoch_digest(load_tag_key(tag_key))
    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        number = open_epoch(region, outbox, digest)
    chosen.output.emit({"epoch": number, "digest": "0x" + digest.hex()})


@group.command("list")
def list_(ctx: typer.Context) -> None:
    """List all key epochs and their digests. 期次列表"""
    from creditchain.acts.opening_epochs import list_epochs

    chosen = settings(ctx)
    with open_region(chosen) as region:
        epochs = list_epochs(region)
    rows = [[one.number, one.digest, "yes" if one.current else ""] for one in epochs]
    chosen.output.table(["epoch", "digest", "current"], rows)
