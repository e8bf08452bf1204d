"""`creditchain webhook`: where a member hears of what happens, at an exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli import webhook_events
from creditchain.cli.connecting import SignerOption
from creditchain.cli.settings import settings
from creditchain.cli.webhook_options import CaOption, CursorOption, IdArgument, NodeOption, UrlOption, webhook_calls
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.client import EventKind

group = typer.Typer(no_args_is_help=True, help="Webhooks: an exchange tells a member what happens. 事件通知")
for command in (webhook_events.events, webhook_events.replay, webhook_events.watch):
    group.command()(command)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="webhook")


@group.command("set")
def set_one(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send events, https://HOST/PATH.")],
    url: UrlOption,
    node: NodeOption,
    events: Annotated[
        str | None, typer.Option(help="Kinds of events, joined by commas, such as consent.revoked. Default: all.")
    ] = None,
    ca: CaOption = None,
    signer: SignerOption = None,
) -> None:
    """Set a webhook, and print the secret that its events are signed with. 设置通知

    With the address of a webhook that is there, it gets these kinds and a new secret. The secret is shown this once.
    """
    from creditchain.client import new_secret

    secret, kinds = new_secret(), _kinds(events)
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        made = calls.set(address, secret, kinds)
    settings(ctx).output.emit(_shown(made) | {"secret": secret})


@group.command("list")
def list_all(
    ctx: typer.Context, url: UrlOption, node: NodeOption, ca: CaOption = None, signer: SignerOption = None
) -> None:
    """List the member's webhooks. 通知列表"""
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        found = [_shown(one) for one in calls.all()]
    columns = ["webhook", "address", "events", "waiting", "taken", "given_up"]
    settings(ctx).output.table(
        columns, [[_cell(one[name]) for name in columns] for one in found], title="webhooks", value=found
    )


@group.command()
def show(
    ctx: typer.Context, webhook: IdArgument, url: UrlOption, node: NodeOption, cursor: CursorOption = 0,
    ca: CaOption = None, signer: SignerOption = None,
) -> None:  # fmt: skip
    """Show a webhook, and the events that were given up for it. 查看通知"""
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        found, (dead, following) = calls.one(webhook), calls.dead(webhook, cursor)
    settings(ctx).output.emit(_shown(found) | {"dead_letters": dead, "next_cursor": following})


@group.command()
def remove(
    ctx: typer.Context, webhook: IdArgument, url: UrlOption, node: NodeOption, ca: CaOption = None,
    signer: SignerOption = None,
) -> None:  # fmt: skip
    """Remove a webhook, with all that waits for it. 删除通知"""
    with webhook_calls(ctx, url, node, ca, signer) as calls:
        calls.remove(webhook)
    settings(ctx).output.emit({"removed": webhook})


def _kinds(text: str | None) -> list[EventKind]:
    from creditchain.client import EventKind

    names = [] if text is None else [name.strip() for name in text.split(",")]
    unknown = next((name for name in names if name not in list(EventKind)), None)
    if unknown is not None:
        raise UsageError("this is no kind of event", expected=", ".join(EventKind), found=unknown[:40])
    return [EventKind(name) for name in names]


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    """A webhook under the names that commands show."""
    shown = {"webhook": one["id"], "address": one["address"], "events": one["kinds"]}
    return shown | {"waiting": one["waiting"], "taken": one["taken"], "given_up": one["dead"]}


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value
