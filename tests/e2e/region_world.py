"""A real region for end-to-end tests: contracts deployed, members admitted, a batch anchored, packages written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from creditchain.catalogue.products import catalogue, load_product
from creditchain.chain.anchors import find_anchor
from creditchain.chain.connect import Chain, connect
from creditchain.chain.deploy import Plan, deploy
from creditchain.chain.deployments import load_deployment, save_deployment
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.documents import (
    JSON_MEDIA_TYPE,
    Domain,
    Section,
    canonical_bytes,
    commitment,
    domain_mask,
    leaf_hash,
    salt,
)
from creditchain.documents.commitments import leaf_key
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.identifiers import Subject, epoch_digest, parse_uscc, subject_tag
from creditchain.log.entries import AnchorBody, BookBody
from creditchain.log.views import Admission, ContractCall
from creditchain.merkle import Leaf, inclusion_proof, root
from creditchain.messages import LogDomain, TagStatement
from creditchain.packages.record_package import (
    PackagedBatch,
    PackagedRecord,
    PackagedTag,
    RecordPackage,
    SignedTagStatement,
)
from creditchain.vocabulary import Role

GOVERNOR, REGULATOR, PLATFORM, SOURCE = 0, 1, 2, 3  # development keys; the last three are node numbers too
TAG_KEY = keccak256(b"tag key of the end-to-end tests")
SECRET = keccak256(b"batch secret of the end-to-end tests")
NUMBERS = ("914403001922038216", "9144030071526726XG", "91330100799655058B")
PRODUCT = "registry-basic/1"
PRODUCTS = tuple((product.number, product.digest) for product in catalogue())


@dataclass(frozen=True)
class Place:
    """Where a region lives: the global options of the command line, and its folder."""

    network: str
    folder: Path
    networks_file: Path | None = None

    @property
    def options(self) -> list[str]:
        """The global options that lead to this region."""
        file = ["--networks", str(self.networks_file)] if self.networks_file else []
        home, deployments = str(self.folder / "home"), str(self.folder / "deployments")
        return ["--network", self.network, *file, "--home", home, "--deployments", deployments]


@contextmanager
def chain_of(place: Place) -> Iterator[Chain]:
    """The chain of a place."""
    with connect(load_network(place.network, place.networks_file), place.folder / "home") as chain:
        yield chain


@contextmanager
def region_of(place: Place) -> Iterator[Region]:
    """The region of a place."""
    with chain_of(place) as chain:
        yield Region(chain, load_deployment(place.network, place.folder / "deployments"))


def send(place: Place, region: Region, key: int, intent: str, call: ContractCall) -> None:
    """Make one call take effect, signed by a development key."""
    with open_journal(place.folder / "home" / "journal.sqlite") as journal:
        region.outbox(dev_signer(key, region.chain), journal).submit(intent, call)


def bring_up(place: Place) -> None:
    """Deploy the contracts, admit a regulator, a platform and a source, open the key epoch."""
    with chain_of(place) as chain, open_journal(place.folder / "home" / "journal.sqlite") as journal:
        save_deployment(
            deploy(chain, dev_signer(GOVERNOR, chain), journal, Plan("YRD", products=PRODUCTS)),
            place.folder / "deployments",
        )
    domains = domain_mask([Domain.REGISTRY, Domain.TAX])
    with region_of(place) as region:
        for key, role in ((REGULATOR, Role.REGULATOR), (PLATFORM, Role.PLATFORM), (SOURCE, Role.SOURCE)):
            operator = dev_signer(key, region.chain).address
            publishes = 0 if role is Role.REGULATOR else domains
            admission = Admission(operator, role, 320100, 0, publishes, 0, keccak256(b"profile"))
            send(place, region, GOVERNOR, f"admit {key}", region.calls.admit(admission))
        send(place, region, GOVERNOR, "epoch", region.calls.open_key_epoch(epoch_digest(TAG_KEY)))


def document(subject: Subject, year: int) -> bytes:
    """A document in canonical bytes; its fields are the product's business, not verification's."""
    return canonical_bytes(
        {
            "product": PRODUCT,
            "subject": {"scheme": subject.scheme, "number": subject.number},
            "section": "basic",
            "domain": "registry",
            "as_of": f"{year}-06-30",
            "data": {
                "record_id": f"RECORD{year}",
                "name": f"样本 {year}",
                "type": "limited",
                "status": "operating",
                "established_on": "2015-02-28",
                "capital_fen": 100_000_000,
                "division": 320100,
                "industry": "C3911",
                "address": "示例路一号",
                "authority": "示例市场监督管理局",
            },
        }
    )


def anchor_documents(
    place: Place, years: tuple[int, ...], number: int, *, unsorted: bool = False
) -> list[RecordPackage]:
    """Anchor a batch with a document of each enterprise for each year; packages in the order of leaves."""
    shown: dict[Leaf, tuple[Subject, bytes, bytes]] = {}
    product = load_product(PRODUCT)
    for text in NUMBERS:
        subject = parse_uscc(text)
        tag = subject_tag(TAG_KEY, subject)
        for year in years:
            content = document(subject, year)
            fresh = salt(SECRET, tag, content)
            committed = commitment(fresh, JSON_MEDIA_TYPE, content)
            shown[Leaf(tag, Section.BASIC, product.number, committed)] = (subject, content, fresh)
    leaves = sorted(shown, reverse=unsorted)
    hashes = [leaf_hash(*leaf) for leaf in leaves]
    top = root(hashes)
    with region_of(place) as region:
        batch = AnchorBody(
            SOURCE, 1, product.number, number, top, len(leaves), domain_mask([Domain.REGISTRY]), len(NUMBERS)
        )
        send(place, region, SOURCE, f"anchor {number}", region.calls.anchor(batch))
        anchor = find_anchor(region, SOURCE, 1, top)
        assert anchor is not None
        platform, issued_at = dev_signer(PLATFORM, region.chain), region.chain.head().time
        packages = []
        for index, leaf in enumerate(leaves):
            subject, content, fresh = shown[leaf]
            message = TagStatement(
                LogDomain(region.deployment.log_id),
                PLATFORM,
                1,
                leaf.tag,
                subject.scheme,
                subject.number,
                issued_at,
            )
            signature = platform.sign_typed(message.typed_data())
            packages.append(
                RecordPackage(
                    PackagedRecord(JSON_MEDIA_TYPE, content, fresh, Section.BASIC, product.number, subject),
                    PackagedBatch(
                        log_id=region.deployment.log_id,
                        chain_id=region.chain.chain_id,
                        node=SOURCE,
                        root=top,
                        size=len(leaves),
                        index=index,
                        proof=tuple(inclusion_proof(hashes, index)),
                        key_epoch=1,
                        entry=anchor.entry,
                        block=anchor.block,
                    ),
                    PackagedTag(leaf.tag, SignedTagStatement(PLATFORM, 1, leaf.tag, subject, issued_at, signature)),
                )
            )
    return packages


def enter_book(place: Place, *batches: list[RecordPackage]) -> BookBody:
    """The source enters the book of these batches: all that it anchored so far."""
    hashes = [leaf.hash() for leaf in sorted(leaf_of(one) for batch in batches for one in batch)]
    book = BookBody(SOURCE, 1, len(batches), len(hashes), root(hashes))
    with region_of(place) as region:
        send(place, region, SOURCE, f"book {book.root.hex()}", region.calls.enter_book(book))
    return book


def leaf_of(package: RecordPackage) -> Leaf:
    """The leaf of a record."""
    record = package.record
    made = commitment(record.salt, record.media_type, record.content)
    return Leaf(package.tag.subject_tag, record.section, record.product, made)


def write_list(path: Path, packages: Iterable[RecordPackage]) -> Path:
    """The list of leaves of a batch, as its publisher gives it to an auditor."""
    path.write_bytes(b"".join(leaf_key(*leaf_of(package)) for package in packages))
    return path


def pass_time(place: Place, seconds: int) -> None:
    """Let the chain's clock run ahead."""
    with chain_of(place) as chain:
        chain.request("evm_increaseTime", seconds)
        chain.request("evm_mine")
