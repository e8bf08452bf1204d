"""Fixtures of the contract tests. Brownie runs them (`brownie test`); plain pytest passes over this folder.

pytest-randomly shuffles them too: modules, and the tests of each; Brownie gives each module to one worker as a whole.
"""

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from web3.eth import Eth
from web3.exceptions import TransactionNotFound

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "vectors"), str(Path(__file__).resolve().parents[1])]

from ports import reserved_port  # noqa: E402
from skips import pytest_make_collect_report, pytest_runtest_makereport  # noqa: E402, F401 - hooks

#: The port of a chain that runs already and that the tests may use, if set; else Brownie starts one of its own.
PORT = "CREDITCHAIN_TEST_PORT"

#: Holds the port until this process ends.
_ports = ExitStack()

_ask_receipt = Eth.get_transaction_receipt


def _patient_receipt(self, transaction_hash):
    """The receipt, asked for again for a moment: a node may count a nonce as used just before it has the receipt, and
    Brownie would take that for a dropped transaction."""
    for _ in range(100):
        try:
            return _ask_receipt(self, transaction_hash)
        except TransactionNotFound:
            time.sleep(0.01)
    return _ask_receipt(self, transaction_hash)


Eth.get_transaction_receipt = _patient_receipt


def pytest_ignore_collect(config):
    return None if config.pluginmanager.hasplugin("brownie-core") else True


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Give Brownie's Anvil a port of its own: it would take whatever chain answers on the usual one for its own."""
    if config.pluginmanager.hasplugin("brownie-core"):
        from brownie._config import CONFIG

        for network in CONFIG.networks.values():
            if network.get("cmd") == "anvil":
                network["cmd_settings"]["port"] = int(os.environ.get(PORT, 0)) or _ports.enter_context(reserved_port())
                network["timeout"] = 300


@pytest.fixture(scope="module", autouse=True)
def _module(module_isolation):
    """Every module starts from a fresh chain."""


@pytest.fixture(autouse=True)
def _function(fn_isolation):
    """Every test starts from what its module's fixtures made."""


@pytest.fixture(scope="module")
def region(_module):
    """One region with a member of each role; see `world.Region`."""
    from world import found_region

    return found_region()
