"""Loads what commands load, then forks for each that is asked for: see forking.py."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys

import creditchain

#: Not loaded: what starts to work at once, or is loaded in a way of its own.
LEFT_OUT = (
    "creditchain.batch.making.preload",
    "creditchain.home.migrations",
    "creditchain.__main__",
)
#: What they load when they come to it.
LIBRARIES = (
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
    "coincurve",
    "stdnum.cn.uscc",
    "stdnum.tw.ubn",
    "eth_account.hdaccount",
)


def main(address: str) -> None:
    for name in (*_modules(), *LIBRARIES):
        importlib.import_module(name)
    gc.freeze()  # what is loaded stays, and pages that are not touched are shared
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that answer
        while 0 not in select.select([listening, 0], [], [])[0]:  # our stdin ends with the process that started us
            asking, _ = listening.accept()
            with asking:
                if os.fork() == 0:
                    listening.close()
                    _answer(asking)


def _modules() -> list[str]:
    found = (one.name for one in pkgutil.walk_packages(creditchain.__path__, "creditchain."))
    return [name for name in found if not name.startswith(LEFT_OUT)]


def _answer(asking: socket.socket) -> None:
    """Run one command in a child, and tell how it ended as `subprocess` would. Does not return, except in the child."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(asking, 4, 3)
    with asking.makefile("rb") as told:
        words, folder, environment, apart = json.loads(told.read(int.from_bytes(length, "big")))
    child = os.fork()
    if child == 0:
        if apart:
            os.setsid()
        asking.sendall(f"{os.getpid()}\n".encode())
        asking.close()
        _run(streams, words, folder, environment)
    for stream in streams:
        os.close(stream)
    _, status = os.waitpid(child, 0)
    asking.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _run(streams: list[int], words: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be the command from here on."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["creditchain", *words]
    from creditchain.cli import main as command

    command()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
