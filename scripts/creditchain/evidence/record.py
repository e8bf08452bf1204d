"""Compute the evidence for record packages from facts: every value as of one block, the same for all of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from creditchain.chain.anchors import anchor_in
from creditchain.chain.clock import age
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import ContractRefusedError, LyingEndpointError, as_told
from creditchain.chain.live_facts import LiveFacts
from creditchain.chain.region import Region
from creditchain.errors import UnavailableError
from creditchain.index.facts import entries_under
from creditchain.log.allowance import Allowance
from creditchain.log.cells import NO_WORD
from creditchain.log.entries import AnchorBody
from creditchain.log.facts import EntryPlace, Facts, MissingFactError
from creditchain.log.members import member_keys, operator_key
from creditchain.log.publishing_cells import (
    auditor_key,
    book_key,
    epoch_keys,
    flags_key,
    product_key,
    published_of,
    total_key,
)
from creditchain.log.reading import RegionReading
from creditchain.log.record_cells import disputes_key, life_key
from creditchain.log.views import AnchorInfo, BlockRef, LogEntry
from creditchain.packages.record_package import RecordPackage, SignedTagStatement
from creditchain.verification.evidence import Evidence, Missing, NodeHistory, Origin, StatementSigner
from creditchain.verification.steps import leaf_of
from creditchain.verification.subject import signer_of
from creditchain.verification.verdict import Source, Text

#: Whether a block after that of the facts anchors a package's batch.
Waits = Callable[[RecordPackage], bool]


def origin_of(deployment: Deployment) -> Origin:
    """The chain and contracts that the verifier trusts because its deployment file names them."""
    token, ledger = (
        deployment.address(name).lower() if name in deployment.contracts else None
        for name in ("ConsentToken", "QueryLedger")
    )
    return Origin(deployment.chain_id, deployment.region, deployment.log_id, token, ledger)


def live_evidence(region: Region, allowance: Allowance | None = None) -> EvidenceFetcher:
    """Evidence that the region's endpoints tell or agree on, at one final block.

    `allowance`: how much a package that somebody handed over may have them asked; None: as much as it takes.
    """
    # Without a home, reading the whole log for an entry or two would take longer than asking for them.
    indexed = partial(entries_under, region) if region.home is not None and region.home.exists() else None
    facts, chain = LiveFacts(region, indexed, allowance), region.chain

    def waits(package: RecordPackage) -> bool:
        batch = package.batch
        if not facts.block.number < batch.block <= chain.head().number:
            return False
        return anchor_in(region, batch.block, (batch.node, batch.key_epoch, batch.root)) is not None

    def source() -> Source:
        return Source(facts.basis, age(chain, facts.block), facts.block, endpoints_word(chain))

    return EvidenceFetcher(origin_of(region.deployment), facts, source, waits, allowance)


def evidence_over(region: Region, facts: Facts) -> EvidenceFetcher:
    """Evidence from facts that the region's endpoints told or agreed on, such as those of its newest final block."""

    def source() -> Source:
        return Source(facts.basis, age(region.chain, facts.block), facts.block, endpoints_word(region.chain))

    return EvidenceFetcher(origin_of(region.deployment), facts, source)


def endpoints_word(chain: Chain) -> Text:
    """Whose word it is that the endpoints of a network give."""
    count = 1 + len(chain.network.witnesses)
    if count == 1:
        return Text("one endpoint says so", "一个节点所述")
    return Text(f"{count} endpoints say the same", f"{count} 个节点所述一致")


def unasked(error: UnavailableError | ContractRefusedError) -> Text:
    """Why no fact is known, with what was expected and what each endpoint said: a liar among several is found by it."""
    # No view that evidence needs reverts: which endpoint says so counts, not what the contract would mean by it.
    said = as_told(error)
    return Text(f"the chain could not be asked: {said}", f"无法查询链上数据：{said}")


class EvidenceFetcher:
    """Computes evidence from facts. What was asked for once is not asked for again."""

    def __init__(
        self,
        origin: Origin,
        facts: Facts,
        source: Callable[[], Source],
        waits: Waits | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        """`allowance`: that of these facts, which is renewed for each package."""
        self.origin, self.facts, self._allowance = origin, facts, allowance
        self.reading = RegionReading(facts)
        self._make_source, self._waits = source, waits
        self._source: Source | None = None
        self._members: dict[int, NodeHistory | None] = {}
        self._signers: dict[SignedTagStatement, StatementSigner | None] = {}
        self._named: dict[int, None] = {}
        self._shelves: dict[tuple[int, int], None] = {}  #: nodes and key epochs of the packages' batches

    def over(self, facts: Facts) -> EvidenceFetcher:
        """The same over other facts."""
        return EvidenceFetcher(self.origin, facts, lambda: self.source, self._waits, self._allowance)

    def begin(self) -> None:
        """Another package comes: it may have as much asked for as any."""
        if self._allowance is not None:
            self._allowance.renew()

    @property
    def block(self) -> BlockRef:
        """The block as of which all evidence is.

        Raises:
            ChainUnavailableError: no answer.
            LyingEndpointError: the endpoints of the network disagree about it.
        """
        return self.facts.block

    @property
    def source(self) -> Source:
        """On whose word the evidence is, and how old. Raises as `block`."""
        if self._source is None:
            self._source = self._make_source()
        return self._source

    def fetch(self, package: RecordPackage) -> Evidence:
        """The evidence for one package.

        If the facts cannot be had, or contradict each other, all evidence is missing. The verdict is then "could not be
        checked", neither valid nor not valid.
        """
        self.begin()
        try:
            return self._fetch(package)
        except MissingFactError as error:
            return Evidence.absent(self.origin, Text(error.message, error.zh))
        # No view that evidence needs reverts: a node that says so could not be asked.
        except (UnavailableError, ContractRefusedError) as error:
            return Evidence.absent(self.origin, unasked(error))

    def expect(self, packages: Iterable[RecordPackage]) -> None:
        """Say which packages come, so that their facts come in as few round trips as possible."""
        for package in packages:
            batch, leaf = package.batch, leaf_of(package)
            keys = [
                *(flags_key(batch.entry), total_key(batch.node, batch.key_epoch)),
                *(book_key(batch.node, batch.key_epoch), product_key(package.record.product)),
                *(life_key(batch.node, leaf), disputes_key(batch.node, leaf)),
                *epoch_keys(batch.key_epoch),
            ]
            statement = package.tag.statement
            self._named[batch.node] = self._shelves[batch.node, batch.key_epoch] = None
            if statement is not None:
                self._named[statement.platform] = None
                address = signer_of(statement, self.origin)
                keys += [] if address is None else [operator_key(address)]
            self.facts.expect(keys, [EntryPlace(batch.entry, batch.block)])

    def _fetch(self, package: RecordPackage) -> Evidence:
        self.expect([package])
        self._prepare()
        node = package.batch.node
        statement = package.tag.statement
        signer = self.signer(statement) if statement is not None else None
        entry = self._entry(package)
        if isinstance(entry, Missing):
            missing = Evidence.absent(self.origin, entry.why)
            return replace(missing, block=self.block, signer=signer, source=self.source)
        anchor = self._anchor(entry, package)
        if anchor is None or entry is None:
            waiting = entry is None and self._waits is not None and self._waits(package)
            return Evidence(self.origin, self.block, None, waiting, signer=signer, source=self.source)
        publisher = self._required(node)
        host = self._required(publisher.info.host) if publisher.info.host else None
        return Evidence(
            origin=self.origin,
            block=self.block,
            anchor=anchor,
            entry=entry,
            product=self.reading.product(anchor.product),
            publisher=publisher,
            host=host,
            record=self.reading.record(node, leaf_of(package)),
            key_epoch_digest=self.key_epoch_digest(anchor.key_epoch),
            signer=signer,
            source=self.source,
        )

    def _prepare(self) -> None:
        """Read what all packages lead to, in few readings for all of them: their members, and their audited books."""
        self.facts.expect(key for node in self._named for key in member_keys(node))
        totals = self.facts.words([total_key(*one) for one in self._shelves])
        books = {published_of(NO_WORD, total).audited_book for total in totals}
        self.facts.expect(key for book in books if book for key in (flags_key(book), auditor_key(book)))
        self.reading.members.prepare(self._named)

    def key_epoch_digest(self, epoch: int) -> bytes | None:
        """The digest that governors logged for a key epoch. Raises as `Facts` does."""
        return self.reading.key_epoch_digest(epoch)

    def _anchor(self, entry: LogEntry | None, package: RecordPackage) -> AnchorInfo | None:
        """The anchor that an entry is, and what became of it; None if it is not this batch's."""
        body, batch = entry.body if entry is not None else None, package.batch
        if entry is None or not isinstance(body, AnchorBody) or (body.node, body.root) != (batch.node, batch.root):
            return None
        return self.reading.anchor(entry)

    def member(self, node: int) -> NodeHistory | None:
        """A node with its intervals of compromise; None if there is no such node. Raises as `Facts` does."""
        if node not in self._members:
            members = self.reading.members
            info = members.node(node)
            self._members[node] = NodeHistory(info, tuple(members.compromises(node))) if info is not None else None
        return self._members[node]

    def _required(self, node: int) -> NodeHistory:
        member = self.member(node)
        if member is None:
            raise LyingEndpointError(
                f"the endpoint returns an anchor of node {node} but says that there is no such node"
            )
        return member

    def signer(self, statement: SignedTagStatement) -> StatementSigner | None:
        """Who signed a tag statement; None if its signature is malformed. Raises as `Facts` does."""
        if statement not in self._signers:
            address = signer_of(statement, self.origin)
            self._signers[statement] = None if address is None else self._signed_by(statement, address)
        return self._signers[statement]

    def _signed_by(self, statement: SignedTagStatement, address: str) -> StatementSigner:
        block, members = self.block, self.reading.members
        node = members.node_of(address)
        member = self.member(node) if node is not None else None
        then = None
        if statement.issued_at <= block.time:
            then = members.member_at(statement.platform, statement.issued_at)
        return StatementSigner(address, member, then, members.member_at(statement.platform, block.time))

    def _entry(self, package: RecordPackage) -> LogEntry | Missing | None:
        """The log entry that the package names; None if the log has no such entry yet.

        Nothing else here needs logs of old blocks. On a node that keeps none, only this entry is missing.
        """
        place = EntryPlace(package.batch.entry, package.batch.block)
        if place.index >= self.facts.head.size:
            if self._waits is not None:
                return None
            # Facts as of an earlier block do not say what was anchored since.
            end = self.facts.head.size
            chinese = f"所附事实止于日志第 {end} 条，不含第 {place.index} 条"
            return Missing(Text(f"the facts end before entry {place.index}: at {end}", chinese))
        try:
            (entry,) = self.facts.entries([place])
        except MissingFactError as error:
            return Missing(Text(error.message, error.zh))
        return entry
