"""The list of queries that loans followed: read from text, stored once; the chain holds its salted digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.consents.errors import TermsError
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.home.loan_lists import keep_list
from creditchain.packages.fields import PackageError
from creditchain.packages.loan_list import Breakdown, LoanList, LoanSum, parse_list, read_queries

ONE, TWO = keccak256(b"1"), keccak256(b"2")


def test_order_and_blank_lines_do_not_matter() -> None:
    assert read_queries(f"\n0x{TWO.hex()}\n {ONE.hex()}  \n") == tuple(sorted((ONE, TWO)))
    assert read_queries("") == ()


@pytest.mark.parametrize("line", ["0x12", "hello", "0x" + "zz" * 32, "0x" + "11" * 33, "11 " * 32])
def test_a_line_that_is_no_request(line: str) -> None:
    with pytest.raises(TermsError) as caught:
        read_queries(f"0x{ONE.hex()}\n{line}\n")
    assert caught.value.place is not None
    assert caught.value.place.line == 2


def test_the_digest_is_over_salt_and_ids() -> None:
    salt = keccak256(b"salt")
    assert LoanList(salt, (ONE, TWO)).digest == keccak256(b"\x06" + salt + ONE + TWO)


PARTS = Breakdown(LoanSum(2, 900), LoanSum(1, 2**127), LoanSum(0, 0))


def test_a_breakdown_is_under_the_digest() -> None:
    salt = keccak256(b"salt")
    amounts = [(2, 900), (1, 2**127), (0, 0)]
    encoded = b"\x01" + b"".join(count.to_bytes(4) + fen.to_bytes(16) for count, fen in amounts)
    listed = LoanList(salt, (ONE, TWO), PARTS)
    assert listed.digest == keccak256(b"\x06" + salt + ONE + TWO + encoded)
    assert parse_list(listed.to_json()) == listed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@2", "@1"),
        ('"900"', "900"),
        ('"900"', '"0900"'),
        ('"900"', '"-1"'),
        ('"900"', '""'),
        (str(2**127), str(2**128)),
        ('"count": 2', '"count": 4294967296'),
        ('"unsecured"', '"secured"'),
    ],
)
def test_a_breakdown_that_is_none(old: str, new: str) -> None:
    raw = LoanList(bytes(32), (ONE,), PARTS).to_json().decode()
    assert old in raw
    with pytest.raises(PackageError):
        parse_list(raw.replace(old, new).encode())


@pytest.mark.parametrize("whole", [LoanSum(1, 2**127), LoanSum(2, 899)])
def test_a_part_is_not_more_than_the_whole(whole: LoanSum) -> None:
    with pytest.raises(TermsError, match="does not fit the whole"):
        PARTS.require_within(whole)
    PARTS.require_within(LoanSum(2, 2**127))
    with pytest.raises(TermsError, match="does not fit the whole"):
        Breakdown(LoanSum(0, 1), LoanSum(0, 0), LoanSum(0, 0)).require_within(LoanSum(5, 5))


def test_another_breakdown_is_not_kept(tmp_path: Path) -> None:
    keep_list(tmp_path / "loans", "list", (ONE,), PARTS)
    for other in (None, Breakdown(LoanSum(0, 0), LoanSum(0, 0), LoanSum(0, 0))):
        with pytest.raises(InputError, match="another breakdown"):
            keep_list(tmp_path / "loans", "list", (ONE,), other)


def test_kept_once(tmp_path: Path) -> None:
    folder = tmp_path / "loans"
    path, kept = folder / "list.json", keep_list(folder, "list", (ONE,))
    assert keep_list(folder, "list", (ONE,)) == kept == parse_list(path.read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(InputError, match="another list"):
        keep_list(folder, "list", (ONE, TWO))
    assert path.read_bytes() == before
