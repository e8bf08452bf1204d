"""What an institution keeps of the reports that it received, for as long as it may, and who of its staff asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from creditchain.errors import CreditchainError, InputError
from creditchain.home.files import StorageError
from creditchain.home.layout import Home
from creditchain.home.reasons import ReasonError, find_reason
from creditchain.home.received import Listed, Received, ReceivedError, ReceivedReports, not_kept
from creditchain.packages.report_package import ReportPackage
from creditchain.products import Product
from creditchain.verification.keeping import Keeping, keeping_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removed:
    """A report that was destroyed because it may not be kept any longer."""

    log_id: bytes
    report: Received


@dataclass(frozen=True, slots=True)
class PurgedReports:
    """What was destroyed, and an error for each report of which nobody can tell, or that could not be removed."""

    removed: tuple[Removed, ...]
    faults: tuple[CreditchainError, ...]


def keep_report(home: Home, package: ReportPackage, raw: bytes, catalogue: Mapping[str, Product]) -> Received:
    """Keep a report with its evidence, sealed, until its time is over.

    Args:
        raw: the package's bytes as they came.
    Raises:
        InputError: it was not delivered to anybody. StorageError.
    """
    delivery = package.delivery
    if delivery is None:
        raise InputError("the package holds no delivery", expected="a report that was delivered")
    limits = keeping_of(package, catalogue)
    told = Received(
        request=delivery.request.id,
        institution=delivery.request.institution,
        provider=delivery.request.provider,
        delivered_at=delivery.receipt.delivered_at,
        until=limits.until,
        last_day=limits.last_day,
    )
    ReceivedReports(home.region(package.log_id).received).keep(told, raw)
    return told


def kept_reports(home: Home) -> Listed:
    """What is kept, in all regions of the home, and what is wrong with the rest."""
    found = [ReceivedReports(folders.received).listed() for folders in home.known_regions().values()]
    return Listed(
        tuple(report for one in found for report in one.reports), tuple(fault for one in found for fault in one.faults)
    )


def open_kept(home: Home, request: bytes) -> bytes:
    """The package that was delivered for a request, in whatever region of the home.

    Raises ReceivedError: none is kept. SecretLostError: its key is gone. StorageError.
    """
    for folders in home.known_regions().values():
        reports = ReceivedReports(folders.received)
        if reports.holds(request):
            return reports.open(request)
    raise not_kept(request)


def purge_due(home: Home, time: int) -> PurgedReports:
    """Destroy every report whose time is over, in all regions of the home. `time`: unix seconds.

    A damaged file, or one that cannot be removed, keeps no other from being destroyed: it is a fault of the result.
    Killed in between, it goes on with the next call.
    """
    removed, faults = [], list[CreditchainError]()
    for log_id, folders in home.known_regions().items():
        reports = ReceivedReports(folders.received)
        listed = reports.listed()
        faults += listed.faults
        for one in listed.reports:
            if not Keeping(one.until, one.last_day).over(time):
                continue
            try:
                reports.destroy(one.request)
                removed.append(Removed(log_id, one))
            except (ReceivedError, StorageError) as error:
                faults.append(error)
        if not listed.faults:
            try:
                reports.destroy_abandoned()
            except (ReceivedError, StorageError) as error:
                faults.append(error)
    if removed:
        _log.info("%d reports were destroyed: their time is over", len(removed))
    if faults:
        _log.error("reports that could not be looked at or destroyed: %d", len(faults))
    return PurgedReports(tuple(removed), tuple(faults))


def staff_of(home: Home, digest: bytes) -> str:
    """Who asked, by the salted digest in a request of any region (Regulation on Credit Reporting, art. 22).

    Raises InputError: no request of this home has this digest. ReasonError, StorageError: none has, but a file cannot
    be read.
    """
    unread: CreditchainError | None = None
    for folders in home.known_regions().values():
        try:
            found = find_reason(folders.reasons, digest)
        except (ReasonError, StorageError) as error:
            unread = error
            continue
        if found is not None:
            return found
    if unread is not None:
        raise unread
    raise InputError(
        "this home has no name for this digest",
        expected="the `staff` of a request that was signed from this home",
        found="0x" + digest.hex(),
    )
