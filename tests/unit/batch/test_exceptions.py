"""Registered numbers that fail their check: every way of accepting lets in those that a region lists, and no others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from making import RULES, SEALS, document, lines, made, number, write_csv, write_parquet

from creditchain.batch.errors import UploadError
from creditchain.batch.folder.opened import open_batch
from creditchain.catalogue.regions import FILE_VARIABLE, number_exceptions
from creditchain.documents import parse_document
from creditchain.errors import ConfigError
from creditchain.hashing import keccak256
from creditchain.identifiers import IdentifierError, exception_digest, parse_subject, subject_tag, well_formed_subject


def wrong(enterprise: int) -> str:
    """A number of the right form whose last character is not the one that the check gives."""
    right = number(enterprise)
    return right[:-1] + ("0" if right[-1] != "0" else "1")


LISTED, OTHER = wrong(1), wrong(2)
EXCEPTED = replace(RULES, exceptions=frozenset({exception_digest(well_formed_subject("USCC", LISTED))}))


def about(numbers: list[str]) -> list[dict[str, object]]:
    return [{**document(record), "subject": {"scheme": "USCC", "number": each}} for record, each in enumerate(numbers)]


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_listed_number_is_let_in_by_every_way(form: str, tmp_path: Path) -> None:
    path, values = tmp_path / f"u.{form}", about([number(5), LISTED, number(6)])
    write = {"csv": write_csv, "parquet": write_parquet}
    if form == "jsonl":
        path.write_bytes(lines(values))
    else:
        write[form](path, values)
    done = made(path, tmp_path / "b", rules=EXCEPTED)
    assert done.size == 3
    with open_batch(done.path) as opened:
        listed = subject_tag(SEALS.tag_key, well_formed_subject("USCC", LISTED))
        assert listed in {leaf.tag for leaf in opened.leaves}
    with pytest.raises(UploadError, match="fails") as refused:
        made(path, tmp_path / "c", rules=RULES)
    assert refused.value.place is not None
    assert refused.value.place.field == "subject.number"


def test_every_other_number_that_fails_stays_refused(tmp_path: Path) -> None:
    path = tmp_path / "u.jsonl"
    path.write_bytes(lines(about([LISTED, OTHER])))
    with pytest.raises(UploadError, match="fails") as refused:
        made(path, tmp_path / "b", rules=EXCEPTED)
    assert refused.value.place is not None
    assert refused.value.place.line == 2
    assert OTHER not in str(refused.value)


def test_whoever_reads_a_document_judges_the_form_alone() -> None:
    assert parse_document(json.dumps(about([LISTED])[0]).encode()).subject.number == LISTED
    with pytest.raises(IdentifierError):
        parse_document(json.dumps(about([LISTED[:-1]])[0]).encode())


def test_a_taiwan_number_by_its_digest() -> None:
    listed = frozenset({keccak256(b"TWUBN\x0012345678")})
    with pytest.raises(IdentifierError):
        parse_subject("TWUBN", "12345678")
    assert parse_subject("TWUBN", "12345678", listed).number == "12345678"
    with pytest.raises(IdentifierError):
        parse_subject("TWUBN", "12345679", listed)


def test_a_region_file_lists_them(tmp_path: Path) -> None:
    digest = exception_digest(well_formed_subject("USCC", LISTED))
    path = tmp_path / "regions.toml"
    path.write_text(f'[FJ]\nname_zh = "福建"\nname_en = "Fujian"\nnumber_exceptions = ["0x{digest.hex()}"]\n')
    assert number_exceptions({FILE_VARIABLE: str(path)}) == {digest}
    assert number_exceptions({}) == frozenset()
    path.write_text(f'[FJ]\nname_zh = "福建"\nname_en = "Fujian"\nnumber_exceptions = ["{LISTED}"]\n')
    with pytest.raises(ConfigError, match="wrong value") as refused:
        number_exceptions({FILE_VARIABLE: str(path)})
    assert LISTED not in str(refused.value)
