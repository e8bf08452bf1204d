"""Counting what a region's log says: calls, batches, consents, disputes and loans, by month, member and more.

Everything comes from entries that were held against the log's root, as of one final block. Divisions, kinds and names
of members are those of that block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from creditchain.batch.progress import Watch, no_watch
from creditchain.chain.region import Region
from creditchain.errors import InputError
from creditchain.home.profiles import Profiles
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.index.queries import reading_of
from creditchain.log.disputes import logged_disputes
from creditchain.log.entries import LoansBody
from creditchain.log.views import BlockRef
from creditchain.packages.loan_list import Breakdown, LoanList, LoanSum
from creditchain.statistics.batches import batches_of, spoiled_by
from creditchain.statistics.calls import calls_of
from creditchain.statistics.consents import ConsentColumns, joined, turns_of
from creditchain.statistics.dimensions import NODES, OF_MEMBER, CountedMember, StatisticsSection, with_members
from creditchain.statistics.disputes import ANSWERING, answering, dispute_rows
from creditchain.statistics.folding import ALL_MONTHS, MonthRange, Row, Sums, regrouped, total
from creditchain.statistics.loans import loan_rows
from creditchain.vocabulary import EntryKind

_STAGE: Final = "counting"


@dataclass(frozen=True, slots=True)
class CountWanted:
    """What to count. `by`: dimensions of the section; `lists`: files of institutions behind their loan reports."""

    section: StatisticsSection
    by: tuple[str, ...]
    months: MonthRange = ALL_MONTHS
    lists: tuple[LoanList, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """Statistics as of a final block: a row for each value of the dimensions, and the sums over all rows."""

    section: StatisticsSection
    by: tuple[str, ...]
    block: BlockRef
    size: int  #: entries of the log
    rows: tuple[Row, ...]
    total: Row
    members: Mapping[int, CountedMember]  #: the nodes that rows name

    @property
    def measures(self) -> tuple[str, ...]:
        """What the rows count, in this order."""
        return (*self.section.measures, *(ANSWERING if self.section.name == "disputes" else ()))


def count(region: Region, profiles: Profiles, wanted: CountWanted, watch: Watch = no_watch) -> Counted:
    """Count a section of the region's log.

    Raises:
        InputError: the section has no such dimension; or a list of loans is not that of any report.
        As `region_log`.
    """
    section = wanted.section
    by = section.chosen(wanted.by)
    log = region_log(region, watch=watch)
    rows = _COUNTING[section.name](log, wanted, section.needed(by), watch)
    nodes = {row[name] for row in rows for name in NODES if row.get(name)}
    members = _members(region, log, profiles, nodes)
    known = with_members(rows, section, members) if set(by) & set(OF_MEMBER) else rows
    made, whole = regrouped(known, by, section.measures), total(known, section.measures)
    if section.name == "disputes":
        taken = answering(known, by)
        made = [row | taken[tuple(row[name] for name in by)] for row in made]
        whole |= answering(known, ())[()]
    return Counted(section, by, log.block, log.size, tuple(made), whole, members)


def _calls(log: IndexedLog, wanted: CountWanted, keys: Sequence[str], watch: Watch) -> list[Row]:
    return _folded(log, wanted, keys, (EntryKind.QUERIES,), calls_of, watch).rows()


def _batches(log: IndexedLog, wanted: CountWanted, keys: Sequence[str], watch: Watch) -> list[Row]:
    found = [spoiled_by(part) for part in log.parts_with(EntryKind.BROKEN, EntryKind.ANNULLED)]
    spoiled = np.concatenate(found) if found else np.zeros(0, np.int64)
    return _folded(log, wanted, keys, (EntryKind.ANCHOR,), lambda part: batches_of(part, spoiled), watch).rows()


def _consents(log: IndexedLog, wanted: CountWanted, keys: Sequence[str], watch: Watch) -> list[Row]:
    turns = joined([turns_of(part) for part in log.parts_with(EntryKind.REVOCATION, EntryKind.PAUSE)])
    consents = ConsentColumns(turns)
    fold = _folded(log, wanted, keys, (EntryKind.CONSENT,), consents.granted, watch)
    fold.add(consents.turned())
    return fold.rows()


def _disputes(log: IndexedLog, wanted: CountWanted, _keys: Sequence[str], _watch: Watch) -> list[Row]:
    rows = dispute_rows(logged_disputes(log.of_kind(EntryKind.DISPUTE, EntryKind.ANSWER)), log.block.time)
    return [row for row in rows if wanted.months.holds(row["month"])]


def _loans(log: IndexedLog, wanted: CountWanted, _keys: Sequence[str], _watch: Watch) -> list[Row]:
    bodies = [entry.body for entry in log.of_kind(EntryKind.LOANS) if isinstance(entry.body, LoansBody)]
    rows = loan_rows(bodies, _breakdowns(bodies, wanted.lists))
    return [row for row in rows if wanted.months.holds(row["month"])]


def _folded(
    log: IndexedLog,
    wanted: CountWanted,
    keys: Sequence[str],
    kinds: tuple[EntryKind, ...],
    columns: Callable[[Any], Any],
    watch: Watch,
) -> Sums:
    fold = Sums(keys, wanted.section.measures, wanted.months)
    for part in log.parts_with(*kinds):
        fold.add(columns(part))
        watch(_STAGE, int(part.indices[-1]) + 1, log.size)
    return fold


_COUNTING: Final[Mapping[str, Callable[[IndexedLog, CountWanted, Sequence[str], Watch], list[Row]]]] = {
    "calls": _calls,
    "batches": _batches,
    "consents": _consents,
    "disputes": _disputes,
    "loans": _loans,
}


def _breakdowns(bodies: Iterable[LoansBody], lists: Sequence[LoanList]) -> dict[bytes, Breakdown]:
    """The breakdowns by their lists' digests, each of which has to be in the log, with loans that it fits."""
    reported = {body.queries: body for body in bodies}
    found: dict[bytes, Breakdown] = {}
    for place, one in enumerate(lists, 1):
        body = reported.get(one.digest)
        if body is None:
            raise InputError(
                f"list {place} is not that of any report in the log",
                expected="a list whose digest a Loans entry of this region holds",
                found="0x" + one.digest.hex(),
                hint="The institution has the file in its home, under loans/.",
            )
        if one.breakdown is not None:
            one.breakdown.require_within(LoanSum(body.count, body.amount))
            found[one.digest] = one.breakdown
    return found


def _members(region: Region, log: IndexedLog, profiles: Profiles, numbers: Iterable[int]) -> dict[int, CountedMember]:
    """What the log says of these nodes, and profiles where this machine has them."""
    found = {}
    for info in reading_of(region, log).members.nodes(sorted(numbers)):
        profile = profiles.find(info.profile_digest) or {"name": {"en": "", "zh": ""}}
        name = profile["name"]
        found[info.number] = CountedMember(info.division, profile.get("kind"), name["en"], name["zh"])
    return found
