"""What the commands of orders share: options, the client, and how an order is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import open_region, signer_of
from creditchain.cli.settings import Settings, settings

if TYPE_CHECKING:
    from creditchain.client import ExchangeClient

UrlOption = Annotated[str, typer.Option("--exchange", help="Address of the provider's exchange, https://…")]
NodeOption = Annotated[int, typer.Option("--node", min=1, help="Who you are, by node number.")]
CaOption = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Certificates (PEM) that the exchange's follows from.")
]
OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="Id of the order: 0x and 64 digits.")]


@contextmanager
def client_of(
    ctx: typer.Context, url: str, node: int, ca: Path | None, signer: str | None, keys: Sequence[bytes] = ()
) -> Iterator[ExchangeClient]:
    """A client of the exchange, in the name of a node."""
    from creditchain.client import ExchangeClient
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    with open_region(settings(ctx)) as region:
        found, log_id = signer_of(region, signer), region.deployment.log_id
        profile = Profiles(Home(settings(ctx).home)).profile(region.members().profile_digest(node))
    known = None if profile is None else profile.to_json()
    authorities = None if ca is None else str(ca)
    with ExchangeClient(url, log_id, node, found, ca=authorities, keys=keys, profile=known) as client:
        yield client


def show_order(chosen: Settings, order: Mapping[str, Any]) -> None:
    """An order, with the time of each state that it has come to."""
    times = order.get("times")
    named = times if isinstance(times, dict) else {}
    rest = {name: value for name, value in order.items() if name != "times"}
    chosen.output.emit({**rest, **{f"{state}_at": time for state, time in named.items()}})
