"""Put consent, request and receipt into a report package."""

from __future__ import annotations

from dataclasses import replace

from creditchain.messages import NO_DIGEST
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.packages.report_package import ReportPackage
from creditchain.reports.assemble import AssemblyError


def with_delivery(
    package: ReportPackage, delivery: PackagedDelivery, consent: PackagedConsent | None = None
) -> ReportPackage:
    """The package that the institution gets. Raises AssemblyError if the parts do not belong together."""
    if delivery.receipt.report != package.report.commitment:
        raise AssemblyError("the receipt is for another report")
    if delivery.receipt.request != delivery.request.id:
        raise AssemblyError("the receipt is for another request")
    if delivery.request.consent != (NO_DIGEST if consent is None else consent.message.id):
        raise AssemblyError("the consent is not the one that the request names")
    return replace(package, consent=consent, delivery=delivery)
