"""Governors admit members. Members that are there already are skipped, so a run that was killed is run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from creditchain.catalogue.members import ListedMember
from creditchain.chain.abi import interface
from creditchain.chain.connect import Chain
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import InputError, RefusedError
from creditchain.home.layout import Home
from creditchain.home.profiles import Profiles, save_profile
from creditchain.log.entries import NodeBody, parse_body
from creditchain.log.views import Admission, ContractCall


@dataclass(frozen=True, slots=True)
class Admitted:
    """A member and the number it has on chain; `fresh` False when it was there before."""

    member: ListedMember
    number: int
    operator: str | None
    fresh: bool


def admit(
    region: Region,
    outbox: Outbox,
    home: Home,
    members: Sequence[ListedMember],
    operators: Mapping[str, str],
    on_admitted: Callable[[Admitted], None] = lambda _: None,
) -> list[Admitted]:
    """Admit members in their order, skipping those that are there (by their profiles). Killed anywhere, run it again.

    Args:
        home: keeps the members' profiles, whose digests go on chain.
        operators: address by member key; wins over what the members say themselves.
    Raises:
        InputError: a physical member has no operator, an operator's key belongs to another node, or a member belongs to
            another region. Nobody was admitted.
        TransactionError: the signer is no governor.
    """
    numbers = _numbers(region, home)
    there = set(numbers)
    for member in members:
        _check_member(region, member, operators)
    _check_keys(region, [member for member in members if member.profile.identity not in there], operators)
    by_key = {member.key: member for member in members}
    for member in members:
        save_profile(home, member.profile)

    def call(member: ListedMember) -> ContractCall:
        host = 0 if member.host is None else numbers[by_key[member.host].profile.identity]
        return _admit_call(region, member, operators.get(member.key, member.operator), host)

    done = []
    # Physical ones first, all sent before the first is waited for; then those that need their hosts' numbers.
    for wave in ([m for m in members if m.host is None], [m for m in members if m.host is not None]):
        waiting = [member for member in wave if member.profile.identity not in there]
        for member in waiting:
            outbox.post(_admission(member), call(member))
        for member in wave:
            fresh = member.profile.identity not in there
            if fresh:
                receipt = outbox.submit(_admission(member), call(member))
                numbers[member.profile.identity] = _number(region, receipt, member)
            number = numbers[member.profile.identity]
            done.append(Admitted(member, number, operators.get(member.key, member.operator), fresh))
            on_admitted(done[-1])
    return done


def admit_hosted(region: Region, outbox: Outbox, home: Home, member: ListedMember, host: int) -> Admitted:
    """Admit one member; `host` is the number of the node that hosts it, 0 for a physical one.

    Raises:
        InputError: it is physical and has no operator, or there is no such host.
        TransactionError: as `admit`.
    """
    if host == 0:
        return admit(region, outbox, home, [member], {})[0]
    if region.node(host) is None:
        raise InputError(f"there is no node {host}", hint="`creditchain node list` shows all.")
    save_profile(home, member.profile)
    there = _numbers(region, home)
    if member.profile.identity in there:
        return Admitted(member, there[member.profile.identity], member.operator, False)
    receipt = outbox.submit(_admission(member), _admit_call(region, member, member.operator, host))
    return Admitted(member, _number(region, receipt, member), member.operator, True)


def _numbers(region: Region, home: Home) -> dict[bytes, int]:
    """Node numbers by the identities of their profiles, as far as these are known here, else by their digests."""
    profiles, numbers = Profiles(home), {}
    for info in region.nodes():
        profile = profiles.profile(info.profile_digest)
        numbers[info.profile_digest if profile is None else profile.identity] = info.number
    return numbers


def dev_operators(chain: Chain, members: Sequence[ListedMember]) -> dict[str, str]:
    """Development keys dev:1, dev:2, … for the physical members, in their order, with money for gas where it costs.

    Raises:
        SignerError: the chain is not local.
    """
    physical = [member.key for member in members if member.host is None]
    operators = {key: dev_signer(number, chain).address for number, key in enumerate(physical, 1)}
    fund_dev_accounts(chain, list(operators.values()))
    return operators


def _check_member(region: Region, member: ListedMember, operators: Mapping[str, str]) -> None:
    if member.region != region.deployment.region:
        raise InputError(
            f"{member.key} is a member of another region", expected=region.deployment.region, found=member.region
        )
    if member.host is None and operators.get(member.key, member.operator) is None:
        raise InputError(
            f"{member.key} is a physical node and needs an operator key",
            hint="Give addresses with --operators FILE, or --dev-operators on a local chain.",
        )


def _check_keys(region: Region, members: Sequence[ListedMember], operators: Mapping[str, str]) -> None:
    """A key acts for one node only. The registry says so too, but not before the members before it are admitted."""
    taken: dict[str, str] = {}
    for member in members:
        address = operators.get(member.key, member.operator)
        if member.host is not None or address is None:
            continue
        other = taken.setdefault(address.lower(), member.key)
        node = region.node_of(address)
        if other != member.key or node is not None:
            raise InputError(
                f"the operator key of {member.key} belongs to another node",
                found=address,
                hint=f"It is that of {other}." if node is None else f"It is that of node {node}.",
            )


def _admit_call(region: Region, member: ListedMember, operator: str | None, host: int) -> ContractCall:
    return region.calls.admit(
        Admission(
            operator=operator,
            role=int(member.role),
            division=member.division,
            host=host,
            domains=member.domain_mask,
            until=member.until,
            profile_digest=member.profile_digest,
        )
    )


def _admission(member: ListedMember) -> str:
    return f"admit {member.profile_digest.hex()}"


def _number(region: Region, receipt: Receipt, member: ListedMember) -> int:
    event, address = interface("RegionLog").events["Appended"], region.deployment.address("RegionLog")
    for log in receipt.logs:
        if log.address == address and log.topics[:1] == (event.topic,):
            found = event.decode(log)
            body = parse_body(int(found["kind"]), found["body"])
            if isinstance(body, NodeBody):
                return body.node
    raise RefusedError(f"the receipt of admitting {member.key} holds no Node entry")
