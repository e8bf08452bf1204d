"""Until when a report that was delivered may be kept: by its consent, and by the retention of what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from creditchain.documents import JSON_MEDIA_TYPE, parse_document
from creditchain.errors import InputError
from creditchain.messages import Consent
from creditchain.packages.parts import PackagedRecord
from creditchain.packages.report_package import ReportPackage
from creditchain.products import Product
from creditchain.verification.days import day_of

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Keeping:
    """Until when something may be kept; None where nothing limits it."""

    until: int | None  #: by the consent, unix seconds
    last_day: date | None  #: by retention: the last day of the record that may be shown for the shortest time

    def over(self, time: int) -> bool:
        """Whether it has to go, at a time (unix seconds)."""
        if self.until is not None and time > self.until:
            return True
        return self.last_day is not None and day_of(time) > self.last_day


def kept_until(consent: Consent, delivered_at: int) -> int:
    """The last second in which what was delivered under a consent may be kept. Both are unix seconds."""
    return delivered_at + consent.keep_days * _DAY


def keeping_of(package: ReportPackage, catalogue: Mapping[str, Product]) -> Keeping:
    """Until when the institution may keep a report. `catalogue`: products by name/version; others limit nothing."""
    consent, delivery = package.consent, package.delivery
    until = None
    if consent is not None and delivery is not None:
        until = kept_until(consent.message, delivery.receipt.delivered_at)
    shown = (package.report, *(one.record for one in package.records))
    days = [day for one in shown for day in _last_days(one, catalogue)]
    return Keeping(until, min(days, default=None))


def _last_days(record: PackagedRecord, catalogue: Mapping[str, Product]) -> Iterator[date]:
    if record.media_type != JSON_MEDIA_TYPE:
        return
    try:
        document = parse_document(record.content)
        product = catalogue.get(document.product)
        rule = None if product is None else product.retention.get(document.section)
        last = None if rule is None else rule.until(document.value)
    except (InputError, ValueError):  # verification says what is wrong with it
        return
    if last is not None:
        yield last
