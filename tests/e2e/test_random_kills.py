"""300 SIGKILLs at random times over anchoring, metering and backup: none lost, none doubled.

Steps that are named are tested in test_kill_anchoring and test_kill_backup; these may come anywhere in between. The
seed is printed, but not even the same seed kills at the same instruction again.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "backup"))

from acting import region_on
from homes import add_batch, backup, content, make_home, restore, unstretched, write_row
from random_kills import Sweep, measured
from test_consents import NO_KEY, PLATFORM, Acting
from test_kill_anchoring import Driver

from creditchain.acts.metering import meter
from creditchain.chain.connect import connect
from creditchain.chain.consent_calls import Delivery
from creditchain.chain.consents import ConsentReads, nonce_of
from creditchain.chain.deployments import Deployment
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.index.queries import metered_for

#: How often each kind is killed. Together: what docs/operations.md says.
ANCHORING, METERING, BACKUP = 100, 100, 100

pytestmark = pytest.mark.slow


@pytest.fixture
def seed() -> int:
    return random.SystemRandom().randrange(1_000_000)


def told(capsys: pytest.CaptureFixture[str], what: str, kills: int, runs: int, seed: int) -> None:
    with capsys.disabled():
        print(f"\n{what}: killed {kills} times at random in {runs} runs, none lost, none doubled (seed {seed})")


def test_anchoring(tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    driver = Driver(tmp_path / "template")
    try:
        whole = driver.ask(home=tmp_path / "whole", sweep=0, seed=0, whole=None)["whole"]
        kills = runs = 0
        while kills < ANCHORING:
            home = tmp_path / f"run-{runs}"
            made = driver.ask(home=home, sweep=3, seed=seed + runs, whole=whole)
            (row,) = made["rows"]
            assert (row["state"], row["number"]) == ("final", 1)
            seen = driver.ask(home=home, look=True)
            assert seen == {"anchors": [{"root": row["root"], "size": 40}], "nonce": 1, "folders": [row["root"]]}
            shutil.rmtree(home)
            kills, runs = kills + made["kills"], runs + 1
    finally:
        driver.close()
    told(capsys, "anchoring", kills, runs, seed)


class Ledger:
    """A region whose deliveries are to be metered; made once, and copied for each run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with connect(load_network("embedded"), folder) as chain, open_journal(folder / "setup.sqlite") as journal:
            region = region_on(chain, journal)
            acting = Acting(region, journal)
            self.deployment: Deployment = region.deployment
            consent = acting.consent(NO_KEY, "paper", paper=keccak256(b"paper"), uses=100)
            acting.send("paper", acting.calls.grant(consent, b"", acting.sign(PLATFORM, consent)))
            self.consent = consent.id
            self.deliveries: list[Delivery] = [acting.delivery(consent.id, str(number)) for number in range(5)]
            self.size = region.log_size()

    def meter(self, home: Path) -> None:
        """What `query meter` does."""
        with connect(load_network("embedded"), home) as chain, open_journal(home / "journal.sqlite") as journal:
            region = Region(chain, self.deployment)
            found = meter(region, region.outbox(dev_signer(0, chain), journal), self.deliveries)
            assert all(each.metered for each in found)

    def look(self, home: Path) -> None:
        with connect(load_network("embedded"), home) as chain:
            region = Region(chain, self.deployment)
            reads = ConsentReads(region)
            entries = {metered_for(region, [each.request]).get(nonce_of(each.request)) for each in self.deliveries}
            state = reads.consent(self.consent)
            assert None not in entries
            assert len(entries) == len(self.deliveries)
            assert state is not None
            assert state.used == len(self.deliveries)
            assert region.log_size() == self.size + 1


def test_metering(tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(tmp_path / "template")
    whole = measured(lambda: ledger.meter(Path(shutil.copytree(ledger.folder, tmp_path / "whole"))))
    sweep = Sweep(random.Random(seed), whole)  # noqa: S311
    while sweep.kills < METERING:
        home = Path(shutil.copytree(ledger.folder, tmp_path / f"run-{sweep.runs}"))
        sweep.until_done(lambda home=home: ledger.meter(home))  # type: ignore[misc]
        ledger.look(home)
        shutil.rmtree(home)
    told(capsys, "metering", sweep.kills, sweep.runs, seed)


@pytest.fixture
def passwords() -> Iterator[None]:
    with unstretched():
        yield


def test_backup(tmp_path: Path, passwords: None, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    template = tmp_path / "template"
    home = make_home(template)
    backup(home, template / "b")
    old = content(home)
    write_row(home / "journal.sqlite", b"more")
    add_batch(home, 100)
    new = content(home)

    def run(here: Path) -> None:
        backup(here / "home", here / "b")

    whole = measured(lambda: run(Path(shutil.copytree(template, tmp_path / "whole"))))
    sweep = Sweep(random.Random(seed), whole)  # noqa: S311
    while sweep.kills < BACKUP:
        here = Path(shutil.copytree(template, tmp_path / f"run-{sweep.runs}"))
        before = sweep.kills
        sweep.until_done(lambda here=here: run(here), most=1)  # type: ignore[misc]
        assert content(here / "home") == new
        restore(here / "b", here / "back" / "home")
        assert content(here / "back" / "home") == new != old
        left = [path.name for path in here.rglob("*") if path.name.startswith(".backup-") or path.suffix == ".part"]
        assert left == []
        assert sweep.kills - before <= 1
        shutil.rmtree(here)
    told(capsys, "backup", sweep.kills, sweep.runs, seed)
