"""The policy: what a verifier demands. Nothing in a package can change it.

A policy file is TOML (docs/format.md, section 8):

    format = "creditchain/policy@1"
    require = [1, 2, 3, 4, 5, 6]     # steps that must pass, or not apply, for a record
    require_report = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]    # the same for a report
    institution = 7                  # your node: reports must be delivered to it; if left out, to anybody
    tag_statement = "required"       # or "optional": a JSON document's own subject suffices
    disputes = ["none", "open", "corrected", "upheld", "unresolved"]   # dispute states accepted; all are shown
    confirmations = 0                # by how many blocks the final block must be above the anchor's
    nodes = []                       # publishers accepted, by number; empty: any
    products = []                    # products accepted, by name/version; empty: any
    audited = false                  # true: a regulator must have audited the batch
    unsafe = false                   # must be true if the policy leaves out any of steps 1 to 6

    [facts]                          # on whose word, and how old, what the region says may be
    accepted = ["signed", "proven", "agreed"]     # if left out: these, and "told" where the networks file says so
    age_seconds = 3600               # how old facts may be now; if left out, any age
    before_delivery_seconds = 86400  # how much older than the delivery the facts about a report may be

    [completeness]                   # the scope in which step 9 says that nothing was left out
    nodes = []                       # publishers, by number; empty: all
    products = []                    # record products; empty: all that the report combines and the request covers
    sections = []                    # sections; empty: those the request covers
    first_entry = 0                  # the window starts at this entry of the region's log
    log_size = 5000                  # the window ends at this size of the log; if left out, at the size that the log
    lag_seconds = 600                # had lag_seconds before the delivery
    audited = false                  # true: every batch in scope must be audited
    unopened = "refused"             # "trusted": believe the provider that unopened leaves lie outside the days and
                                     # domains that the consent covers
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from creditchain.documents import SECTIONS, Section
from creditchain.errors import ConfigError, Place
from creditchain.log.facts import Basis
from creditchain.verification.verdict import STEPS, Source, Text, Weakness, WeaknessKind, weakness
from creditchain.vocabulary import DisputeState

POLICY_FORMAT: Final = "creditchain/policy@1"
DISPUTES: Final = tuple(state.label for state in DisputeState)
SAFE_STEPS: Final = frozenset({1, 2, 3, 4, 5, 6})
ALL_STEPS: Final = frozenset(STEPS)

#: How long before a delivery the window of completeness ends, in seconds.
LAG_SECONDS: Final = 600
#: How much older than the delivery the facts about a report may be, in seconds: checkpoints are made at least daily.
BEFORE_DELIVERY_SECONDS: Final = 86_400
#: Sections that records can have.
_RECORD_SECTIONS: Final = {name: section for name, section in SECTIONS.items() if section is not Section.REPORT}

TagStatement = Literal["required", "optional"]


class PolicyError(ConfigError):
    """A policy file is wrong; names the field and what it may hold."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """The scope in which a report must leave nothing out (step 9)."""

    nodes: frozenset[int] = frozenset()  #: publishers; empty: all
    products: frozenset[str] = frozenset()  #: record products; empty: all that the report combines
    sections: frozenset[Section] = frozenset()  #: empty: those that the request covers
    first_entry: int = 0  #: index of the first log entry in the window
    log_size: int | None = None  #: end of the window; None: the log `lag_seconds` before the delivery
    lag_seconds: int = LAG_SECONDS  #: a provider reads final blocks, and needs time to assemble
    audited: bool = False  #: every batch in scope must be audited
    trust_unopened: bool = False  #: believe that unopened leaves are outside the consent where they may be

    def narrowings(self) -> tuple[Weakness, ...]:
        """Each way in which completeness is judged in a part only of what was asked for."""
        named = (
            (sorted(self.nodes), "nodes", "节点"),
            (sorted(self.products), "products", "产品"),
            ([section.label for section in sorted(self.sections)], "sections", "信息类别"),
        )
        lists = [
            weakness(
                WeaknessKind.NARROWED,
                f"completeness was judged for these {what} only: {', '.join(map(str, chosen))}",
                f"完整性仅就以下{what_zh}判断：{'、'.join(map(str, chosen))}",
                **{what: chosen},
            )
            for chosen, what, what_zh in named
            if chosen
        ]
        return (*lists, *self._window())

    def _window(self) -> list[Weakness]:
        narrowed = []
        if self.first_entry:
            narrowed.append(
                weakness(
                    WeaknessKind.NARROWED,
                    f"completeness was judged from entry {self.first_entry} of the log on only",
                    f"完整性仅自日志第 {self.first_entry} 条起判断",
                    first_entry=self.first_entry,
                )
            )
        if self.log_size is not None:
            narrowed.append(
                weakness(
                    WeaknessKind.NARROWED,
                    f"completeness was judged to log size {self.log_size} only",
                    f"完整性仅判断至日志大小 {self.log_size}",
                    log_size=self.log_size,
                )
            )
        elif self.lag_seconds > LAG_SECONDS:
            narrowed.append(
                weakness(
                    WeaknessKind.NARROWED,
                    f"completeness was not judged for the last {self.lag_seconds} seconds before the delivery",
                    f"完整性未判断交付前 {self.lag_seconds} 秒",
                    lag_seconds=self.lag_seconds,
                )
            )
        return narrowed


@dataclass(frozen=True, slots=True)
class FactsDemand:
    """On whose word facts are accepted, and how old they may be."""

    accepted: frozenset[Basis] | None = None  #: None: whatever the verifier's network is trusted for
    age_seconds: int | None = None  #: None: any age
    before_delivery_seconds: int = BEFORE_DELIVERY_SECONDS

    def refused(self, source: Source, delivered_at: int | None = None) -> Text | None:
        """Why these facts are not accepted; None if they are. `delivered_at`: of a report, unix seconds."""
        if self.accepted is not None and source.basis not in self.accepted:
            return Text(
                f"the policy does not accept facts that are {source.basis.value}",
                f"策略不接受此类事实依据：{source.basis.zh}",
            )
        if self.age_seconds is not None and source.age > self.age_seconds:
            english = f"the facts are {source.age} seconds old; the policy accepts {self.age_seconds}"
            chinese = f"事实已有 {source.age} 秒，策略只接受 {self.age_seconds} 秒以内"
            return Text(
                f"{english}: ask anew, or have newer ones added (`creditchain evidence refresh`)",
                f"{chinese}；请重新查询，或更新所附事实（`creditchain evidence refresh`）",
            )
        if delivered_at is None or source.block is None:
            return None
        older = delivered_at - source.block.time
        if older > self.before_delivery_seconds:
            return Text(
                f"the facts are of {older} seconds before the delivery; the policy accepts"
                f" {self.before_delivery_seconds}",
                f"事实早于交付 {older} 秒，策略只接受 {self.before_delivery_seconds} 秒以内",
            )
        return None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a verifier demands. It must require steps 1 to 6; only an `UnsafePolicy` need not."""

    require: frozenset[int] = SAFE_STEPS
    tag_statement: TagStatement = "required"
    disputes: frozenset[str] = frozenset(DISPUTES)
    confirmations: int = 0
    nodes: frozenset[int] = frozenset()
    products: frozenset[str] = frozenset()
    audited: bool = False
    require_report: frozenset[int] = ALL_STEPS
    institution: int | None = None
    completeness: Completeness = Completeness()
    facts: FactsDemand = FactsDemand()

    def __post_init__(self) -> None:
        left_out = SAFE_STEPS - (self.require & self.require_report)
        if left_out and not isinstance(self, UnsafePolicy):
            raise PolicyError(
                "the policy does not require every step that makes a record safe",
                expected="steps 1 to 6 required",
                found="left out: " + ", ".join(map(str, sorted(left_out))),
                hint="Require them, or set unsafe = true.",
                place=Place(field="require"),
            )

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """What this policy leaves out of every verdict under it."""
        return ()

    @property
    def report_weaknesses(self) -> tuple[Weakness, ...]:
        """What this policy leaves out of every report's verdict under it."""
        left_out = sorted(ALL_STEPS - SAFE_STEPS - self.require_report)
        own = (*self.weaknesses, *self.completeness.narrowings())
        if not left_out:
            return own
        shown = ", ".join(map(str, left_out))
        return (
            *own,
            weakness(
                WeaknessKind.NOT_REQUIRED,
                f"the policy does not require steps {shown} of a report",
                f"策略未要求报告通过步骤 {shown}",
                steps=left_out,
            ),
        )


@dataclass(frozen=True, slots=True)
class UnsafePolicy(Policy):
    """A policy that need not require steps 1 to 6. Every verdict under it says so."""

    @property
    def weaknesses(self) -> tuple[Weakness, ...]:
        """A warning that the policy is unsafe."""
        left_out = sorted(SAFE_STEPS - (self.require & self.require_report))
        shown = ", ".join(map(str, left_out)) or "-"
        return (
            weakness(
                WeaknessKind.UNSAFE_POLICY,
                f"UNSAFE policy: does not require steps {shown}",
                f"不安全策略：未要求步骤 {shown}",
                steps=left_out,
            ),
        )


DEFAULT_POLICY: Final = Policy()

_FIELDS: Final = (
    "format", "require", "tag_statement", "disputes", "confirmations", "nodes", "products", "audited", "unsafe",
    "require_report", "institution", "completeness", "facts"
)  # fmt: skip


_SCOPE_FIELDS: Final = (
    "nodes", "products", "sections", "first_entry", "log_size", "lag_seconds", "audited", "unopened"
)  # fmt: skip


def parse_policy(text: str) -> Policy:
    """Parse a policy from TOML. Raises PolicyError, which names the field."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # numbers without end, nesting without end
        raise PolicyError("the policy is not TOML", found=str(error)) from error
    for name in table:
        if name not in _FIELDS:
            raise _wrong(name, "one of " + ", ".join(_FIELDS))
    if table.get("format") != POLICY_FORMAT:
        raise _wrong("format", POLICY_FORMAT)
    unsafe = _flag(table, "unsafe")
    tag_statement = table.get("tag_statement", "required")
    if tag_statement not in ("required", "optional"):
        raise _wrong("tag_statement", "required or optional")
    return (UnsafePolicy if unsafe else Policy)(
        require=_numbers(table, "require", SAFE_STEPS, STEPS),
        tag_statement=tag_statement,
        disputes=_strings(table, "disputes", DISPUTES, DISPUTES),
        confirmations=_number(table, "confirmations", 0, 1_000_000, 0) or 0,
        nodes=_numbers(table, "nodes", (), range(1, 2**24)),
        products=_strings(table, "products", (), None),
        audited=_flag(table, "audited"),
        require_report=_numbers(table, "require_report", ALL_STEPS, STEPS),
        institution=_number(table, "institution", 1, 2**24 - 1, None),
        completeness=_completeness(table.get("completeness", {})),
        facts=_facts(table.get("facts", {})),
    )


_FACTS_FIELDS: Final = ("accepted", "age_seconds", "before_delivery_seconds")


def _facts(table: object) -> FactsDemand:
    if not isinstance(table, dict):
        raise _wrong("facts", "a table")
    for name in table:
        if name not in _FACTS_FIELDS:
            raise _wrong(f"facts.{name}", "one of " + ", ".join(_FACTS_FIELDS))
    try:
        named = _strings(table, "accepted", (), tuple(Basis))
        if "accepted" in table and not named:
            raise _wrong("accepted", "at least one of " + ", ".join(Basis))
        longest = 100 * 366 * 86_400
        before = _number(table, "before_delivery_seconds", 0, longest, BEFORE_DELIVERY_SECONDS)
        return FactsDemand(
            accepted=frozenset(map(Basis, named)) if named else None,
            age_seconds=_number(table, "age_seconds", 0, longest, None),
            before_delivery_seconds=before or 0,
        )
    except PolicyError as error:
        within = error.place.field if error.place is not None else None
        raise _wrong(f"facts.{within}", error.expected or "another value") from error


def _completeness(table: object) -> Completeness:
    if not isinstance(table, dict):
        raise _wrong("completeness", "a table")
    for name in table:
        if name not in _SCOPE_FIELDS:
            raise _wrong(f"completeness.{name}", "one of " + ", ".join(_SCOPE_FIELDS))
    try:
        sections = _strings(table, "sections", (), _RECORD_SECTIONS)
        return Completeness(
            nodes=_numbers(table, "nodes", (), range(1, 2**24)),
            products=_strings(table, "products", (), None),
            sections=frozenset(SECTIONS[name] for name in sections),
            first_entry=_number(table, "first_entry", 0, 2**53 - 1, 0) or 0,
            log_size=_number(table, "log_size", 1, 2**53 - 1, None),
            lag_seconds=_number(table, "lag_seconds", 0, 86_400, LAG_SECONDS) or 0,
            audited=_flag(table, "audited"),
            trust_unopened=_choice(table, "unopened", ("refused", "trusted")) == "trusted",
        )
    except PolicyError as error:
        within = error.place.field if error.place is not None else None
        raise _wrong(f"completeness.{within}", error.expected or "another value") from error


def _choice(table: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    value = table.get(name, choices[0])
    if value not in choices or not isinstance(value, str):
        raise _wrong(name, " or ".join(choices))
    return value


def _number(table: Mapping[str, Any], name: str, least: int, most: int, default: int | None) -> int | None:
    value = table.get(name, default)
    if value is None:
        return None
    if type(value) is not int or not least <= value <= most:
        raise _wrong(name, f"a number from {least} to {most}")
    return value


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _numbers(
    table: Mapping[str, Any], name: str, default: Iterable[int], known: range | Mapping[int, object]
) -> frozenset[int]:
    value = table.get(name)
    if value is None:
        return frozenset(default)
    if not isinstance(value, list) or not all(type(item) is int and item in known for item in value):
        raise _wrong(name, f"a list of numbers from {min(known)} to {max(known)}")
    return frozenset(value)


def _strings(
    table: Mapping[str, Any], name: str, default: Iterable[str], known: Iterable[str] | None
) -> frozenset[str]:
    value = table.get(name)
    if value is None:
        return frozenset(default)
    choices = None if known is None else tuple(known)
    if not isinstance(value, list) or not all(
        isinstance(item, str) and (choices is None or item in choices) for item in value
    ):
        raise _wrong(name, "a list of " + ("strings" if choices is None else ", ".join(choices)))
    return frozenset(value)


def _wrong(name: str, expected: str) -> PolicyError:
    return PolicyError("the policy has a wrong value", expected=expected, place=Place(field=name))
