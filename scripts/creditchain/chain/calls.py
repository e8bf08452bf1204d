"""Build every state-changing call to a region's contracts, ready for the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.deployments import Deployment
from creditchain.log.entries import AnchorBody, AnswerBody, BookBody
from creditchain.log.views import Admission, ContractCall, Opening
from creditchain.vocabulary import EntryKind, Space

ZERO_ADDRESS = "0x" + "00" * 20
NO_WORD = bytes(32)
#: All bits of the value of a cell.
WHOLE_SPACE = 2**200 - 1
#: A space of cells, and the bits of its values that a contract may change.
Share = tuple[Space, int]
#: The place of a leaf in a tree: its index, and its inclusion proof.
LeafPlace = tuple[int, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True)
class ShownBatch:
    """An anchor and what shows its entry."""

    body: AnchorBody
    entry: Opening


@dataclass(frozen=True, slots=True)
class ShownBook:
    """A book and what shows its entry."""

    body: BookBody
    entry: Opening


@dataclass(frozen=True, slots=True)
class OpenedLeaf:
    """A leaf (tag, section, product, commitment) at its place in a tree."""

    leaf: tuple[bytes, int, int, bytes]
    index: int
    proof: tuple[bytes, ...]


class Calls:
    """Builds calls without asking the chain. Descriptions complete "refused to …" and name no record or subject."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def _call(self, contract: str, function: str, description: str, *arguments: Any) -> ContractCall:
        data = interface(contract).encode(function, *arguments)
        return ContractCall(self._deployment.address(contract), data, description)

    # RegionLog.

    def set_writer(
        self, writer: str, kinds: Iterable[EntryKind], shares: Iterable[Share], removed: int = 0
    ) -> ContractCall:
        """Let a contract append entries of these kinds and change these bits of spaces.

        `removed` is the id of the writer in whose place it comes, in the same entry; 0 for none.
        """
        granted = sum(1 << kind for kind in kinds)
        doing = f"let {writer} write the log"
        return self._call("RegionLog", "setWriter", doing, removed, writer, granted, list(shares))

    def seal(self) -> ContractCall:
        return self._call("RegionLog", "seal", "close the log for ever")

    # NodeRegistry.

    def admit(self, admission: Admission) -> ContractCall:
        struct = (
            admission.operator or ZERO_ADDRESS, admission.role, admission.division, admission.host, admission.domains,
            admission.until, admission.profile_digest,
        )  # fmt: skip
        return self._call("NodeRegistry", "admit", "admit a node", struct)

    def suspend(self, node: int) -> ContractCall:
        return self._call("NodeRegistry", "suspend", f"suspend node {node}", node)

    def reinstate(self, node: int) -> ContractCall:
        return self._call("NodeRegistry", "reinstate", f"reinstate node {node}", node)

    def retire(self, node: int) -> ContractCall:
        return self._call("NodeRegistry", "retire", f"retire node {node}", node)

    def set_domains(self, node: int, domains: int) -> ContractCall:
        return self._call("NodeRegistry", "setDomains", f"set the domains of node {node}", node, domains)

    def set_profile(self, node: int, profile_digest: bytes) -> ContractCall:
        return self._call("NodeRegistry", "setProfile", f"set the profile of node {node}", node, profile_digest)

    def set_until(self, node: int, until: int) -> ContractCall:
        return self._call("NodeRegistry", "setUntil", f"set the end date of node {node}", node, until)

    def set_host(self, node: int, host: int) -> ContractCall:
        return self._call("NodeRegistry", "setHost", f"move node {node} to host {host}", node, host)

    def set_answerer(self, node: int, by: int) -> ContractCall:
        return self._call("NodeRegistry", "setAnswerer", f"let node {by} answer for node {node}", node, by)

    def set_compromises(self, key: str, intervals: Sequence[tuple[int, int]]) -> ContractCall:
        """Declare all (since, until) in which a key was in other hands; until 0: still."""
        return self._call("NodeRegistry", "setCompromises", f"declare key {key} compromised", key, list(intervals))

    def rotate_operator(self, node: int, operator: str, deadline: int, acceptance: bytes) -> ContractCall:
        doing = f"rotate the operator of node {node}"
        return self._call("NodeRegistry", "rotateOperator", doing, node, operator, deadline, acceptance)

    def replace_operator(self, node: int, operator: str, deadline: int, acceptance: bytes) -> ContractCall:
        doing = f"replace the operator of node {node}"
        return self._call("NodeRegistry", "replaceOperator", doing, node, operator, deadline, acceptance)

    # CheckpointSigners.

    def set_signers(self, signers: Iterable[tuple[str, int]], threshold: int) -> ContractCall:
        """Begin an epoch of signers: (key, node) pairs, of which `threshold` must sign a checkpoint."""
        ordered = sorted(signers, key=lambda one: int(one[0], 16))
        doing = "set the signers of checkpoints"
        return self._call("CheckpointSigners", "setSigners", doing, ordered, threshold)

    # AnchorRegistry.

    def open_key_epoch(self, epoch_digest: bytes) -> ContractCall:
        return self._call("AnchorRegistry", "openKeyEpoch", "open a key epoch", epoch_digest)

    def anchor(self, batch: AnchorBody) -> ContractCall:
        return self._call("AnchorRegistry", "anchor", f"anchor a batch of node {batch.node}", astuple(batch))

    def set_life(
        self, node: int, leaf: bytes, life: int, *, reason_digest: bytes, successor: bytes = NO_WORD
    ) -> ContractCall:
        doing = f"change the life of a record of node {node}"
        return self._call("AnchorRegistry", "setLife", doing, node, leaf, life, successor, reason_digest)

    def launch_product(self, number: int, digest: bytes) -> ContractCall:
        return self._call("AnchorRegistry", "launchProduct", f"launch product {number}", number, digest)

    def withdraw_product(self, number: int) -> ContractCall:
        return self._call("AnchorRegistry", "withdrawProduct", f"withdraw product {number}", number)

    def set_exception(self, digest: bytes, *, accepted: bool) -> ContractCall:
        """Accept the number with this digest although its check digits are wrong, or no longer."""
        return self._call("AnchorRegistry", "setException", "change an exception of numbers", digest, accepted)

    def enter_book(self, book: BookBody) -> ContractCall:
        return self._call("AnchorRegistry", "enterBook", f"enter the book of node {book.node}", astuple(book))

    # AuditRegistry.

    def attest_audit(self, auditor: int, book: ShownBook, *, restored: bool, report_digest: bytes) -> ContractCall:
        doing = f"attest an audit of the book of node {book.body.node}"
        return self._call("AuditRegistry", "attestAudit", doing, auditor, _shown(book), restored, report_digest)

    def prove_disorder(self, shown: ShownBatch | ShownBook, first: OpenedLeaf, second: OpenedLeaf) -> ContractCall:
        what, name = ("batch", "proveDisorder")
        if isinstance(shown.body, BookBody):
            what, name = ("book", "proveDisorderInBook")
        doing = f"prove disorder in a {what} of node {shown.body.node}"
        return self._call("AuditRegistry", name, doing, _shown(shown), astuple(first), astuple(second))

    def prove_omission(
        self, batch: ShownBatch, leaf: OpenedLeaf, book: ShownBook, neighbours: tuple[OpenedLeaf, OpenedLeaf]
    ) -> ContractCall:
        doing = f"prove an omission from the book of node {book.body.node}"
        shown = (_shown(batch), astuple(leaf), _shown(book), *map(astuple, neighbours))
        return self._call("AuditRegistry", "proveOmission", doing, *shown)

    def prove_repeat(
        self, batches: tuple[ShownBatch, ShownBatch], leaf: bytes, places: tuple[LeafPlace, LeafPlace]
    ) -> ContractCall:
        """`batches` and `places` of the leaf (a hash): the earlier one first."""
        doing = f"prove a repeated leaf of node {batches[1].body.node}"
        shown = (*map(_shown, batches), leaf, *places)
        return self._call("AuditRegistry", "proveRepeat", doing, *shown)

    def annul(self, shown: ShownBatch | ShownBook, key: str, reason_digest: bytes) -> ContractCall:
        what, name = ("book", "annulBook") if isinstance(shown.body, BookBody) else ("batch", "annulBatch")
        doing = f"annul a {what} of node {shown.body.node}"
        return self._call("AuditRegistry", name, doing, _shown(shown), key, reason_digest)

    def close_node(self, node: int, since: int, reason_digest: bytes) -> ContractCall:
        return self._call("AuditRegistry", "closeNode", f"close node {node}", node, since, reason_digest)

    # Disputes.

    def file_dispute(self, platform: int, node: int, leaf: bytes, reason_digest: bytes) -> ContractCall:
        doing = f"dispute a record of node {node}"
        return self._call("Disputes", "fileDispute", doing, platform, node, leaf, reason_digest)

    def answer_dispute(self, answer: AnswerBody) -> ContractCall:
        doing = f"answer a dispute about a record of node {answer.node}"
        return self._call("Disputes", "answerDispute", doing, astuple(answer))


def _shown(shown: ShownBatch | ShownBook) -> tuple[Any, ...]:
    return astuple(shown.body), astuple(shown.entry)
