"""Deploy a region: probe the EVM, create the contracts in order, wire roles and writers.

A run that was killed at any point is continued by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.calls import WHOLE_SPACE, ZERO_ADDRESS, Calls, Share
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import DeployedContract, Deployment, require_region
from creditchain.chain.errors import ChainUnavailableError
from creditchain.chain.outbox import Outbox
from creditchain.chain.probe import probe
from creditchain.chain.safe import GOVERNORS, SAFE_CONTRACTS, created, creation
from creditchain.chain.signers import Signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.log.entries import region_code
from creditchain.log.views import ContractCall
from creditchain.vocabulary import AccessRole, EntryKind, Space

ADMIN, GOVERNOR, CANCELLER = AccessRole

_LABELS = ((GOVERNOR, "GOVERNOR"), (CANCELLER, "CANCELLER"))

#: The bits of a consent's cell that count its uses (docs/format.md, section 5).
CONSENT_USED = 0xFFFF << 184

#: Products that one transaction launches.
_LAUNCHED = 10

_Addresses = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RegionContract:
    """One contract of a region.

    `arguments` gives its constructor arguments from the addresses of earlier contracts and the region's code;
    `restricted` lists the functions that only governors may call; `kinds` are the entries that it appends to the log,
    `spaces` the cells that it writes, and `parts` the bits of cells that others write too.
    """

    name: str
    arguments: Callable[[_Addresses, str], tuple[Any, ...]]
    restricted: tuple[str, ...] = ()
    kinds: tuple[EntryKind, ...] = ()
    spaces: tuple[Space, ...] = ()
    parts: tuple[Share, ...] = ()

    @property
    def shares(self) -> tuple[Share, ...]:
        """All that it may change in the log."""
        return (*((space, WHOLE_SPACE) for space in self.spaces), *self.parts)


#: What the contract that decides who governs appends and writes. It is the first writer.
GOVERNANCE = RegionContract(
    "Governance",
    lambda _, __: (),
    kinds=(EntryKind.ACCESS, EntryKind.OPERATION),
    spaces=(Space.ACCESS,),
)

#: In the order of deployment. To add a contract, add an entry here.
PARTS: tuple[RegionContract, ...] = (
    RegionContract("RegionLog", lambda at, region: (at["Governance"], region_code(region))),
    RegionContract(
        "NodeRegistry",
        lambda at, _: (at["Governance"], at["RegionLog"]),
        (
            "admit",
            "suspend",
            "reinstate",
            "retire",
            "setDomains",
            "setProfile",
            "setUntil",
            "setHost",
            "setAnswerer",
            "setCompromises",
            "replaceOperator",
        ),
        (EntryKind.NODE, EntryKind.COMPROMISE, EntryKind.ANSWERER),
        (Space.NODE, Space.KEY, Space.MEMBER, Space.TERM, Space.COMPROMISE, Space.COUNT),
    ),
    RegionContract(
        "AnchorRegistry",
        lambda at, _: (at["Governance"], at["RegionLog"]),
        ("openKeyEpoch", "launchProduct", "withdrawProduct", "setException"),
        (
            EntryKind.TAG_KEY_EPOCH,
            EntryKind.PRODUCT,
            EntryKind.ANCHOR,
            EntryKind.BOOK,
            EntryKind.STATUS,
            EntryKind.EXCEPTION,
        ),
        (Space.EPOCH, Space.BOOK, Space.PRODUCT, Space.PUBLISHER, Space.RECORD, Space.EXCEPTION),
    ),
    RegionContract(
        "AuditRegistry",
        lambda at, _: (at["Governance"], at["RegionLog"]),
        ("annulBatch", "annulBook", "closeNode"),
        (EntryKind.AUDIT, EntryKind.BROKEN, EntryKind.ANNULLED, EntryKind.CLOSED),
        (Space.AUDIT,),
    ),
    RegionContract(
        "Disputes",
        lambda at, _: (at["RegionLog"],),
        kinds=(EntryKind.DISPUTE, EntryKind.ANSWER),
        spaces=(Space.DISPUTE,),
    ),
    RegionContract(
        "CheckpointSigners",
        lambda at, _: (at["Governance"], at["RegionLog"]),
        ("setSigners",),
        (EntryKind.SIGNERS,),
        (Space.SIGNER,),
    ),
    RegionContract(
        "ConsentToken",
        lambda at, _: (at["Governance"], at["RegionLog"]),
        ("setLimit", "revokeByGovernors"),
        (EntryKind.CONSENT, EntryKind.REVOCATION, EntryKind.LIMITS, EntryKind.PAUSE),
        (Space.PAUSE, Space.LIMIT, Space.BALANCE),
        ((Space.CONSENT, WHOLE_SPACE ^ CONSENT_USED),),
    ),
    RegionContract(
        "QueryLedger",
        lambda at, _: (at["RegionLog"],),
        kinds=(EntryKind.QUERIES, EntryKind.LOANS),
        spaces=(Space.NONCE, Space.LOAN),
        parts=((Space.CONSENT, CONSENT_USED),),
    ),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to deploy. `governors` may call the administrative functions; if empty, the deployer governs.

    With a `threshold`, the governors own a Safe, and that many of them must sign. Without one, each governs alone.
    """

    region: str
    governors: tuple[str, ...] = ()
    generation: int = 1
    products: tuple[tuple[int, bytes], ...] = ()  #: number and digest (32 bytes) of each product to launch
    threshold: int = 0
    cancellers: tuple[str, ...] = ()  #: may stop what admins began, and are none themselves
    admin_delay: int = 0  #: seconds that the governors' acts as admins wait

    @property
    def steps(self) -> int:
        """Number of transactions."""
        wiring = 3 + sum(bool(part.kinds) for part in PARTS)
        safe = 1 + len(SAFE_CONTRACTS) if self.threshold else 0
        return 1 + len(PARTS) + wiring + len(self.launches) + safe + (1 if self.governors else 0)

    @property
    def launches(self) -> list[tuple[tuple[int, bytes], ...]]:
        """The products, some for each transaction."""
        return [self.products[at : at + _LAUNCHED] for at in range(0, len(self.products), _LAUNCHED)]


def deploy(
    chain: Chain, signer: Signer, journal: Journal, plan: Plan, on_step: Callable[[str], None] | None = None
) -> Deployment:
    """Deploy a region's contracts and wire them; `on_step(what)` is called after each transaction.

    Each step is an intent of the outbox, so a run after a crash continues with the contracts that exist already.

    Raises:
        ChainUnsuitableError: the EVM differs from what the contracts need.
        TransactionError: a step was refused.
    """
    require_region(plan.region)
    probe(chain)
    scope = f"deploy/{plan.region}/{plan.generation}/{signer.address}"
    run = _Run(chain, Outbox(chain, signer, journal, scope), plan, on_step or (lambda _: None))
    return run.all(signer.address)


class _Run:
    def __init__(self, chain: Chain, outbox: Outbox, plan: Plan, on_step: Callable[[str], None]) -> None:
        self.chain, self.outbox, self.plan, self.on_step = chain, outbox, plan, on_step
        self.addresses: dict[str, str] = {}
        self.blocks: dict[str, int] = {}

    def all(self, deployer: str) -> Deployment:
        self._create("Governance", (deployer, self.plan.admin_delay, ZERO_ADDRESS))
        for part in PARTS:
            self._create(part.name, part.arguments(self.addresses, self.plan.region))
        if self.plan.threshold:
            self._create_safe()
        deployment = self._deployment()
        # Governance comes first: from then on every change of it is an entry.
        self._admit_writer(GOVERNANCE, deployment)
        begin = interface("Governance").encode("begin", self.addresses["RegionLog"])
        self._send("begin", ContractCall(self.addresses["Governance"], begin, "begin"))
        self._send("roles", self._manager("set up the roles", self._role_calls(deployer)))
        for part in PARTS:
            if part.kinds:
                self._admit_writer(part, deployment)
        for at, launched in enumerate(self.plan.launches):
            self._send(f"products {at}", self._manager("launch products", self._launch_calls(launched)))
        if self.plan.governors:
            # Last, because the deployer can do nothing more afterwards.
            self._send("hand over", self._manager("hand over to the governors", self._hand_over_calls(deployer)))
        return deployment

    def _create(self, name: str, arguments: tuple[Any, ...]) -> None:
        call = ContractCall(None, interface(name).creation(*arguments), f"deploy {name}")
        receipt = self.outbox.submit(name, call)
        if receipt.contract_address is None or receipt.block is None:
            raise ChainUnavailableError(f"the receipt for deploying {name} names no contract address")
        self.addresses[name], self.blocks[name] = receipt.contract_address, receipt.block.number
        self.on_step(name)

    def _create_safe(self) -> None:
        """The Safe that the governors own, and the contracts that it needs."""
        for name in SAFE_CONTRACTS:
            self._create(name, ())
        factory = self.addresses["SafeProxyFactory"]
        call = creation(factory, self.addresses["Safe"], self.plan.governors, self.plan.threshold)
        receipt = self.outbox.submit(GOVERNORS, call)
        if receipt.block is None:
            raise ChainUnavailableError("the receipt for creating the governors' Safe names no block")
        self.addresses[GOVERNORS] = created(receipt.logs, factory)
        self.blocks[GOVERNORS] = receipt.block.number
        self.on_step(GOVERNORS)

    def _admit_writer(self, part: RegionContract, deployment: Deployment) -> None:
        call = Calls(deployment).set_writer(self.addresses[part.name], part.kinds, part.shares)
        self._send(f"writer {part.name}", call)

    def _send(self, intent: str, call: ContractCall) -> None:
        self.outbox.submit(intent, call)
        self.on_step(intent)

    def _manager(self, doing: str, calls: list[bytes]) -> ContractCall:
        return ContractCall(self.addresses["Governance"], interface("Governance").encode("multicall", calls), doing)

    def _role_calls(self, deployer: str) -> list[bytes]:
        manager = interface("Governance")
        calls = [manager.encode("labelRole", role, name) for role, name in _LABELS]
        calls.append(manager.encode("grantRole", GOVERNOR, deployer, 0))
        for part in PARTS:
            functions = interface(part.name).functions
            selectors = [functions[name].selector for name in part.restricted]
            if selectors:
                target = self.addresses[part.name]
                calls.append(manager.encode("setTargetFunctionRole", target, selectors, GOVERNOR))
        return calls

    def _hand_over_calls(self, deployer: str) -> list[bytes]:
        manager = interface("Governance")
        governors = (self.addresses[GOVERNORS],) if self.plan.threshold else self.plan.governors
        calls = [manager.encode("grantRole", CANCELLER, canceller, 0) for canceller in self.plan.cancellers]
        for governor in governors:
            calls.append(manager.encode("grantRole", GOVERNOR, governor, 0))
            calls.append(manager.encode("grantRole", ADMIN, governor, self.plan.admin_delay))
        if deployer not in governors:
            calls += [manager.encode("renounceRole", role, deployer) for role in (GOVERNOR, ADMIN)]
        return calls

    def _launch_calls(self, products: tuple[tuple[int, bytes], ...]) -> list[bytes]:
        manager, anchors = interface("Governance"), interface("AnchorRegistry")
        target = self.addresses["AnchorRegistry"]
        return [manager.encode("execute", target, anchors.encode("launchProduct", *one)) for one in products]

    def _log_id(self) -> bytes:
        log = interface("RegionLog")
        data = self.chain.call(self.addresses["RegionLog"], log.encode("logId"), doing="answer logId")
        return bytes(log.decode("logId", data)[0])

    def _deployment(self) -> Deployment:
        names = list(self.addresses)
        codes = self.chain.codes([self.addresses[name] for name in names])
        contracts = {
            name: DeployedContract(self.addresses[name], self.blocks[name], keccak256(code))
            for name, code in zip(names, codes, strict=True)
        }
        return Deployment(
            network=self.chain.network.name,
            chain_id=self.chain.chain_id,
            genesis=self.chain.genesis,
            region=self.plan.region,
            log_id=self._log_id(),
            contracts=contracts,
            generation=self.plan.generation,
        )
