"""Opening a service: everything that could make it refuse every call is looked at before the first one comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from creditchain.acts.anchoring import Anchoring
from creditchain.acts.answering import Desk
from creditchain.acts.enterprise_signing_in import EnterpriseDoor
from creditchain.acts.giving import PartDesk
from creditchain.acts.issuer_words import issuer_words
from creditchain.acts.operator_uploading import UploadDesk
from creditchain.acts.ordering import OrderBook
from creditchain.acts.preconditions import require_member, require_signer
from creditchain.acts.query_log import QueryLog
from creditchain.acts.reporting import Places, Vouchers
from creditchain.acts.sharing import Shared
from creditchain.acts.sights import Sights
from creditchain.acts.signing_in import Door, door_secret
from creditchain.acts.verifying import Judge, ask
from creditchain.acts.webhooks import Hooks, note_delivery
from creditchain.chain.clock import now
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.client.peers import Peers
from creditchain.errors import UsageError
from creditchain.exchange import measures
from creditchain.exchange.checking import CheckLimits, PackageChecker, Pages
from creditchain.exchange.rates import Rate
from creditchain.exchange.relay_places import RelayPlaces
from creditchain.exchange.service import EnterpriseDesk, Limits, Service
from creditchain.home.journal import Journal
from creditchain.home.layout import RegionHome
from creditchain.home.profiles import Profiles
from creditchain.home.sealing import SealingKeys
from creditchain.posting.addresses import Allowed, Network
from creditchain.products import Product
from creditchain.rendering.pages import PagePlace, home_page
from creditchain.reports import SharedLibrary
from creditchain.store.answers import Answers
from creditchain.store.complaints import Complaints
from creditchain.store.daily_counts import DailyCounts
from creditchain.store.deliveries import Deliveries
from creditchain.store.enterprise_sessions import EnterpriseSessions
from creditchain.store.events import Events
from creditchain.store.noticing import Noticing
from creditchain.store.operator_uploads import OperatorUploads
from creditchain.store.orders import Orders
from creditchain.store.own_reports import OwnReports
from creditchain.store.parts import GivenParts
from creditchain.store.sessions import Sessions
from creditchain.store.watches import Watches
from creditchain.store.webhooks import Webhooks
from creditchain.verification.policy import Policy
from creditchain.views.languages import Language
from creditchain.vocabulary import PUBLISHING, Role


@dataclass(frozen=True, slots=True)
class Stock:
    """What reports are made from. No folders: those of the home."""

    batches: tuple[Path, ...]
    books: tuple[Path, ...]
    vouchers: Vouchers = field(repr=False)
    products: Mapping[str, Product]  #: by name/version
    files: Mapping[str, Path]  #: the products' files, the same
    facts: Path | None = None  #: file of region facts that is served to members


@dataclass(frozen=True, slots=True)
class Others:
    """Exchanges of other publishers, which give their parts of reports."""

    addresses: Mapping[int, str] = field(default_factory=dict)  #: by node
    within: float = 1.5  #: seconds that each has
    ca: str | None = None  #: file with the certificates that theirs follow from; None: the system's


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """Where webhooks may go besides public addresses, and certificates (PEM) that receivers' may follow from."""

    networks: tuple[Network, ...] = ()
    authorities: Path | None = None


@dataclass(frozen=True, slots=True)
class Promises:
    """What the provider promises and demands, in seconds."""

    view_age: int  #: that the newest block may be old
    meter_within: int  #: within which a delivery is metered
    keep_answers: int  #: for which the same request gets the same answer


def open_service(
    region: Region, signer: Signer, journal: Journal, node: int, stock: Stock, promises: Promises, limits: Limits,
    rules: WebhookRules = WebhookRules(), others: Others = Others(), page_policy: Policy | None = None,
) -> Service:  # fmt: skip
    """The service of a provider, or of a source, which gives parts to providers.

    Args:
        page_policy: what the Verify page demands; None: the service has no pages.
    Raises:
        TermsError: the node is no active platform, bureau or source. NotEntitledError: the signer does not act for it.
        UsageError: there is no tag key, so no enterprise could be found. ChainUnavailableError.
        ConfigError: the policy of the page does not fit the region, a library that pages need is missing, or an
            address of another exchange is none.
    """
    if not stock.vouchers.keys:
        raise UsageError("an exchange finds enterprises by the tag key", expected="--tag-key for each key epoch")
    require_member(region, node, PUBLISHING, now(region.chain), "provider")
    require_signer(region, signer, node, "provider")
    info = region.node(node)
    home, log_id = journal.home, region.deployment.log_id
    mine = home.region(log_id)
    batches = stock.batches or (mine.batches,)
    books = stock.books or tuple(path for path in (mine.books,) if path.is_dir())
    sights = Sights(region, journal)
    desk = Desk(
        region=region,
        node=node,
        signer=signer,
        home=home,
        profiles=Profiles(home),
        sights=sights,
        library=SharedLibrary(log_id, batches, books),
        vouchers=stock.vouchers,
        products=stock.products,
        words=issuer_words,
        deliveries=Deliveries(journal, log_id),
        answers=Answers(mine.answers, promises.keep_answers),
        view_age=promises.view_age,
        meter_within=promises.meter_within,
        states_tags=info is not None and info.role == Role.PLATFORM,
        peers=_peers(region, signer, node, others),
    )
    door = Door(region, sights, node, Sessions(journal, log_id, node), door_secret(home))
    parts, shared = PartDesk(desk, GivenParts(journal, log_id)), Shared(batches, stock.files, stock.facts)
    hooks = _hooks(desk, Places(batches, books), journal, mine, rules)
    pages = None if page_policy is None else _pages(desk, page_policy)
    orders, shown = Orders(journal, log_id, node, mine.orders), partial(note_delivery, hooks)
    book = OrderBook(desk, orders, shown, measures.DELIVERED.inc)
    enterprises = _enterprises(desk, door, journal, limits)
    return Service(
        desk=desk,
        parts=parts,
        shared=shared,
        door=door,
        limits=limits,
        member_rate=Rate(limits.member_a_minute),
        hooks=hooks,
        order_book=book,
        enterprises=enterprises,
        uploads=_uploads(desk, journal, mine),
        complaints=Complaints(journal, log_id, node, SealingKeys(mine.complaints)),
        query_log=QueryLog(node, desk.products, desk.deliveries, enterprises.own_reports),
        pages=pages,
    )


def _enterprises(desk: Desk, door: Door, journal: Journal, limits: Limits) -> EnterpriseDesk:
    log_id = desk.region.deployment.log_id
    return EnterpriseDesk(
        door=EnterpriseDoor(door, EnterpriseSessions(journal, log_id, desk.node)),
        own_reports=OwnReports(journal, log_id, desk.node),
        outbox=lambda: desk.region.outbox(desk.signer, journal),
        relays=RelayPlaces(limits.relays_at_once),
        counts=DailyCounts(journal, log_id, desk.node),
    )


def _uploads(desk: Desk, journal: Journal, mine: RegionHome) -> UploadDesk:
    return UploadDesk(
        machine=Anchoring(desk.region, desk.region.outbox(desk.signer, journal), journal, desk.home),
        uploads=OperatorUploads(journal, desk.region.deployment.log_id, desk.node),
        folder=mine.uploads / str(desk.node),
        node=desk.node,
        tag_keys=tuple(desk.vouchers.keys),
        products=desk.products,
    )


def _hooks(desk: Desk, places: Places, journal: Journal, mine: RegionHome, rules: WebhookRules) -> Hooks:
    webhooks = Webhooks(journal, desk.region.deployment.log_id, desk.node, SealingKeys(mine.webhooks))
    events, watches = Events(webhooks), Watches(webhooks)
    return Hooks(
        region=desk.region,
        node=desk.node,
        places=places,
        tag_keys=desk.vouchers.keys,
        products=desk.products,
        webhooks=webhooks,
        events=events,
        watches=watches,
        noticing=Noticing(webhooks, events, watches),
        allowed=Allowed(rules.networks),
        authorities=rules.authorities,
    )


def _pages(desk: Desk, policy: Policy) -> Pages:
    """The pages of a service. What they show needs no tag key: a stranger is not told whose tag one is."""
    name_of, judge = desk.profiles.name, Judge(desk.products, policy)
    ask(desk.region, judge)
    info = desk.region.node(desk.node)
    name = None if info is None else name_of(info.profile_digest)
    place = PagePlace(desk.node, name, desk.region.deployment.region)
    home_page(place, Language.BOTH)  # the library is there
    return Pages(place, PackageChecker(desk.region, judge, name_of, CheckLimits()))


def _peers(region: Region, signer: Signer, node: int, others: Others) -> Peers | None:
    if not others.addresses:
        return None
    log_id = region.deployment.log_id
    return Peers(others.addresses, log_id, node, signer, within=others.within, ca=others.ca)
