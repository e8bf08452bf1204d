"""`creditchain webhook events`, `replay`, `watch`: what happened, once more, and what else to hear of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import SignerOption
from creditchain.cli.files import load
from creditchain.cli.settings import settings
from creditchain.cli.webhook_options import CaOption, CursorOption, IdArgument, NodeOption, UrlOption, webhook_calls


def events(
    ctx: typer.Context, url: UrlOption, node: NodeOption, cursor: CursorOption = 0,
    ca: CaOption = None, signer: SignerOption = None,
) -> None:  # fmt: skip
    """List what happened since the member has webhooks, also what went out already. 事件列表"""
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        found, following = calls.events(cursor)
    rows = [[one["cursor"], one["type"], one["timestamp"], one["id"]] for one in found]
    settings(ctx).output.table(
        ["cursor", "event", "time", "id"], rows, title="events", value={"events": found, "next_cursor": following}
    )


def replay(
    ctx: typer.Context, webhook: IdArgument, url: UrlOption, node: NodeOption, cursor: CursorOption = 0,
    ca: CaOption = None, signer: SignerOption = None,
) -> None:  # fmt: skip
    """Have events after a cursor sent again, under their ids; also those that were taken. 重发事件"""
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        count = calls.replay(webhook, cursor)
    settings(ctx).output.emit({"webhook": webhook, "replayed": count})


def watch(
    ctx: typer.Context,
    consent: Annotated[Path, typer.Argument(metavar="CONSENT", help="Consent file.", show_default=False)],
    url: UrlOption,
    node: NodeOption,
    ca: CaOption = None,
    signer: SignerOption = None,
) -> None:
    """Hear of new warning records under a consent, before any report was asked for. 关注授权"""
    from creditchain.packages.consent_file import parse_consent

    file = load(consent, parse_consent)
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        calls.watch(file)
    settings(ctx).output.emit({"watched": file.message.id})
