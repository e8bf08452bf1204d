"""A contract is read by auditors, a file at a time: each is short enough to be read in one sitting."""

from __future__ import annotations

from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"


def test_contracts_are_short():
    lengths = {
        str(path.relative_to(CONTRACTS)): len(path.read_text("utf-8").splitlines()) for path in CONTRACTS.rglob("*.sol")
    }
    assert "RegionLog.sol" in lengths
    assert {name: lines for name, lines in lengths.items() if lines > 350} == {}
