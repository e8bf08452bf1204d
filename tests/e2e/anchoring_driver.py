"""Anchors an upload on a small region in a process that kills itself at a chosen step: for test_kill_anchoring.

    python anchoring_driver.py HOME        makes a region and an upload in HOME, then reads commands from stdin:
        {"home": "…", "kill_at": 7}        a child anchors in a copy of HOME and dies by SIGKILL at point 7
        {"home": "…", "kill_at": null}     a child anchors to the end
        {"home": "…", "look": true}        a child tells what the chain and the home folder hold
        {"home": "…", "sweep": 3, "seed": 1, "whole": 0.5}
                                           children anchor, the first 3 killed at random times within 0.5 s, until done
    and answers each with one line of JSON.

A step is whatever lasts or shows outside: a commit, an fsync, a rename, a removal of a folder, a transaction sent.
Point 2n is just before step n, point 2n + 1 just after it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "batch"))

from anchored import read_anchors
from making import PRODUCT, SEALS, document, lines
from random_kills import Sweep, measured
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

import creditchain.chain.embedded_rpc
import creditchain.chain.outbox  # noqa: F401 - both imported here, once, and not in every child
from creditchain.acts.anchoring import Anchoring, AnchorOrder
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.readers.upload import find_upload
from creditchain.chain.connect import Chain, connect
from creditchain.chain.deploy import Plan, deploy
from creditchain.chain.deployments import load_deployment, save_deployment
from creditchain.chain.networks import load_network
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.sealing import Sealed, SealingKeys
from creditchain.identifiers import epoch_digest
from creditchain.log.views import Admission

SOURCE = 4


class Steps:
    """Counts the points passed, and ends this process at one of them."""

    def __init__(self, kill_at: int | None) -> None:
        self.passed, self.kill_at = 0, kill_at

    def point(self) -> None:
        if self.passed == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1

    def around(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self.point()
            made = step(*arguments, **named)
            self.point()
            return made

        return wrapped

    def install(self) -> None:
        os.fsync, os.rename = self.around(os.fsync), self.around(os.rename)
        shutil.rmtree = self.around(shutil.rmtree)
        Session.commit = self.around(Session.commit)  # type: ignore[method-assign]
        request = Chain.request
        sent = self.around(request)

        def watched(chain: Chain, method: str, *parameters: Any) -> Any:
            return (sent if method == "eth_sendRawTransaction" else request)(chain, method, *parameters)

        Chain.request = watched  # type: ignore[method-assign]


def make_region(home: Path) -> None:
    """A region with one source, node 1 (key dev:1), one key epoch, and an upload."""
    with connect(load_network("embedded"), home) as chain, open_journal(home / "setup.sqlite") as journal:
        governor, operator = dev_signer(0, chain), dev_signer(1, chain)
        deployment = deploy(chain, governor, journal, Plan("YRD", products=((PRODUCT.number, PRODUCT.digest),)))
        save_deployment(deployment, home)
        region = Region(chain, deployment)
        outbox = region.outbox(governor, journal)
        outbox.submit("admit", region.calls.admit(Admission(operator.address, SOURCE, 310000, 0, 1, 0, b"\x01" * 32)))
        outbox.submit("epoch", region.calls.open_key_epoch(epoch_digest(SEALS.tag_key)))
    (home / "upload.jsonl").write_bytes(lines([document(record) for record in range(40)]))


def anchor(home: Path) -> None:
    """What `creditchain anchor` does."""
    deployment = load_deployment("embedded", home)
    with (
        connect(load_network("embedded"), home) as chain,
        open_journal(home / "journal.sqlite", database_of(home)) as journal,
    ):
        region = Region(chain, deployment)
        anchoring = Anchoring(region, region.outbox(dev_signer(1, chain), journal), journal, Home(home))
        anchoring.anchor(AnchorOrder(find_upload(home / "upload.jsonl"), PRODUCT, 1, SEALS.tag_key))


def in_child(work: Callable[[], None]) -> int:
    """Run `work` in a child; its wait status."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def attempt(home: Path, kill_at: int | None) -> dict[str, Any]:
    """Anchor in a child, killed at `kill_at`, and look at what is there afterwards."""
    counted = home / "points"

    def work() -> None:
        steps = Steps(kill_at)
        steps.install()
        anchor(home)
        counted.write_text(str(steps.passed))

    status = in_child(work)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("the child failed")
    return {
        "killed": os.WIFSIGNALED(status),
        "points": int(counted.read_text()) if counted.exists() else None,
        **journal_of(home),
    }


def journal_of(home: Path) -> dict[str, Any]:
    """The one row of the journal, as a reader of the file sees it: its secret opened, with the key that opens it."""
    address = database_of(home)
    if address is not None:
        return journal_on_a_server(home, address)
    query = "select state, hex(root), number, log_id, sealing_key, sealed_secret from anchorings"
    try:
        with sqlite3.connect(f"file:{home / 'journal.sqlite'}?mode=ro", uri=True) as database:
            rows = database.execute(query).fetchall()
    except sqlite3.OperationalError:
        rows = []
    return {"rows": [_row(home, *values) for values in rows]}


def database_of(home: Path) -> DatabaseAddress | None:
    """The database of a home's journal, which the test has written beside it; None: the journal is in its file."""
    place = home.with_name(f"{home.name}.database")
    return DatabaseAddress(place.read_text()) if place.exists() else None


def journal_on_a_server(home: Path, address: DatabaseAddress) -> dict[str, Any]:
    """The same of a journal in a database, as another client sees it."""
    query = "select state, encode(root, 'hex'), number, log_id, sealing_key, sealed_secret from anchorings"
    engine = create_engine(address.url())
    try:
        with engine.connect() as connection:
            rows = connection.execute(text(query)).all()
    except ProgrammingError:  # no table yet
        rows = []
    finally:
        engine.dispose()
    return {"rows": [_row(home, row[0], row[1] or "", *row[2:]) for row in rows]}


def _row(home: Path, state: str, root: str, number: int | None, log: bytes, name: str | None, sealed: bytes) -> Any:
    secret = key = ""
    if name is not None:
        folder = Home(home).region(log).secrets
        secret = SealingKeys(folder).open(Sealed(name, sealed)).hex()
        key = (folder / f"{name}.key").read_bytes().hex()
    return {"state": state, "root": root.lower(), "secret": secret, "key": key, "number": number}


def look(home: Path) -> dict[str, Any]:
    """The chain and the home folder, from a child."""
    told = home / "told.json"

    def work() -> None:
        with connect(load_network("embedded"), home) as chain:
            region = Region(chain, load_deployment("embedded", home))
            anchors = [{"root": found.root.hex(), "size": found.size} for found in read_anchors(region)]
            nonce = chain.transaction_count(dev_signer(1, chain).address)
        batches = Home(home).region(region.deployment.log_id).batches
        folders = sorted(path.name for path in batches.iterdir())
        for name in folders:
            open_batch(batches / name).close()
        told.write_text(json.dumps({"anchors": anchors, "nonce": nonce, "folders": folders}))

    if in_child(work) != 0:
        raise SystemExit("looking failed")
    found: dict[str, Any] = json.loads(told.read_text())
    return found


def sweep(home: Path, most: int, seed: int, whole: float | None) -> dict[str, Any]:
    """Anchor, killed at random times, until it is done; how often it was killed, and how long a whole run takes."""
    if whole is None:
        return {"whole": measured(lambda: anchor(home))}
    found = Sweep(random.Random(seed), whole)  # noqa: S311
    found.until_done(lambda: anchor(home), most)
    return {"kills": found.kills, **journal_of(home)}


def main() -> None:
    """Make the region, then do as stdin says."""
    template = Path(sys.argv[1])
    if in_child(lambda: make_region(template)) != 0:
        raise SystemExit("the region could not be made")
    print("ready", flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        home = Path(command["home"])
        if not home.exists():
            shutil.copytree(template, home)
        if "sweep" in command:
            found = sweep(home, command["sweep"], command["seed"], command["whole"])
        else:
            found = look(home) if command.get("look") else attempt(home, command["kill_at"])
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
