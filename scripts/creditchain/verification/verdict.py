"""The verdict: every step with its outcome and reason in English and Chinese, and the status they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from creditchain.errors import ExitCode
from creditchain.log.facts import Basis
from creditchain.log.views import BlockRef


class Text(NamedTuple):
    """One sentence in both languages."""

    en: str
    zh: str


class Outcome(StrEnum):
    """The outcome of one step."""

    PASSED = "passed"
    FAILED = "failed"
    PENDING = "pending"  #: does not hold yet, and is not due yet
    NOT_VERIFIED = "not verified"  #: evidence is missing; never counts as passed
    NOT_APPLICABLE = "not applicable"

    @property
    def zh(self) -> str:
        """The outcome in Chinese."""
        return _OUTCOME_ZH[self]


_OUTCOME_ZH: Final = {
    Outcome.PASSED: "通过",
    Outcome.FAILED: "未通过",
    Outcome.PENDING: "待定",
    Outcome.NOT_VERIFIED: "未能核验",
    Outcome.NOT_APPLICABLE: "不适用",
}


class Status(StrEnum):
    """The status of a package under the verifier's policy."""

    VALID = "valid"
    NOT_VALID = "not valid"
    COULD_NOT_CHECK = "could not be checked"

    @property
    def zh(self) -> str:
        """The status in Chinese."""
        return {Status.VALID: "有效", Status.NOT_VALID: "无效", Status.COULD_NOT_CHECK: "无法核验"}[self]

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of `creditchain verify`."""
        codes = {
            Status.VALID: ExitCode.OK,
            Status.NOT_VALID: ExitCode.NOT_VALID,
            Status.COULD_NOT_CHECK: ExitCode.COULD_NOT_CHECK,
        }
        return codes[self]


#: The steps by number. Readers know them by their numbers, so never renumber them, only add.
STEPS: Final[Mapping[int, Text]] = {
    1: Text("package parses within limits", "数据包在限制内可解析"),
    2: Text("document, salt, tag and section give the leaf", "文档、盐、标签与信息类别得出叶哈希"),
    3: Text("leaf is included in the batch root", "叶哈希包含于批次根"),
    4: Text("batch is anchored on the configured chain", "批次已锚定于所配置的链"),
    5: Text("publisher was entitled", "发布节点具备资格"),
    6: Text("record is live", "记录现行有效"),
    7: Text("consent covered the query", "授权覆盖本次查询"),
    8: Text("delivery is on the ledger", "交付已上链计量"),
    9: Text("nothing in scope was left out", "范围内无遗漏"),
    10: Text("retention rules hold", "符合留存期限"),
    11: Text("figures follow from the records", "数据项由记录得出"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its number in STEPS, outcome, reason, and the deciding values for machines."""

    number: int
    outcome: Outcome
    reason: Text
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> Text:
        """What the step checks."""
        return STEPS[self.number]

    def as_json(self) -> dict[str, Any]:
        """The step as JSON; bytes become 0x and hex digits."""
        return {
            "number": self.number,
            "name": self.name._asdict(),
            "outcome": self.outcome.value,
            "reason": self.reason._asdict(),
            "details": {name: _plain(value) for name, value in self.details.items()},
        }


class WeaknessKind(StrEnum):
    """In which way a verdict says less than it seems to. Machines read these words."""

    UNSAFE_POLICY = "unsafe policy"  #: the policy does not require every step that makes a record safe
    NOT_REQUIRED = "steps not required"  #: the policy does not require a step that reports have
    UNVOUCHED = "tag not vouched for"  #: whose tag it is, only the document itself says
    NARROWED = "narrowed scope"  #: completeness was judged in a part of what was asked for
    TRUSTED = "trusted"  #: the policy believes somebody in what could have been checked
    UNAUDITED = "unaudited"  #: no regulator compared the publisher's book with its batches
    CLOSED = "closed node"  #: a node no longer shows what it published
    ONE_ENDPOINT = "one endpoint's word"  #: what the chain says, one endpoint alone says
    OLD_BLOCK = "old block"  #: what happened since the block that was read is not seen

    @property
    def zh(self) -> str:
        """The kind in Chinese."""
        return _WEAKNESS_ZH[self]


_WEAKNESS_ZH: Final = {
    WeaknessKind.UNSAFE_POLICY: "不安全策略",
    WeaknessKind.NOT_REQUIRED: "未要求的步骤",
    WeaknessKind.UNVOUCHED: "标签未经声明",
    WeaknessKind.NARROWED: "范围缩小",
    WeaknessKind.TRUSTED: "凭信任",
    WeaknessKind.UNAUDITED: "未经审计",
    WeaknessKind.CLOSED: "节点已关闭",
    WeaknessKind.ONE_ENDPOINT: "单一节点所述",
    WeaknessKind.OLD_BLOCK: "区块陈旧",
}


@dataclass(frozen=True, slots=True)
class Weakness:
    """Something that makes a verdict say less: its kind, what it is in words, and the deciding values for machines."""

    kind: WeaknessKind
    text: Text
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The weakness as JSON."""
        return {
            "kind": self.kind.value,
            "kind_zh": self.kind.zh,
            **self.text._asdict(),
            "details": {name: _plain(value) for name, value in self.details.items()},
        }


#: Facts that are older than this are shown as old. Final blocks of public chains are some 15 minutes old.
OLD_SECONDS: Final = 3600


NOBODY: Final = Text("", "")


@dataclass(frozen=True, slots=True)
class Source:
    """On whose word the facts of a verdict are, and as of when."""

    basis: Basis
    age: int  #: seconds from the block's time to the verification
    block: BlockRef | None = None  #: as of which the facts are
    #: Who exactly: how many endpoints or signers, and what the hash of the block hangs on.
    whose: Text = NOBODY
    #: Whether signers of the region's checkpoints said of that block that it is final.
    signed_block: bool = False

    def weaknesses(self) -> tuple[Weakness, ...]:
        """What makes these facts less than the region's own word of now."""
        found = []
        if self.basis is Basis.TOLD:
            found.append(
                weakness(
                    WeaknessKind.ONE_ENDPOINT,
                    "what the chain says is one endpoint's word; several (--rpc) would have to agree",
                    "链上数据仅为一个节点所述；指定多个节点（--rpc）时须一致",
                )
            )
        if self.age > OLD_SECONDS:
            found.append(
                weakness(
                    WeaknessKind.OLD_BLOCK,
                    f"the facts are {self.age // 60} minutes old; what happened since is not seen",
                    f"所依据的事实已有 {self.age // 60} 分钟，此后发生的事未知",
                    age=self.age,
                )
            )
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        """The source as JSON."""
        block = self.block
        return {
            "basis": self.basis.value,
            "basis_zh": self.basis.zh,
            "whose": self.whose._asdict(),
            "age": self.age,
            "block": None
            if block is None
            else {"number": block.number, "hash": _plain(block.hash), "time": block.time},
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """All steps, the status, what weakens it, and notices: what a reader should know although it decides nothing."""

    status: Status
    steps: tuple[Step, ...]
    notices: tuple[Text, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()
    source: Source | None = None  #: where the facts come from; None if there are none

    def step(self, number: int) -> Step:
        """The step of this number."""
        return next(step for step in self.steps if step.number == number)

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that failed."""
        return tuple(step for step in self.steps if step.outcome is Outcome.FAILED)

    def as_json(self) -> dict[str, Any]:
        """The verdict as JSON."""
        return {
            "verdict": self.status.value,
            "verdict_zh": self.status.zh,
            "facts": None if self.source is None else self.source.as_json(),
            "steps": [step.as_json() for step in self.steps],
            "weaknesses": [weakness.as_json() for weakness in self.weaknesses],
            "notices": [notice._asdict() for notice in self.notices],
        }


def add_up(
    steps: Iterable[Step],
    required: frozenset[int],
    notices: Iterable[Text] = (),
    weaknesses: Iterable[Weakness] = (),
    source: Source | None = None,
) -> Verdict:
    """The verdict. A failed step makes it *not valid*, required or not; a required step must pass or not apply."""
    listed = tuple(steps)
    if any(step.outcome is Outcome.FAILED for step in listed):
        status = Status.NOT_VALID
    else:
        settled = {step.number for step in listed if step.outcome in (Outcome.PASSED, Outcome.NOT_APPLICABLE)}
        status = Status.VALID if required <= settled else Status.COULD_NOT_CHECK
    return Verdict(status, listed, tuple(notices), tuple(weaknesses), source)


#: Outcomes from worst to best. Where several hold, the worst is the outcome.
WORST_FIRST: Final = (Outcome.FAILED, Outcome.NOT_VERIFIED, Outcome.PENDING, Outcome.PASSED, Outcome.NOT_APPLICABLE)


def worst_of(steps: Iterable[Step]) -> Step:
    """The step with the worst outcome; the first of those. At least one must be given."""
    return min(steps, key=lambda step: WORST_FIRST.index(step.outcome))


def worst_fault(*steps: Step | None) -> Step | None:
    """The worst of the faults that were found, so that one that only lacks evidence hides none that fails."""
    found = [step for step in steps if step is not None]
    return worst_of(found) if found else None


def weakness(kind: WeaknessKind, en: str, zh: str, /, **details: object) -> Weakness:
    """Something that makes a verdict say less."""
    return Weakness(kind, Text(en, zh), details)


def passed(number: int, en: str, zh: str, /, **details: object) -> Step:
    """A step that passed."""
    return Step(number, Outcome.PASSED, Text(en, zh), details)


def failed(number: int, en: str, zh: str, /, **details: object) -> Step:
    """A step that failed."""
    return Step(number, Outcome.FAILED, Text(en, zh), details)


def pending(number: int, en: str, zh: str, /, **details: object) -> Step:
    """A step that may still pass later."""
    return Step(number, Outcome.PENDING, Text(en, zh), details)


def not_verified(number: int, en: str, zh: str, /, **details: object) -> Step:
    """A step without the evidence to decide it."""
    return Step(number, Outcome.NOT_VERIFIED, Text(en, zh), details)


def not_applicable(number: int, en: str, zh: str) -> Step:
    """A step that does not concern this kind of package."""
    return Step(number, Outcome.NOT_APPLICABLE, Text(en, zh))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
