"""Times in a journal from a machine whose clock was ahead are not waited for."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from creditchain.chain.outbox import Outbox
from creditchain.chain.outbox_journal import AttemptRow, KeyClaimRow
from creditchain.chain.outbox_signing import CLAIM_SECONDS, _is_void

ELSEWHERE = "process 1 on a-machine-that-is-gone"


@pytest.mark.parametrize(
    ("ahead", "void"),
    [(-1.0, True), (CLAIM_SECONDS - 30, False), (CLAIM_SECONDS + 3600, True), (10 * 365 * 86400, True)],
)
def test_a_claim_of_another_machine_ends_whatever_its_clock_said(ahead: float, void: bool) -> None:
    claim = KeyClaimRow(genesis=bytes(32), sender="0x", token="t", holder=ELSEWHERE, until=time.time() + ahead)  # noqa: S106
    assert _is_void(claim) is void


@pytest.mark.parametrize(("ahead", "stuck"), [(-3600.0, True), (-10.0, False), (86400.0, True)])
def test_a_transaction_dated_in_the_future_is_looked_after(ahead: float, stuck: bool) -> None:
    outbox = SimpleNamespace(chain=SimpleNamespace(network=SimpleNamespace(stuck_seconds=60.0)))
    attempt = AttemptRow(signed_at=0.0, sent_at=time.time() + ahead)
    assert Outbox._stuck(cast(Any, outbox), attempt) is stuck
