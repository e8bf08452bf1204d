"""Fixtures of the end-to-end tests: real nodes, and chains on each kind of node."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from exchange_world import World, exchange_world, kept_market
from forking import Shell, end_forks, forks
from founded import embedded_home
from servers import Server
from servers import anvil as start_anvil
from servers import ganache as start_ganache
from worlds import Kept, forget

from creditchain.chain.connect import Chain, connect
from creditchain.chain.networks import load_network
from creditchain.home.journal import Journal, open_journal


@pytest.fixture(scope="session", autouse=True)
def shared() -> Iterator[None]:
    """What tests of a process share is removed at the end."""
    yield
    forget()
    end_forks()


@pytest.fixture(scope="session")
def anvil() -> Iterator[Server]:
    """One Anvil for all tests that do not meddle with how it mines."""
    with start_anvil() as server:
        yield server


@pytest.fixture(scope="session")
def ganache() -> Iterator[Server]:
    """One Ganache for all tests that do not meddle with how it mines."""
    with start_ganache() as server:
        yield server


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A market whose platform can serve an exchange; a module that needs another one has a fixture of its own."""
    with kept_market(tmp_path_factory) as made:
        yield made


@pytest.fixture
def world(kept: Kept, tmp_path: Path) -> Iterator[World]:
    """The exchange of a market as it was when the module began."""
    with exchange_world(kept.fresh(tmp_path / "world")) as made:
        yield made


@pytest.fixture(scope="session")
def forked_shell() -> Shell:
    """Runs the commands of pages, quickly."""
    return forks().shell


@pytest.fixture(scope="session")
def founded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose embedded chain has a region."""
    return embedded_home(tmp_path_factory.mktemp("founded"))


@pytest.fixture(params=["embedded", "anvil", "ganache"])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    """A connection to each kind of chain."""
    if request.param == "embedded":
        network, home = load_network("embedded"), tmp_path / "embedded-chain"
        shutil.copytree(request.getfixturevalue("founded_home"), home)
    else:
        server: Server = request.getfixturevalue(request.param)
        network, home = server.network(), None
    with connect(network, home) as connected:
        yield connected


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A fresh journal."""
    with open_journal(tmp_path / "journal.sqlite") as opened:
        yield opened
