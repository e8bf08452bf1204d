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
from creditchain.log.reading import StateReading
from creditchain.log.views import Compromise, Flags, LaunchedProduct, NodeInfo, Published, RecordState
from creditchain.vocabulary import DisputeState

if TYPE_CHECKING:
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.signers import Signer
    from creditchain.home.journal import Journal
    from creditchain.home.layout import Home


class Region:
    """A deployment together with its chain. Every read takes a block number; None reads the newest block."""

    def __init__(self, chain: Chain, deployment: Deployment, home: Home | None = None) -> None:
        """Check that this is the deployment's chain and holds the deployed code.

        `home`: where the index of the log is kept; None keeps none.

        Raises:
            WrongChainError: it is another chain, or the code differs.
        """
        check_deployment(chain, deployment)
        self.chain, self.deployment, self.home = chain, deployment, home

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

    def log_head(self, block: int | None = None) -> tuple[int, bytes]:
        """Number of entries and the root over them, asked for together."""
        face, log = interface("RegionLog"), self.deployment.address("RegionLog")
        asked = [(log, face.encode("size")), (log, face.encode("root"))]
        size, root = self.chain.calls(asked, block=block, doing="answer size and root")
        return int(face.decode("size", size)[0]), bytes(face.decode("root", root)[0])

    def words(self, keys: Sequence[bytes], block: int | None = None) -> list[bytes]:
        """The words of cells (keys of 32 bytes), 32 bytes each; zero where nothing was written."""
        if not keys:
            return []
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
        return self.state(self._at(block)).members

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

    # Products, batches, records, key epochs.

    def state(self, block: int | None = None) -> StateReading:
        """What the cells say at a block. Name one for a question of several reads, lest they see different states."""
        return StateReading(lambda keys: self.words(keys, block))

    def published(self, node: int, key_epoch: int, block: int | None = None) -> Published:
        """What a node published under a key epoch."""
        return self.state(block).published(node, key_epoch)

    def publishers(self, block: int | None = None) -> list[int]:
        """Every node that ever anchored, in the order of their first anchors."""
        return self.state(self._at(block)).publishers()

    def products(self, block: int | None = None) -> list[LaunchedProduct]:
        """Every product that was ever launched, in that order, read at one block."""
        return self.state(self._at(block)).products()

    def product(self, number: int, block: int | None = None) -> LaunchedProduct:
        """The product with this number; its state is `NONE` if it was never launched."""
        return self.state(block).product(number)

    def flags(self, entry: int, block: int | None = None) -> Flags:
        """What became of the anchor or book with this log entry, read at one block."""
        return self.state(self._at(block)).flags(entry)

    def closed_from(self, node: int, block: int | None = None) -> int:
        """From which log entry on a node does not show what it published; 0 if it shows all."""
        return self.state(block).closed_from(node)

    def record(self, node: int, leaf: bytes, block: int | None = None) -> RecordState:
        """Life and disputes of a record. A record about which nothing was logged is live and undisputed."""
        return self.state(block).record(node, leaf)

    def answers(self, node: int, leaf: bytes, filings: int, block: int | None = None) -> list[tuple[DisputeState, int]]:
        """What became of filings 1 to `filings` about a record, and when they were answered; see `answer_of`."""
        return self.state(block).answers(node, leaf, filings)

    def current_key_epoch(self, block: int | None = None) -> int:
        """The current key epoch, which new anchors must name; 0 before the first was opened."""
        return self.state(block).current_key_epoch()

    def key_epoch_digest(self, epoch: int, block: int | None = None) -> bytes | None:
        """The digest of a key epoch's tag key; None if there is no such epoch."""
        return self.state(block).key_epoch_digest(epoch)

    def _at(self, block: int | None) -> int:
        return self.chain.head().number if block is None else block
