"""Worlds that are made once, and that each test gets as they were made.

What a test does to its world no other test sees, so tests run in any order, on any worker, and alone.
"""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from region_world import Place, bring_up
from servers import Server, anvil, ganache


class Kept:
    """A prepared place, on an Anvil if `server` is given, else on an embedded chain."""

    def __init__(self, place: Place, server: Server | None = None) -> None:
        self.place, self._server = place, server
        self._snapshot: str | None = None
        self._state: str | None = None
        self.keep()

    def keep(self) -> None:
        """Keep the place as it is now."""
        if self._server is None:
            return
        self._snapshot = self._server.ask("evm_snapshot")
        if self._server.kind == "anvil":
            self._state = self._server.ask("anvil_dumpState", True)

    def fresh(self, folder: Path) -> Place:
        """The place as it was when it was kept, for one test: a copy of its folder in `folder`, the chain taken back.

        On a node the chain of an earlier `fresh` is gone, so what outlives a test takes `lasting`.
        """
        shutil.copytree(self.place.folder, folder)
        if self._server is not None:
            assert self._server.ask("evm_revert", self._snapshot)
            self._snapshot = self._server.ask("evm_snapshot")  # going back uses a snapshot up
            self._server.ask("evm_setTime", int(time.time()))  # going back takes the chain's clock back too
        file = self.place.networks_file
        return Place(self.place.network, folder, file and folder / file.name)

    @contextmanager
    def lasting(self, folder: Path) -> Iterator[Place]:
        """The place as it was when it was kept, for tests of a module: nobody takes its chain back.

        On an Anvil it has one of its own, with all blocks, logs and old states, which takes as little as going back.
        """
        if self._server is None:
            yield self.fresh(folder)
            return
        assert self._state is not None, f"a {self._server.kind} does not give its state away"
        shutil.copytree(self.place.folder, folder)
        state = folder / "state.json"
        state.write_bytes(gzip.decompress(bytes.fromhex(self._state.removeprefix("0x"))))
        with anvil("--load-state", str(state)) as server:
            state.unlink()
            server.ask("evm_setTime", int(time.time()))  # its clock goes on from the newest block
            yield _place_on(server, 31337, folder)


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


@contextmanager
def kept_region(kind: str, folder: Path) -> Iterator[Kept]:
    """A region that `bring_up` brought up, on `kind`: "embedded", "anvil" or "ganache"."""
    if kind == "embedded":
        place = Place("embedded", folder)
        bring_up(place)
        yield Kept(place)
        return
    with anvil() if kind == "anvil" else ganache() as server:
        place = _place_on(server, 31337 if kind == "anvil" else 1337, folder)
        bring_up(place)
        yield Kept(place, server)
