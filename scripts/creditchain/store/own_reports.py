"""Reports that enterprises got about themselves: who asked, when, for which product. No content."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import Index, LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.home.journal import Base, Journal
from creditchain.store.periods import by_time


class OwnReportRow(Base):
    """One report. Digests are 32 bytes."""

    __tablename__ = "own_reports"
    __table_args__ = (
        Index("own_reports_by_consent", "log_id", "consent"),
        Index("own_reports_by_time", "log_id", "exchange", "made_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    consent: Mapped[bytes] = mapped_column(LargeBinary(32))
    product: Mapped[bytes] = mapped_column(LargeBinary(32))
    report: Mapped[bytes] = mapped_column(LargeBinary(32))
    asker: Mapped[str] = mapped_column(String(42))
    made_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class OwnReport:
    """A report that an enterprise got about itself."""

    consent: bytes  #: by which it showed who it is
    product: bytes  #: digest
    report: bytes  #: commitment to the report
    asker: str  #: the enterprise's key, or the number of the platform that asked for it
    made_at: int  #: unix seconds


class OwnReports:
    """The reports that enterprises got at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def note(self, made: OwnReport) -> None:
        """Write one down, durably. Raises JournalError."""
        with self._journal.write() as session:
            session.add(
                OwnReportRow(
                    log_id=self._log_id,
                    exchange=self._exchange,
                    consent=made.consent,
                    product=made.product,
                    report=made.report,
                    asker=made.asker,
                    made_at=made.made_at,
                )
            )

    def of(self, consents: Collection[bytes]) -> list[OwnReport]:
        """Those that were asked for by these consents, the newest first."""
        query = (
            select(OwnReportRow)
            .where(OwnReportRow.log_id == self._log_id, OwnReportRow.consent.in_(list(consents)))
            .order_by(OwnReportRow.id.desc())
        )
        with self._journal.read() as session:
            return [_made(row) for row in session.scalars(query)]

    def between(self, since: int, until: int, after: tuple[int, int] | None = None) -> Iterator[tuple[int, OwnReport]]:
        """Those from `since` to before `until` (unix seconds), by time and number, with their numbers.

        `after`: time and number of a report; only those behind it.
        """
        query = select(OwnReportRow).where(
            OwnReportRow.log_id == self._log_id,
            OwnReportRow.exchange == self._exchange,
            OwnReportRow.made_at >= since,
            OwnReportRow.made_at < until,
        )
        return by_time(self._journal, query, OwnReportRow.made_at, OwnReportRow.id, _made, after)


def _made(row: OwnReportRow) -> OwnReport:
    return OwnReport(row.consent, row.product, row.report, row.asker, row.made_at)
