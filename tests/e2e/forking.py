"""Commands in processes of their own that start quickly: forks of one process that has loaded the modules.

Most of a short command's time is the loading of modules, and a page has a hundred commands. Each still has its own
process, environment, folder, standard streams and exit code. Started from nothing they run among the sweeps: `PLAIN`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
#: Stands in for the `creditchain` program: asks the server for a process, and ends as that ended.
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode("utf-8", "surrogateescape")
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(asked)
    status = int(server.makefile().read() or "256")
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


@contextmanager
def forking() -> Iterator[Shell]:
    """A shell whose `creditchain` is run by forks."""
    folder = Path(tempfile.mkdtemp(prefix="forks-"))  # paths of sockets are short, those of pytest are not
    address, client = folder / "socket", folder / "bin" / "creditchain"
    client.parent.mkdir()
    client.write_text(CLIENT.format(python=sys.executable, address=str(address)))
    client.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, HERE / "fork_server.py", address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=_clean(),
        start_new_session=True,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        yield Shell(client.parent)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()
        shutil.rmtree(folder)


def _clean() -> dict[str, str]:
    """Our environment, as a user's is. Coverage would slow commands down, and other tests run the same lines."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CREDITCHAIN_", "COVERAGE_"))}
