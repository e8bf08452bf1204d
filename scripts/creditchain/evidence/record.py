"""Fetch the evidence for record packages: every value at one final block, the same for all packages of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property

from creditchain.chain.anchors import anchor_in, anchor_info
from creditchain.chain.clock import age
from creditchain.chain.consents import ConsentReads
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import ContractRefusedError, EndpointError, LyingEndpointError
from creditchain.chain.log_entries import entries_between
from creditchain.chain.refusals import Refusal
from creditchain.chain.region import Region
from creditchain.errors import UnavailableError
from creditchain.log.entries import AnchorBody
from creditchain.log.views import AnchorInfo, BlockRef, LaunchedProduct, LogEntry
from creditchain.packages.record_package import RecordPackage, SignedTagStatement
from creditchain.verification.evidence import Evidence, Missing, NodeHistory, Origin, Source, StatementSigner
from creditchain.verification.steps import leaf_of
from creditchain.verification.subject import signer_of
from creditchain.verification.verdict import Text

NO_ENTRY = Missing(Text("the endpoint does not return the anchor's log entry", "节点未提供该锚定的日志条目"))


def origin_of(deployment: Deployment) -> Origin:
    """The chain and contracts that the verifier trusts because its deployment file names them."""
    registry = deployment.address("AnchorRegistry").lower()
    token, ledger = (
        deployment.address(name).lower() if name in deployment.contracts else None
        for name in ("ConsentToken", "QueryLedger")
    )
    return Origin(deployment.chain_id, deployment.region, deployment.log_id, registry, token, ledger)


class EvidenceFetcher:
    """Reads evidence at one final block, which is chosen when the first package needs it."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self.origin = origin_of(region.deployment)
        self._members: dict[int, NodeHistory | None] = {}
        self._entries: dict[int, LogEntry | Missing] = {}
        self._signers: dict[SignedTagStatement, StatementSigner | None] = {}
        self._anchors: dict[int, AnchorInfo] = {}
        self._products: dict[int, LaunchedProduct] = {}
        self._epochs: dict[int, bytes | None] = {}

    @cached_property
    def block(self) -> BlockRef:
        """The final block at which this fetcher reads all evidence.

        Raises:
            ChainUnavailableError: no answer.
            LyingEndpointError: the endpoints of the network disagree about it.
        """
        return self._region.chain.final_block()

    @cached_property
    def _size(self) -> int:
        return self._region.log_size(self.block.number)

    @cached_property
    def source(self) -> Source:
        """How many endpoints gave what this fetcher read, and how old the block was. Raises as `block`."""
        chain = self._region.chain
        return Source(endpoints=1 + len(chain.network.witnesses), age=age(chain, self.block))

    def fetch(self, package: RecordPackage) -> Evidence:
        """The evidence for one package.

        If the chain does not answer, or its endpoints disagree, all evidence is missing. The verdict is then "could not
        be checked", neither valid nor not valid.
        """
        try:
            return self._fetch(package)
        # No view that evidence needs reverts: a node that says so could not be asked.
        except (UnavailableError, ContractRefusedError) as error:
            return Evidence.absent(
                self.origin, Text(f"the chain could not be asked: {error.message}", "无法查询链上数据")
            )

    def _fetch(self, package: RecordPackage) -> Evidence:
        region, number = self._region, self.block.number
        node, root = package.batch.node, package.batch.root
        statement = package.tag.statement
        signer = self.signer(statement) if statement is not None else None
        entry = self._entry(package)
        if isinstance(entry, Missing):
            missing = Evidence.absent(self.origin, entry.why)
            return replace(missing, block=self.block, signer=signer, source=self.source)
        anchor = self._anchor(entry, node, root)
        if anchor is None or entry is None:
            waiting = entry is None and self._waits(package)
            return Evidence(self.origin, self.block, None, waiting, signer=signer, source=self.source)
        publisher = self._required(node)
        host = self._required(publisher.info.host) if publisher.info.host else None
        return Evidence(
            origin=self.origin,
            block=self.block,
            anchor=anchor,
            entry=entry,
            product=self._product(anchor.product),
            publisher=publisher,
            host=host,
            record=region.record(node, leaf_of(package), number),
            key_epoch_digest=self.key_epoch_digest(anchor.key_epoch),
            signer=signer,
            source=self.source,
        )

    def know(self, entries: Iterable[LogEntry]) -> None:
        """Take entries that were already read and checked against the log's root; `fetch` then need not find them."""
        self._entries.update((entry.index, entry) for entry in entries)

    def key_epoch_digest(self, epoch: int) -> bytes | None:
        """The digest that governors logged for a key epoch. Raises as the chain does."""
        if epoch not in self._epochs:
            self._epochs[epoch] = self._region.key_epoch_digest(epoch, self.block.number)
        return self._epochs[epoch]

    def _anchor(self, entry: LogEntry | None, node: int, root: bytes) -> AnchorInfo | None:
        """The anchor that an entry is, and what became of it; None if it is not this batch's."""
        body = entry.body if entry is not None else None
        if entry is None or not isinstance(body, AnchorBody) or (body.node, body.root) != (node, root):
            return None
        if entry.index not in self._anchors:
            self._anchors[entry.index] = anchor_info(self._region, entry, self.block.number)
        return self._anchors[entry.index]

    def _product(self, number: int) -> LaunchedProduct:
        if number not in self._products:
            self._products[number] = self._region.product(number, self.block.number)
        return self._products[number]

    def member(self, node: int) -> NodeHistory | None:
        """A node with its intervals of compromise; None if there is no such node. Raises as the chain does."""
        if node not in self._members:
            info = self._region.node(node, self.block.number)
            intervals = self._region.compromises(node, self.block.number) if info is not None else []
            self._members[node] = NodeHistory(info, tuple(intervals)) if info is not None else None
        return self._members[node]

    def _required(self, node: int) -> NodeHistory:
        member = self.member(node)
        if member is None:
            raise LyingEndpointError(
                f"the endpoint returns an anchor of node {node} but says that there is no such node"
            )
        return member

    def signer(self, statement: SignedTagStatement) -> StatementSigner | None:
        """Who signed a tag statement; None if its signature is malformed. Raises as the chain does."""
        if statement not in self._signers:
            address = signer_of(statement, self.origin)
            self._signers[statement] = None if address is None else self._signed_by(statement, address)
        return self._signers[statement]

    def _signed_by(self, statement: SignedTagStatement, address: str) -> StatementSigner:
        block, reads = self.block, ConsentReads(self._region)
        node = self._region.node_of(address, block.number)
        member = self.member(node) if node is not None else None
        then = None
        if statement.issued_at <= block.time:
            then = reads.member_at(statement.platform, statement.issued_at, block.number)
        return StatementSigner(address, member, then, reads.member_at(statement.platform, block.time, block.number))

    def _entry(self, package: RecordPackage) -> LogEntry | Missing | None:
        """The log entry that the package names; None if the log has no such entry yet."""
        index = package.batch.entry
        if index >= self._size:
            return None
        if index not in self._entries:
            self._entries[index] = self._find_entry(index, package.batch.block)
        return self._entries[index]

    def _find_entry(self, index: int, block: int) -> LogEntry | Missing:
        """An entry from the events of the block that the package says.

        Nothing else here needs logs of old blocks. On a node that keeps none, only this entry is missing.
        """
        if block > self.block.number:
            return NO_ENTRY
        try:
            found = entries_between(self._region, block, block, index=index)
        except EndpointError as error:
            if error.refusal is Refusal.PASSING:
                raise
            return Missing(Text(f"the endpoint does not keep old logs: {error.found}", "节点不提供历史日志"))
        return next((entry for entry in found if entry.index == index), NO_ENTRY)

    def _waits(self, package: RecordPackage) -> bool:
        """Whether a block that is not final yet anchors the package's batch."""
        batch = package.batch
        head = self._region.chain.head().number
        if not self.block.number < batch.block <= head:
            return False
        return anchor_in(self._region, batch.block, (batch.node, batch.key_epoch, batch.root)) is not None
