"""A region in which a platform holds what reports on one enterprise need, and whatever is done with them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import Answer, Commands
from region_world import (
    GOVERNOR,
    PLATFORM,
    SOURCE,
    TAG_KEY,
    Place,
    region_of,
    send,
)

from creditchain.acts.checkpointing import set_signers, sign_checkpoint, signers_of
from creditchain.catalogue.products import load_product
from creditchain.chain.consent_calls import ConsentCalls, Delivery
from creditchain.chain.consents import ConsentReads
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer, dev_signer
from creditchain.checkpoints.signers import CheckpointSigner, read_signers, signers_file
from creditchain.documents import Domain, canonical_bytes, domain_mask
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.profiles import save_profile
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.log.views import Admission
from creditchain.messages import NO_DIGEST, NO_KEY, Consent, DeliveryReceipt, QueryRequest, subject_digest
from creditchain.packages.delivery import PackagedConsent, PackagedDelivery
from creditchain.packages.profile_file import Profile
from creditchain.packages.report_package import RangedRecord, ReportPackage, parse_report_package
from creditchain.vocabulary import Role

BANK, ENTERPRISE = 4, 9  # development keys; the bank's is its node number too
BANK_PROFILE = Profile("YRD", "bank", "示例银行", "Example Bank", Role.INSTITUTION, 320100)
PRODUCT = "working-capital-report/1"
PRODUCTS = ("registry-basic/1", "power-usage/1", "tax-payment/1")
DOMAINS = domain_mask([Domain.REGISTRY, Domain.POWER, Domain.TAX])


@dataclass(frozen=True)
class Market:
    """A region in which the platform holds everything that a report on one enterprise needs."""

    place: Place
    commands: Commands
    number: str
    words: Path
    statement: Path

    def assemble(self, out: Path, *words: str) -> Answer:
        return self.commands(
            *("report", "assemble", "--product", PRODUCT, "--number", self.number, "--words", str(self.words)),
            *("--tag-statement", str(self.statement), "-o", str(out), *words),
        )

    def assembled(self, folder: Path) -> ReportPackage:
        out = folder / "assembled.json"
        out.unlink(missing_ok=True)  # no command replaces a file of its own accord
        answer = self.assemble(out)
        assert answer.code == 0, answer.error
        return parse_report_package(out.read_bytes())

    def verify(self, package: ReportPackage, folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
        answer = self.verifying(package, folder, *words)
        return answer.code, answer.value[0]

    def verifying(self, package: ReportPackage, folder: Path, *words: str) -> Answer:
        """What `verify` says, be it a verdict or an error."""
        path, policy = folder / "report.json", folder / "policy.toml"
        path.write_bytes(package.to_json())
        policy.write_text(f'format = "creditchain/policy@1"\ninstitution = {BANK}\n[completeness]\nlag_seconds = 0\n')
        return self.commands("verify", str(path), "--policy", str(policy), *words)


class At(Commands):
    """Commands with the options of a place."""

    def __init__(self, place: Place) -> None:
        self._options = place.options


def opened(place: Place) -> Market:
    """The market that was prepared at a place."""
    statement = place.folder / "statement.json"
    number = json.loads(statement.read_text())["number"]
    return Market(place, At(place), number, place.folder / "words.json", statement)


def prepare(place: Place) -> None:
    """Four batches, a statement, an issuer's own words."""
    commands, folder = At(place), place.folder
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        environment.setenv("CREDITCHAIN_TAG_KEY", "env:REGION_KEY")
        with region_of(place) as region:
            save_profile(Home(folder / "home"), BANK_PROFILE)
            bank = Admission(
                dev_signer(BANK, region.chain).address, Role.INSTITUTION, 320100, 0, 0, 0, BANK_PROFILE.digest
            )
            send(place, region, GOVERNOR, "admit the bank", region.calls.admit(bank))
            send(place, region, GOVERNOR, "power too", region.calls.set_domains(SOURCE, DOMAINS))
        for ref in PRODUCTS:
            publish(commands, folder, ref, 40, 0)
        publish(commands, folder, "power-usage/1", 60, 1)
        environment.delenv("CREDITCHAIN_TAG_KEY")
        number = json.loads((folder / "registry-basic-40-0.jsonl").read_text().splitlines()[0])["subject"]["number"]
        statement = folder / "statement.json"
        commands.done(
            *("tag", "state", "--platform", str(PLATFORM), "--number", number, "--tag-key", "env:REGION_KEY"),
            *("--signer", f"dev:{PLATFORM}", "-o", str(statement)),
        )
    (folder / "words.json").write_text(json.dumps({"report_id": "REPORT2026", "suggested_fen": 5}))


def publish(commands: Commands, folder: Path, ref: str, records: int, seed: int, *words: str) -> None:
    upload = folder / f"{ref.split('/')[0]}-{records}-{seed}.jsonl"
    commands.done("sample", "--product", ref, "--records", str(records), "-o", str(upload))
    documents = [json.loads(line) for line in upload.read_text().splitlines()]
    for place, one in enumerate(documents):  # of the last two years, whenever this runs: their retention is not over
        one["as_of"] = (date.today() - timedelta(days=30 + place * 7)).isoformat()
        one["data"]["record_id"] += str(seed)  # samples count their records from 1, and a series has each once
    upload.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in documents))
    words_of_all = ("--product", ref, "--node", str(SOURCE), "--signer", f"dev:{SOURCE}")
    commands.done("anchor", str(upload), *words_of_all, *words)


def granted(market: Market, region: Region, signer: Signer | None = None, **changes: Any) -> PackagedConsent:
    """A consent of the enterprise for the bank, endorsed by the platform, on the chain. `signer`: its key."""
    reads, salt = ConsentReads(region), secrets.token_bytes(32)
    key, platform = signer or dev_signer(ENTERPRISE, region.chain), dev_signer(PLATFORM, region.chain)
    now = region.chain.head().time
    message = Consent(
        domain=reads.domain,
        log=region.deployment.log_id,
        institution=BANK,
        platform=PLATFORM,
        key=key.address,
        subject=subject_digest(subject_tag(TAG_KEY, parse_uscc(market.number)), salt),
        sections=0b110,
        domains=DOMAINS,
        purpose=1,
        data_from=19000101,
        data_to=20991231,
        not_before=now,
        not_after=now + 90 * 86_400,
        uses=5,
        keep_days=365,
        notice=keccak256(b"notice"),
        paper=NO_DIGEST,
        deadline=now + 86_400,
    )
    message = replace(message, **changes)
    call = ConsentCalls(region.deployment).grant(
        message,
        b"" if message.key == NO_KEY else key.sign_typed(message.typed_data()),
        platform.sign_typed(message.typed_data()),
    )
    send(market.place, region, PLATFORM, f"grant {salt.hex()}", call)
    return PackagedConsent(message, salt)


def delivered(market: Market, package: ReportPackage, *, meter: bool = True, **changes: Any) -> ReportPackage:
    """The package with consent, request and receipt; on the ledger unless told otherwise."""
    with region_of(market.place) as region:
        consent = granted(market, region, **changes)
        bank, platform = dev_signer(BANK, region.chain), dev_signer(PLATFORM, region.chain)
        salt, now = secrets.token_bytes(32), region.chain.head().time
        domain = ConsentReads(region).domain
        request = QueryRequest(
            domain=domain,
            institution=BANK,
            provider=PLATFORM,
            consent=consent.message.id,
            subject=subject_digest(subject_tag(TAG_KEY, parse_uscc(market.number)), salt),
            product=load_product(PRODUCT).digest,
            sections=0b110,
            domains=DOMAINS,
            purpose=1,
            staff=keccak256(b"staff"),
            issued_at=now,
            deadline=now + 600,
            nonce=ConsentReads(region).next_nonce(BANK, PLATFORM),
        )
        receipt = DeliveryReceipt(domain, request.id, package.report.commitment, now, now + 1800)
        signatures = bank.sign_typed(request.typed_data()), platform.sign_typed(receipt.typed_data())
        if meter:
            call = ConsentCalls(region.deployment).meter([Delivery(request, receipt, *signatures)])
            send(market.place, region, PLATFORM, f"meter {salt.hex()}", call)
    delivery = PackagedDelivery(request, salt, signatures[0], receipt, signatures[1])
    return replace(package, consent=consent, delivery=delivery)


def without(package: ReportPackage, gone: Callable[[RangedRecord], bool]) -> ReportPackage:
    """A forgery by a provider: these records are neither shown nor named."""
    kept = [not gone(one) for one in package.records]
    value = json.loads(package.report.content)
    value["data"]["records"] = [one for one, keep in zip(value["data"]["records"], kept, strict=True) if keep]
    records = tuple(one for one, keep in zip(package.records, kept, strict=True) if keep)
    return replace(package, records=records, report=replace(package.report, content=canonical_bytes(value)))


def outcomes(found: dict[str, Any]) -> dict[int, str]:
    return {step["number"]: step["outcome"] for step in found["steps"]}


def failed(found: dict[str, Any]) -> list[int]:
    return [number for number, outcome in outcomes(found).items() if outcome == "failed"]


def signed_now(market: Market, file: Path) -> Path:
    """A checkpoint of the newest final block, by the region's two signers; the first time, they are named."""
    with region_of(market.place) as region:
        signers = [dev_signer(number, region.chain) for number in (31, 32)]
        if read_signers(region.words) is None:
            keys = [CheckpointSigner(one.address, PLATFORM) for one in signers]
            with open_journal(market.place.folder / "home" / "journal.sqlite") as journal:
                set_signers(region, region.outbox(dev_signer(GOVERNOR, region.chain), journal), keys, 2)
        signed, home = None, Home.made(market.place.folder / "home")
        for one in signers:
            signed = sign_checkpoint(region, one, home, signed)
        pinned = signers_of(region).pinned(region.deployment.log_id)
    assert signed is not None
    file.write_bytes(signed.to_json())
    file.with_name("signers.json").write_bytes(signers_file(pinned))
    return file
