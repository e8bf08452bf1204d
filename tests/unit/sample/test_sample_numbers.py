"""Synthetic numbers: right check digits by the parsers' judgement, none twice, another set for another seed."""

from __future__ import annotations

import numpy as np
import pytest
import stdnum.tw.ubn

from creditchain.identifiers import REGION_PROVINCES, IdentifierError, parse_twubn, parse_uscc
from creditchain.sample.draws import Draws, Words, mix
from creditchain.sample.names import uscc
from creditchain.sample.numbers import DIVISION_CODES, MAX_TWUBN, MAX_USCC, twubn_rows
from creditchain.sample.population import Firms

COUNT = 3000
SPREAD = np.unique(np.concatenate([np.arange(COUNT), np.linspace(0, MAX_USCC - 1, COUNT).astype(int)])).astype(
    np.uint64
)


def usccs(seed: int, ordinals: Words) -> list[str]:
    firms = Firms(ordinals, np.zeros(len(ordinals), np.bool_), 20_634, Draws(seed))
    return texts(uscc(firms))


def texts(rows: np.ndarray) -> list[str]:
    return [bytes(row).decode("ascii") for row in rows]


@pytest.mark.parametrize("seed", [0, 1, 2**62])
def test_usccs_are_valid_and_differ(seed: int) -> None:
    found = usccs(seed, SPREAD)
    for number in found:
        assert parse_uscc(number).number == number
        assert int(number[2:8]) in DIVISION_CODES
        assert number[8:10] == "YX"
    assert len(set(found)) == len(found)


def test_usccs_come_from_all_provinces_of_the_regions() -> None:
    provinces = {int(number[2:4]) for number in usccs(0, SPREAD)}
    assert provinces == {code for codes in REGION_PROVINCES.values() for code in codes} - {71}


@pytest.mark.parametrize("seed", [0, 1, 2**62])
def test_taiwan_numbers_are_valid_and_differ(seed: int) -> None:
    ordinals = np.unique(np.concatenate([np.arange(COUNT), np.linspace(0, MAX_TWUBN - 1, COUNT).astype(int)]))
    found = texts(twubn_rows(Draws(seed), ordinals.astype(np.uint64)))
    for number in found:
        assert parse_twubn(number).number == number
    assert len(set(found)) == len(found)


def test_taiwan_numbers_use_what_the_rule_of_2023_added() -> None:
    found = texts(twubn_rows(Draws(0), np.arange(COUNT, dtype=np.uint64)))
    old = sum(stdnum.tw.ubn.is_valid(number) for number in found)
    assert 0.4 * COUNT < old < 0.7 * COUNT


def test_one_wrong_character_is_noticed() -> None:
    for number in usccs(0, np.arange(30, dtype=np.uint64)):
        for place in range(18):
            wrong = number[:place] + ("1" if number[place] != "1" else "2") + number[place + 1 :]
            with pytest.raises(IdentifierError):
                parse_uscc(wrong)


def test_another_seed_gives_other_enterprises() -> None:
    ordinals = np.arange(COUNT, dtype=np.uint64)
    assert not set(usccs(1, ordinals)) & set(usccs(2, ordinals))


def test_draws_are_splitmix64_and_even() -> None:
    # The published first outputs of splitmix64 for the seed 1234567.
    states = np.array([1234567 + 0x9E3779B97F4A7C15 * n & (1 << 64) - 1 for n in (1, 2, 3)], np.uint64)
    assert mix(states).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    below = Draws(7).below("label", np.arange(100_000, dtype=np.uint64), 10)
    assert abs(np.bincount(below.astype(int), minlength=10) - 10_000).max() < 500
