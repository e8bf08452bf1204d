"""The list of queries that loans followed: read from text, stored once; the chain holds its salted digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.consents.errors import TermsError
from creditchain.errors import InputError
from creditchain.hashing import keccak256
from creditchain.home.loan_lists import keep_list
from creditchain.packages.loan_list import LoanList, parse_list, read_queries

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


def test_kept_once(tmp_path: Path) -> None:
    folder = tmp_path / "loans"
    path, kept = folder / "list.json", keep_list(folder, "list", (ONE,))
    assert keep_list(folder, "list", (ONE,)) == kept == parse_list(path.read_bytes())
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(InputError, match="another list"):
        keep_list(folder, "list", (ONE, TWO))
    assert path.read_bytes() == before
