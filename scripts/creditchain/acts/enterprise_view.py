"""What an enterprise sees of itself: who may see what until when, and who asked, when, for what, what was shown.

From the log, and from what the exchange wrote down of its own deliveries. Nothing here changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from creditchain.acts.consenting import granted_consent
from creditchain.chain.region import Region
from creditchain.errors import RefusedError
from creditchain.index.opened import IndexedLog
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered_under, granted, reading_of
from creditchain.log.query_items import QueryItem
from creditchain.log.reading import RegionReading
from creditchain.log.views import BlockRef, ConsentState
from creditchain.messages import NO_KEY, Consent, QueryRequest
from creditchain.store.deliveries import Deliveries, DeliveryState, Known

#: How many times as often as one enterprise a platform may act a day, for all those together that have no key.
PLATFORM_TIMES: Final = 20


class NotYourConsentError(RefusedError):
    """The consent is another enterprise's; or a platform asks, and it is no paper consent that this one endorsed."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: an enterprise by its keys (checksum addresses), or a platform for enterprises that have no key."""

    keys: tuple[str, ...] = ()
    platform: int = 0  #: node number; 0 for an enterprise

    def owns(self, consent: Consent) -> bool:
        """Whether a consent is of this enterprise, or of one without a key that this platform vouched for on paper.

        An enterprise that has a key asks by it: the platform that endorsed the key is not thereby the enterprise.
        """
        if self.platform:
            return consent.key == NO_KEY and self.endorsed(consent)
        return consent.key in self.keys

    def endorsed(self, consent: Consent) -> bool:
        """Whether this is the platform that endorsed a consent, on paper or with a key."""
        return bool(self.platform) and consent.platform == self.platform

    @property
    def name(self) -> str:
        """For the exchange's own records: the first key, or the platform's number."""
        return str(self.platform) if self.platform else self.keys[0]

    def names(self, about: str) -> tuple[str, ...]:
        """Who this is, where acts are counted.

        An enterprise by all its keys, so that another session by some of them is no other enterprise. A platform for
        each enterprise that it acts for, which `about` names.
        """
        if self.platform:
            return (f"node {self.platform} {about}",)
        return tuple(f"key {key}" for key in self.keys)

    def allowed(self, a_day: int, about: str) -> dict[str, int]:
        """How often it may act a day under each of its names; a platform also for all enterprises together."""
        found = dict.fromkeys(self.names(about), a_day)
        if self.platform:
            found[f"node {self.platform}"] = a_day * PLATFORM_TIMES
        return found


@dataclass(frozen=True, slots=True)
class SeenConsent:
    """A consent that was granted, and its state at the view's block."""

    consent: Consent
    state: ConsentState


@dataclass(frozen=True, slots=True)
class SeenQuery:
    """A delivery under a consent. Digests are 32 bytes, times unix seconds."""

    request: bytes
    consent: bytes
    institution: int
    provider: int
    via: int  #: node of the broker; 0 for none
    product: bytes
    purpose: int
    sections: int  #: bit set of what was shown
    domains: int  #: bit set of what was shown
    delivered_at: int
    report: bytes  #: commitment to the report that was shown
    state: DeliveryState
    entry: int | None  #: of the log, where it was metered
    metered_at: int | None
    flags: int  #: MeterFlag
    staff: bytes | None  #: salted digest of who asked; None where another exchange delivered


def owned_consent(region: Region, asker: Asker, consent: bytes) -> Consent:
    """A granted consent that the asker may see. Raises ConsentUnknownError, NotYourConsentError."""
    found = granted_consent(region, consent)
    if not asker.owns(found):
        raise _not_yours(asker, "one on paper that you endorsed")
    return found


def relayed_consent(region: Region, asker: Asker, consent: bytes) -> Consent:
    """A granted consent about which the asker may bring a signed message to the chain.

    Its own; or, for a platform, any that it endorsed: the signature in the message decides, and nothing is shown.
    Raises ConsentUnknownError, NotYourConsentError.
    """
    found = granted_consent(region, consent)
    if not asker.owns(found) and not asker.endorsed(found):
        raise _not_yours(asker, "one that you endorsed")
    return found


def _not_yours(asker: Asker, of_platform: str) -> NotYourConsentError:
    return NotYourConsentError(
        "this consent is not yours",
        expected=of_platform if asker.platform else "one by a key that signed in",
        hint="An enterprise that has a key signs in by it." if asker.platform else "Sign in by its key, too.",
    )


def consents_seen(
    region: Region, asker: Asker, consent: bytes | None = None
) -> tuple[BlockRef, tuple[SeenConsent, ...]]:
    """The consents of an enterprise's keys; or one by its id, which a platform has to name. In the order of the log.

    Raises ConsentUnknownError, NotYourConsentError; as `region_log`.
    """
    log = region_log(region)
    if consent is not None:
        named: Iterable[Consent] = (owned_consent(region, asker, consent),)
    else:
        entries = [one for key in asker.keys for one in granted(log, key=key)]
        named = (one.consent for one in sorted(entries, key=lambda one: one.entry.index))
    reading = reading_of(region, log)
    states = ((one, reading.consent(one.id)) for one in named)
    return log.block, tuple(SeenConsent(one, state) for one, state in states if state is not None)


def queries_seen(
    region: Region, deliveries: Deliveries, consents: Iterable[SeenConsent], block: BlockRef
) -> tuple[SeenQuery, ...]:
    """The deliveries under these consents, the newest first: those in the log, and those that wait here for metering.

    `block`: of the view, final. Raises as `region_log`.
    """
    log, found = region_log(region, block), list[SeenQuery]()
    reading = reading_of(region, log)
    for one in consents:
        found += _under(log, reading, deliveries, one.consent.id)
    return tuple(sorted(found, key=lambda one: one.delivered_at, reverse=True))


def _under(log: IndexedLog, reading: RegionReading, deliveries: Deliveries, consent: bytes) -> list[SeenQuery]:
    kept = {one.delivery.request.id: one for one in deliveries.under(consent)}
    found = [
        _logged(one.item, one.entry.index, one.entry.time, kept.get(one.item.request))
        for one in delivered_under(log, reading, consent)
    ]
    logged = {one.request for one in found}
    return found + [_waiting(one) for request, one in kept.items() if request not in logged]


def _logged(item: QueryItem, entry: int, time: int, kept: Known | None) -> SeenQuery:
    return SeenQuery(
        request=item.request,
        consent=item.consent,
        institution=item.institution,
        provider=item.provider,
        via=item.via,
        product=item.product,
        purpose=item.purpose,
        sections=item.sections,
        domains=item.domains,
        delivered_at=item.delivered_at,
        report=item.report,
        state=DeliveryState.METERED,
        entry=entry,
        metered_at=time,
        flags=item.flags,
        staff=None if kept is None else kept.delivery.request.staff,
    )


def _waiting(kept: Known) -> SeenQuery:
    """A delivery that the log does not show yet; or that the ledger rejected, although it was shown."""
    request: QueryRequest = kept.delivery.request
    state = DeliveryState.REJECTED if kept.state is DeliveryState.REJECTED else DeliveryState.PROMISED
    return SeenQuery(
        request=request.id,
        consent=request.consent,
        institution=request.institution,
        provider=request.provider,
        via=request.via,
        product=request.product,
        purpose=request.purpose,
        sections=request.sections,
        domains=request.domains,
        delivered_at=kept.delivery.receipt.delivered_at,
        report=kept.delivery.receipt.report,
        state=state,
        entry=None,
        metered_at=None,
        flags=0,
        staff=request.staff,
    )
