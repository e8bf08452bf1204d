"""Commands whose modules are loaded when they are named.

Loading all of them takes a quarter of the processor time of a command that asks the chain nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import typer
import typer.main

Register = Callable[[typer.Typer], None]


class LazyCommands(Mapping[str, Any]):
    """Commands and groups in the order in which `--help` lists them; what a name stands for is built once, when asked.

    `registers` gives the function that adds a name's command; one function may add several.
    """

    def __init__(self, registers: Mapping[str, Register]) -> None:
        self._registers = registers
        self.built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.built:
            app = typer.Typer(rich_markup_mode="rich")
            self._registers[name](app)
            self.built |= typer.main.get_group(app).commands
        return self.built[name]

    def __contains__(self, name: object) -> bool:
        return name in self._registers

    def __iter__(self) -> Iterator[str]:
        return iter(self._registers)

    def __len__(self) -> int:
        return len(self._registers)
