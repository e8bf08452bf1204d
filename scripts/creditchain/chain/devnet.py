"""Real Anvil chains on this machine, one for each region, that keep their state."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from creditchain.chain.connect import connect
from creditchain.chain.errors import ChainUnavailableError, UnreachableError, WrongChainError
from creditchain.chain.networks import Network, load_network
from creditchain.errors import ConfigError, RefusedError, UnavailableError
from creditchain.home.files import private_folder, write_file
from creditchain.home.layout import Home

#: Funded development accounts on each chain: enough for every member of a region.
ACCOUNTS = 64
START_SECONDS = 20.0
STOP_SECONDS = 20.0
#: Seconds between two dumps of the state; a power cut loses no more than that.
STATE_SECONDS = 15


#: File in the devnet's folder that lists the chains that were started.
RUNNING = "running.json"


class DevnetError(UnavailableError):
    """A chain could not be started, or ended by itself."""


@dataclass(frozen=True, slots=True)
class Running:
    """A chain that was started: region, network name, address, chain id, process id."""

    region: str
    network: str
    url: str
    chain_id: int
    pid: int


def network_of(region: str) -> Network:
    """The built-in network `devnet-<region>`."""
    return load_network(f"devnet-{region.lower()}")


def find_anvil() -> Path:
    """The anvil program: in PATH, or in node_modules of this folder or a parent folder.

    Raises:
        ConfigError: there is none; the hint says how to get it.
    """
    if (found := shutil.which("anvil")) is not None:
        return Path(found)
    here = Path.cwd()
    for folder in (here, *here.parents):
        candidate = folder / "node_modules" / ".bin" / "anvil"
        if candidate.exists():
            return candidate
    raise ConfigError(
        "anvil was not found on this machine",
        expected="anvil in PATH or in node_modules/.bin",
        hint="Run `npm ci` in the project's folder, or install Foundry; the embedded network needs neither.",
    )


def start(regions: Sequence[str], home: Path) -> list[Running]:
    """Start a chain for each region, wait until all answer, and list them in the home folder.

    Raises:
        RefusedError: the devnet is already running.
        DevnetError: a chain does not start (its log file says why); the others are stopped again.
    """
    if status(home):
        raise RefusedError("the devnet is already running", hint="`devnet status` shows it, `devnet stop` stops it.")
    anvil = find_anvil()
    folder = private_folder(Home(home).devnet)
    started: list[Running] = []
    try:
        for region in regions:
            started.append(_start(anvil, region, folder))
            _record(folder, started)
        for running in started:
            _wait(running, folder)
    except BaseException:
        stop(home, started)
        raise
    return started


def status(home: Path) -> list[Running]:
    """The chains that were started from this home folder and still answer."""
    try:
        listed = json.loads(_running(home).read_bytes())
        return [running for running in (Running(**item) for item in listed) if _answers(running)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError("the list of running devnet chains cannot be read", found=str(_running(home))) from error


def stop(home: Path, chains: Sequence[Running] | None = None) -> list[Running]:
    """Stop the chains, wait until they have written their state, and return those that were stopped.

    Only chains that still answer with their chain id are stopped: by now, a process id alone may belong to another
    program.
    """
    ended = list(status(home) if chains is None else chains)
    for running in ended:
        _signal(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for running in ended:
        while _alive(running.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _alive(running.pid):
            _signal(running.pid, signal.SIGKILL)
    _running(home).unlink(missing_ok=True)
    return ended


def watch(chains: Sequence[Running]) -> Iterator[None]:
    """Yield about once a second while all chains run.

    Raises:
        DevnetError: a chain ended by itself.
    """
    while True:
        for running in chains:
            if not _alive(running.pid):
                raise DevnetError(f"the chain of {running.region} ended", hint="Its log is in the devnet folder.")
        yield
        time.sleep(1)


def _start(anvil: Path, region: str, folder: Path) -> Running:
    network = network_of(region)
    port = network.url.rsplit(":", 1)[1]
    if _port_taken(network):
        raise DevnetError(f"another program already answers at {network.url}", hint="Stop it, or start other regions.")
    command = [
        str(anvil), "--host", "127.0.0.1", "--port", port, "--chain-id", str(network.chain_id),
        "--accounts", str(ACCOUNTS), "--state", str(folder / f"{region}.state.json"),
        "--state-interval", str(STATE_SECONDS),
    ]  # fmt: skip
    with (folder / f"{region}.log").open("ab") as log:
        # A session of its own, so that Ctrl-C reaches only this program, which then stops the chains in order.
        process = subprocess.Popen(  # noqa: S603 - the program was looked up, the arguments are ours
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    return Running(region, network.name, network.url, network.chain_id or 0, process.pid)


def _wait(running: Running, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(running):
        if not _alive(running.pid) or time.monotonic() > deadline:
            raise DevnetError(
                f"the chain of {running.region} did not start", found=f"see {folder / (running.region + '.log')}"
            )
        time.sleep(0.05)


def _answers(running: Running) -> bool:
    try:
        with connect(load_network(running.network)) as chain:
            return chain.chain_id == running.chain_id
    except (ChainUnavailableError, WrongChainError):
        return False


def _port_taken(network: Network) -> bool:
    try:
        with connect(network):
            return True
    except UnreachableError:
        return False
    except (WrongChainError, ChainUnavailableError):
        return True


def _running(home: Path) -> Path:
    return Home(home).devnet / RUNNING


def _record(folder: Path, started: Sequence[Running]) -> None:
    content = json.dumps([asdict(running) for running in started], indent=2) + "\n"
    write_file(folder / RUNNING, content, overwrite=True)


def _alive(pid: int) -> bool:
    try:
        # A child process that ended stays a zombie, which os.kill still finds, until its parent waits for it.
        ended, _ = os.waitpid(pid, os.WNOHANG)
        return ended == 0
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal(pid: int, which: signal.Signals) -> None:
    # Signal the whole process group: npm's anvil is a script that starts the real program.
    try:
        os.killpg(pid, which)
    except ProcessLookupError:
        return
