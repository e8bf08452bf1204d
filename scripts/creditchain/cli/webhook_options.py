"""What the commands for webhooks share: options, and the signed-in connection to the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import open_region, signer_of
from creditchain.cli.settings import settings

if TYPE_CHECKING:
    from creditchain.client import WebhookCalls

UrlOption = Annotated[str, typer.Option("--exchange", help="Address of the exchange, https://…")]
NodeOption = Annotated[int, typer.Option(help="The member, by its node number.")]
CaOption = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Certificates (PEM) that the exchange's has to follow from."),
]
IdArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, as `set` and `list` show it.")]
CursorOption = Annotated[int, typer.Option(min=0, help="Only events after this cursor.")]


@contextmanager
def webhook_calls(
    ctx: typer.Context, url: str, node: int, ca: Path | None, signer: str | None
) -> Iterator[WebhookCalls]:
    from creditchain.client import ExchangeClient, WebhookCalls

    chosen = settings(ctx)
    with open_region(chosen) as region:
        found, log_id = signer_of(region, signer), region.deployment.log_id
    with ExchangeClient(url, log_id, node, found, ca=None if ca is None else str(ca)) as client:
        yield WebhookCalls(client)
