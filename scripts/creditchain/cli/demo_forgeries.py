"""What the demonstration forges: each changes one thing in a genuine package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def _changed_amount(package: Json) -> None:
    package["record"]["content"]["data"]["capital_fen"] += 1


def _other_salt(package: Json) -> None:
    package["record"]["salt"] = "0x" + "11" * 32


def _other_section(package: Json) -> None:
    package["record"]["section"] = package["record"]["content"]["section"] = "asset"


def _other_index(package: Json) -> None:
    package["batch"]["index"] ^= 1


def _shorter_path(package: Json) -> None:
    package["batch"]["proof"].pop()


def _other_root(package: Json) -> None:
    package["batch"]["root"] = "0x" + "22" * 32


def _other_chain(package: Json) -> None:
    package["batch"]["chain_id"] += 1


#: Name, Chinese name, and what the forger changes in the package.
FORGERIES: tuple[tuple[str, str, Callable[[Json], None]], ...] = (
    ("changed amount", "金额被改", _changed_amount),
    ("other salt", "盐被换", _other_salt),
    ("other section", "信息类别被换", _other_section),
    ("other index", "位置被移", _other_index),
    ("shorter path", "路径被截短", _shorter_path),
    ("other root", "批次根被换", _other_root),
    ("other chain", "链被换", _other_chain),
)
