"""Read what the chain says about a query request: for the provider before a delivery, for anyone afterwards."""

from __future__ import annotations

from creditchain.chain.clock import age
from creditchain.chain.connect import Chain
from creditchain.chain.consents import ConsentReads, is_near, nonce_of
from creditchain.chain.region import Region
from creditchain.consents.errors import StaleViewError
from creditchain.consents.judging import View
from creditchain.index.queries import metered_for
from creditchain.log.reading import RegionReading
from creditchain.log.views import BlockRef, MemberAt
from creditchain.messages import NO_DIGEST, QueryRequest, signed_by


def view_of(
    region: Region,
    request: QueryRequest,
    signature: bytes,
    time: int,
    block: int | None = None,
    *,
    by_broker: bytes = b"",
) -> View:
    """Read the view at a block (None: the newest) for a delivery at `time`, unix seconds."""
    reads = ConsentReads(region)
    institution = reads.member_at(request.institution, time, block)
    broker = reads.member_at(request.via, time, block) if request.via else None
    return View(
        time=time,
        metered=metered_for(region, [request], block).get(nonce_of(request)),
        near=reads.is_near(request, block),
        institution=institution,
        provider=reads.member_at(request.provider, time, block),
        signed=_signed(institution, request, signature),
        consent=None if request.consent == NO_DIGEST else reads.consent(request.consent, block),
        open_domains=reads.open_domains_at(time, block),
        broker=broker,
        brokered=broker is not None and _signed(broker, request, by_broker),
    )


def view_in(reading: RegionReading, request: QueryRequest, signature: bytes, time: int, by_broker: bytes = b"") -> View:
    """The same view from facts, as of their block."""
    members = reading.members
    institution = members.member_at(request.institution, time)
    broker = members.member_at(request.via, time) if request.via else None
    return View(
        time=time,
        metered=reading.metered(*nonce_of(request)),
        near=is_near(request, reading.facts.words),
        institution=institution,
        provider=members.member_at(request.provider, time),
        signed=_signed(institution, request, signature),
        consent=None if request.consent == NO_DIGEST else reading.consent(request.consent),
        open_domains=reading.open_domains_at(time),
        broker=broker,
        brokered=broker is not None and _signed(broker, request, by_broker),
    )


def _signed(member: MemberAt, request: QueryRequest, signature: bytes) -> bool:
    """Whether an account signed. The ledger asks no wallets, since they may change their mind."""
    keys = (member.operator, member.host_operator)
    return any(key is not None and signed_by(request, signature, key) for key in keys)


def fresh_head(chain: Chain, limit: int) -> BlockRef:
    """The newest block that all endpoints have. It might miss a revocation if it is old.

    Raises:
        StaleViewError: it is older than `limit` seconds.
        LyingEndpointError: the endpoints disagree about it.
    """
    head = chain.newest_block()
    require_fresh(chain, head, limit)
    return head


def require_fresh(chain: Chain, head: BlockRef, limit: int) -> None:
    """Raise StaleViewError if the newest block is older than `limit` seconds."""
    found = age(chain, head)
    if found > limit:
        raise StaleViewError(
            "the chain's newest block is too old to judge a consent",
            expected=f"a block of the last {limit} seconds",
            found=f"a block {found} seconds old",
            hint="Check that the node is in sync. Nothing was delivered.",
        )
