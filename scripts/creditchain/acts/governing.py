"""What governors do: admit members and change them, open key epochs. Every act is an intent that can be run again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address

from creditchain.catalogue.members import Member, load_members
from creditchain.chain.abi import interface
from creditchain.chain.connect import Chain
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.outbox import Outbox, Receipt
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer, dev_signer
from creditchain.documents import canonical_bytes, parse_json
from creditchain.errors import InputError, Place, RefusedError
from creditchain.hashing import keccak256
from creditchain.log.views import Admission, ContractCall, NodeInfo
from creditchain.messages.domains import ContractDomain
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.signatures import signed_by

#: Seconds for which a new key's acceptance is valid, unless somebody says otherwise.
ACCEPTANCE_SECONDS = 24 * 3600
ACCEPTANCE_FORMAT = "creditchain/operator-acceptance@1"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A member and the number it has on chain; `fresh` False when it was there before."""

    member: Member
    number: int
    operator: str | None
    fresh: bool


def admit(
    region: Region,
    outbox: Outbox,
    members: Sequence[Member],
    operators: Mapping[str, str],
    on_admitted: Callable[[Admitted], None] = lambda _: None,
) -> list[Admitted]:
    """Admit members in their order, skipping those that are there (by profile digest). Killed anywhere, run it again.

    Args:
        operators: address by member key, over what the members say themselves.
    Raises:
        InputError: a physical member has no operator, or a member belongs to another region. Nobody was admitted.
        TransactionError: a governor's key is missing, or a key belongs to another node.
    """
    for member in members:
        _check_member(region, member, operators)
    numbers = {info.profile_digest: info.number for info in region.nodes()}
    there = set(numbers)
    by_key = {member.key: member for member in members}

    def call(member: Member) -> ContractCall:
        host = 0 if member.host is None else numbers[by_key[member.host].profile_digest]
        return _admit_call(region, member, operators.get(member.key, member.operator), host)

    done = []
    # Physical ones first, all sent before the first is waited for; then those that need their hosts' numbers.
    for wave in ([m for m in members if m.host is None], [m for m in members if m.host is not None]):
        waiting = [member for member in wave if member.profile_digest not in there]
        for member in waiting:
            outbox.post(_admission(member), call(member))
        for member in wave:
            fresh = member.profile_digest not in there
            if fresh:
                receipt = outbox.submit(_admission(member), call(member))
                numbers[member.profile_digest] = _number(region, receipt, member)
            number = numbers[member.profile_digest]
            done.append(Admitted(member, number, operators.get(member.key, member.operator), fresh))
            on_admitted(done[-1])
    return done


def change(outbox: Outbox, action: str, before: NodeInfo, call: ContractCall) -> Receipt:
    """Change a node. The intent names the state that it starts from: run again after a crash it is the same act."""
    state = keccak256(canonical_bytes({k: _plain(v) for k, v in asdict(before).items()})).hex()[:16]
    round_ = 0
    # A node may come back to the same state; an act from there that is final was an earlier one.
    while outbox.state(intent := f"{action} {before.number} from {state} #{round_}") == "final":
        round_ += 1
    return outbox.submit(intent, call)


def admit_hosted(region: Region, outbox: Outbox, member: Member, host: int) -> Admitted:
    """Admit one member; `host` is the number of the node that hosts it, 0 for a physical one.

    Raises:
        InputError: it is physical and has no operator.
        TransactionError: as `admit`.
    """
    if host == 0:
        return admit(region, outbox, [member], {})[0]
    there = {info.profile_digest: info.number for info in region.nodes()}
    if member.profile_digest in there:
        return Admitted(member, there[member.profile_digest], member.operator, False)
    receipt = outbox.submit(_admission(member), _admit_call(region, member, member.operator, host))
    return Admitted(member, _number(region, receipt, member), member.operator, True)


def dev_operators(chain: Chain, members: Sequence[Member]) -> dict[str, str]:
    """Development keys dev:1, dev:2, … for the physical members, in their order, with money for gas where it costs.

    Raises:
        SignerError: the chain is not local.
    """
    physical = [member.key for member in members if member.host is None]
    operators = {key: dev_signer(number, chain).address for number, key in enumerate(physical, 1)}
    fund_dev_accounts(chain, list(operators.values()))
    return operators


def load_operators(file: Path) -> dict[str, str]:
    """Operator addresses by member key: a JSON object.

    Raises:
        InputError: names the file and the field.
    """
    try:
        parsed = parse_json(file.read_bytes())
    except OSError as error:
        found = type(error).__name__
        raise InputError("the operators file can not be read", place=Place(str(file)), found=found) from error
    except InputError as error:
        raise error.at(Place(str(file))) from None
    for key, address in parsed.items():
        if not is_address(address):
            raise InputError("not an address", expected="0x and 40 hex digits", place=Place(str(file), field=key))
    return {key: to_checksum_address(address) for key, address in parsed.items()}


def require_node(region: Region, number: int, block: int | None = None) -> NodeInfo:
    """The node of this number.

    Raises:
        InputError: there is none.
    """
    info = region.node(number, block)
    if info is None:
        raise InputError(f"there is no node {number}", hint="`creditchain node list` shows all.")
    return info


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A new operator's word that it acts for a node: what `rotate` and `replace` hand in."""

    node: int
    operator: str
    deadline: int
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The acceptance as it stands in its file."""
        return {
            "format": ACCEPTANCE_FORMAT,
            "node": self.node,
            "operator": self.operator,
            "deadline": self.deadline,
            "signature": "0x" + self.signature.hex(),
        }


def load_acceptance(file: Path) -> Acceptance:
    """Read what `node accept` wrote.

    Raises:
        InputError: names the file.
    """
    try:
        parsed = parse_json(file.read_bytes())
        made = Acceptance(
            int(parsed["node"]),
            to_checksum_address(parsed["operator"]),
            int(parsed["deadline"]),
            bytes.fromhex(parsed["signature"].removeprefix("0x")),
        )
        if made.as_json() != parsed:
            raise ValueError("fields differ")
    except (OSError, InputError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError("this is no acceptance", expected=ACCEPTANCE_FORMAT, place=Place(str(file))) from error
    return made


def acceptance_message(region: Region, node: int, operator: str, deadline: int) -> OperatorAcceptance:
    """The message that a new operator signs (format.md section 6)."""
    domain = ContractDomain(region.deployment.chain_id, region.deployment.address("NodeRegistry"))
    return OperatorAcceptance(domain, node, operator, deadline)


def accept(region: Region, node: int, signer: Signer, seconds: int = ACCEPTANCE_SECONDS) -> Acceptance:
    """Sign the acceptance with the new key. Valid for `seconds` from the later of now and the newest block."""
    deadline = max(int(time.time()), region.chain.head().time) + seconds
    message = acceptance_message(region, node, signer.address, deadline)
    return Acceptance(node, signer.address, deadline, signer.sign_typed(message.typed_data()))


def check_acceptance(region: Region, acceptance: Acceptance, node: int) -> None:
    """Is it signed by the key it names, for this node and this region's registry?

    Raises:
        InputError: it is not.
    """
    message = acceptance_message(region, acceptance.node, acceptance.operator, acceptance.deadline)
    if acceptance.node != node or not signed_by(message, acceptance.signature, acceptance.operator):
        raise InputError("the acceptance is not signed by the key it names, for this node and region")


def open_epoch(region: Region, outbox: Outbox, epoch_digest: bytes) -> int:
    """Open a key epoch under this digest; its number. Opening the current one again changes nothing.

    Raises:
        RefusedError: the key is that of an epoch that is over.
        TransactionError: the signer is no governor.
    """

    def is_open() -> bool:
        return _epoch_of(region, epoch_digest) is not None

    outbox.submit(f"epoch {epoch_digest.hex()}", region.calls.open_key_epoch(epoch_digest), already_done=is_open)
    epoch, current = _epoch_of(region, epoch_digest), region.current_key_epoch()
    if epoch is None:
        raise RefusedError("the key epoch was opened, but the endpoint does not have it yet", hint="Run it again.")
    if epoch != current:
        raise RefusedError(f"this is the key of epoch {epoch}, which is over", hint="A new epoch needs a new key.")
    return epoch


def _epoch_of(region: Region, epoch_digest: bytes) -> int | None:
    for epoch in range(region.current_key_epoch(), 0, -1):
        if region.key_epoch_digest(epoch) == epoch_digest:
            return epoch
    return None


# Profiles: what a digest on chain stands for, kept in the home folder.


def save_profile(home: Path, member: Member) -> Path:
    """Keep a member's profile under its digest: whole or not at all."""
    path = home / "profiles" / f"{member.profile_digest.hex()}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_bytes(canonical_bytes(member.profile))
        temporary.replace(path)
    return path


class Profiles:
    """Names of nodes by profile digest: those that ship with the package, and those in the home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._known: dict[bytes, dict[str, Any]] = {}
        for file in files("creditchain").joinpath("data/members").iterdir():
            if file.name.endswith(".json"):
                for member in load_members(file.name.removesuffix(".json")):
                    self._known[member.profile_digest] = member.profile

    def find(self, digest: bytes) -> dict[str, Any] | None:
        """The profile behind a digest; None when this machine does not have it, or has other bytes under its name."""
        if digest not in self._known:
            path = self._home / "profiles" / f"{digest.hex()}.json"
            raw = path.read_bytes() if path.is_file() else b""
            if keccak256(raw) != digest:
                return None
            self._known[digest] = json.loads(raw)
        return self._known[digest]


def _check_member(region: Region, member: Member, operators: Mapping[str, str]) -> None:
    if member.region != region.deployment.region:
        raise InputError(
            f"{member.key} is a member of another region", expected=region.deployment.region, found=member.region
        )
    if member.host is None and operators.get(member.key, member.operator) is None:
        raise InputError(
            f"{member.key} is a physical node and needs an operator key",
            hint="Give addresses with --operators FILE, or --dev-operators on a local chain.",
        )


def _admit_call(region: Region, member: Member, operator: str | None, host: int) -> ContractCall:
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


def _admission(member: Member) -> str:
    return f"admit {member.profile_digest.hex()}"


def _number(region: Region, receipt: Receipt, member: Member) -> int:
    event, address = interface("NodeRegistry").events["NodeChanged"], region.deployment.address("NodeRegistry")
    for raw in receipt.logs:
        if raw["address"].lower() == address.lower() and raw["topics"][0] == "0x" + event.topic.hex():
            return int(event.decode(raw)["node"])
    raise RefusedError(f"the receipt of admitting {member.key} holds no NodeChanged event")


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value
