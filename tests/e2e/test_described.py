"""The service does what its OpenAPI description says, whatever it is sent: schemathesis over all routes.

It sends what fits the description and what does not, the same in each run, to a real exchange on a real node. No answer
may be a 5xx, and each has to be described: its status, media type, headers and body. Routes are taken from the
description, so a new route is tested once it is there.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from exchange_world import World, exchange_world, kept_market
from exchanges import sign_in
from region_world import PLATFORM, REGULATOR, SOURCE
from report_market import BANK

ROOT = Path(__file__).parents[2]
#: What is tried in the usual run, and among the sweeps: phases, and examples for each route. The phase "coverage" goes
#: through the edges of every parameter and takes most of the time.
SHORT, EDGES, WHOLE = ("fuzzing", 5), ("coverage,fuzzing", 5), ("examples,coverage,fuzzing", 15)
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
#: A session lasts 15 minutes, and a run may take longer on a busy machine.
RENEWED_SECONDS = 300.0
#: Reads the token anew for each call. It runs where schemathesis is installed, and knows nothing of this package.
HOOKS = """
import pathlib, schemathesis

@schemathesis.auth(refresh_interval=None)
class Session:
    def get(self, case, context):
        return pathlib.Path({token!r}).read_text()
    def set(self, case, data, context):
        case.headers = case.headers or {{}}
        case.headers["Authorization"] = "Bearer " + data
"""


@pytest.fixture(scope="module")
def schemathesis() -> Path:
    """The program, in the environment that `make test` sets up for it."""
    subprocess.run(["make", "--silent", ".venv/.apart"], cwd=ROOT, check=True)
    return ROOT / ".venv" / "apart" / "bin" / "schemathesis"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        kept_market(tmp_path_factory) as kept,
        kept.lasting(tmp_path_factory.mktemp("described") / "world") as place,
        exchange_world(place) as made,
    ):
        yield made


@contextmanager
def token_of(world: World, node: int, file: Path) -> Iterator[None]:
    """A token of a member in a file, renewed before it ends."""
    over = threading.Event()

    def renew() -> None:
        answer = sign_in(world.client, world.key(node), node)
        part = file.with_suffix(".part")
        part.write_text(answer.json()["token"])
        part.replace(file)

    def keep() -> None:
        while not over.wait(RENEWED_SECONDS):
            renew()

    renew()
    keeper = threading.Thread(target=keep)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def run(program: Path, world: World, folder: Path, tried: tuple[str, int], *words: str) -> str:
    """What schemathesis prints of a run that found nothing."""
    command = [program, "run", f"{world.exchange.url}/v1/openapi.json", "--checks", ",".join(CHECKS)]
    command += ["--phases", tried[0], "--max-examples", str(tried[1]), "--seed", "1"]
    command += ["--generation-deterministic", "--continue-on-failure"]
    command += ["--no-color", "--warnings", "off", "--suppress-health-check", "all", *words]
    told = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "HOME": str(folder)},
    )
    print(told.stdout[-2500:])
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@pytest.mark.parametrize("tried", [SHORT, pytest.param(WHOLE, marks=pytest.mark.slow)])
def test_by_nobody(schemathesis: Path, world: World, tmp_path: Path, tried: tuple[str, int]) -> None:
    told = run(schemathesis, world, tmp_path, tried)
    paths = world.client.get("/v1/openapi.json").json()["paths"]
    count = sum(len(one) for one in paths.values())
    assert re.search(rf"Operations:\s+{count} selected / {count} total", told), told


@pytest.mark.parametrize(
    ("node", "tried"),
    [
        *((BANK, EDGES), (SOURCE, SHORT), (REGULATOR, SHORT), (PLATFORM, EDGES)),
        *(pytest.param(node, WHOLE, marks=pytest.mark.slow) for node in (BANK, SOURCE, REGULATOR, PLATFORM)),
    ],
)
def test_by_a_member(schemathesis: Path, world: World, tmp_path: Path, node: int, tried: tuple[str, int]) -> None:
    """As an institution, a source, a regulator, and the provider itself."""
    token, hooks = tmp_path / "token", tmp_path / "hooks.py"
    hooks.write_text(HOOKS.format(token=str(token)))
    with token_of(world, node, token):
        # It would end its own session; test_exchange.py ends one.
        os.environ["SCHEMATHESIS_HOOKS"] = str(hooks)
        try:
            told = run(schemathesis, world, tmp_path, tried, "--exclude-path", "/v1/sessions/current")
        finally:
            del os.environ["SCHEMATHESIS_HOOKS"]
    assert "Tested" in told
    assert world.exchange.process.poll() is None
