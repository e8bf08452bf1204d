"""Commands in processes of their own that start quickly: forks of one process that has loaded the modules.

Most of a short command's time is the loading of modules, and a page has a hundred commands. Each still has its own
process, environment, folder, standard streams and exit code. Started from nothing they run among the sweeps: `PLAIN`.
"""

from __future__ import annotations

import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
#: Stands in for the `creditchain` program: asks the server for a process, and ends as that ended.
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ), False]).encode("utf-8", "surrogateescape")
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(asked)
    status = int(server.makefile().read().split()[1])
if status < 0:
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


@dataclass(frozen=True)
class Shell:
    """Runs scripts, with the `creditchain` of a folder."""

    programs: Path

    def __call__(self, blocks: Iterable[str], folder: Path, **environment: str) -> str:
        """What the blocks print, in one script that ends where one fails, which must not be."""
        here = {**_clean(), "PATH": os.pathsep.join((str(self.programs), str(PLAIN.programs), os.environ["PATH"]))}
        script = "set -euo pipefail\n" + "\n".join(blocks)
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=here | environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout


#: With the program as it is installed.
PLAIN = Shell(Path(sys.executable).parent)


class Forked:
    """A process that was forked, with what tests need of `subprocess.Popen`."""

    def __init__(self, told: socket.socket, stdout: IO[str]) -> None:
        self._told = told.makefile()
        self._socket, self.stdout = told, stdout
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended, as `subprocess` tells it; None while it runs."""
        if self.returncode is None and select.select([self._socket], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, when it has."""
        if self.returncode is None:
            if not select.select([self._socket], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
            self._socket.close()
        return self.returncode

    def send_signal(self, how: int) -> None:
        """As `os.kill`, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, how)


class Forks:
    """The process that has loaded the modules, and what it is asked for."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="forks-"))  # paths of sockets are short, those of pytest are not
        self._address = self._folder / "socket"
        client = self._folder / "bin" / "creditchain"
        client.parent.mkdir()
        client.write_text(CLIENT.format(python=sys.executable, address=str(self._address)))
        client.chmod(0o755)
        self.shell = Shell(client.parent)  #: whose `creditchain` is run by forks
        self._server = subprocess.Popen(
            [sys.executable, HERE / "fork_server.py", self._address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_clean(),
            start_new_session=True,
        )
        assert self._server.stdout is not None
        assert self._server.stdout.readline() == b"ready\n"

    def start(self, words: Sequence[str], environment: Mapping[str, str], errors: IO[str]) -> Forked:
        """`creditchain` with these words, in a session of its own; its stdout comes through a pipe."""
        asked = json.dumps([list(words), str(Path.cwd()), dict(environment), True]).encode()
        out, into = os.pipe()
        with Path(os.devnull).open() as nothing:
            told = socket.socket(socket.AF_UNIX)
            told.connect(str(self._address))
            socket.send_fds(told, [len(asked).to_bytes(4, "big")], [nothing.fileno(), into, errors.fileno()])
            told.sendall(asked)
        os.close(into)
        return Forked(told, os.fdopen(out))

    def close(self) -> None:
        """End the process that forks, and what it answers for; what runs in sessions of its own goes on."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.communicate()
        shutil.rmtree(self._folder)


@functools.cache
def forks() -> Forks:
    """Those of this process."""
    return Forks()


def end_forks() -> None:
    if forks.cache_info().currsize:
        forks().close()
        forks.cache_clear()


def _clean() -> dict[str, str]:
    """Our environment, as a user's is. Coverage would slow commands down, and other tests run the same lines."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CREDITCHAIN_", "COVERAGE_"))}
