"""Probes in a Solidity source: where they go, by the compiler's syntax tree, and what each one stands for."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Node = dict[str, Any]
Kind = Literal["statement", "false", "true"]

#: Added to a probe's number, so that nothing else that Anvil prints looks like one.
FIRST = 636_861_000_000_000

#: Lists of statements. They are none themselves.
_BLOCKS = {"Block", "UncheckedBlock"}

#: Statement → the members of its node that are one statement, with or without braces.
_BODIES = {
    "IfStatement": ("trueBody", "falseBody"),
    "ForStatement": ("body",),
    "WhileStatement": ("body",),
    "DoWhileStatement": ("body",),
}

#: The compiler's ranges of statements end before the semicolon.
_SEMICOLON = re.compile(rb"(?:\s|//[^\n]*\n|/\*.*?\*/)*;", re.DOTALL)


@dataclass(frozen=True)
class Probe:
    """`kind` is `statement`, or the outcome of the condition `text`."""

    file: str
    line: int
    kind: Kind
    text: str


@dataclass
class Prober:
    """Puts probes into one file after the other and numbers them all."""

    probes: list[Probe] = field(default_factory=list)

    def probed(self, file: str, source: str, tree: Node) -> str:
        """`source` with probes, and every line where it was. `file` is relative to the folder of `Probes.sol`.

        The import comes first of all, because Brownie does not see contracts in front of one.
        """
        inserts = list(_File(self, file, source.encode()).inserts(tree))
        if not inserts:
            return source
        up = "../" * file.count("/") or "./"
        return f'import {{Probes}} from "{up}Probes.sol"; ' + _inserted(source.encode(), inserts)


@dataclass(frozen=True)
class _Insert:
    place: int
    text: str
    closes: bool = False


@dataclass
class _File:
    prober: Prober
    name: str
    source: bytes

    def inserts(self, tree: Node) -> Iterator[_Insert]:
        """Everything to insert, in the order of `_inserted`."""
        for function in _nodes(tree, {"FunctionDefinition", "ModifierDefinition"}):
            if function.get("body"):
                yield from self._of_body(function["body"])

    def _of_body(self, body: Node) -> Iterator[_Insert]:
        for block in _nodes(body, _BLOCKS):
            for statement in block["statements"]:
                yield from self._statement(statement)
        for parent in _nodes(body, _BODIES):
            for statement in filter(None, map(parent.get, _BODIES[parent["nodeType"]])):
                if statement["nodeType"] not in _BLOCKS:
                    yield from self._bare(statement)
        for condition in _conditions(body):
            yield from self._condition(condition)

    def _statement(self, statement: Node) -> Iterator[_Insert]:
        if statement["nodeType"] not in _BLOCKS:
            start, _ = _range(statement)
            yield _Insert(start, f"Probes.statement({self._number(statement, 'statement')}); ")

    def _bare(self, statement: Node) -> Iterator[_Insert]:
        """A body without braces gets some."""
        start, end = _range(statement)
        semicolon = _SEMICOLON.match(self.source, end)
        yield _Insert(start, "{ ")
        yield from self._statement(statement)
        yield _Insert(semicolon.end() if semicolon else end, " }", closes=True)

    def _condition(self, condition: Node) -> Iterator[_Insert]:
        start, end = _range(condition)
        number = self._number(condition, "false")
        self._number(condition, "true")
        yield _Insert(start, f"Probes.condition({number}, ")
        yield _Insert(end, ")", closes=True)

    def _number(self, node: Node, kind: Kind) -> int:
        start, end = _range(node)
        text = " ".join(self.source[start:end].decode().split())
        self.prober.probes.append(Probe(self.name, self.source.count(b"\n", 0, start) + 1, kind, text))
        return FIRST + len(self.prober.probes) - 1


def _inserted(source: bytes, inserts: list[_Insert]) -> str:
    """At one place: what closes comes first, then the order given (statements, then conditions, outer ones first)."""
    parts, done = [], 0
    for insert in sorted(inserts, key=lambda insert: (insert.place, not insert.closes)):
        parts += [source[done : insert.place], insert.text.encode()]
        done = insert.place
    return b"".join([*parts, source[done:]]).decode()


def _conditions(tree: Node) -> Iterator[Node]:
    """What `if`, loops, `?:` and `require` decide by, and the operands of `&&` and `||`.

    A condition is never made of `&&`, `||` or `!` itself: outcomes of its operands show its own, since evaluation stops
    at the first operand that decides. What `assert` is given is no condition, because it cannot be false.
    """
    seen = set()
    for deciding in _nodes(tree, {*_BODIES, "Conditional", "FunctionCall", "BinaryOperation"}):
        for condition in _decided_by(deciding):
            for operand in _operands(condition):
                if operand["id"] not in seen and operand["nodeType"] != "Literal":
                    seen.add(operand["id"])
                    yield operand


def _decided_by(node: Node) -> list[Node]:
    if node["nodeType"] == "FunctionCall":
        return node["arguments"][:1] if node["expression"].get("name") == "require" else []
    if node["nodeType"] == "BinaryOperation":
        return [node] if _is_junction(node) else []
    return [node["condition"]] if node.get("condition") else []


def _operands(condition: Node) -> Iterator[Node]:
    if _is_junction(condition):
        yield from _operands(condition["leftExpression"])
        yield from _operands(condition["rightExpression"])
    elif condition["nodeType"] == "TupleExpression":
        yield from _operands(condition["components"][0])
    elif condition["nodeType"] == "UnaryOperation" and condition["operator"] == "!":
        yield from _operands(condition["subExpression"])
    else:
        yield condition


def _is_junction(node: Node) -> bool:
    return node["nodeType"] == "BinaryOperation" and node["operator"] in ("&&", "||")


def _nodes(tree: Any, kinds: Collection[str]) -> Iterator[Node]:
    """Nodes of these kinds, outer ones first."""
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part, kinds)
    elif isinstance(tree, dict):
        if tree.get("nodeType") in kinds:
            yield tree
        for part in tree.values():
            yield from _nodes(part, kinds)


def _range(node: Node) -> tuple[int, int]:
    """Its first byte in the source and the one after its last."""
    start, length, _ = map(int, node["src"].split(":"))
    return start, start + length
