"""The code has the layout of docs/decisions.md: faces over acts over rooms over a core without I/O.

Every import counts, wherever it stands in a file: at the top, in a function, for type checkers alone. Run
`python -m pytest tests/unit/house -s` to print the storeys.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "scripts" / "creditchain"

#: From the ground up. Rooms of one storey may use each other one way only: a room may import those before it.
STOREYS: Mapping[str, tuple[str, ...]] = {
    "core": (
        "errors",
        "faults",
        "environment",
        "times",
        "vocabulary",
        "hashing",
        "identifiers",
        "documents",
        "figures",
        "products",
        "merkle",
        "messages",
        "log",
        "proven",
        "consents",
        "packages",
        "checkpoints",
        "verification",
        "views",
        "statistics",
    ),
    "rooms": (
        "catalogue",
        "home",
        "sample",
        "batch",
        "chain",
        "store",
        "posting",
        "client",
        "index",
        "evidence",
        "reports",
        "backup",
        "rendering",
    ),
    "acts": ("acts",),
    "faces": ("exchange", "cli", "__main__"),
}
#: The inner rooms of `batch`, from the ground up; modules that stand in none of them are the ground they share.
INNER = ("accepting", "readers", "folder", "book", "making", "checking")
ORDER = [room for rooms in STOREYS.values() for room in rooms]
#: What the core must not import, since it does no I/O and asks no chain.
NOT_IN_CORE = ("web3", "sqlalchemy", "requests", "fsspec", "socket", "sqlite3", "urllib", "httpx", "typer", "rich")


def modules() -> dict[str, Path]:
    """Every module of the package by dotted name below `creditchain`; the package itself is the empty name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The line and dotted name of every import; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def arrows() -> Iterator[tuple[str, int, str]]:
    """(importing module, line, imported module) for every import from one module of the package to another."""
    known = modules()
    for name, path in known.items():
        for line, target in imports(path):
            if not target.startswith("creditchain."):
                continue
            inside = target.removeprefix("creditchain.")
            while inside not in known:
                inside = inside.rpartition(".")[0]
            if inside and inside != name:
                yield name, line, inside


def room(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_stands_in_a_room():
    assert sorted({room(name) for name in modules() if name} - set(ORDER)) == []


def test_no_arrow_points_up():
    wrong = [
        f"{PACKAGE.name}/{name.replace('.', '/')}:{line} imports {target}: {room(target)} stands above {room(name)}"
        for name, line, target in arrows()
        if ORDER.index(room(target)) > ORDER.index(room(name))
    ]
    assert wrong == []


def test_the_inner_rooms_of_batch_point_one_way():
    """Readers use accepting; making and checking use all of them. `batch/__init__` imports nothing."""

    def height(module: str) -> int:
        step = module.split(".")[1]
        return INNER.index(step) + 1 if step in INNER else 0

    inside = [
        (name, line, target)
        for name, line, target in arrows()
        if name.startswith("batch.") and target.startswith("batch.")
    ]
    wrong = [f"{name}:{line} imports {target}" for name, line, target in inside if height(target) > height(name)]
    assert wrong == []
    assert {room for room in INNER if any(name.startswith(f"batch.{room}.") for name, *_ in inside)} == set(INNER)


def test_the_core_does_no_io():
    core = set(STOREYS["core"])
    wrong = [
        f"{name}:{line} imports {target}"
        for name, path in modules().items()
        if room(name) in core
        for line, target in imports(path)
        if target.partition(".")[0] in NOT_IN_CORE
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["web3", "sqlalchemy"])
def test_only_rooms_import(library: str):
    """Acts and faces go through the rooms; `chain` alone imports web3."""
    allowed = {"web3": {"chain"}, "sqlalchemy": {"home", "store", "batch", "chain"}}[library]
    wrong = [
        f"{name}:{line}"
        for name, path in modules().items()
        if room(name) not in allowed
        for line, target in imports(path)
        if target.partition(".")[0] == library
    ]
    assert wrong == []


def test_no_two_files_point_at_each_other():
    """No circle of imports between files, of any length. A package's `__init__` is a file like others."""
    graph: dict[str, set[str]] = {}
    for name, _, target in arrows():
        graph.setdefault(name, set()).add(target)
    circles: list[str] = []
    state: dict[str, int] = {}

    def visit(name: str, way: list[str]) -> None:
        state[name] = 1
        for target in sorted(graph.get(name, ())):
            if state.get(target) == 1:
                circles.append(" → ".join([*way[way.index(target) :], target] if target in way else [name, target]))
            elif target not in state:
                visit(target, [*way, target])
        state[name] = 2

    for name in sorted(graph):
        if name not in state:
            visit(name, [name])
    assert circles == []


def test_faces_are_thin():
    """The CLI parses, calls one act, shows: a longer file does something else besides."""
    lengths = {path.name: len(path.read_text("utf-8").splitlines()) for path in (PACKAGE / "cli").glob("*.py")}
    assert {name: lines for name, lines in lengths.items() if lines > 150} == {}


#: The application's own modules, which know every group of commands.
APPLICATION = ("cli.app", "cli.record_commands", "cli.region_commands")


def test_commands_do_not_call_each_other():
    """A module with commands is imported by the application, or by the group that its commands belong to."""
    with_commands = {
        name
        for name, path in modules().items()
        if name.startswith("cli.") and "\ndef register(" in path.read_text("utf-8")
    }
    wrong = [
        f"{name}:{line} imports {target}"
        for name, line, target in arrows()
        if target in with_commands and name not in APPLICATION and not target.startswith(f"{name}_")
    ]
    assert wrong == []


def test_nothing_hides_an_import():
    hidden = [
        f"{name}:{line}"
        for name, path in modules().items()
        for line, target in imports(path)
        if target == "importlib" or target.startswith("importlib.import_module") or target == "importlib.util"
    ]
    assert hidden == []


def test_the_storeys_as_they_stand(capsys):
    """Print the storeys from the top, and which rooms each room uses."""
    uses: dict[str, set[str]] = {}
    for name, _, target in arrows():
        if room(name) != room(target):
            uses.setdefault(room(name), set()).add(room(target))
    with capsys.disabled():
        for storey in reversed(STOREYS):
            for one in reversed(STOREYS[storey]):
                if one in uses:
                    below = [other for other in ORDER if other in uses[one]]
                    print(f"\n{storey:6} {one:13} uses {', '.join(below)}", end="")
        print()
    assert uses["cli"]
