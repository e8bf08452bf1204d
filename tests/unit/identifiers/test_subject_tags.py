import pytest

from creditchain.identifiers import Subject, epoch_digest, parse_subject, subject_tag
from vectors.reading import load

VECTORS = load("identifiers")
KEY = VECTORS["tag_key"]


@pytest.mark.parametrize("case", VECTORS["valid"], ids=lambda case: case["number"])
def test_tags(case: dict) -> None:
    assert subject_tag(KEY, parse_subject(case["scheme"], case["number"])) == case["tag"]


def test_the_epoch_digest() -> None:
    assert epoch_digest(KEY) == VECTORS["epoch_digest"]


def test_scheme_and_number_do_not_run_into_each_other() -> None:
    assert subject_tag(KEY, Subject("AB", "C")) != subject_tag(KEY, Subject("A", "BC"))


def test_another_key_gives_another_tag() -> None:
    subject = Subject("TWUBN", "04595257")
    assert subject_tag(KEY, subject) != subject_tag(bytes(32), subject)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused_and_not_shown(length: int) -> None:
    for call in (lambda key: subject_tag(key, Subject("TWUBN", "04595257")), epoch_digest):
        with pytest.raises(ValueError, match=f"^tag_key must be 32 bytes, not {length}$"):
            call(b"\xab" * length)
