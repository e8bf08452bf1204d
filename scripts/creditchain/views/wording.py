"""The words around a view, the same in every rendering."""

from __future__ import annotations

from typing import Final

from creditchain.verification.verdict import Outcome, Status, Text, WeaknessKind

AS_OF: Final = Text("as of", "数据日期")
FACTS: Final = Text("On whose word", "事实依据")
LEAF: Final = Text("leaf", "叶哈希")
NO_RECORDS: Final = Text("no records in this part", "本部分无记录")
NOTICES: Final = Text("What a reader should know", "提示")
OUTCOME: Final = Text("Outcome", "结果")
PACKAGE: Final = Text("Package", "数据包")
REASON: Final = Text("Reason", "原因")
SOURCE: Final = Text("published by", "发布方")
STEP: Final = Text("Step", "步骤")
STEPS: Final = Text("Steps of the verification", "核验步骤")
SUMMARY: Final = Text("Summary by the issuer", "出具方综合信息")
VERDICT: Final = Text("Verdict", "核验结论")
WEAKNESSES: Final = Text("What makes the verdict say less", "结论的局限")
#: What a reader of a printed report must know.
WHAT_COUNTS: Final = Text(
    "What counts is the package: verify it anew before you rely on this text.",
    "以数据包为准：采信本文之前，请重新核验数据包。",
)


def status_text(status: Status) -> Text:
    """The status of a verdict."""
    return Text(status.value.upper(), status.zh)


def outcome_text(outcome: Outcome) -> Text:
    """The outcome of a step."""
    return Text(outcome.value, outcome.zh)


def weakness_text(kind: WeaknessKind) -> Text:
    """The kind of a weakness."""
    return Text(kind.value, kind.zh)
