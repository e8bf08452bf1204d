"""What the routes of an exchange have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fastapi import Request

from creditchain.acts.answering import Desk
from creditchain.acts.enterprise_signing_in import EnterpriseDoor
from creditchain.acts.giving import PartDesk
from creditchain.acts.operator_uploading import UploadDesk
from creditchain.acts.ordering import OrderBook
from creditchain.acts.query_log import QueryLog
from creditchain.acts.sharing import Shared
from creditchain.acts.signing_in import Door
from creditchain.acts.webhooks import Hooks
from creditchain.chain.clock import now
from creditchain.chain.outbox import Outbox
from creditchain.exchange.checking import Pages
from creditchain.exchange.rates import Rate
from creditchain.exchange.relay_places import RelayPlaces
from creditchain.store.complaints import Complaints
from creditchain.store.daily_counts import DailyCounts
from creditchain.store.own_reports import OwnReports


@dataclass(frozen=True, slots=True)
class Limits:
    """What one caller may ask of the service."""

    body_bytes: int = 1 << 20  #: most bytes of a request's body
    body_seconds: float = 10.0  #: within which a body has to arrive
    head_bytes: int = 1 << 16  #: most bytes of a request's line and headers
    head_seconds: float = 10.0  #: within which these have to arrive
    reading_seconds: float = 60.0  #: for which a caller may read nothing of an answer that waits
    sending_at_once: int = 512  #: callers that are sending their bodies, together
    member_a_minute: int = 3000  #: calls of one member
    address_a_minute: int = 6000  #: calls from one network address, signed in or not
    upload_bytes: int = 1 << 30  #: most bytes of an operator's upload
    upload_seconds: float = 3600.0  #: within which it has to arrive
    relays_at_once: int = 8  #: messages of enterprises that are brought to the chain at a time
    relays_a_day: int = 50  #: such messages of one enterprise a day
    complaints_a_day: int = 10  #: complaints of one enterprise a day
    at_once: int = 64  #: requests under way, of all callers together


@dataclass(frozen=True, slots=True)
class EnterpriseDesk:
    """What enterprises are served with. `outbox`: a fresh one, whose signer pays for what is relayed."""

    door: EnterpriseDoor
    own_reports: OwnReports
    outbox: Callable[[], Outbox]
    relays: RelayPlaces  #: held while something is brought to the chain
    counts: DailyCounts


@dataclass(frozen=True, slots=True)
class Service:
    """The exchange of one provider in one region."""

    desk: Desk
    parts: PartDesk
    shared: Shared
    door: Door
    limits: Limits
    member_rate: Rate
    hooks: Hooks
    order_book: OrderBook
    enterprises: EnterpriseDesk
    uploads: UploadDesk
    complaints: Complaints
    query_log: QueryLog
    pages: Pages | None = None  #: for people; None if it serves none

    def product_name(self, digest: bytes) -> str | None:
        """A product by its digest: name/version; None if it is not known here."""
        return next((ref for ref, one in self.desk.products.items() if one.digest == digest), None)

    def time(self) -> int:
        """Unix seconds, as messages are dated: the later of this machine's clock and the newest block."""
        return now(self.desk.region.chain, self.desk.sights.head())


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    return cast(Service, request.app.state.service)
