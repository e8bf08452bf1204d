"""Consents, deliveries, loans and signed disputes through the package, on every kind of chain."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import pytest
from acting import GOVERNOR, admission
from anchored import read_entries
from eth_account import Account
from founded import founded_on

from creditchain.acts.consenting import granted_consent
from creditchain.chain.connect import Chain
from creditchain.chain.consent_calls import ConsentCalls, Delivery, LoanReport
from creditchain.chain.consents import ConsentReads, nonce_of
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.live_facts import LiveFacts
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.index.opening import region_log
from creditchain.index.queries import delivered, granted, metered_for
from creditchain.log.consent_cells import Paused
from creditchain.log.entries import ConsentBody, DisputeBody, LoansBody, QueriesBody, RevocationBody
from creditchain.log.reading import RegionReading
from creditchain.log.views import ConsentState, ContractCall
from creditchain.messages import (
    NO_DIGEST,
    NO_KEY,
    Consent,
    DeliveryReceipt,
    DisputeFiling,
    Pause,
    QueryRequest,
    Resumption,
    Revocation,
    TypedMessage,
    compact,
)
from creditchain.messages.enterprise_keys import KeyUse, derive_key
from creditchain.vocabulary import DisputeState, Finding, Limit, MeterFlag, Role
from whole_log import pauses_of

MNEMONIC = "test test test test test test test test test test test junk"
NONCES = itertools.count()
PLATFORM, BUREAU, BANK = 1, 2, 3  # development keys and node numbers
MONTH = 202401


@dataclass
class Acting:
    """A region with a platform, a bureau and a bank; anyone relays."""

    region: Region
    journal: Journal

    def __post_init__(self) -> None:
        self.calls = ConsentCalls(self.region.deployment)
        self.reads = ConsentReads(self.region)
        keys = [dev_signer(number, self.region.chain) for number in range(4)]
        fund_dev_accounts(self.region.chain, [key.address for key in keys])
        for number, role in ((PLATFORM, Role.PLATFORM), (BUREAU, Role.BUREAU), (BANK, Role.INSTITUTION)):
            domains = 0 if role is Role.INSTITUTION else 1
            self.send(f"admit {number}", self.region.calls.admit(admission(keys[number].address, role, domains)))

    def send(self, intent: str, call: ContractCall, key: int = GOVERNOR) -> Any:
        return self.region.outbox(dev_signer(key, self.region.chain), self.journal).submit(intent, call)

    def sign(self, key: int, message: TypedMessage) -> bytes:
        return dev_signer(key, self.region.chain).sign_typed(message.typed_data())

    def now(self) -> int:
        return self.region.chain.head().time

    def consent(self, key: str, name: str, **changes: Any) -> Consent:
        values: dict[str, Any] = {
            "log": self.region.deployment.log_id,
            "institution": BANK,
            "platform": PLATFORM,
            "key": key,
            "subject": keccak256(f"subject {name}".encode()),
            "sections": 0b11110,
            "domains": 0b11,
            "purpose": 1,
            "data_from": 20200101,
            "data_to": 20301231,
            "not_before": 0,
            "not_after": self.now() + 86400,
            "uses": 1,
            "keep_days": 365,
            "notice": keccak256(f"notice {name}".encode()),
            "paper": NO_DIGEST,
            "deadline": self.now() + 3600,
        }
        return Consent(self.reads.domain, **{**values, **changes})

    def delivery(self, under: bytes, name: str, **changes: Any) -> Delivery:
        time = self.now()
        values: dict[str, Any] = {
            "institution": BANK,
            "provider": BUREAU,
            "consent": under,
            "subject": keccak256(f"asked {name}".encode()),
            "product": keccak256(b"product"),
            "sections": 0b10,
            "domains": 0b11,
            "purpose": 1,
            "staff": keccak256(b"staff"),
            "issued_at": time - 1,
            "deadline": time + 600,
            "nonce": next(NONCES),
        }
        request = QueryRequest(self.reads.domain, **{**values, **changes})
        receipt = DeliveryReceipt(request.domain, request.id, keccak256(f"report {name}".encode()), time, time + 3600)
        return Delivery(request, receipt, self.sign(BANK, request), self.sign(BUREAU, receipt))


def assert_as_the_token_says(acting: Acting, *consents: bytes) -> None:
    """Computed from cells, each of these consents is what ConsentToken itself says."""
    reading = RegionReading(LiveFacts(acting.region))
    for consent in consents:
        said = acting.reads._read("ConsentToken", "consentOf", int.from_bytes(consent), block=None)
        assert reading.consent(consent) == acting.reads.consent(consent) == (ConsentState(*said) if said[0] else None)


@pytest.fixture
def acting(chain: Chain, journal: Journal) -> Acting:
    return Acting(founded_on(chain, journal), journal)


def test_a_consent_from_grant_to_revocation(acting: Acting) -> None:
    enterprise = derive_key(MNEMONIC, acting.region.deployment.log_id, KeyUse.CONSENT, BANK)
    consent = acting.consent(enterprise.address, "1")
    assert acting.reads.consent(consent.id) is None
    by_key = compact(bytes(enterprise.unsafe_sign_hash(consent.digest()).signature))
    acting.send("grant", acting.calls.grant(consent, by_key, acting.sign(PLATFORM, consent)))
    paper = acting.consent(NO_KEY, "2", paper=keccak256(b"paper"))
    acting.send("paper", acting.calls.grant(paper, b"", acting.sign(PLATFORM, paper)))

    state = acting.reads.consent(consent.id)
    assert state is not None
    assert (state.institution, state.uses, state.used) == (BANK, 1, 0)
    assert granted_consent(acting.region, consent.id) == consent
    assert acting.reads.owner(consent.id) == dev_signer(BANK, acting.region.chain).address
    assert [one.consent for one in granted(region_log(acting.region))] == [consent, paper]
    assert [one.consent for one in granted(region_log(acting.region), key=enterprise.address)] == [consent]
    assert list(granted(region_log(acting.region), institution=BUREAU)) == []

    revocation = Revocation(consent.domain, consent.id)
    signature = compact(bytes(enterprise.unsafe_sign_hash(revocation.digest()).signature))
    acting.send("revoke", acting.calls.revoke_signed(consent, signature))
    acting.send("revoke paper", acting.calls.revoke(paper), PLATFORM)
    assert_as_the_token_says(acting, consent.id, paper.id, keccak256(b"no consent"))
    grant = RegionReading(LiveFacts(acting.region)).grant(consent.id)
    assert grant is not None
    assert grant.body == ConsentBody.of(consent)
    revoked = acting.reads.consent(consent.id)
    assert revoked is not None
    assert revoked.revoked_at >= state.valid_from

    bodies = [entry.body for entry in read_entries(acting.region)[-4:]]
    assert bodies[:2] == [ConsentBody.of(one) for one in (consent, paper)]
    assert [body.consent for body in bodies[2:] if isinstance(body, RevocationBody)] == [consent.id, paper.id]


def test_deliveries_from_receipt_to_ledger(acting: Acting) -> None:
    acting.send("open", acting.calls.set_limit(Limit.OPEN_DOMAINS, 0b1))
    paper = acting.consent(NO_KEY, "1", paper=keccak256(b"paper"))
    acting.send("paper", acting.calls.grant(paper, b"", acting.sign(PLATFORM, paper)))
    fits, wrong, over = (
        acting.delivery(paper.id, "fits"),
        acting.delivery(paper.id, "wrong", purpose=2),
        acting.delivery(paper.id, "over"),
    )
    open_one = acting.delivery(NO_DIGEST, "open", domains=0b1)
    receipt = acting.send("meter", acting.calls.meter([fits, wrong, over, open_one]))

    rejected = acting.reads.rejected(receipt.logs)
    assert [(one.request, one.index, one.finding) for one in rejected] == [
        (wrong.request.id, 1, Finding.CONSENT_PURPOSE)
    ]
    flags = [MeterFlag(0), MeterFlag.OVERDRAWN, MeterFlag.OPEN]
    found_items = list(delivered(region_log(acting.region)))
    assert [(one.item.request, one.item.flags, one.index) for one in found_items] == [
        (one.request.id, flag, index)
        for index, (one, flag) in enumerate(zip((fits, over, open_one), flags, strict=True))
    ]
    for one, flag in zip((fits, over, open_one), flags, strict=True):
        metered = metered_for(acting.region, [one.request]).get(nonce_of(one.request))
        assert metered is not None
        assert (metered.item.flags, metered.item.receipt) == (flag, one.receipt.struct_hash())
    assert metered_for(acting.region, [wrong.request]) == {}
    found = metered_for(acting.region, [one.request for one in (fits, wrong, over, open_one)])
    assert set(found) == {nonce_of(one.request) for one in (fits, over, open_one)}

    reading = RegionReading(LiveFacts(acting.region))
    for one in (fits, wrong, over, open_one):
        nonce = nonce_of(one.request)
        assert reading.metered(*nonce) == metered_for(acting.region, [one.request]).get(nonce)
    assert_as_the_token_says(acting, paper.id)

    last = read_entries(acting.region)[-1]
    assert last.body == QueriesBody(tuple(one.item for one in found_items))
    assert {one.entry.index for one in found_items} == {last.index}


def test_nonces_that_are_near_those_in_use(acting: Acting) -> None:
    paper = acting.consent(NO_KEY, "1", paper=keccak256(b"paper"), uses=9)
    acting.send("paper", acting.calls.grant(paper, b"", acting.sign(PLATFORM, paper)))
    reads, first = acting.reads, acting.delivery(paper.id, "first", nonce=0)
    assert reads.next_nonce(BANK, BUREAU) == 0
    assert [reads.is_near(replace(first.request, nonce=nonce)) for nonce in (0, 1999, 2000)] == [True, True, False]
    used = [acting.delivery(paper.id, str(nonce), nonce=nonce) for nonce in (0, 198, 200)]
    acting.send("meter", acting.calls.meter(used))
    assert [reads.next_nonce(BANK, BUREAU, least) for least in (0, 199, 200, 300, 401)] == [199, 199, 201, 300, 401]
    near = [reads.is_near(replace(first.request, nonce=nonce)) for nonce in (1999, 2000, 2399, 2400, 2**48 - 1)]
    assert near == [True, True, True, False, False]
    assert reads.next_nonce(BANK, PLATFORM) == 0


def test_a_consent_is_paused_and_resumed(acting: Acting) -> None:
    enterprise = derive_key(MNEMONIC, acting.region.deployment.log_id, KeyUse.CONSENT, BANK)
    consent = acting.consent(enterprise.address, "1")
    by_key = compact(bytes(enterprise.unsafe_sign_hash(consent.digest()).signature))
    acting.send("grant", acting.calls.grant(consent, by_key, acting.sign(PLATFORM, consent)))
    for turn, kind in enumerate((Pause, Resumption), 1):
        message = kind(consent.domain, consent.id, turn, acting.now() + 60)
        signature = compact(bytes(enterprise.unsafe_sign_hash(message.digest()).signature))
        acting.send(f"turn {turn}", acting.calls.turn_signed(consent, message, signature))
        state = acting.reads.consent(consent.id)
        assert state is not None
        assert (state.turns, state.paused) == (turn, turn == 1)
    ((since, until),) = pauses_of(read_entries(acting.region), consent.id)
    assert (since, until) == (state.paused_at, state.resumed_at)
    assert RegionReading(LiveFacts(acting.region)).pauses(consent.id) == [Paused(since, until)]
    assert_as_the_token_says(acting, consent.id)


def test_more_pauses_than_the_cell_tells(acting: Acting) -> None:
    """The cell has the last two. The earlier ones are in the words before."""
    paper = acting.consent(NO_KEY, "1", paper=keccak256(b"paper"))
    acting.send("paper", acting.calls.grant(paper, b"", acting.sign(PLATFORM, paper)))
    for turn in range(1, 8):
        acting.send(f"turn {turn}", (acting.calls.pause if turn % 2 else acting.calls.resume)(paper), PLATFORM)
        said = [Paused(*one) for one in pauses_of(read_entries(acting.region), paper.id)]
        assert RegionReading(LiveFacts(acting.region)).pauses(paper.id) == said
        assert len(said) == (turn + 1) // 2
    assert_as_the_token_says(acting, paper.id)


def test_loans_members_and_open_domains(acting: Acting) -> None:
    for revision, count in enumerate((12, 11)):
        report = LoanReport(BANK, MONTH, revision, count, count * 100_00, keccak256(b"queries"))
        acting.send(f"loans {revision}", acting.calls.report_loans(report), BANK)
    total = acting.reads.loans(BANK, MONTH)
    assert total is not None
    assert (total.amount, total.count, total.reports) == (11 * 100_00, 11, 2)
    assert acting.reads.loans(BANK, MONTH + 1) is None
    body = read_entries(acting.region)[total.entry].body
    assert isinstance(body, LoansBody)
    assert (body.month, body.revision, body.count) == (MONTH, 1, 11)

    member = acting.reads.member_at(BUREAU, acting.now())
    assert (member.role, member.acts, member.host_operator) == (Role.BUREAU, True, None)
    assert member.operator == dev_signer(BUREAU, acting.region.chain).address
    assert acting.reads.member_at(99, acting.now()).role == 0
    acting.send("open", acting.calls.set_limit(Limit.OPEN_DOMAINS, 0b101))
    assert acting.reads.open_domains_at(2**40 - 1) == 0b101
    assert acting.reads.open_domains_at(0) == 0
    rules = [(0, 0), (acting.now(), 0b101)]
    for domains in (0b11, 0b1, 0b110):
        acting.send(f"open {domains}", acting.calls.set_limit(Limit.OPEN_DOMAINS, domains))
        rules.append((acting.now(), domains))
    reading = RegionReading(LiveFacts(acting.region))
    for since, _ in rules:
        held = [domains for begun, domains in rules if begun <= since][-1]
        assert reading.open_domains_at(since) == acting.reads.open_domains_at(since) == held


def test_an_enterprise_disputes_a_record_itself(acting: Acting) -> None:
    enterprise = Account.from_key(keccak256(b"enterprise"))
    leaf, reason = keccak256(b"leaf"), keccak256(b"reason")
    domain = acting.reads.domain
    filing = DisputeFiling(domain, PLATFORM, BUREAU, leaf, reason, enterprise.address, 0, acting.now() + 600)
    by_key = compact(bytes(enterprise.unsafe_sign_hash(filing.digest()).signature))
    acting.send("dispute", acting.calls.file_dispute_signed(filing, by_key, acting.sign(PLATFORM, filing)))
    record = acting.region.record(BUREAU, leaf)
    assert (record.dispute, record.open, record.filings) == (DisputeState.OPEN, 1, 1)
    assert record.due_at - record.filed_at == 20 * 86400
    body = read_entries(acting.region)[record.last].body
    assert body == DisputeBody(PLATFORM, BUREAU, leaf, 1, 0, enterprise.address, reason)
