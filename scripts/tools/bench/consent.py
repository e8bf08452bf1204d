"""Gas of consents and metering on a log of 2^20 entries, beside the gas of EAS, which does less.

The load is a provider's ordinary day: institutions that own tokens already, consents that differ within a batch, five
institutions in turn.
"""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from creditchain.chain.consent_calls import ConsentCalls, Delivery, LoanReport
from creditchain.chain.deployments import DeployedContract, Deployment
from creditchain.chain.signers import LocalSigner, dev_key
from creditchain.log.views import ContractCall
from creditchain.messages import (
    NO_DIGEST,
    Consent,
    DeliveryReceipt,
    DisputeFiling,
    LogDomain,
    QueryRequest,
    Revocation,
    TypedMessage,
)
from creditchain.vocabulary import Role
from tools.bench import Row
from tools.bench.gas import EAS_ATTEST, EAS_REVOKE, PLATFORM, REGULATOR, SOURCE, Region, admit, admit_writer, found
from tools.bench.local_chain import Sent, local_chain

EAS_DELEGATED = ("EAS attestByDelegation", 196_236)
EAS_MULTI = ("EAS multiAttest of 100, each", 145_782)

RUNS = 200
BATCHES, BATCH = 5, 100
BANKS = 5
#: Nodes after those that `found` admits.
BUREAU, FIRST_BANK = 5, 6
#: Accounts that operate the bureau and the banks, and one that relays.
BUREAU_ACCOUNT, FIRST_BANK_ACCOUNT, ANYONE = 4, 5, 0


def measure() -> list[Row]:
    """Rows of group `consent`."""
    with local_chain() as chain:
        return list(_Day(found(chain)).rows())


@dataclass(frozen=True, slots=True)
class _Granted:
    consent: Consent
    key: LocalSigner


class _Day:
    """A region with consents and a query ledger, and the actions in it."""

    def __init__(self, region: Region) -> None:
        self.region, self.chain = region, region.chain
        at = region.addresses
        at["ConsentToken"] = self.chain.deploy("ConsentToken", self._manager(), at["RegionLog"])
        ledger = self.chain.deploy("QueryLedger", at["RegionLog"])
        at["QueryLedger"] = ledger
        for writer in ("ConsentToken", "QueryLedger"):
            admit_writer(region, writer)
        admit(region, self.chain.accounts[BUREAU_ACCOUNT], Role.BUREAU, 0xFFFF)
        for bank in range(BANKS):
            admit(region, self.chain.accounts[FIRST_BANK_ACCOUNT + bank], Role.INSTITUTION, 0)
        self.chain_id = int(self.chain.request("eth_chainId"), 16)
        self.log_id = bytes(self.chain.call("RegionLog", at["RegionLog"], "logId"))
        contracts = {name: DeployedContract(to_checksum_address(at[name]), 0, bytes(32)) for name in at}
        self.deployment = Deployment("bench", self.chain_id, bytes(32), "YRD", self.log_id, contracts)
        self.calls = ConsentCalls(self.deployment)
        self.nonces = defaultdict[int, Iterator[int]](itertools.count)

    def rows(self) -> Iterator[Row]:
        granted = [self._consent(number) for number in range(BATCH)]
        for one in granted:
            self._grant(one)
        yield from self._grants()
        batches = [self._send(self.calls.meter([self._delivery(one) for one in granted])) for _ in range(BATCHES)]
        each = statistics.median(sent.gas for sent in batches) / BATCH
        yield _row(f"delivery in a batch of {BATCH}, each", each, EAS_MULTI, 32_000)
        yield from self._alone(granted)
        yield from self._revocations(granted)
        yield from self._loans()
        filed = _gas(RUNS, lambda _: self._dispute())
        yield _row("dispute signed by the enterprise, median", statistics.median(filed), None)

    def _grants(self) -> Iterator[Row]:
        fresh = [self._consent(number) for number in range(RUNS)]
        gas = _gas(RUNS, lambda number: self._grant(fresh[number]))
        yield _row("relayed grant, median", statistics.median(gas), EAS_DELEGATED, 102_000)
        yield _row("relayed grant, worst", max(gas), EAS_DELEGATED)
        papers = _gas(RUNS, lambda number: self._grant_on_paper(number))
        yield _row("grant on paper, median", statistics.median(papers), EAS_ATTEST)

    def _alone(self, granted: list[_Granted]) -> Iterator[Row]:
        def meter(number: int) -> Sent:
            return self._send(self.calls.meter([self._delivery(granted[number % BATCH])]))

        def after_another(number: int) -> Sent:
            self.region.send("NodeRegistry", 0, "setProfile", REGULATOR, self.region.word())
            return meter(number)

        yield _row("delivery alone, median", statistics.median(_gas(RUNS, meter)), EAS_ATTEST, 95_000)
        gas = statistics.median(_gas(RUNS, after_another))
        yield _row("delivery alone after another contract wrote the log, median", gas, EAS_ATTEST)

    def _revocations(self, granted: list[_Granted]) -> Iterator[Row]:
        def revoke(number: int) -> Sent:
            one = granted[number]
            revocation = Revocation(one.consent.domain, one.consent.id)
            return self._send(self.calls.revoke_signed(one.consent, _sign(one.key, revocation)))

        gas = _gas(len(granted), revoke)
        yield _row("revoke by signature, median", statistics.median(gas), EAS_REVOKE, 60_000)
        yield _row("revoke by signature, worst", max(gas), EAS_REVOKE)

    def _loans(self) -> Iterator[Row]:
        def report(number: int) -> Sent:
            bank, month = number % BANKS, number // BANKS
            total = self.region.random.randint(1, 10**11)
            named = (2020 + month // 12) * 100 + month % 12 + 1
            made = LoanReport(FIRST_BANK + bank, named, 0, 1 + number, total, self.region.word())
            return self._send(self.calls.report_loans(made), FIRST_BANK_ACCOUNT + bank)

        gas = _gas(RUNS, report)
        yield _row("monthly loans, median", statistics.median(gas), None, 80_000)
        yield _row("monthly loans, worst", max(gas), None)

    def _dispute(self) -> Sent:
        word, key = self.region.word, self._key()
        domain = LogDomain(self.log_id)
        filing = DisputeFiling(domain, PLATFORM, SOURCE, word(), word(), key.address, 0, self._now() + 600)
        return self._send(self.calls.file_dispute_signed(filing, _sign(key, filing), self._sign(PLATFORM, filing)))

    def _consent(self, number: int, **changes: Any) -> _Granted:
        key, word = self._key(), self.region.word
        values: dict[str, Any] = {
            "log": self.log_id,
            "institution": FIRST_BANK + number % BANKS,
            "platform": PLATFORM,
            "key": key.address,
            "subject": word(),
            "sections": 0b1111111,
            "domains": 0xFFFF,
            "purpose": 1,
            "data_from": 20200101,
            "data_to": 20261231,
            "not_before": self._now(),
            "not_after": self._now() + 90 * 86_400,
            "uses": 1_000,
            "keep_days": 365,
            "notice": word(),
            "paper": NO_DIGEST,
            "deadline": self._now() + 86_400,
        }
        return _Granted(Consent(LogDomain(self.log_id), **{**values, **changes}), key)

    def _grant(self, one: _Granted) -> Sent:
        by_platform = self._sign(PLATFORM, one.consent)
        return self._send(self.calls.grant(one.consent, _sign(one.key, one.consent), by_platform))

    def _grant_on_paper(self, number: int) -> Sent:
        consent = self._consent(number, key="0x" + "00" * 20, paper=self.region.word()).consent
        return self._send(self.calls.grant(consent, b"", self._sign(PLATFORM, consent)))

    def _delivery(self, one: _Granted) -> Delivery:
        word, time, consent = self.region.word, self._now(), one.consent
        request = QueryRequest(
            LogDomain(self.log_id),
            institution=consent.institution,
            provider=BUREAU,
            consent=consent.id,
            subject=word(),
            product=word(),
            sections=0b0111110,
            domains=0x0FFF,
            purpose=1,
            staff=word(),
            issued_at=time - 5,
            deadline=time + 600,
            nonce=next(self.nonces[consent.institution]),
        )
        receipt = DeliveryReceipt(request.domain, request.id, word(), time, time + 3_600)
        account = FIRST_BANK_ACCOUNT + consent.institution - FIRST_BANK
        return Delivery(request, receipt, self._sign(account, request), self._sign(BUREAU_ACCOUNT, receipt))

    def _send(self, call: ContractCall, account: int = ANYONE) -> Sent:
        return self.chain.send(call.data, call.to, self.chain.accounts[account])

    def _sign(self, account: int, message: TypedMessage) -> bytes:
        return _sign(LocalSigner(dev_key(account)), message)

    def _key(self) -> LocalSigner:
        return LocalSigner(self.region.word())

    def _manager(self) -> str:
        return str(self.chain.call("RegionLog", self.region.addresses["RegionLog"], "authority"))

    def _now(self) -> int:
        return int(self.chain.request("eth_getBlockByNumber", "latest", False)["timestamp"], 16)


def _sign(signer: LocalSigner, message: TypedMessage) -> bytes:
    return signer.sign_typed(message.typed_data())


def _gas(runs: int, action: Callable[[int], Sent]) -> list[int]:
    return [action(number).gas for number in range(runs)]


def _row(name: str, gas: float, beside: tuple[str, float] | None, most: int | None = None) -> Row:
    text = None if beside is None else f"{beside[0]} {beside[1]:,.0f}"
    ratio = None if beside is None else gas / beside[1]
    target, reached = (None, None) if most is None else (f"≤ {most:,}", gas <= most)
    return Row("consent", name, gas, "gas", text, ratio, target, reached)
