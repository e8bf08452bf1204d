"""A platform, a bank and an enterprise with a mnemonic, on an embedded chain, all by command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import Answer, Commands
from region_world import GOVERNOR, NUMBERS, PLATFORM, SOURCE, TAG_KEY, Place, bring_up, region_of, send

from creditchain.catalogue.products import load_product
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.documents import Domain, domain_mask
from creditchain.hashing import keccak256
from creditchain.log.views import Admission
from creditchain.vocabulary import Role

BANK, OTHER_BANK = 4, 5  # development keys and node numbers
ANYBODY = 8
REPORT = "working-capital-report/1"
NUMBER = NUMBERS[0]
MNEMONIC = "legal winner thank year wave sausage worth useful legal winner thank yellow"
NOTICE = "本企业同意上述金融机构查询本企业信用信息。"


class At(Commands):
    """Commands with the options of a place."""

    def __init__(self, place: Place) -> None:
        self._options = place.options


@dataclass
class World:
    """The region, and the files of all participants."""

    place: Place
    commands: Commands
    folder: Path
    #: In front of the names of its files: those of a world that was kept and is used again stay apart.
    series: str = ""
    made: int = field(default=0)

    def path(self, name: str) -> Path:
        """A path of its own for every call."""
        self.made += 1
        return self.folder / f"{self.series}{self.made}-{name}"

    def publish(self) -> Path:
        """Batches of every product that the report combines, and a report about the enterprise, not delivered yet."""
        with self.region() as region:
            call = region.calls.set_domains(SOURCE, domain_mask([Domain.REGISTRY, Domain.POWER, Domain.TAX]))
            send(self.place, region, GOVERNOR, "power too", call)
        for product in load_product(REPORT).combines:
            upload = self.path("upload.jsonl")
            self.commands.done("sample", "--product", product, "--records", "30", "-o", str(upload))
            upload.write_text("".join(self._recent(upload)), encoding="utf-8")
            words = ("--product", product, "--node", str(SOURCE), "--signer", f"dev:{SOURCE}")
            self.commands.done("anchor", str(upload), "--tag-key", "env:REGION_KEY", *words)
        return self.assembled()

    def _recent(self, upload: Path) -> Iterator[str]:
        """A third of the records about our enterprise, all of them of the last two years."""
        for place, line in enumerate(upload.read_text(encoding="utf-8").splitlines()):
            one = json.loads(line)
            one["as_of"] = (date.today() - timedelta(days=30 + place)).isoformat()
            if place % 3 == 0:
                one["subject"] = {"scheme": "USCC", "number": NUMBER}
            yield json.dumps(one, ensure_ascii=False) + "\n"

    def assembled(self, *words: str) -> Path:
        """A report package without a delivery."""
        out = self.path("report.json")
        self.commands.done(
            *("report", "assemble", "--product", REPORT, "--number", NUMBER),
            *("--tag-statement", str(self.folder / "statement.json"), "-o", str(out), *words),
        )
        return out

    @contextmanager
    def region(self) -> Iterator[Region]:
        """The region, for what no command offers."""
        with region_of(self.place) as region:
            yield region

    def request(self, **changes: Any) -> Path:
        """A consent file that the bank asks for."""
        answer = self.ask(self.path("consent.json"), **changes)
        assert answer.code == 0, answer.error
        return Path(answer.value["written"])

    def ask(self, out: Path, **changes: Any) -> Answer:
        """`consent request` with some options changed; False leaves one out."""
        options: dict[str, Any] = {
            "institution": BANK,
            "platform": PLATFORM,
            "number": NUMBER,
            "sections": "basic,operating",
            "domains": "registry,tax,power",
            "purpose": "loan_application",
            "days": "19000101-20991231",
            "notice": self.folder / "notice.txt",
            "tag-statement": self.folder / "statement.json",
            "uses": 2,
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        words = [word for name, value in options.items() if value is not False for word in (f"--{name}", str(value))]
        return self.commands("consent", "request", *words, "-o", str(out))

    def endorse(self, file: Path, *words: str) -> Answer:
        """The platform, which holds the tag key, endorses."""
        return self.commands(
            "consent", "endorse", str(file), "--tag-key", "env:REGION_KEY", "--signer", f"dev:{PLATFORM}", *words
        )

    def granted(self, **changes: Any) -> Path:
        """A consent on the chain."""
        file = self.request(**changes)
        self.commands.done("consent", "grant", str(file), "--mnemonic", "env:ENTERPRISE")
        answer = self.endorse(file)
        assert answer.code == 0, answer.error
        self.commands.done("consent", "relay", str(file), "--signer", f"dev:{ANYBODY}")
        return file


@contextmanager
def world_at(place: Place, series: str = "") -> Iterator[World]:
    """A place that `make_consent_world` prepared, and the keys in the environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        environment.setenv("ENTERPRISE", MNEMONIC)
        yield World(place, At(place), place.folder, series)


def make_consent_world(place: Place) -> None:
    """Contracts, a platform, a source, two banks, a tag statement and a notice."""
    bring_up(place)
    with world_at(place) as world:
        with region_of(place) as region:
            for key in (BANK, OTHER_BANK):
                operator = dev_signer(key, region.chain).address
                bank = Admission(operator, Role.INSTITUTION, 320100, 0, 0, 0, keccak256(b"bank"))
                send(place, region, GOVERNOR, f"admit bank {key}", region.calls.admit(bank))
        (place.folder / "notice.txt").write_text(NOTICE, encoding="utf-8")
        world.commands.done(
            *("tag", "state", "--platform", str(PLATFORM), "--number", NUMBER, "--tag-key", "env:REGION_KEY"),
            *("--signer", f"dev:{PLATFORM}", "-o", str(place.folder / "statement.json")),
        )


__all__ = [
    *("ANYBODY", "BANK", "NUMBER", "OTHER_BANK", "PLATFORM", "REPORT", "SOURCE"),
    *("World", "make_consent_world", "world_at"),
]
