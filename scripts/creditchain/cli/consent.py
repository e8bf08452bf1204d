"""`creditchain consent`: an enterprise's consents, from the institution's request to their end."""

from __future__ import annotations

import typer

from creditchain.cli import consent_chain, consent_making, consent_shown, consent_turning

group = typer.Typer(no_args_is_help=True, help="Consents: from the request to their end. 企业授权")
for command in (consent_making.request, consent_making.grant, consent_making.endorse):
    group.command()(command)
group.command()(consent_chain.relay)
group.command()(consent_shown.show)
group.command("list")(consent_shown.list_consents)
group.command()(consent_chain.revoke)
group.command()(consent_turning.pause)
group.command()(consent_turning.resume)


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="consent")
