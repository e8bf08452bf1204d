"""Find records that a full batch dropped. It should restate all earlier batches of its series.

The report is complete all the same, because it shows the record from the earlier batch. But a reader should know.
"""

from __future__ import annotations

from creditchain.log.history import BatchKey, LogIndex
from creditchain.verification.case import Case, JudgedRecord
from creditchain.verification.scope import Scope, Sought
from creditchain.verification.verdict import Text
from creditchain.vocabulary import BatchKind, Life


def dropped_records(case: Case, log: LogIndex, scope: Scope) -> tuple[Text, ...]:
    """A notice for each full batch that lacks a record which was live then and is shown from an earlier batch."""
    full = [one for one in scope.sought if one.anchor.body.kind == BatchKind.FULL]
    counted = ((one, _dropped(case, log, scope, one)) for one in full)
    return tuple(_notice(one, count) for one, count in counted if count)


def _dropped(case: Case, log: LogIndex, scope: Scope, full: Sought) -> int:
    before = {one.anchor.key for one in scope.sought if _earlier(one, full)}
    restated = {record.package.record.content for record in case.records if _batch(record) == full.anchor.key}
    return sum(
        _batch(record) in before
        and record.package.record.content not in restated
        and log.life_at(record.key, full.anchor.time) is Life.LIVE
        for record in case.records
    )


def _earlier(one: Sought, full: Sought) -> bool:
    same = (one.anchor.body.node, one.anchor.body.product) == (full.anchor.body.node, full.anchor.body.product)
    return same and one.anchor.entry < full.anchor.entry


def _batch(record: JudgedRecord) -> BatchKey:
    return record.package.batch.node, record.package.batch.root


def _notice(full: Sought, count: int) -> Text:
    node, number = full.anchor.body.node, full.anchor.body.number
    return Text(
        f"full batch no. {number} of node {node} does not restate {count} record(s) that are shown here",
        f"节点 {node} 第 {number} 号全量批次未包含此处所示的 {count} 条记录",
    )
