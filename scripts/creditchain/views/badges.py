"""Badges of a record: who anchored it and when, what became of it, what is disputed, and what could not be verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from creditchain.log.views import RecordState
from creditchain.times import moment
from creditchain.verification.case import Case, JudgedRecord
from creditchain.verification.evidence import Missing
from creditchain.verification.lives import RecordKey
from creditchain.verification.ranged_records import RecordSteps
from creditchain.verification.verdict import Outcome, Text, WeaknessKind, worst_of
from creditchain.views.shown import Badge, Tone
from creditchain.views.texts import readable
from creditchain.vocabulary import DisputeState, Life, Role

_NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Around:
    """What a record's badges need beside the record."""

    case: Case
    names: Mapping[int, Text]  #: of nodes, as far as they are known
    numbers: Mapping[RecordKey, int]  #: of the records of this view

    def source(self, node: int) -> Text:
        """A node in words: number, name and role."""
        members = self.case.evidence.members
        member = None if isinstance(members, Missing) else members.get(node)
        return node_text(node, self.names.get(node), None if member is None else member.info.role)


def node_text(node: int, name: Text | None, role: int | None) -> Text:
    """A node in words, with its name and role as far as they are known."""
    english = [] if name is None else [readable(name.en)]
    chinese = [] if name is None else [readable(name.zh)]
    if role is not None:
        named = Role(role)
        english, chinese = [*english, named.label], [*chinese, named.zh]
    en, zh = ", ".join(english), "，".join(chinese)
    return Text(f"node {node}" + (f" ({en})" if en else ""), f"节点 {node}" + (f"（{zh}）" if zh else ""))


def badges_of(record: JudgedRecord, steps: RecordSteps, around: Around) -> tuple[Badge, ...]:
    """All badges of one record: anchored, life, dispute, then each step that does not hold."""
    return (
        _anchored(record, steps, around),
        *_life(record, around),
        *_dispute(record, around),
        *_unaudited(steps),
        *_faults(steps),
    )


def _anchored(record: JudgedRecord, steps: RecordSteps, around: Around) -> Badge:
    """Since when it is published, as far as the package shows that."""
    shown, origin = record.range, around.case.origins.get(record.key)
    found = worst_of((steps.steps[3], steps.steps[4])).outcome
    if found is not Outcome.PASSED or shown.entry is None:
        tone = Tone.BAD if found is Outcome.FAILED else Tone.WARNING
        return Badge(tone, Text("not shown to be anchored", "未证明已锚定"), _NOTHING)
    if shown.book is None or origin is not None:
        when = moment((origin or shown.entry).time)
        return Badge(Tone.GOOD, Text("anchored", "已锚定"), Text(when, when))
    when = moment(shown.entry.time)
    return Badge(
        Tone.GOOD, Text("in a book", "已入总账"), Text(f"of {when}, published before", f"{when} 的总账，此前发布")
    )


def _life(record: JudgedRecord, around: Around) -> Iterator[Badge]:
    state = _state(record, around)
    if state is None or state.life == Life.LIVE:
        return
    life, when = Life(state.life), moment(state.life_at)
    lives = around.case.evidence.lives
    successor = None if isinstance(lives, Missing) else lives.successors.get(record.key)
    if successor is None:
        yield Badge(Tone.BAD, Text(life.label, life.zh), Text(when, when))
        return
    number = around.numbers.get((record.key[0], successor))
    by = f"0x{successor.hex()}" if number is None else None
    english = f"{when}, by record {number}" if by is None else f"{when}, by {by}"
    chinese = f"{when}，由记录 {number} 取代" if by is None else f"{when}，由 {by} 取代"
    yield Badge(Tone.BAD, Text(life.label, life.zh), Text(english, chinese))


def _dispute(record: JudgedRecord, around: Around) -> Iterator[Badge]:
    state = _state(record, around)
    if state is None or state.dispute is DisputeState.NONE:
        return
    if state.dispute is DisputeState.OPEN:
        filed, due = moment(state.filed_at), moment(state.due_at)
        name = Text("disputed", "有异议")
        yield Badge(Tone.WARNING, name, Text(f"since {filed}, answer due {due}", f"{filed} 提出，应于 {due} 前答复"))
        return
    when, outcome = moment(state.answered_at), state.dispute
    tone = Tone.WARNING if outcome is DisputeState.UNRESOLVED else Tone.PLAIN
    yield Badge(tone, Text("dispute answered", "异议已答复"), Text(f"{outcome.label}, {when}", f"{outcome.zh}，{when}"))


def _state(record: JudgedRecord, around: Around) -> RecordState | None:
    states = around.case.evidence.states
    return None if isinstance(states, Missing) else states.get(record.key)


def _unaudited(steps: RecordSteps) -> Iterator[Badge]:
    if any(one.kind is WeaknessKind.UNAUDITED for one in steps.weaknesses):
        yield Badge(Tone.PLAIN, Text("not audited", "未经审计"), _NOTHING)


def _faults(steps: RecordSteps) -> Iterator[Badge]:
    for number, step in sorted(steps.steps.items()):
        if step.outcome not in (Outcome.PASSED, Outcome.NOT_APPLICABLE):
            tone = Tone.BAD if step.outcome is Outcome.FAILED else Tone.WARNING
            name = Text(f"step {number} {step.outcome.value}", f"步骤 {number} {step.outcome.zh}")
            yield Badge(tone, name, Text(readable(step.reason.en), readable(step.reason.zh)))
