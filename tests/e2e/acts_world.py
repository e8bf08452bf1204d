"""A world for acts without a command line: a region with members, a journal and a home.

A refusal must leave all of it unchanged.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from consent_world import BANK, MNEMONIC, NOTICE, NUMBER, OTHER_BANK
from region_world import GOVERNOR, PLATFORM, SOURCE, TAG_KEY, Place, bring_up, region_of, send

from creditchain.acts import consenting
from creditchain.acts.consenting import ConsentTerms
from creditchain.acts.enterprise_keys import MnemonicKeys
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import LocalSigner, dev_signer
from creditchain.documents import Domain, Section, domain_mask
from creditchain.errors import CreditchainError
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.identifiers import parse_uscc, subject_tag
from creditchain.log.views import Admission
from creditchain.packages.consent_file import ConsentFile
from creditchain.products import Purpose
from creditchain.vocabulary import Role

SUBJECT = parse_uscc(NUMBER)
TAGS = (subject_tag(TAG_KEY, SUBJECT),)
ENTERPRISE = MnemonicKeys(MNEMONIC)
ANYBODY = 8


@dataclass(frozen=True)
class ActsWorld:
    """What acts take: a region, outboxes for any key, a home."""

    place: Place
    region: Region
    home: Home
    stack: ExitStack

    def key(self, number: int) -> LocalSigner:
        """A development key; those of members have their node's number."""
        return dev_signer(number, self.region.chain)

    def outbox(self, key: int) -> Outbox:
        """An outbox that signs with a development key."""
        return self.region.outbox(self.key(key), self.stack.enter_context(open_journal(self.home.journal)))

    def state(self) -> dict[str, Any]:
        """A snapshot of everything that an act may change: the chain, the journal, the files of the home."""
        with sqlite3.connect(self.home.journal) as journal:
            tables = [row[0] for row in journal.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {name: journal.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608
        journal.close()
        files = (path for path in self.home.path.rglob("*") if path.is_file() and ".sqlite" not in path.name)
        return {
            "block": self.region.chain.head().hash,
            "journal": rows,
            "files": {str(path): path.read_bytes() for path in files},
        }

    @contextmanager
    def refuses(self, kind: type[CreditchainError], **parts: object) -> Iterator[None]:
        """The block raises this kind of error with these parts (`field`, `expected`, `found`), and changes nothing."""
        before = self.state()
        with pytest.raises(kind) as caught:
            yield
        error = caught.value
        assert type(error) is kind, error
        shown = {"field": error.place and error.place.field, "expected": error.expected, "found": error.found}
        assert {name: shown[name] for name in parts} == parts
        assert NUMBER not in str(error)
        assert self.state() == before

    def asked(self, **changes: Any) -> ConsentFile:
        """A consent as the bank asks for it."""
        return consenting.request_consent(self.region, replace(TERMS, **changes), TAGS)

    def endorsed(self, **changes: Any) -> ConsentFile:
        """A consent that is ready to be relayed."""
        agreed = consenting.grant(self.region, self.asked(**changes), ENTERPRISE)
        return consenting.endorse(self.region, self.key(PLATFORM), agreed, TAGS)

    def granted(self, **changes: Any) -> ConsentFile:
        """A consent on the chain."""
        file = self.endorsed(**changes)
        consenting.relay(self.region, self.outbox(ANYBODY), file)
        return file


TERMS = ConsentTerms(
    institution=BANK,
    platform=PLATFORM,
    subject=SUBJECT,
    sections=1 << Section.BASIC | 1 << Section.OPERATING,
    domains=domain_mask([Domain.REGISTRY, Domain.TAX, Domain.POWER]),
    purpose=Purpose.LOAN_APPLICATION,
    data_from=19000101,
    data_to=20991231,
    begins_in=0,
    valid_for=30 * 86_400,
    uses=2,
    keep_days=365,
    notice=NOTICE,
)


def bring_up_members(place: Place) -> None:
    """Contracts, a regulator, a platform, a source and two banks."""
    bring_up(place)
    with region_of(place) as region:
        for key in (BANK, OTHER_BANK):
            bank = Admission(
                dev_signer(key, region.chain).address, Role.INSTITUTION, 320100, 0, 0, 0, keccak256(b"bank")
            )
            send(place, region, GOVERNOR, f"admit bank {key}", region.calls.admit(bank))


@contextmanager
def acts_world(place: Place) -> Iterator[ActsWorld]:
    """The world in a place that was prepared."""
    with ExitStack() as stack:
        region = stack.enter_context(region_of(place))
        yield ActsWorld(place, region, Home(place.folder / "home"), stack)


__all__ = [
    "ANYBODY",
    "BANK",
    "ENTERPRISE",
    "NUMBER",
    "OTHER_BANK",
    "PLATFORM",
    "SOURCE",
    "SUBJECT",
    "TAGS",
    "TERMS",
    "ActsWorld",
    "acts_world",
    "bring_up_members",
]
