"""One region on its chain: typed reads of its contracts, pinned to a block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from creditchain.chain.abi import interface
from creditchain.chain.calls import Calls
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment, check_deployment
from creditchain.log.members import Members
from creditchain.log.record_cells import answer_key, answer_of, disputes_key, life_key, record_state
from creditchain.log.views import AnchorInfo, Compromise, NodeInfo, RecordState
from creditchain.vocabulary import DisputeState

if TYPE_CHECKING:
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.signers import Signer
    from creditchain.home.journal import Journal


class Region:
    """A deployment together with its chain. Every read takes a block number; None reads the newest block."""

    def __init__(self, chain: Chain, deployment: Deployment) -> None:
        """Check that this is the deployment's chain and holds the deployed code.

        Raises:
            WrongChainError: it is another chain, or the code differs.
        """
        check_deployment(chain, deployment)
        self.chain, self.deployment = chain, deployment

    @cached_property
    def calls(self) -> Calls:
        """Builders of state-changing calls."""
        return Calls(self.deployment)

    def outbox(self, signer: Signer, journal: Journal) -> Outbox:
        """An outbox for this region. Its intents are scoped by the log id, so regions never mix."""
        from creditchain.chain.outbox import Outbox

        return Outbox(self.chain, signer, journal, scope=self.deployment.log_id.hex())

    def _read(self, contract: str, function: str, *arguments: Any, block: int | None) -> Any:
        face = interface(contract)
        address = self.deployment.address(contract)
        data = self.chain.call(address, face.encode(function, *arguments), block=block, doing=f"answer {function}")
        return face.decode(function, data)[0]

    # RegionLog.

    def log_size(self, block: int | None = None) -> int:
        """Number of entries in the log."""
        return int(self._read("RegionLog", "size", block=block))

    def log_root(self, block: int | None = None) -> bytes:
        """Root over all entries."""
        return bytes(self._read("RegionLog", "root", block=block))

    def words(self, keys: Sequence[bytes], block: int | None = None) -> list[bytes]:
        """The words of cells (keys of 32 bytes), 32 bytes each; zero where nothing was written."""
        face, log = interface("RegionLog"), self.deployment.address("RegionLog")
        numbers = [int.from_bytes(key, "big") for key in keys]
        data = self.chain.call(log, face.encode("read", numbers), block=block, doing="answer read")
        return [word.to_bytes(32, "big") for word in face.decode("read", data)[0]]

    def is_writer(self, address: str, block: int | None = None) -> bool:
        """Whether this contract may append to the log."""
        face = interface("RegionLog")
        log = self.deployment.address("RegionLog")
        data = self.chain.call(log, face.encode("writer", address), block=block, doing="answer writer")
        return bool(face.decode("writer", data)[0])

    def sealed_at(self, block: int | None = None) -> int:
        """When the log was closed, in unix seconds; 0 while it is open."""
        return int(self._read("RegionLog", "sealedAt", block=block))

    # Members.

    def members(self, block: int | None = None) -> Members:
        """The members by the cells, all read at one block."""
        at = self.chain.head().number if block is None else block
        return Members(lambda keys: self.words(keys, at))

    def node_count(self, block: int | None = None) -> int:
        """Number of nodes, which is also the number of the last node."""
        return self.members(block).count()

    def node(self, number: int, block: int | None = None) -> NodeInfo | None:
        """The node with this number; None if there is none."""
        return self.members(block).node(number)

    def nodes(self, block: int | None = None) -> list[NodeInfo]:
        """All nodes, read at one block."""
        return self.members(block).nodes()

    def node_of(self, address: str, block: int | None = None) -> int | None:
        """The node to which a key belongs or once belonged; None if to none."""
        return self.members(block).node_of(address)

    def is_active(self, node: int, block: int | None = None) -> bool:
        """Whether the node, and its host, may act at the time of that block."""
        return self.members(block).member_at(node, self._time(block)).acts

    def acts_for(self, address: str, node: int, block: int | None = None) -> bool:
        """Whether this key may act for the node."""
        return self.members(block).acts_for(address, node, self._time(block))

    def compromises(self, node: int, block: int | None = None) -> list[Compromise]:
        """The declared intervals in which keys of the node were in other hands."""
        return self.members(block).compromises(node)

    def _time(self, block: int | None) -> int:
        return (self.chain.head() if block is None else self.chain.block(block)).time

    # AnchorRegistry.

    def anchor(self, node: int, root: bytes, block: int | None = None) -> AnchorInfo | None:
        """The anchor of `root` by `node`; None if there is none."""
        return _anchor(root, self._read("AnchorRegistry", "anchorOf", node, root, block=block))

    def anchors_at(self, wanted: Sequence[tuple[int, bytes]], block: int | None = None) -> list[AnchorInfo | None]:
        """The anchors of (node, root) pairs, read in one batch; None where there is no anchor."""
        face, address = interface("AnchorRegistry"), self.deployment.address("AnchorRegistry")
        calls = [(address, face.encode("anchorOf", node, root)) for node, root in wanted]
        results = self.chain.calls(calls, block=block, doing="answer anchorOf")
        return [
            _anchor(root, face.decode("anchorOf", data)[0]) for (_, root), data in zip(wanted, results, strict=True)
        ]

    def record(self, node: int, leaf: bytes, block: int | None = None) -> RecordState:
        """Life and disputes of a record. A record about which nothing was logged is live and undisputed."""
        return record_state(node, leaf, *self.words([life_key(node, leaf), disputes_key(node, leaf)], block))

    def answers(self, node: int, leaf: bytes, filings: int, block: int | None = None) -> list[tuple[DisputeState, int]]:
        """What became of filings 1 to `filings` about a record, and when they were answered; see `answer_of`."""
        keys = [answer_key(node, leaf, number) for number in range(1, filings + 1)]
        return [answer_of(word) for word in self.words(keys, block)]

    def series_length(self, node: int, product: bytes, block: int | None = None) -> int:
        """Number of batches of the product with this digest that `node` anchored."""
        return int(self._read("AnchorRegistry", "seriesLength", node, product, block=block))

    def current_key_epoch(self, block: int | None = None) -> int:
        """The current key epoch, which new anchors must name; 0 before the first was opened."""
        return int(self._read("AnchorRegistry", "currentKeyEpoch", block=block))

    def key_epoch_digest(self, epoch: int, block: int | None = None) -> bytes | None:
        """The digest of a key epoch's tag key; None if there is no such epoch."""
        found = bytes(self._read("AnchorRegistry", "keyEpochDigest", epoch, block=block))
        return found if any(found) else None


def _anchor(root: bytes, found: tuple[Any, ...]) -> AnchorInfo | None:
    number, size, time, entry, key_epoch, audited, broken = found
    return AnchorInfo(number, root, size, time, entry, key_epoch, audited, broken) if size else None
