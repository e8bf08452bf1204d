"""Five publishers with homes and exchanges of their own, and a platform that collects reports from them."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from exchange_world import World
from exchanges import PATIENCE, Exchange, exchange
from region_world import GOVERNOR, NUMBERS, PLATFORM, TAG_KEY, Place, region_of, send
from report_market import BANK, BANK_PROFILE, DOMAINS, At, opened
from worlds import Kept, kept_region

from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.profiles import save_profile
from creditchain.log.views import Admission
from creditchain.store.parts import GivenParts
from creditchain.vocabulary import Role

#: What each publisher anchors. Keys of development, and node numbers.
PUBLISHERS = {3: "registry-basic/1", 5: "power-usage/1", 6: "tax-payment/1", 7: "power-usage/1", 8: "tax-payment/1"}
NUMBER = NUMBERS[0]

#: Status and body of an answer, changed.
Lie = Callable[[int, bytes], tuple[int, bytes]]


def home_of(place: Place, node: int) -> Place:
    """The place of a publisher: the same region, and a home of its own."""
    folder = place.folder / f"node-{node}"
    return Place(place.network, folder, place.networks_file)


@contextmanager
def kept_publishers(factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The region with all that was published, on an Anvil of its own."""
    with kept_region("anvil", factory.mktemp("publishers"), _prepare) as made:
        yield made


def _prepare(place: Place) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("REGION_KEY", TAG_KEY.hex())
        _publish_all(place)


def _publish_all(place: Place) -> None:
    save_profile(Home(place.folder / "home"), BANK_PROFILE)
    with region_of(place) as region:
        for node in (BANK, *(node for node in PUBLISHERS if node > BANK)):
            role = Role.INSTITUTION if node == BANK else Role.SOURCE
            domains = 0 if node == BANK else DOMAINS
            operator = dev_signer(node, region.chain).address
            profile = BANK_PROFILE.digest if node == BANK else keccak256(b"member")
            admission = Admission(operator, role, 320100, 0, domains, 0, profile)
            send(place, region, GOVERNOR, f"admit {node}", region.calls.admit(admission))
        send(place, region, GOVERNOR, "power too", region.calls.set_domains(3, DOMAINS))
    for node in PUBLISHERS:
        own = home_of(place, node)
        shutil.copytree(place.folder / "deployments", own.folder / "deployments")
        publish(own, node)
    At(place).done(
        *("tag", "state", "--platform", str(PLATFORM), "--number", NUMBER, "--tag-key", "env:REGION_KEY"),
        *("--signer", f"dev:{PLATFORM}", "-o", str(place.folder / "statement.json")),
    )
    (place.folder / "home" / "regions").mkdir(exist_ok=True)


def publish(own: Place, node: int) -> None:
    """Anchor a batch, in which a third of the records is about our enterprise."""
    upload, ref = own.folder / "upload.jsonl", PUBLISHERS[node]
    At(own).done("sample", "--product", ref, "--records", "30", "-o", str(upload))
    lines = []
    for place, line in enumerate(upload.read_text(encoding="utf-8").splitlines()):
        one = json.loads(line)
        one["as_of"] = (date.today() - timedelta(days=30 + place)).isoformat()
        if place % 3 == 0:
            one["subject"] = {"scheme": "USCC", "number": NUMBER}
        lines.append(json.dumps(one, ensure_ascii=False) + "\n")
    upload.write_text("".join(lines), encoding="utf-8")
    words = ("--product", ref, "--node", str(node), "--signer", f"dev:{node}", "--tag-key", "env:REGION_KEY")
    At(own).done("anchor", str(upload), *words)


@dataclass
class Relay:
    """Stands before an exchange, passes calls on, and changes what it answers to orders of parts."""

    behind: str
    lie: Lie | None = None
    rest: float = 0.0  #: seconds for which it waits before it answers
    challenge: Mapping[str, Any] = field(default_factory=dict)  #: members of challenges that it changes
    url: str = ""

    def answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        answer = httpx.post(self.behind + path, content=body, headers=dict(headers), timeout=PATIENCE)
        status, content = answer.status_code, answer.content
        if path == "/v1/challenges" and self.challenge:
            content = json.dumps(answer.json() | self.challenge).encode()
        if path == "/v1/parts":
            time.sleep(self.rest)
            if self.lie is not None:
                return self.lie(status, content)
        return status, content


@contextmanager
def relayed(behind: str) -> Iterator[Relay]:
    """A relay before an exchange."""
    relay = Relay(behind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            status, content = relay.answer(self.path, body, kept)
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True  # whoever asked did not wait

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    relay.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class CollectingWorld(World):
    """A platform that holds nothing itself, and the publishers that it asks."""

    publishers: Mapping[int, Exchange]
    relays: Mapping[int, Relay]

    def given(self, node: int) -> int:
        """How many parts a publisher's journal has."""
        home = home_of(self.market.place, node).folder / "home"
        with open_journal(home / "journal.sqlite") as journal:
            return GivenParts(journal, self.region.deployment.log_id).count()


@contextmanager
def collecting_world(place: Place, *, within: float = 60.0, relays: bool = True) -> Iterator[CollectingWorld]:
    """All exchanges run. With `relays`, the platform asks through them."""
    with ExitStack() as stack:
        region: Region = stack.enter_context(region_of(place))
        with ThreadPoolExecutor(len(PUBLISHERS)) as together:
            entered = together.map(lambda node: stack.enter_context(exchange(home_of(place, node), node)), PUBLISHERS)
            running = dict(zip(PUBLISHERS, entered, strict=True))
        before = {node: stack.enter_context(relayed(one.url)) for node, one in running.items()} if relays else {}
        urls = {node: before[node].url if relays else one.url for node, one in running.items()}
        peers = [word for node, url in urls.items() for word in ("--peer", f"{node}={url}")]
        words = ("--meter-after", "0", "--collect-within", str(within), "--batches", str(place.folder))
        platform = stack.enter_context(exchange(place, PLATFORM, *words, *peers))
        client = stack.enter_context(platform.client())
        yield CollectingWorld(opened(place), region, platform, client, running, before)
