"""By what statistics are counted: what the log's entries say, and what it says of the members that they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from creditchain.errors import InputError
from creditchain.identifiers.divisions import REGION_PROVINCES
from creditchain.statistics.batches import BATCHES
from creditchain.statistics.calls import CALLS
from creditchain.statistics.consents import CONSENTS
from creditchain.statistics.disputes import DISPUTES
from creditchain.statistics.folding import Row
from creditchain.statistics.loans import LOANS

#: Dimensions that follow from a member: those of the member that a section is about.
OF_MEMBER: Final = ("region", "division", "kind")
#: Dimensions that are numbers of nodes.
NODES: Final = ("institution", "provider", "via", "node", "platform")


@dataclass(frozen=True, slots=True)
class StatisticsSection:
    """One kind of statistics. `member`: the dimension whose region, division and kind are meant."""

    name: str
    zh: str
    member: str
    own: tuple[str, ...]  #: dimensions that entries hold
    measures: tuple[str, ...]  #: the first one is what a chart shows

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Everything that it can be counted by. Only institutions have a kind."""
        return (*self.own, *OF_MEMBER[: 3 if self.member == "institution" else 2])

    def chosen(self, names: Sequence[str]) -> tuple[str, ...]:
        """These dimensions, each once. Raises InputError for one that the section does not have."""
        for name in names:
            if name not in self.dimensions:
                expected = ", ".join(self.dimensions)
                raise InputError(f"{self.name} are not counted by this", expected=expected, found=name)
        return tuple(dict.fromkeys(names))

    def needed(self, names: Sequence[str]) -> tuple[str, ...]:
        """The dimensions of entries from which these follow."""
        return tuple(dict.fromkeys(self.member if name in OF_MEMBER else name for name in names))


_CALLED: Final = ("month", "institution", "provider", "via", "product", "purpose")
SECTIONS: Final[Mapping[str, StatisticsSection]] = {
    one.name: one
    for one in (
        StatisticsSection("calls", "查询", "institution", _CALLED, CALLS),
        StatisticsSection("batches", "批次", "node", ("month", "node", "product"), BATCHES),
        StatisticsSection("consents", "授权", "institution", ("month", "institution", "platform", "purpose"), CONSENTS),
        StatisticsSection("disputes", "异议", "node", ("month", "node", "platform"), DISPUTES),
        StatisticsSection("loans", "放贷", "institution", ("month", "institution"), LOANS),
    )
}


@dataclass(frozen=True, slots=True)
class CountedMember:
    """What statistics say of a node: the region of its division, its division, its kind and names, as far as known."""

    division: int | None = None
    kind: str | None = None
    name: str = ""
    name_zh: str = ""

    @property
    def region(self) -> str | None:
        """The code of the region whose provinces hold its division; None if none of the table does."""
        if self.division is None:
            return None
        province = self.division // 10_000
        return next((code for code, provinces in REGION_PROVINCES.items() if province in provinces), None)


def with_members(rows: Iterable[Row], section: StatisticsSection, members: Mapping[int, CountedMember]) -> list[Row]:
    """The rows, each with region, division and kind of its member."""
    unknown = CountedMember()
    return [
        row | {name: getattr(members.get(row[section.member], unknown), name) for name in OF_MEMBER} for row in rows
    ]
