"""The ranges of a report package, each held against the log entry of the book or batch that it names. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from creditchain.documents import Section
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.views import LogEntry
from creditchain.merkle import Leaf, RangeProof, verify_inclusion, verify_range
from creditchain.packages.report_package import LeafOrigin, PackagedRange
from creditchain.verification.evidence import Missing
from creditchain.verification.verdict import Outcome, Step, failed, not_verified, passed, pending


@dataclass(frozen=True, slots=True)
class ShownRange:
    """A range with what became of its check: as steps 4 (the entry) and 3 (the leaves)."""

    packaged: PackagedRange
    entry: LogEntry | None  #: None if it is not known, or is no entry of the package's node and key epoch
    anchored: Step
    included: Step

    @property
    def proof(self) -> RangeProof:
        """The proof as packaged."""
        return self.packaged.proof

    @property
    def book(self) -> BookBody | None:
        """The book, if it is one."""
        return self.entry.body if self.entry is not None and isinstance(self.entry.body, BookBody) else None

    @property
    def batch(self) -> AnchorBody | None:
        """The batch, if it is one."""
        return self.entry.body if self.entry is not None and isinstance(self.entry.body, AnchorBody) else None

    @property
    def holds(self) -> bool:
        """Whether it shows all leaves of its sections that a book or batch of the log has for the tag."""
        return self.fault is None

    @property
    def fault(self) -> Step | None:
        """Why it does not hold."""
        return next((one for one in (self.anchored, self.included) if one.outcome is not Outcome.PASSED), None)

    def covers(self, section: Section) -> bool:
        """Whether it is a range of this section."""
        return self.packaged.covers(section)

    def opens(self, leaf: Leaf) -> bool:
        """Whether this leaf is among those that it shows."""
        return leaf in self.proof.leaves


def judge_range(packaged: PackagedRange, tag: bytes, entry: LogEntry | Missing | None, size: int) -> ShownRange:
    """Check one range under the subject's tag of its key epoch.

    Args:
        entry: the one that the range names; None if the log, of `size` entries, has none with this index yet.
    """
    anchored = _anchored(packaged, entry, size)
    if anchored.outcome is not Outcome.PASSED or not isinstance(entry, LogEntry):
        unknown = not_verified(3, f"root and size unknown: {anchored.reason.en}", f"根与大小未知：{anchored.reason.zh}")
        return ShownRange(packaged, None, anchored, unknown)
    body = entry.body
    if not isinstance(body, AnchorBody | BookBody):
        raise TypeError("unreachable")
    verdict = verify_range(packaged.proof, tag, _bytes(packaged.sections), body.size, body.root)
    if verdict:
        included = passed(3, "its leaves are all that there are", "所示叶节点完整", root=body.root, size=body.size)
    else:
        included = failed(
            3, f"a range proof does not hold: {verdict.fault}", "范围证明不成立",
            node=packaged.node, entry=packaged.place.index,
        )  # fmt: skip
    return ShownRange(packaged, entry, anchored, included)


def _anchored(packaged: PackagedRange, entry: LogEntry | Missing | None, size: int) -> Step:
    index = packaged.place.index
    if isinstance(entry, Missing):
        return not_verified(4, entry.why.en, entry.why.zh, entry=index)
    if entry is None:
        return pending(4, "the log has no such entry yet", "日志尚无此条目", expected=f"below {size}", found=index)
    body = entry.body
    if not isinstance(body, AnchorBody | BookBody):
        return failed(
            4, "the log entry is no book and no batch", "日志条目并非总账或批次", entry=index, kind=entry.kind
        )
    if (body.node, body.key_epoch) != (packaged.node, packaged.key_epoch):
        return failed(
            4, "the log entry is of another node or key epoch", "日志条目属于其他节点或密钥期", entry=index,
            expected=[body.node, body.key_epoch], found=[packaged.node, packaged.key_epoch],
        )  # fmt: skip
    return passed(4, f"entry {index} of the log", f"日志第 {index} 条", entry=index, time=entry.time)


def _bytes(sections: tuple[Section, Section]) -> tuple[int, int]:
    return int(sections[0]), int(sections[1])


def origin_holds(origin: LeafOrigin, entry: LogEntry | Missing | None) -> bool:
    """Whether the leaf is in the batch that this entry anchored, of the same node."""
    if not isinstance(entry, LogEntry) or not isinstance(entry.body, AnchorBody) or entry.body.node != origin.node:
        return False
    body = entry.body
    return verify_inclusion(origin.leaf, origin.index, body.size, list(origin.proof), body.root)
