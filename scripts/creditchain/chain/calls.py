"""Build every state-changing call to a region's contracts, ready for the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from typing import Any

from creditchain.chain.abi import interface
from creditchain.chain.deployments import Deployment
from creditchain.log.entries import AnchorBody, AnswerBody
from creditchain.log.views import Admission, ContractCall
from creditchain.vocabulary import EntryKind, Space

ZERO_ADDRESS = "0x" + "00" * 20
NO_WORD = bytes(32)
#: All bits of the value of a cell.
WHOLE_SPACE = 2**200 - 1
#: A space of cells, and the bits of its values that a contract may change.
Share = tuple[Space, int]
#: The content of one leaf: subject tag, section number, commitment.
Opening = tuple[bytes, int, int, bytes]


class Calls:
    """Builds calls without asking the chain. Descriptions complete "refused to …" and name no record or subject."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def _call(self, contract: str, function: str, description: str, *arguments: Any) -> ContractCall:
        data = interface(contract).encode(function, *arguments)
        return ContractCall(self._deployment.address(contract), data, description)

    # RegionLog.

    def set_writer(self, writer: str, kinds: Iterable[EntryKind], shares: Iterable[Share]) -> ContractCall:
        """Let a contract append entries of these kinds and change these bits of spaces."""
        granted = sum(1 << kind for kind in kinds)
        return self._call("RegionLog", "setWriter", f"let {writer} write the log", 0, writer, granted, list(shares))

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

    def attest_audit(self, auditor: int, node: int, root: bytes, report_digest: bytes) -> ContractCall:
        doing = f"attest an audit of a batch of node {node}"
        return self._call("AnchorRegistry", "attestAudit", doing, auditor, node, root, report_digest)

    def prove_disorder(
        self,
        node: int,
        root: bytes,
        index: int,
        first: Opening,
        second: Opening,
        proofs: tuple[Sequence[bytes], Sequence[bytes]],
    ) -> ContractCall:
        doing = f"prove disorder in a batch of node {node}"
        return self._call("AnchorRegistry", "proveDisorder", doing, node, root, index, first, second, *proofs)

    # Disputes.

    def file_dispute(self, platform: int, node: int, leaf: bytes, reason_digest: bytes) -> ContractCall:
        doing = f"dispute a record of node {node}"
        return self._call("Disputes", "fileDispute", doing, platform, node, leaf, reason_digest)

    def answer_dispute(self, answer: AnswerBody) -> ContractCall:
        doing = f"answer a dispute about a record of node {answer.node}"
        return self._call("Disputes", "answerDispute", doing, astuple(answer))
