"""Probes go where they belong, change nothing else, and Anvil prints them wherever they are reached."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from servers import anvil, program

from tools import compiling, covering
from tools.covering import report
from tools.covering.probes import Prober

HERE = Path(covering.__file__).parent

#: A file below a folder, with letters of several bytes, bodies without braces, and statements without space between.
SOURCE = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

contract Sample {
    uint256 public seen = 1 > 2 ? 3 : 4; // outside of functions: not counted 征信

    constructor(bool odd) { if (odd) seen = 1; else seen = 2; }

    modifier small(uint256 a) {
        require(a < 100, unicode"征信");
        _;
    }

    function view_(uint256 a) external pure small(a) returns (uint256) {
        unchecked { if (a == 1) return 1;a += 1; }
        assert(a > 0);
        return (a > 5 ? a == 6 : a == 2) ? 1 : 0;
    }

    function write(uint256 a) external {
        for (uint256 i = 0; i < a; ++i) if (i > 1 && !(i == 3 || a == 9)) seen += i /* ; */ ; else { seen = i; }
        while (true) { if (seen > 0) break; }
        bool done = seen == 0 || a == 7;
        if (!done) revert();
    }

    function nothing() external {}
}
"""

#: The same with `S` for the probe of a statement and `C(…)` for that of a condition.
PROBED = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

contract Sample {
    uint256 public seen = 1 > 2 ? 3 : 4; // outside of functions: not counted 征信

    constructor(bool odd) { S if (C(odd)) { S seen = 1; } else { S seen = 2; } }

    modifier small(uint256 a) {
        S require(C(a < 100), unicode"征信");
        S _;
    }

    function view_(uint256 a) external pure small(a) returns (uint256) {
        unchecked { S if (C(a == 1)) { S return 1; }S a += 1; }
        S assert(a > 0);
        S return (C(C(a > 5) ? a == 6 : a == 2)) ? 1 : 0;
    }

    function write(uint256 a) external {
        S for (uint256 i = 0; C(i < a); ++i) { S if (C(i > 1) && !(C(i == 3) || C(a == 9))) { S seen += i /* ; */ ; } else { S seen = i; } }
        S while (true) { S if (C(seen > 0)) { S break; } }
        S bool done = C(seen == 0) || C(a == 7);
        S if (!C(done)) { S revert(); }
    }

    function nothing() external {}
}
"""  # noqa: E501


@pytest.fixture(scope="module")
def prober():
    return Prober()


@pytest.fixture(scope="module")
def probed(prober):
    tree = _compiled({"a/Sample.sol": SOURCE}, {"": ["ast"]})["sources"]["a/Sample.sol"]["ast"]
    return prober.probed("a/Sample.sol", SOURCE, tree)


@pytest.fixture(scope="module")
def code(probed):
    texts = {"a/Sample.sol": probed, "Probes.sol": (HERE / "Probes.sol").read_text("utf-8")}
    output = _compiled(texts, {"*": ["evm.bytecode.object"]})
    return "0x" + output["contracts"]["a/Sample.sol"]["Sample"]["evm"]["bytecode"]["object"]


def test_probes_stand_before_statements_and_around_conditions(probed):
    first, rest = probed.split("; ", 1)
    assert first == 'import {Probes} from "../Probes.sol"'
    assert re.sub(r"Probes\.condition\(\d+, ", "C(", re.sub(r"Probes\.statement\(\d+\);", "S", rest)) == PROBED


def test_each_probe_names_its_place(probed, prober):
    conditions = [probe for probe in prober.probes if probe.kind == "true"]
    assert len(conditions) == PROBED.count("C(")
    assert len(prober.probes) == PROBED.count("S ") + 2 * len(conditions)
    assert {(probe.file, probe.line) for probe in conditions if "a == 9" in probe.text} == {("a/Sample.sol", 21)}


def test_a_file_without_functions_stays_as_it_is():
    source = "pragma solidity 0.8.30; interface I { function f() external; }"
    tree = _compiled({"I.sol": source}, {"": ["ast"]})["sources"]["I.sol"]["ast"]
    assert Prober().probed("I.sol", source, tree) == source


def test_anvil_prints_what_transactions_calls_and_reverts_reach(tmp_path, monkeypatch, prober, code):
    monkeypatch.setenv("COVERING_ANVIL", program("anvil"))
    monkeypatch.setenv("COVERING_PRINTED", str(tmp_path))
    monkeypatch.setenv("PATH", f"{HERE}{os.pathsep}{os.environ['PATH']}")
    # Brownie passes --quiet.
    with anvil("--quiet") as node:
        sender = node.ask("eth_accounts")[0]

        def send(**members):
            sent = node.ask("eth_sendTransaction", {"from": sender, "gas": hex(2_000_000), **members})
            # A busy Anvil answers before it has mined.
            while (receipt := node.ask("eth_getTransactionReceipt", sent)) is None:
                time.sleep(0.05)
            return receipt

        contract = send(data=code + encode(["bool"], [True]).hex())["contractAddress"]
        _assert_reached(prober, tmp_path, {7: {"true"}}, "odd")
        call = {"to": contract, "data": _calldata("view_", 6)}
        assert int(node.ask("eth_call", call, "latest"), 16) == 0
        _assert_reached(prober, tmp_path, {17: {"true"}}, "a > 5")
        assert send(to=contract, data=_calldata("write", 2))["status"] == "0x0"
        _assert_reached(prober, tmp_path, {24: {"statement"}}, "revert()")
        assert send(to=contract, data=_calldata("write", 7))["status"] == "0x1"
        _assert_reached(prober, tmp_path, {24: {"false", "true"}}, "done")


def _assert_reached(prober, printed, expected, text):
    """Of what has this text, the tests so far reached exactly `expected` (line → kinds)."""
    found = {}
    for probe, hit in report.reached(prober.probes, printed):
        if hit and probe.text == text:
            found.setdefault(probe.line, set()).add(probe.kind)
    assert found == expected


def _calldata(function, number):
    return "0x" + (keccak(f"{function}(uint256)".encode())[:4] + encode(["uint256"], [number])).hex()


def _compiled(texts, selection):
    return compiling.standard_json(texts, compiling.compiler("npm"), compiling.SETTINGS, selection)
