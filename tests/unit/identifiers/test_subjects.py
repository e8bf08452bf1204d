"""USCC and Taiwan business numbers: identifiers.json, every single mistake, and what must not show."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc
from stdnum.tw import ubn as stdnum_ubn

from creditchain.identifiers import IdentifierError, Subject, parse_subject, parse_twubn, parse_uscc
from creditchain.identifiers.subjects import organisation_check
from vectors.reading import load

VECTORS = load("identifiers")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
GOOD = "9144030071526726XG"


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["number"])
def test_valid_numbers(case: dict) -> None:
    assert parse_subject(case["scheme"], case["number"]) == Subject(case["scheme"], case["number"])


@pytest.mark.parametrize("case", VECTORS["invalid"], ids=lambda case: f"{case['scheme']} {case['fault']}")
def test_invalid_numbers_are_refused_without_showing_them(case: dict) -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_subject(case["scheme"], case["number"])
    if case["number"]:
        assert case["number"] not in str(caught.value)


@pytest.mark.parametrize("place", range(18))
def test_every_other_character_in_every_place_is_refused(place: int) -> None:
    # 17 weights are units mod 31, so the last check alone catches each single mistake.
    for other in set(ALPHABET) - {GOOD[place]}:
        with pytest.raises(IdentifierError):
            parse_uscc(GOOD[:place] + other + GOOD[place + 1 :])


def test_the_inner_check_is_asked_though_the_outer_one_holds() -> None:
    body = "91440300715267260"
    number = body + stdnum_uscc.calc_check_digit(body)
    assert stdnum_uscc.is_valid(number)
    with pytest.raises(IdentifierError, match="place 17"):
        parse_uscc(number)


@given(st.text(ALPHABET, min_size=8, max_size=8), st.from_regex(r"\A9[1-3][0-9]{6}\Z"))
@settings(deadline=None)
def test_whatever_has_both_checks_is_accepted_here_and_by_stdnum(organisation: str, start: str) -> None:
    body = start + organisation + organisation_check(organisation)
    number = body + stdnum_uscc.calc_check_digit(body)
    assert parse_uscc(number).number == stdnum_uscc.validate(number)


@given(st.from_regex(r"\A[0-9]{8}\Z"))
@settings(deadline=None)
def test_every_business_number_of_the_older_rule_stays_valid(number: str) -> None:
    if stdnum_ubn.is_valid(number):
        assert parse_twubn(number).number == number


def test_the_rule_of_2023_accepts_more_than_the_older_one() -> None:
    accepted = [f"{n:08}" for n in range(10_000_000, 10_010_000) if _accepted(f"{n:08}")]
    older = [number for number in accepted if stdnum_ubn.is_valid(number)]
    # Divisible by 5 instead of 10; a 7 in place 7 has two ways.
    assert len(accepted) == 2 * len(older) == 2200


def _accepted(number: str) -> bool:
    try:
        parse_twubn(number)
    except IdentifierError:
        return False
    return True


def test_an_unknown_scheme_is_refused_and_not_quoted() -> None:
    with pytest.raises(IdentifierError) as caught:
        parse_subject(GOOD, GOOD)
    assert GOOD not in str(caught.value)
    assert caught.value.place
    assert caught.value.place.field == "scheme"


def test_a_subject_does_not_show_its_number() -> None:
    assert GOOD not in repr(parse_uscc(GOOD))
    assert GOOD not in str(parse_uscc(GOOD))
