"""A region for the benchmark of the exchange: on an Anvil of its own, with an audited book and thousands of consents.

All of it is real: contracts, batches, a book that a regulator audited, consents that enterprises' keys signed and a
platform endorsed. Consents are handed in by an account that the chain unlocks, many in a block, because granting them
one by one would take longer than what is measured.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import orjson

from creditchain.catalogue.products import catalogue
from creditchain.chain.connect import Chain, connect
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.deploy import Plan, deploy
from creditchain.chain.deployments import load_deployment, save_deployment
from creditchain.chain.devnet import find_anvil
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer, dev_signer
from creditchain.documents import domain_mask
from creditchain.errors import UnavailableError
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.identifiers import Subject, epoch_digest, parse_subject, subject_tag
from creditchain.log.views import Admission
from creditchain.messages import NO_DIGEST, Consent, LogDomain, QueryRequest, subject_digest
from creditchain.packages.delivery import PackagedConsent
from creditchain.packages.request_file import RequestFile
from creditchain.products import Product
from creditchain.sample import Form, Sample, write_sample
from creditchain.vocabulary import Role

REPORT = "enterprise-basic-report/1"
#: Records of each enterprise, by product: 20 in all.
RECORDS = {
    "registry-basic/1": 1, "administrative-licence/1": 4, "judicial-case/1": 5, "ip-right/1": 5,
    "administrative-honour/1": 5,
}  # fmt: skip
GOVERNOR, REGULATOR, PLATFORM, SOURCE, FIRST_BANK = 0, 1, 2, 3, 4  #: development keys; but for the first, node numbers
TAG_KEY = keccak256(b"tag key of the benchmark of the exchange")
NETWORK = "bench"
_RELAYER, _KEYS = 60, 61  #: the account that hands consents in, and the first of the enterprises' keys
_ACCOUNTS, _ENTERPRISE_KEYS, _A_BLOCK = 64, 8, 200
_START_SECONDS = 60.0
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    enterprises: int = 50_000  #: in the book, with 20 records each
    asked: int = 10_000  #: enterprises that reports are asked about
    clients: int = 16
    seconds: float = 60.0  #: for which reports are asked for
    rate: int = 200  #: requests signed beforehand, for each second


@dataclass(frozen=True, slots=True)
class Ground:
    """Where a region lies: its folder, and the options of the command line that lead to it."""

    folder: Path
    url: str

    @property
    def home(self) -> Path:
        """The home of platform, source and regulator: all on this machine."""
        return self.folder / "home"

    @property
    def networks(self) -> Path:
        """The networks file."""
        return self.folder / "networks.toml"

    @property
    def options(self) -> list[str]:
        """Global options of the command line."""
        deployments = ["--deployments", str(self.folder / "deployments")]
        return ["--network", NETWORK, "--networks", str(self.networks), "--home", str(self.home), *deployments]

    @contextmanager
    def chain(self) -> Iterator[Chain]:
        """A connection to the chain."""
        with connect(load_network(NETWORK, self.networks), self.home) as chain:
            yield chain

    @contextmanager
    def region(self) -> Iterator[Region]:
        """The region."""
        with self.chain() as chain:
            yield Region(chain, load_deployment(NETWORK, self.folder / "deployments"), Home(self.home))

    def run(self, *words: str) -> list[dict[str, object]]:
        """What a command says, as JSON. Raises UnavailableError if it fails."""
        key = {"BENCH_TAG_KEY": TAG_KEY.hex(), "CREDITCHAIN_TAG_KEY": "env:BENCH_TAG_KEY"}
        done = subprocess.run(  # noqa: S603 - this program, with our own words
            [sys.executable, "-m", "creditchain", *self.options, "--json", *words],
            capture_output=True, text=True, env={**os.environ, **key}, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise UnavailableError(f"`creditchain {words[0]}` failed", found=done.stderr[-2000:])
        value = json.loads(done.stdout)
        return value if isinstance(value, list) else [value]


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """An Anvil of its own, with nothing on it yet. Raises UnavailableError if it does not start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--block-base-fee-per-gas", "0", "--gas-price", "0", "--gas-limit", "300000000"]
    words += ["--accounts", str(_ACCOUNTS), "--cache-path", str(folder / "states"), "--max-persisted-states", "0"]
    with (folder / "anvil.log").open("w") as log, ExitStack() as ends:
        process = subprocess.Popen([str(find_anvil()), *words, "--quiet"], stdout=log, stderr=log)  # noqa: S603
        ends.callback(process.wait)
        ends.callback(process.terminate)
        made = Ground(folder, f"http://127.0.0.1:{port}")
        fields = 'chain_id = 31337\npoll_seconds = 0.05\ntold = true\nfees = "zero"\n'
        made.networks.write_text(f'[{NETWORK}]\nurl = "{made.url}"\n{fields}')
        _await(made, process)
        yield made


def _await(made: Ground, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with made.chain():
                return
        except UnavailableError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)


def bring_up(made: Ground, banks: int) -> None:
    """Contracts, members, a key epoch."""
    products = tuple((one.number, one.digest) for one in catalogue(()))
    with made.chain() as chain, open_journal(made.home / "journal.sqlite") as journal:
        governor = dev_signer(GOVERNOR, chain)
        save_deployment(deploy(chain, governor, journal, Plan("YRD", products=products)), made.folder / "deployments")
        region = Region(chain, load_deployment(NETWORK, made.folder / "deployments"), Home(made.home))
        outbox = region.outbox(governor, journal)
        roles = {REGULATOR: Role.REGULATOR, PLATFORM: Role.PLATFORM, SOURCE: Role.SOURCE}
        roles |= dict.fromkeys(range(FIRST_BANK, FIRST_BANK + banks), Role.INSTITUTION)
        for number, role in roles.items():
            domains = 2**16 - 1 if role in (Role.PLATFORM, Role.SOURCE) else 0
            address = dev_signer(number, chain).address
            one = Admission(address, role, 320100, 0, domains, 0, bytes(32))  # no profile, so nothing is encrypted
            outbox.submit(f"admit {number}", region.calls.admit(one))
        outbox.submit("epoch", region.calls.open_key_epoch(epoch_digest(TAG_KEY)))


def publish(made: Ground, size: Size) -> list[Subject]:
    """Anchor a batch of each product, enter the book of all of them, and audit it; the enterprises with 20 records."""
    known = {one.ref: one for one in catalogue(())}
    found = Counter[str]()
    for ref, count in RECORDS.items():
        upload = made.folder / f"{ref.partition('/')[0]}.jsonl"
        found.update(_write(upload, known[ref], count, size.enterprises))
        made.run("anchor", str(upload), "--product", ref, "--node", str(SOURCE), "--signer", f"dev:{SOURCE}")
        upload.unlink()
    (book,) = made.run("book", "make", "--node", str(SOURCE), "--epoch", "1")
    made.run("book", "enter", str(book["root"]), "--signer", f"dev:{SOURCE}")
    batches = Home(made.home).region(_log_id(made)).batches
    lists = [str(path) for path in batches.iterdir() if not path.name.startswith(".")]
    node, auditor = ("--node", str(SOURCE)), ("--auditor", str(REGULATOR))
    made.run("audit", "attest", *lists, *node, *auditor, "--signer", f"dev:{REGULATOR}")
    # Some products are about firms of Taiwan too, which others know by another number.
    return [parse_subject("USCC", number) for number, count in found.items() if count == sum(RECORDS.values())]


#: Members from which retention runs, by the products.
_RETAINED_FROM = ("valid_until", "ended_on", "expires_on")


def _write(path: Path, product: Product, count: int, enterprises: int) -> list[str]:
    """Samples, all of the last years, so that no retention is over; the numbers in them."""
    write_sample(Sample(product, count * enterprises, enterprises), path, Form.JSONL, overwrite=True)
    numbers, today = [], date.today()
    recent = (today - timedelta(days=300)).isoformat()
    whole = path.with_suffix(".dated")
    with path.open("rb") as lines, whole.open("wb") as out:
        for place, line in enumerate(lines):
            document = orjson.loads(line)
            document["as_of"] = (today - timedelta(days=1 + place % 700)).isoformat()
            data = document["data"]
            data |= {name: max(data[name], recent) for name in _RETAINED_FROM if _is_date(data.get(name))}
            numbers.append(document["subject"]["number"])
            out.write(orjson.dumps(document) + b"\n")
    whole.replace(path)
    return numbers


def _is_date(value: object) -> bool:
    return isinstance(value, str) and value[:4].isdecimal()


def _log_id(made: Ground) -> bytes:
    return load_deployment(NETWORK, made.folder / "deployments").log_id


@dataclass(frozen=True, slots=True)
class Granted:
    """A consent of an enterprise for a bank, on the chain."""

    bank: int
    subject: Subject
    packaged: PackagedConsent


def grant(made: Ground, subjects: Sequence[Subject], banks: int) -> list[Granted]:
    """A consent of each enterprise, for one of the banks each."""
    known = {one.ref: one for one in catalogue(())}
    records = [known[ref] for ref in RECORDS]
    sections = sum({1 << section for one in records for section in one.sections})
    domains = domain_mask({domain for one in records for domain in one.domains})
    with made.region() as region:
        platform = dev_signer(PLATFORM, region.chain)
        keys = [dev_signer(_KEYS + 3 + place, region.chain) for place in range(_ENTERPRISE_KEYS)]
        calls, now = ConsentCalls(region.deployment), region.chain.head().time
        granted, data = [], []
        for place, subject in enumerate(subjects):
            salt, bank, key = secrets.token_bytes(32), FIRST_BANK + place % banks, keys[place % len(keys)]
            message = Consent(
                domain=LogDomain(region.deployment.log_id), log=region.deployment.log_id, institution=bank,
                platform=PLATFORM, key=key.address, subject=subject_digest(subject_tag(TAG_KEY, subject), salt),
                sections=sections, domains=domains, purpose=1, data_from=19000101, data_to=20991231, not_before=now,
                not_after=now + 90 * _DAY, uses=100, keep_days=365, notice=keccak256(b"notice"), paper=NO_DIGEST,
                deadline=now + 5 * _DAY,
            )  # fmt: skip
            typed = message.typed_data()
            call = calls.grant(message, key.sign_typed(typed), platform.sign_typed(typed))
            granted.append(Granted(bank, subject, PackagedConsent(message, salt)))
            data.append((call.to or "", call.data))
        _relay(region.chain, data)
    return granted


def _relay(chain: Chain, calls: Sequence[tuple[str, bytes]]) -> None:
    """Hand calls in from an account that the chain unlocks, many in a block; all must succeed."""
    sender = chain.request("eth_accounts")[_RELAYER]
    chain.request("evm_setAutomine", False)
    for start in range(0, len(calls), _A_BLOCK):
        part = calls[start : start + _A_BLOCK]
        fields = {"from": sender, "gas": hex(1_000_000), "gasPrice": "0x0"}
        sent = chain.batch(
            [("eth_sendTransaction", ({**fields, "to": to, "data": "0x" + data.hex()},)) for to, data in part]
        )
        chain.request("evm_mine")
        receipts = chain.batch([("eth_getTransactionReceipt", (one,)) for one in sent])
        if any(one is None or one["status"] != "0x1" for one in receipts):
            raise UnavailableError("a consent of the benchmark was refused")
    chain.request("evm_setAutomine", True)


def requests_of(
    region: Region, granted: Sequence[Granted], first: int, count: int, banks: int
) -> list[list[RequestFile]]:
    """So many signed requests of each bank, with nonces from `first` on; they go through its enterprises in turn."""
    product = next(one for one in catalogue(()) if one.ref == REPORT)
    now, found = region.chain.head().time, []
    for bank in range(FIRST_BANK, FIRST_BANK + banks):
        signer, mine = dev_signer(bank, region.chain), [one for one in granted if one.bank == bank]
        nonces = range(first, first + count)
        found.append([_request(region, product, mine[nonce % len(mine)], nonce, now, signer) for nonce in nonces])
    return found


def _request(region: Region, product: Product, one: Granted, nonce: int, now: int, signer: Signer) -> RequestFile:
    salt, consent = secrets.token_bytes(32), one.packaged.message
    message = QueryRequest(
        domain=LogDomain(region.deployment.log_id), institution=one.bank, provider=PLATFORM, consent=consent.id,
        subject=subject_digest(subject_tag(TAG_KEY, one.subject), salt), product=product.digest,
        sections=consent.sections, domains=consent.domains, purpose=1, staff=keccak256(b"staff"), issued_at=now,
        deadline=now + _DAY, nonce=nonce,
    )  # fmt: skip
    return RequestFile(message, signer.sign_typed(message.typed_data()), one.subject, salt, one.packaged)
