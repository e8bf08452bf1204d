"""An exchange as a process of its own, and members that call it over HTTP."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
from forking import Forked, forks
from region_world import TAG_KEY, Place

from creditchain.chain.signers import LocalSigner, Signer
from creditchain.messages import LogDomain, SignIn
from creditchain.packages.sign_in import SignInBody

#: Nothing here measures: on a busy machine everything takes its time.
PATIENCE = 600.0
#: The media type of errors.
PROBLEM = "application/problem+json"
_COMMAND = ("-m", "creditchain")
#: The same, and SIGTERM comes to it when it tells that it serves.
ENDED_WHEN_IT_TELLS = (str(Path(__file__).with_name("ended_when_it_tells.py")),)


@dataclass
class Exchange:
    """A running exchange."""

    url: str
    process: subprocess.Popen[str] | Forked
    log: Path

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=not self.url.startswith("https"))

    def stop(self, how: int = signal.SIGTERM) -> int:
        """End it, by a signal; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@contextmanager
def exchange(
    place: Place,
    node: int,
    *words: str,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = _COMMAND,
) -> Iterator[Exchange]:
    """The exchange of a node at a place, with the node's development key and the key epoch's tag key."""
    options = [*place.options, "--json", "exchange", "serve"]
    options += ["--node", str(node), "--port", "0", "--signer", f"dev:{node}", "--tag-key", "env:REGION_KEY", *words]
    log = place.folder / f"exchange-{secrets.token_hex(4)}.log"
    with log.open("w") as errors:
        process = _started(command, options, {**os.environ, "REGION_KEY": TAG_KEY.hex(), **(environment or {})}, errors)
        try:
            yield Exchange(_url(process.stdout, log), process, log)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _started(
    command: Sequence[str], options: Sequence[str], environment: Mapping[str, str], errors: IO[str]
) -> subprocess.Popen[str] | Forked:
    """Forked from a process that has loaded the modules; started from nothing where workers are, or are measured."""
    if command == _COMMAND and "--workers" not in options and not any(map(_measures, environment)):
        return forks().start(options, environment, errors)
    return subprocess.Popen(
        [sys.executable, *command, *options],
        stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True, env=environment,
    )  # fmt: skip


def _measures(variable: str) -> bool:
    return variable.startswith(("COV_CORE_", "COVERAGE_PROCESS"))


def _url(out: IO[str] | None, log: Path) -> str:
    line = out.readline() if out is not None else ""
    assert line, log.read_text()
    return str(json.loads(line)["serving"])


def sign_in(client: httpx.Client, signer: Signer, node: int, **changes: object) -> httpx.Response:
    """Ask for a challenge and answer it. `changes`: members of the body that differ from what was signed."""
    asked = client.post("/v1/challenges").json()
    issued = int(changes.pop("issued_at", time.time()))  # type: ignore[call-overload]
    value = json.loads(answered(signer, node, asked, issued)) | changes
    return client.post("/v1/sessions", json=value)


def answered(signer: Signer, node: int, asked: Mapping[str, Any], issued_at: int) -> bytes:
    """The body that answers a challenge as the exchange gave it."""
    log_id, challenge = bytes.fromhex(asked["log_id"][2:]), bytes.fromhex(asked["challenge"][2:])
    message = SignIn(LogDomain(log_id), node, asked["exchange"], challenge, issued_at)
    return SignInBody(node, challenge, issued_at, signer.sign_typed(message.typed_data())).to_json()


def signed_in(client: httpx.Client, signer: Signer, node: int) -> httpx.Client:
    """The client, with a session of this node from now on."""
    answer = sign_in(client, signer, node)
    assert answer.status_code == 201, answer.text
    client.headers["Authorization"] = "Bearer " + answer.json()["token"]
    return client


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer tells."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    problem = answer.json()
    assert (problem["type"], problem["status"]) == (code, status)
    return dict(problem)


def stranger() -> Signer:
    """A key of nobody."""
    return LocalSigner(secrets.token_bytes(32))
