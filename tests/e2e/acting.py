"""A region on any chain and calls of its contracts, for tests of the code that sends and reads them."""

from __future__ import annotations

import itertools

from creditchain.chain.connect import Chain
from creditchain.chain.deploy import PARTS, Plan, deploy
from creditchain.chain.funding import fund_dev_accounts
from creditchain.chain.region import Region
from creditchain.chain.signers import LocalSigner, dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.log.entries import AnchorBody
from creditchain.log.views import Admission, ContractCall
from creditchain.vocabulary import EntryKind, Role

PRODUCT = (7, keccak256(b"a product"))  #: number and digest
GOVERNOR = 0
GENERATIONS = itertools.count(1)
#: Kinds of the entries of a log whose region was just deployed: its own; governance as its first writer, its founder,
#: the founder as a governor, each function that governors call; the other writers.
FOUNDING = (
    *(EntryKind.REGION, EntryKind.WRITER, EntryKind.ACCESS, EntryKind.ACCESS),
    *(EntryKind.ACCESS for part in PARTS for _ in part.restricted),
    *(EntryKind.WRITER for part in PARTS if part.kinds),
)
#: Their number where PRODUCT was launched, as `region_on` does.
FOUNDED = len(FOUNDING) + 1


def region_on(chain: Chain, journal: Journal, generation: int = 1) -> Region:
    """A fresh region, governed by the first development key. Tests that share a chain take the next of GENERATIONS."""
    signer = dev_signer(GOVERNOR, chain)
    fund_dev_accounts(chain, [signer.address])
    return Region(chain, deploy(chain, signer, journal, Plan("YRD", generation=generation, products=(PRODUCT,))))


def admission(operator: str | None, role: Role = Role.BUREAU, domains: int = 1, host: int = 0) -> Admission:
    """A member in Shanghai."""
    return Admission(operator, int(role), 310000, host, domains, 0, keccak256(repr((operator, host)).encode()))


def publisher(region: Region, journal: Journal, key: int) -> LocalSigner:
    """A bureau whose operator is development key `key`, admitted under the current epoch; its number is `node_of`."""
    signer = dev_signer(key, region.chain)
    fund_dev_accounts(region.chain, [signer.address])
    outbox = region.outbox(dev_signer(GOVERNOR, region.chain), journal)
    outbox.submit(f"admit {signer.address}", region.calls.admit(admission(signer.address)))
    if region.current_key_epoch() == 0:
        outbox.submit("epoch", region.calls.open_key_epoch(keccak256(b"epoch")))
    return signer


def batch(node: int, number: int) -> AnchorBody:
    """Batch `number` of the node."""
    return AnchorBody(node, 1, PRODUCT[0], number, keccak256(f"{node} {number}".encode()), 7, 1, 3)


def set_profile(region: Region, node: int, step: int) -> ContractCall:
    """A change that may happen any number of times, in any order; each gives one log entry."""
    return region.calls.set_profile(node, keccak256(step.to_bytes(4, "big")))
