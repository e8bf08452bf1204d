"""How much the verification of one package may ask for (docs/format.md, section 8).

A package names what a verifier will need, and then it takes a few exchanges. A hostile one names almost nothing, or
gives itself a time at which the region had hardly begun: its verifier would walk through all history, entry by entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from creditchain.log.facts import MissingFactError


@dataclass(frozen=True, slots=True)
class AskingLimits:
    """Each for one package. What would take more is not known."""

    exchanges: int = 1_000  #: exchanges with each endpoint, one after the other
    #: Entries that are read from an index, or from all of a proven log: whatever came after a report is among them.
    read: int = 50_000
    #: Times that an endpoint is asked for entries of which nobody says in which blocks they are.
    searches: int = 64


ASKING_LIMITS: Final = AskingLimits()


class Allowance:
    """What is left for the package that is being verified."""

    def __init__(self, limits: AskingLimits = ASKING_LIMITS) -> None:
        self._limits = self._left = limits

    def renew(self) -> None:
        """Another package comes."""
        self._left = self._limits

    def exchange(self) -> None:
        """An exchange with each endpoint. Raises MissingFactError if that is one too many."""
        self._take(1, 0, 0)

    def read(self, entries: int) -> None:
        """So many entries of a log that is at hand. Raises MissingFactError if these are too many."""
        self._take(0, entries, 0)

    def search(self) -> None:
        """A search of all blocks for entries. Raises MissingFactError if that is one too many."""
        self._take(0, 0, 1)

    def _take(self, exchanges: int, read: int, searches: int) -> None:
        left, all_ = self._left, self._limits
        self._left = AskingLimits(left.exchanges - exchanges, left.read - read, left.searches - searches)
        if self._left.exchanges < 0:
            raise _too_much(f"{all_.exchanges} exchanges with an endpoint", f"向节点查询 {all_.exchanges} 次")
        if self._left.read < 0:
            raise _too_much(f"{all_.read} entries of the log", f"读取 {all_.read} 条日志")
        if self._left.searches < 0:
            raise _too_much(f"{all_.searches} searches of all blocks", f"搜索全部区块 {all_.searches} 次")


def _too_much(what: str, zh: str) -> MissingFactError:
    return MissingFactError(
        f"the package does not name what a verifier needs, and to find it would take more than {what}",
        f"数据包未载明核验所需条目，查找须超过限额：{zh}",
        hint="Have its facts renewed under a checkpoint (`evidence refresh`), and verify it with --signers.",
    )
