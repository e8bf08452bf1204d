"""Several processes share a journal and a key; one of them has a signer that hangs, and one is killed while it does."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Server
from servers import anvil as start_anvil
from sqlalchemy import select
from tampering import a_signer_that_hangs

from creditchain.chain.connect import connect
from creditchain.chain.outbox_journal import AttemptRow, KeyClaimRow
from creditchain.chain.signers import dev_signer
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal

#: Pays `times` times, each a wei, to an address of its own, and prints when it is connected and when it is done.
WORKER = """
import sys
from pathlib import Path
from dataclasses import replace
from creditchain.chain.connect import connect
from creditchain.chain.networks import load_network
from creditchain.chain.outbox import Outbox
from creditchain.chain.signers import dev_signer, parse_signer
from creditchain.errors import CreditchainError
from creditchain.home.databases.address import DatabaseAddress
from creditchain.home.journal import open_journal
from creditchain.log.views import ContractCall

url, path, address, name, signer, times, claim, patience = sys.argv[1:]
database = None if address == "-" else DatabaseAddress(address)
network = replace(load_network("anvil"), url=url, poll_seconds=0.02, give_up_seconds=float(patience))
with connect(network) as chain, open_journal(Path(path), database) as journal:
    outbox = Outbox(chain, parse_signer(signer, chain), journal, claim_seconds=float(claim))
    print("ready", flush=True)
    for step in range(int(times)):
        try:
            outbox.submit(f"{name} {step}", ContractCall(dev_signer(99, chain).address, b"", "pay", value=1))
        except CreditchainError as error:
            sys.exit(f"{type(error).__name__}: {error}")
"""
KEY = 7


@pytest.fixture
def node() -> Iterator[Server]:
    with start_anvil() as server:
        yield server


class Together:
    """Starts workers on one node and one journal."""

    def __init__(self, node: Server, folder: Path, address: DatabaseAddress | None) -> None:
        self.node, self.journal, self.address = node, folder / "journal.sqlite", address

    def start(
        self, name: str, *, signer: str = f"dev:{KEY}", times: int = 1, claim: float = 60.0, patience: float = 60.0
    ) -> subprocess.Popen[str]:
        place = "-" if self.address is None else self.address.given
        words = [self.node.url, self.journal, place, name, signer, times, claim, patience]
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hanging_signer(self, url: str) -> str:
        with connect(self.node.network()) as chain:
            return f"remote:{url}#{dev_signer(KEY, chain).address}"

    def nonces(self) -> list[int]:
        """The nonces signed with, once for each intent: where a chain is slow, the outbox replaces transactions."""
        query = select(AttemptRow.nonce, AttemptRow.transaction_id).distinct()
        with open_journal(self.journal, self.address) as journal, journal.read() as session:
            return sorted(nonce for nonce, _ in session.execute(query))

    def claimed(self) -> bool:
        with open_journal(self.journal, self.address) as journal, journal.read() as session:
            return session.scalars(select(KeyClaimRow)).first() is not None

    def balance(self) -> int:
        with connect(self.node.network()) as chain:
            return chain.balance(dev_signer(99, chain).address)


@pytest.fixture
def together(node: Server, tmp_path: Path, address: DatabaseAddress | None) -> Together:
    return Together(node, tmp_path, address)


def wait_until_asked(asked: threading.Event, worker: subprocess.Popen[str]) -> None:
    """Wait until the worker has asked its signer, for as long as it lives."""
    while not asked.wait(0.05):
        assert worker.poll() is None, worker.communicate()[1]


def end(*workers: subprocess.Popen[str]) -> list[tuple[int, str]]:
    """Wait for all; exit code and what each said on stderr."""
    return [(worker.wait(), worker.communicate()[1]) for worker in workers]


def test_six_processes_and_one_that_hangs_use_each_nonce_once(together: Together) -> None:
    before = together.balance()
    with a_signer_that_hangs() as (url, asked):
        hanging = together.start("hanging", signer=together.hanging_signer(url), claim=2.0)
        wait_until_asked(asked, hanging)
        workers = [together.start(str(number), times=8) for number in range(6)]
        assert end(*workers) == [(0, "")] * 6
        hanging.kill()
        assert end(hanging)[0][0] == -signal.SIGKILL
    assert together.nonces() == list(range(48))
    assert together.balance() == before + 48


def test_a_process_that_was_killed_while_its_signer_hung_holds_nobody_up(together: Together) -> None:
    with a_signer_that_hangs() as (url, asked):
        hanging = together.start("hanging", signer=together.hanging_signer(url), claim=3600.0)
        wait_until_asked(asked, hanging)
        hanging.kill()
        end(hanging)
    assert together.claimed()
    assert end(together.start("next")) == [(0, "")]
    assert together.nonces() == [0]
    assert not together.claimed()


def test_who_waits_in_vain_is_told_who_holds_the_key(together: Together) -> None:
    with a_signer_that_hangs() as (url, asked):
        hanging = together.start("hanging", signer=together.hanging_signer(url), claim=3600.0)
        wait_until_asked(asked, hanging)
        ((code, said),) = end(together.start("next", patience=1.0))
        assert code == 1
        assert "KeyHeldError: another process is signing with this key" in said
        assert f"process {hanging.pid} on " in said
        hanging.kill()
        end(hanging)
    assert together.nonces() == []


def test_a_signature_that_comes_too_late_is_thrown_away(together: Together) -> None:
    """If the signer answers after another process took the key, its answer is not used."""
    import json
    from http.server import BaseHTTPRequestHandler

    import requests
    from tampering import serving

    first = [True]
    node = together.node.url

    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if first.pop() if first else False:
                assert end(together.start("faster")) == [(0, "")]
            answer = requests.post(node, json=asked, timeout=30).content
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Slow) as url:
        slow = together.start("slow", signer=together.hanging_signer(url), claim=0.2)
        ((code, said),) = end(slow)
        assert code == 1
        assert "KeyHeldError: signing took so long" in said
        assert together.nonces() == [0]
        assert end(together.start("slow", signer=together.hanging_signer(url))) == [(0, "")]
    assert together.nonces() == [0, 1]
