"""What an exchange answered, of all kinds, in one order: by time, and page by page without a loss or a double."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Final, Self

from creditchain.consents.judging import purpose_name
from creditchain.documents import Domain, Section
from creditchain.errors import InputError, Place
from creditchain.messages import NO_DIGEST
from creditchain.products import Product, Purpose
from creditchain.store.deliveries import Deliveries, Known
from creditchain.store.own_reports import OwnReport, OwnReports
from creditchain.store.query_files import QueryRow

#: The sources of queries, in their order within a second.
_DELIVERIES, _OWN_REPORTS = 0, 1
#: A position as text, a regular expression: digits as ASCII has them.
CURSOR: Final = "([0-9]{1,13})-([01])-([0-9]{1,18})"


@dataclass(frozen=True, slots=True, order=True)
class QueryPosition:
    """Where a query stands in the order: by time, then by source, then by the number of its row."""

    time: int
    source: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """A position from its text. Raises InputError."""
        found = re.fullmatch(CURSOR, text)
        if found is None:
            raise InputError(
                "the cursor is none", expected="`next` of the page before", place=Place(field="query.cursor")
            )
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.time}-{self.source}-{self.number}"

    def within(self, source: int, since: int) -> tuple[int, tuple[int, int] | None]:
        """What comes behind this position in a source: since when, and behind which time and number there."""
        if source == self.source:
            return since, (self.time, self.number)
        # Within a second all of the first source come before all of the second one.
        return max(since, self.time + (source < self.source)), None


@dataclass(frozen=True, slots=True)
class QueryLog:
    """The queries that one exchange answered: deliveries, and reports of enterprises about themselves."""

    node: int
    products: Mapping[str, Product]  #: by name/version
    deliveries: Deliveries
    own_reports: OwnReports

    def rows(
        self, since: int, until: int, after: QueryPosition | None = None
    ) -> Iterator[tuple[QueryPosition, QueryRow]]:
        """The queries from `since` to before `until` (unix seconds), each with its position; only those behind `after`.

        Read a part at a time. The same period gives the same rows in the same order. Raises JournalError.
        """
        names = {one.digest: ref for ref, one in self.products.items()}
        begin, behind = (since, None) if after is None else after.within(_DELIVERIES, since)
        delivered = (
            (QueryPosition(row.delivered_at, _DELIVERIES, number), row)
            for number, one in self.deliveries.between(self.node, begin, until, behind)
            for row in (_delivered(one, names),)
        )
        begin, behind = (since, None) if after is None else after.within(_OWN_REPORTS, since)
        own = (
            (QueryPosition(one.made_at, _OWN_REPORTS, number), _own(self, one, names))
            for number, one in self.own_reports.between(begin, until, behind)
        )
        return merge(delivered, own, key=lambda one: one[0])

    def page(
        self, since: int, until: int, after: QueryPosition | None, most: int
    ) -> tuple[list[QueryRow], QueryPosition | None]:
        """At most so many of `rows`, and the position to go on from; None: these are the last ones."""
        found = list(islice(self.rows(since, until, after), most + 1))
        return [row for _, row in found[:most]], found[most - 1][0] if len(found) > most else None


def _delivered(known: Known, names: Mapping[bytes, str]) -> QueryRow:
    request, receipt = known.delivery.request, known.delivery.receipt
    return QueryRow(
        delivered_at=receipt.delivered_at,
        institution=request.institution,
        provider=request.provider,
        via=request.via,
        staff=_hexed(request.staff),
        purpose=request.purpose,
        purpose_name=purpose_name(request.purpose),
        product=names.get(request.product, ""),
        product_digest=_hexed(request.product),
        sections=" ".join(one.label for one in Section if request.sections >> one & 1),
        domains=" ".join(one.label for one in Domain if request.domains >> one & 1),
        consent="" if request.consent == NO_DIGEST else _hexed(request.consent),
        request=_hexed(request.id),
        report=_hexed(receipt.report),
        state=known.state.value,
        entry=known.entry or 0,
    )


def _own(log: QueryLog, made: OwnReport, names: Mapping[bytes, str]) -> QueryRow:
    name = names.get(made.product, "")
    product = log.products.get(name)
    return QueryRow(
        delivered_at=made.made_at,
        institution=0,
        provider=log.node,
        via=0,
        staff="",
        purpose=int(Purpose.SELF_QUERY),
        purpose_name=purpose_name(Purpose.SELF_QUERY),
        product=name,
        product_digest=_hexed(made.product),
        sections="" if product is None else " ".join(one.label for one in product.combined_sections),
        domains="" if product is None else " ".join(one.label for one in product.combined_domains),
        consent=_hexed(made.consent),
        request="",
        report=_hexed(made.report),
        state="own",
        entry=0,
    )


def _hexed(digest: bytes) -> str:
    return "0x" + digest.hex()
