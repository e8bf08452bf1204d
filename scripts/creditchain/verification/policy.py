"""The policy: what a verifier demands. The package has no say in it.

A policy file is TOML (docs/format.md, section 8):

    format = "creditchain/policy@1"
    require = [1, 2, 3, 4, 5, 6]     # steps that have to pass (or not to apply)
    tag_statement = "required"       # or "optional": a JSON document's own subject suffices
    disputes = ["none", "open", "corrected", "upheld", "unresolved"]   # dispute states accepted; all are shown
    confirmations = 0                # blocks that the final block must lie above the anchor
    nodes = []                       # publishers accepted, by number; empty: any
    products = []                    # products accepted, by name/version; empty: any
    audited = false                  # a regulator has to have audited the batch
    unsafe = false                   # has to be true for a policy that leaves out any of steps 1 to 6
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from creditchain.errors import ConfigError, Place
from creditchain.verification.verdict import STEPS, Text
from creditchain.vocabulary import DisputeState

POLICY_FORMAT: Final = "creditchain/policy@1"
DISPUTES: Final = tuple(state.label for state in DisputeState)
SAFE_STEPS: Final = frozenset({1, 2, 3, 4, 5, 6})

TagStatement = Literal["required", "optional"]


class PolicyError(ConfigError):
    """A policy file is wrong: the field, what it may hold, and what it held."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a verifier demands. Made by hand, it has to require steps 1 to 6; `UnsafePolicy` need not."""

    require: frozenset[int] = SAFE_STEPS
    tag_statement: TagStatement = "required"
    disputes: frozenset[str] = frozenset(DISPUTES)
    confirmations: int = 0
    nodes: frozenset[int] = frozenset()
    products: frozenset[str] = frozenset()
    audited: bool = False

    def __post_init__(self) -> None:
        left_out = SAFE_STEPS - self.require
        if left_out and not isinstance(self, UnsafePolicy):
            raise PolicyError(
                "the policy does not require every step that makes a record safe",
                expected="steps 1 to 6 required",
                found="left out: " + ", ".join(map(str, sorted(left_out))),
                hint="Require them, or say unsafe = true.",
                place=Place(field="require"),
            )

    @property
    def notices(self) -> tuple[Text, ...]:
        """What a reader of a verdict under this policy has to know."""
        return ()


@dataclass(frozen=True, slots=True)
class UnsafePolicy(Policy):
    """A policy that need not require steps 1 to 6. Each verdict under it says so."""

    @property
    def notices(self) -> tuple[Text, ...]:
        """That the policy is unsafe."""
        left_out = ", ".join(map(str, sorted(SAFE_STEPS - self.require))) or "-"
        return (Text(f"UNSAFE policy: does not require steps {left_out}", f"不安全策略：未要求步骤 {left_out}"),)


DEFAULT_POLICY: Final = Policy()

_FIELDS: Final = (
    "format", "require", "tag_statement", "disputes", "confirmations", "nodes", "products", "audited", "unsafe"
)  # fmt: skip


def parse_policy(text: str) -> Policy:
    """A policy from TOML. Raises PolicyError with the field."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
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
        confirmations=_confirmations(table),
        nodes=_numbers(table, "nodes", (), range(1, 2**24)),
        products=_strings(table, "products", (), None),
        audited=_flag(table, "audited"),
    )


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _confirmations(table: Mapping[str, Any]) -> int:
    value = table.get("confirmations", 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 1_000_000:
        raise _wrong("confirmations", "a number of blocks from 0 to 1000000")
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
