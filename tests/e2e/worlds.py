"""Worlds that are made once, and that each test gets as they were made.

What a test does to its world no other test sees, so tests run in any order, on any worker, and alone.
"""

from __future__ import annotations

import gzip
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from region_world import Place, bring_up
from servers import Server, anvil, ganache


@dataclass(frozen=True)
class Frozen:
    """A place that was prepared, as files: its folder, and the state of its Anvil, if it was on one."""

    place: Place
    state: Path | None
    began: str = ""  #: when its Anvil's chain began: block 0 is made anew, and has to be the same

    @contextmanager
    def thawed(self, folder: Path) -> Iterator[tuple[Place, Server | None]]:
        """The place again, in `folder`: with all blocks, logs and old states, on an Anvil of its own if it was on one.

        That takes as little as going back to a snapshot.
        """
        shutil.copytree(self.place.folder, folder, dirs_exist_ok=True)
        if self.state is None:
            yield Place(self.place.network, folder), None
            return
        with anvil("--load-state", str(self.state), "--timestamp", self.began) as server:
            server.ask("evm_setTime", int(time.time()))  # its clock would go on from the newest block
            yield _place_on(server, 31337, folder), server


def freeze(place: Place, server: Server | None, state: Path) -> Frozen:
    """What stands at a place now. Its Anvil's state goes into a file that is named `state`."""
    if server is None:
        return Frozen(place, None)
    given = server.ask("anvil_dumpState", True)
    state.write_bytes(gzip.decompress(bytes.fromhex(given.removeprefix("0x"))))
    first = server.ask("eth_getBlockByNumber", "0x0", False)
    return Frozen(place, state, str(int(first["timestamp"], 16)))


class Kept:
    """A prepared place, on a node if `server` is given, else on an embedded chain."""

    def __init__(self, place: Place, server: Server | None = None, frozen: Frozen | None = None) -> None:
        self.place, self._server, self._frozen = place, server, frozen
        self._snapshot: str | None = None
        self._snap()

    def keep(self) -> None:
        """Keep the place as it is now."""
        self._frozen = None
        self._snap()

    def _snap(self) -> None:
        if self._server is not None:
            self._snapshot = self._server.ask("evm_snapshot")

    def fresh(self, folder: Path) -> Place:
        """The place as it was when it was kept, for one test: a copy of its folder in `folder`, the chain taken back.

        On a node the chain of an earlier `fresh` is gone, so what outlives a test takes `lasting`.
        """
        shutil.copytree(self.place.folder, folder)
        if self._server is not None:
            assert self._server.ask("evm_revert", self._snapshot)
            self._snap()  # going back uses a snapshot up
            self._server.ask("evm_setTime", int(time.time()))  # going back takes the chain's clock back too
        file = self.place.networks_file
        return Place(self.place.network, folder, file and folder / file.name)

    @contextmanager
    def lasting(self, folder: Path) -> Iterator[Place]:
        """The place as it was when it was kept, for the tests of a module: nobody takes its chain back."""
        assert self._frozen is not None, "only what `kept_region` prepared can last"
        with self._frozen.thawed(folder) as (place, _):
            yield place


@contextmanager
def on_anvil(folder: Path) -> Iterator[tuple[Place, Server]]:
    """A place on an Anvil of its own, with nothing on it yet."""
    with anvil() as server:
        yield _place_on(server, 31337, folder), server


def _place_on(server: Server, chain_id: int, folder: Path) -> Place:
    networks = folder / "networks.toml"
    # Endpoints of tests are one node, or lie: nobody comes to a block that he does not name at once.
    fields = f"chain_id = {chain_id}\npoll_seconds = 0.02\ncatch_up_seconds = 0.1\ntold = true\n"
    if server.kind == "ganache":  # it loses a request now and then, and answers when it is asked again
        fields += "timeout_seconds = 8.0\ndeadline_seconds = 900.0\n"
    networks.write_text(f'[spot]\nurl = "{server.url}"\n{fields}')
    return Place("spot", folder, networks)


#: What makes a place that is as the steps before left it.
Step = Callable[[Place], None]
#: What steps made in this process, on which kind of chain.
_MADE: dict[tuple[str, tuple[Step, ...]], Frozen] = {}


@contextmanager
def kept_region(kind: str, folder: Path, *steps: Step) -> Iterator[Kept]:
    """A region that `bring_up` and these steps prepared, on `kind`: "embedded", "anvil" or "ganache".

    Steps are taken once in a process, and never for Ganache's place, which does not give its state away.
    """
    if kind == "ganache":
        with ganache() as server:
            place = _place_on(server, 1337, folder)
            for step in (bring_up, *steps):
                step(place)
            yield Kept(place, server)
        return
    frozen = _made(kind, (bring_up, *steps))
    with frozen.thawed(folder) as (place, server):
        yield Kept(place, server, frozen)


@contextmanager
def region_on_anvil(folder: Path) -> Iterator[tuple[Place, Server]]:
    """A region that was brought up, on an Anvil of its own, for one test."""
    with _made("anvil", (bring_up,)).thawed(folder) as (place, server):
        assert server is not None
        yield place, server


def embedded_region(folder: Path) -> Place:
    """A region that was brought up, on an embedded chain, for one test."""
    with _made("embedded", (bring_up,)).thawed(folder) as (place, _):
        return place


def _made(kind: str, steps: tuple[Step, ...]) -> Frozen:
    known = _MADE.get((kind, steps))
    if known is None:
        folder = Path(tempfile.mkdtemp(prefix="world-"))
        with _before(kind, steps[:-1], folder / "place") as (place, server):
            steps[-1](place)
            known = _MADE[kind, steps] = freeze(place, server, folder / "state.json")
    return known


@contextmanager
def _before(kind: str, steps: tuple[Step, ...], folder: Path) -> Iterator[tuple[Place, Server | None]]:
    """What these steps made, or a place with nothing on it yet."""
    folder.mkdir()
    if steps:
        with _made(kind, steps).thawed(folder) as found:
            yield found
    elif kind == "embedded":
        yield Place("embedded", folder), None
    else:
        with on_anvil(folder) as on_node:
            yield on_node


def forget() -> None:
    """Remove the files of what was made."""
    for frozen in _MADE.values():
        shutil.rmtree(frozen.place.folder.parent)
    _MADE.clear()
