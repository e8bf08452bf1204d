"""A market whose platform tells members what happens; each look and each round of sending is a call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from region_world import PLATFORM, SOURCE, TAG_KEY, Place, region_of
from report_market import Market, opened

from creditchain.acts.reporting import Places
from creditchain.acts.sending_webhooks import Sender
from creditchain.acts.webhooks import Hooks
from creditchain.catalogue.products import catalogue
from creditchain.chain.region import Region
from creditchain.client import new_secret
from creditchain.exchange.telling import Noticer
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import Journal, open_journal
from creditchain.home.layout import Home
from creditchain.home.sealing import SealingKeys
from creditchain.index.opening import region_log
from creditchain.packages.webhook import EventKind, WebhookOrder, parse_secret
from creditchain.posting.addresses import Allowed, parse_networks
from creditchain.posting.posting import WebhookPoster
from creditchain.store.events import Events
from creditchain.store.noticing import Noticing
from creditchain.store.watches import Watches
from creditchain.store.webhooks import Webhook, Webhooks
from receivers import Receiver

SECRET = new_secret()
#: A record product in section warning, of a domain that the source has.
WARNINGS = "tax-arrears/1"


@dataclass
class Telling:
    """An exchange that tells, at a time of its own: `later` seconds after the chain's newest block."""

    market: Market
    region: Region
    hooks: Hooks
    later: int = 0

    def clock(self) -> float:
        return float(self.region.chain.head().time + self.later)

    def size(self) -> int:
        return region_log(self.region).size

    def set(self, member: int, address: str, *kinds: EventKind, since: int | None = None) -> Webhook:
        """A webhook of a member; events are those from entry `since` on, None: from now on."""
        order = WebhookOrder(address, kinds or tuple(EventKind), parse_secret(SECRET))
        return self.hooks.webhooks.set(member, order, int(self.clock()), self.size() if since is None else since)

    def notice(self) -> None:
        """Look at everything once."""
        Noticer(self.hooks, self.clock).notice()

    def send(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Send all that is due now."""

        async def sent() -> None:
            async with WebhookPoster(self.hooks.allowed) as poster:
                sender = Sender(self.hooks, poster, lambda *_: None, self.clock)
                while await sender.start_due() and not stop():
                    await sender.some_done(1.0)

        asyncio.run(sent())

    def tell(self) -> None:
        """Look, and send what is due."""
        self.notice()
        self.send()


def told(receiver: Receiver) -> list[tuple[str, dict[str, Any]]]:
    """Kind and data of each event that a receiver has, once for each id; in the order in which it happened."""
    bodies = list({one.event: json.loads(one.body) for one in receiver.taken}.values())
    bodies.sort(key=lambda one: (one["timestamp"], one["data"].get("entry", 0)))
    return [(one["type"], one["data"]) for one in bodies]


def hooks_of(market: Market, region: Region, journal: Journal, exchange: int = PLATFORM) -> Hooks:
    """What an exchange of the platform tells by; receivers are on this machine."""
    log_id = region.deployment.log_id
    webhooks = Webhooks(journal, log_id, exchange, SealingKeys(journal.home.region(log_id).webhooks))
    events, watches = Events(webhooks), Watches(webhooks)
    return Hooks(
        region=region,
        node=exchange,
        places=Places([Home(market.place.folder / "home").region(log_id).batches]),
        tag_keys=[TAG_KEY],
        products={one.ref: one for one in catalogue()},
        webhooks=webhooks,
        events=events,
        watches=watches,
        noticing=Noticing(webhooks, events, watches),
        allowed=Allowed(parse_networks(["127.0.0.1/32"])),
    )


@contextmanager
def telling(place: Place, home: Path, address: DatabaseAddress | None = None) -> Iterator[Telling]:
    """An exchange with a journal of its own, at a place where a market was prepared."""
    with region_of(place) as region, open_journal(home / "journal.sqlite", address) as journal:
        market = opened(place)
        yield Telling(market, region, hooks_of(market, region, journal))


def restarted(world: Telling, exchange: int = PLATFORM) -> Telling:
    """The same exchange, as a process that begins has it."""
    return replace(world, hooks=hooks_of(world.market, world.region, world.hooks.webhooks.journal, exchange))


def publish_warnings(market: Market, seed: int, *, about: str | None = None, as_of: date | None = None) -> None:
    """Anchor a batch of warning records; the first is about an enterprise (None: the market's)."""
    upload = market.place.folder / f"warnings-{seed}.jsonl"
    market.commands.done("sample", "--product", WARNINGS, "--records", "5", "-o", str(upload))
    documents = [json.loads(line) for line in upload.read_text().splitlines()]
    for place, one in enumerate(documents):
        day = as_of if place == 0 and as_of is not None else date.today() - timedelta(days=30 + place)
        one["as_of"] = day.isoformat()
        one["data"]["record_id"] += f"W{seed}"
    others = [one for one in documents[1:] if one["subject"]["number"] != market.number]
    documents = [documents[0] | {"subject": {"scheme": "USCC", "number": about or market.number}}, *others]
    upload.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents))
    market.commands.done(
        "anchor", str(upload), "--product", WARNINGS, "--node", str(SOURCE), "--signer", f"dev:{SOURCE}",
        "--tag-key", "env:REGION_KEY",
    )  # fmt: skip
