"""`creditchain node`: members of the region. Changes are for governors; a node rotates its own key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditchain.cli.connecting import SignerOption, acting, open_region
from creditchain.cli.settings import settings
from creditchain.errors import InputError, UsageError

if TYPE_CHECKING:
    from creditchain.acts.governing import Acceptance, Profiles
    from creditchain.catalogue.members import Member
    from creditchain.chain.calls import Calls
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region
    from creditchain.log.views import ContractCall, NodeInfo

group = typer.Typer(no_args_is_help=True, help="Members of the region: admit, list, suspend, rotate keys. 成员")

NodeArgument = Annotated[int, typer.Argument(min=1, max=2**24 - 1, metavar="NODE", help="Number of the node.")]
DomainsOption = Annotated[str, typer.Option(help="Domains it may publish, separated by commas; empty for none.")]
UntilOption = Annotated[
    str | None, typer.Option(help="End of a guest's membership: date and time with time zone (2027-06-30T18:00+08:00).")
]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="node")


@group.command()
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
    division: Annotated[int | None, typer.Option(help="One member: six-digit division (GB/T 2260).")] = None,
    domains: DomainsOption = "",
    operator: Annotated[str | None, typer.Option(help="One member: address of its operator key.")] = None,
    host: Annotated[int, typer.Option(help="One member: number of the node that hosts this virtual node.")] = 0,
    until: UntilOption = None,
    signer: SignerOption = None,
) -> None:
    """Admit one member, or a file of them. Members that are there already are skipped: interrupted, run it again."""
    from creditchain.catalogue.members import load_members

    if (members is None) == (key is None):
        raise UsageError("say whom to admit", expected="either --members, or --key with the options of one member")
    with acting(settings(ctx), signer) as (region, outbox):
        if members is not None:
            _admit_all(
                ctx, region, outbox, load_members(members), _operators(region, members, operators, dev_operators)
            )
            return
        fields = {"key": key, "name": {"zh": name_zh, "en": name_en}, "role": role, "division": division}
        _admit_one(ctx, region, outbox, fields, operator, _names(domains), host, _time(until))


def _admit_all(
    ctx: typer.Context, region: Region, outbox: Outbox, listed: list[Member], operators: dict[str, str]
) -> None:
    from creditchain.acts.governing import admit as run
    from creditchain.acts.governing import save_profile

    chosen = settings(ctx)
    for member in listed:
        save_profile(chosen.home, member)
    with chosen.output.progress("admitting members", len(listed)) as bar:
        done = run(region, outbox, listed, operators, lambda _: bar.advance(bar.task_ids[0]))
    rows = [
        [
            a.number,
            a.member.name_zh,
            a.member.name_en,
            a.member.role.label,
            a.operator or "",
            "" if a.fresh else "was there",
        ]
        for a in done
    ]
    chosen.output.table(["node", "名称", "name", "role", "operator", ""], rows)


def _admit_one(
    ctx: typer.Context,
    region: Region,
    outbox: Outbox,
    fields: dict[str, Any],
    operator: str | None,
    domains: list[str],
    host: int,
    until: int,
) -> None:
    import json

    from creditchain.acts.governing import admit_hosted, save_profile
    from creditchain.catalogue.members import FORMAT, parse_members

    fields |= {"domains": domains, "until": until} | ({"operator": operator} if operator else {})
    content = {"format": FORMAT, "region": region.deployment.region, "members": [fields]}
    member = parse_members(json.dumps(content).encode(), "the options")[0]
    chosen = settings(ctx)
    save_profile(chosen.home, member)
    admitted = admit_hosted(region, outbox, member, host)
    chosen.output.emit(
        {"node": admitted.number, "fresh": admitted.fresh, "profile": "0x" + member.profile_digest.hex()}
    )


@group.command("list")
def list_(ctx: typer.Context) -> None:
    """All nodes, with their names where this machine knows them."""
    from creditchain.acts.governing import Profiles

    chosen = settings(ctx)
    profiles = Profiles(chosen.home)
    with open_region(chosen) as region:
        nodes = region.nodes(region.chain.final_block().number)
    shown = [_described(info, profiles) for info in nodes]
    rows = [_row(info, described) for info, described in zip(nodes, shown, strict=True)]
    columns = ["node", "name 名称", "role 角色", "division 区划", "domains 领域"]
    chosen.output.table(columns, rows, value=shown)


@group.command()
def show(ctx: typer.Context, node: NodeArgument) -> None:
    """Everything the chain says about a node."""
    from creditchain.acts.governing import Profiles, require_node

    chosen = settings(ctx)
    with open_region(chosen) as region:
        block = region.chain.final_block().number
        described = _described(require_node(region, node, block), Profiles(chosen.home))
        described["acts now"] = region.is_active(node, block)
        described["compromises"] = [
            {"since": _shown(each.since), "until": _shown(each.until)} for each in region.compromises(node, block)
        ]
    chosen.output.emit(described)


@group.command()
def suspend(ctx: typer.Context, node: NodeArgument, signer: SignerOption = None) -> None:
    """Stop a node from acting, until it is reinstated."""
    _change(ctx, node, "suspend", lambda calls: calls.suspend(node), signer)


@group.command()
def reinstate(ctx: typer.Context, node: NodeArgument, signer: SignerOption = None) -> None:
    """Let a suspended node act again."""
    _change(ctx, node, "reinstate", lambda calls: calls.reinstate(node), signer)


@group.command()
def retire(
    ctx: typer.Context,
    node: NodeArgument,
    yes: Annotated[bool, typer.Option("--yes", help="It is for ever; say that you know.")] = False,
    signer: SignerOption = None,
) -> None:
    """End a membership for ever. What the node published stays."""
    if not yes:
        raise UsageError("a retired node never comes back", hint="Say --yes if that is what you want.")
    _change(ctx, node, "retire", lambda calls: calls.retire(node), signer)


@group.command()
def set_domains(
    ctx: typer.Context,
    node: NodeArgument,
    domains: Annotated[str, typer.Argument(help="Domains separated by commas; empty for none.")],
    signer: SignerOption = None,
) -> None:
    """Set which domains a node may publish from now on."""
    from creditchain.documents import DOMAINS, domain_mask

    mask = domain_mask(DOMAINS[name] for name in _names(domains))
    _change(ctx, node, f"set-domains {mask}", lambda calls: calls.set_domains(node, mask), signer)


@group.command()
def extend(
    ctx: typer.Context,
    node: NodeArgument,
    until: UntilOption = None,
    resident: Annotated[bool, typer.Option("--resident", help="No end date any more.")] = False,
    signer: SignerOption = None,
) -> None:
    """Set the end of a guest's membership."""
    if (until is None) != resident:
        raise UsageError("say until when", expected="either --until, or --resident")
    end = _time(until)
    _change(ctx, node, f"extend {end}", lambda calls: calls.set_until(node, end), signer)


@group.command()
def compromise(
    ctx: typer.Context,
    node: NodeArgument,
    since: Annotated[str, typer.Option(help="From when the key may have been somebody else's, with time zone.")],
    signer: SignerOption = None,
) -> None:
    """Declare that a node's key may have been somebody else's. Suspends it until its key is replaced."""
    start = _time(since)
    _change(ctx, node, f"compromise {start}", lambda calls: calls.mark_compromised(node, start), signer)


NewSignerOption = Annotated[
    str | None, typer.Option(help="The new key, if it is at hand: it accepts on the spot. Written like --signer.")
]
AcceptanceOption = Annotated[
    Path | None, typer.Option(help="The new key's acceptance, if it is elsewhere: what `node accept` wrote there.")
]


@group.command()
def accept(
    ctx: typer.Context,
    node: NodeArgument,
    out: Annotated[Path, typer.Option("--output", "-o", help="File to write.")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 365, help="How long the acceptance is valid.")] = 24,
    signer: SignerOption = None,
) -> None:
    """As a new operator: accept to act for a node. Give the file to whoever runs `node rotate` or `node replace`."""
    import json

    from creditchain.acts.governing import accept as sign
    from creditchain.chain.signers import parse_signer
    from creditchain.cli.connecting import required_signer

    with open_region(settings(ctx)) as region:
        made = sign(region, node, parse_signer(required_signer(signer), region.chain), hours * 3600)
    out.write_text(json.dumps(made.as_json(), indent=2) + "\n", encoding="utf-8")
    settings(ctx).output.emit(
        {"file": str(out), "node": node, "operator": made.operator, "until": _shown(made.deadline)}
    )


@group.command()
def rotate(
    ctx: typer.Context,
    node: NodeArgument,
    new_signer: NewSignerOption = None,
    acceptance: AcceptanceOption = None,
    signer: SignerOption = None,
) -> None:
    """As the node's operator: give its work to another key."""
    _hand_over(ctx, node, "rotate", new_signer, acceptance, signer)


@group.command()
def replace(
    ctx: typer.Context,
    node: NodeArgument,
    new_signer: NewSignerOption = None,
    acceptance: AcceptanceOption = None,
    signer: SignerOption = None,
) -> None:
    """As a governor: give a node another key, after loss or theft. Closes an open compromise; does not reinstate."""
    _hand_over(ctx, node, "replace", new_signer, acceptance, signer)


def _hand_over(
    ctx: typer.Context, node: int, action: str, new_signer: str | None, file: Path | None, signer: str | None
) -> None:
    from creditchain.acts.governing import accept as sign
    from creditchain.acts.governing import check_acceptance, load_acceptance
    from creditchain.chain.signers import parse_signer

    if (new_signer is None) == (file is None):
        raise UsageError("the new key has to accept", expected="either --new-signer or --acceptance")

    def made(region: Region) -> Acceptance:
        if file is not None:
            found = load_acceptance(file)
            check_acceptance(region, found, node)
            return found
        return sign(region, node, parse_signer(str(new_signer), region.chain))

    chosen = settings(ctx)
    with acting(chosen, signer) as (region, outbox):
        _apply(ctx, region, outbox, node, f"{action}", lambda calls: _hand_over_call(calls, action, made(region)))


def _hand_over_call(calls: Calls, action: str, given: Acceptance) -> ContractCall:
    build = calls.rotate_operator if action == "rotate" else calls.replace_operator
    return build(given.node, given.operator, given.deadline, given.signature)


def _change(
    ctx: typer.Context, node: int, action: str, build: Callable[[Calls], ContractCall], signer: str | None
) -> None:
    with acting(settings(ctx), signer) as (region, outbox):
        _apply(ctx, region, outbox, node, action, build)


def _apply(
    ctx: typer.Context, region: Region, outbox: Outbox, node: int, action: str, build: Callable[[Calls], ContractCall]
) -> None:
    from creditchain.acts.governing import Profiles, change, require_node

    chosen = settings(ctx)
    receipt = change(outbox, action, require_node(region, node), build(region.calls))
    described = _described(require_node(region, node), Profiles(chosen.home))
    described["transaction"] = "0x" + (receipt.transaction_hash or b"").hex()
    chosen.output.emit(described)


def _operators(region: Region, members: str, file: Path | None, dev: bool) -> dict[str, str]:
    from creditchain.acts.governing import dev_operators, load_operators
    from creditchain.catalogue.members import load_members

    if dev and file is not None:
        raise UsageError("two sources of operator keys", expected="--operators or --dev-operators")
    if dev:
        return dev_operators(region.chain, load_members(members))
    return load_operators(file) if file is not None else {}


def _described(info: NodeInfo, profiles: Profiles) -> dict[str, Any]:
    from creditchain.documents import Domain
    from creditchain.vocabulary import NodeStatus, Role

    profile = profiles.find(info.profile_digest)
    name = {"zh": "", "en": ""} if profile is None else profile["name"]
    return {
        "node": info.number,
        "名称": name["zh"],
        "name": name["en"],
        "role": Role(info.role).label,
        "status": NodeStatus(info.status).label,
        "division": info.division,
        "host": info.host or None,
        "domains": [domain.label for domain in Domain if info.domains >> domain & 1],
        "operator": info.operator,
        "admitted": _shown(info.admitted_at),
        "status since": _shown(info.status_at),
        "until": _shown(info.until),
        "compromised since": _shown(info.compromised_since),
        "profile": "0x" + info.profile_digest.hex(),
    }


def _row(info: NodeInfo, described: dict[str, Any]) -> list[object]:
    """A node in the list: both names, and the domains in Chinese, which is short."""
    from creditchain.documents import Domain
    from creditchain.vocabulary import NodeStatus, Role

    return [
        info.number,
        f"{described['name']}\n{described['名称']}".strip(),
        f"{Role(info.role).zh} {described['role']}\n{NodeStatus(info.status).zh} {described['status']}",
        f"{info.division}" + (f"\nhost {info.host}" if info.host else ""),
        " ".join(domain.zh for domain in Domain if info.domains >> domain & 1),
    ]


def _names(domains: str) -> list[str]:
    from creditchain.documents import DOMAINS

    names = [name.strip() for name in domains.split(",") if name.strip()]
    for name in names:
        if name not in DOMAINS:
            raise UsageError("no such domain", expected=", ".join(DOMAINS), found=name)
    return names


def _time(text: str | None) -> int:
    """Unix seconds of a date and time; 0 for none."""
    if text is None:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("not a date and time", expected="like 2027-06-30T18:00+08:00", found=text) from error
    if moment.tzinfo is None:
        raise InputError("the time zone is missing", expected="like 2027-06-30T18:00+08:00", found=text)
    return int(moment.timestamp())


def _shown(seconds: int) -> str | None:
    """Local date and time of unix seconds; None for never."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat() if seconds else None
