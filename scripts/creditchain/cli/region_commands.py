"""The commands that run a region and a home, by name, with the function that loads each."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from creditchain.cli.lazy_commands import Register


def _deploy(app: typer.Typer) -> None:
    from creditchain.cli import deploy

    deploy.register(app)


def _network(app: typer.Typer) -> None:
    from creditchain.cli import network

    network.register(app)


def _keys(app: typer.Typer) -> None:
    from creditchain.cli import keys

    keys.register(app)


def _node(app: typer.Typer) -> None:
    from creditchain.cli import node

    node.register(app)


def _epoch(app: typer.Typer) -> None:
    from creditchain.cli import epoch

    epoch.register(app)


def _govern(app: typer.Typer) -> None:
    from creditchain.cli import govern

    govern.register(app)


def _upgrade(app: typer.Typer) -> None:
    from creditchain.cli import upgrade

    upgrade.register(app)


def _limit(app: typer.Typer) -> None:
    from creditchain.cli import limit

    limit.register(app)


def _exchange(app: typer.Typer) -> None:
    from creditchain.cli import exchange

    exchange.register(app)


def _webhook(app: typer.Typer) -> None:
    from creditchain.cli import webhook

    webhook.register(app)


def _audit(app: typer.Typer) -> None:
    from creditchain.cli import audit

    audit.register(app)


def _log(app: typer.Typer) -> None:
    from creditchain.cli import log

    log.register(app)


def _stats(app: typer.Typer) -> None:
    from creditchain.cli import stats

    stats.register(app)


def _checkpoint(app: typer.Typer) -> None:
    from creditchain.cli import checkpoint

    checkpoint.register(app)


def _evidence(app: typer.Typer) -> None:
    from creditchain.cli import evidence

    evidence.register(app)


def _journal(app: typer.Typer) -> None:
    from creditchain.cli import journal

    journal.register(app)


def _backup(app: typer.Typer) -> None:
    from creditchain.cli import backup

    backup.register(app)


#: In the order in which `--help` lists them.
REGION_COMMANDS: Mapping[str, Register] = {
    "deploy": _deploy,
    "network": _network,
    "devnet": _network,
    "keys": _keys,
    "node": _node,
    "epoch": _epoch,
    "govern": _govern,
    "limit": _limit,
    "upgrade": _upgrade,
    "audit": _audit,
    "exchange": _exchange,
    "webhook": _webhook,
    "log": _log,
    "stats": _stats,
    "checkpoint": _checkpoint,
    "evidence": _evidence,
    "journal": _journal,
    "backup": _backup,
    "restore": _backup,
}
