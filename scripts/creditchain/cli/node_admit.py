"""`creditchain node admit`: one member, or a file of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import GovernorsOption, acting
from creditchain.cli.files import load
from creditchain.cli.members_shown import UntilOption, domain_names
from creditchain.cli.moments import seconds_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import UsageError

if TYPE_CHECKING:
    from creditchain.acts.admitting import Admitted
    from creditchain.catalogue.members import ListedMember
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(admit)


def admit(
    ctx: typer.Context,
    members: Annotated[
        str | None, typer.Option(help="A members file, or the name of one that ships: yrd. Admits all of it.")
    ] = None,
    operators: Annotated[
        Path | None, typer.Option(help="JSON object of operator addresses by member key, for --members.")
    ] = None,
    dev_operators: Annotated[
        bool, typer.Option("--dev-operators", help="Local chains: physical members get the keys dev:1, dev:2, …")
    ] = False,
    key: Annotated[str | None, typer.Option(help="One member: its key, like ningbo-platform.")] = None,
    name_zh: Annotated[str | None, typer.Option(help="One member: its Chinese name.")] = None,
    name_en: Annotated[str | None, typer.Option(help="One member: its English name.")] = None,
    role: Annotated[
        str | None, typer.Option(help="One member: regulator, platform, bureau, source or institution.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="An institution: bank, insurer, fund, lessor or microlender.")
    ] = None,
    division: Annotated[int | None, typer.Option(help="One member: six-digit division (GB/T 2260).")] = None,
    domains: Annotated[
        str, typer.Option(help="Domains that it may publish, separated by commas; empty for none.")
    ] = "",
    operator: Annotated[str | None, typer.Option(help="One member: address of its operator key.")] = None,
    host: Annotated[int, typer.Option(help="One member: number of the node that hosts this virtual node.")] = 0,
    until: UntilOption = None,
    signer: GovernorsOption = None,
) -> None:
    """Admit one member, or all of a file. Existing members are skipped: if interrupted, run it again. 准入"""
    from creditchain.catalogue.members import load_members

    if (members is None) == (key is None):
        raise UsageError("say whom to admit", expected="either --members, or --key with the options of one member")
    if dev_operators and operators is not None:
        raise UsageError("two sources of operator keys", expected="--operators or --dev-operators")
    chosen = settings(ctx)
    if members is not None:
        listed = load_members(members)
        with acting(chosen, signer) as (region, outbox):
            _admit_all(chosen, region, outbox, listed, operators, dev_operators)
        return
    fields: dict[str, Any] = {"key": key, "name": {"zh": name_zh, "en": name_en}, "role": role, "division": division}
    fields |= {"domains": domain_names(domains), "until": seconds_of(until)}
    fields |= {"operator": operator} if operator else {}
    fields |= {"kind": kind} if kind else {}
    with acting(chosen, signer) as (region, outbox):
        _admit_one(chosen, region, outbox, fields, host)


def _admit_all(
    chosen: Settings, region: Region, outbox: Outbox, listed: list[ListedMember], file: Path | None, dev: bool
) -> None:
    from creditchain.acts.admitting import admit as run
    from creditchain.acts.admitting import dev_operators
    from creditchain.catalogue.members import parse_operators
    from creditchain.home.layout import Home

    given = load(file, parse_operators) if file is not None else {}
    operators = dev_operators(region.chain, listed) if dev else given
    with chosen.output.progress("admitting members", len(listed)) as bar:
        done = run(region, outbox, Home.made(chosen.home), listed, operators, lambda _: bar.advance(bar.task_ids[0]))
    chosen.output.table(["node", "name_zh", "name", "role", "operator", "note"], [_row(one) for one in done])


def _admit_one(chosen: Settings, region: Region, outbox: Outbox, fields: dict[str, Any], host: int) -> None:
    from creditchain.acts.admitting import admit_hosted
    from creditchain.catalogue.members import FORMAT, parse_members
    from creditchain.home.layout import Home

    content = {"format": FORMAT, "region": region.deployment.region, "members": [fields]}
    member = parse_members(json.dumps(content).encode(), "the options")[0]
    admitted = admit_hosted(region, outbox, Home.made(chosen.home), member, host)
    chosen.output.emit({"node": admitted.number, "fresh": admitted.fresh, "profile": member.profile_digest})


def _row(one: Admitted) -> list[object]:
    member = one.member
    fresh = "" if one.fresh else "was there"
    return [one.number, member.name_zh, member.name_en, member.role.label, one.operator or "", fresh]
