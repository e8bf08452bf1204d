"""Step 1: what a package file may be, and that no file at all leads to a wrong verdict or a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verification_world import CATALOGUE, NUMBERS, World, world

from creditchain.errors import CreditchainError
from creditchain.packages.fields import PackageError
from creditchain.packages.record_package import PackageLimits, RecordPackage, parse_package, parse_statement
from creditchain.verification.steps import malformed, verify_record
from creditchain.verification.verdict import Outcome, Status

PDF = "application/pdf"


def judge(raw: bytes, honest: World) -> Status:
    """What `creditchain verify` does with a file's bytes, its evidence being that of the honest package."""
    try:
        package = parse_package(raw)
    except PackageError as error:
        return malformed(error).status
    return verify_record(package, honest.evidence, catalogue=CATALOGUE).status


def as_json() -> dict[str, Any]:
    """The honest package as JSON, to be bent."""
    return json.loads(world().package.to_json())


@pytest.mark.parametrize("media_type", ["application/json", PDF])
def test_a_package_reads_as_it_was_written(media_type: str) -> None:
    package = world(media_type).package
    assert parse_package(package.to_json()) == package
    bare = replace(package, tag=replace(package.tag, statement=None))
    assert parse_package(bare.to_json()) == bare


def test_layout_and_order_of_members_do_not_matter() -> None:
    raw = json.dumps(as_json(), sort_keys=True, separators=(",", ":")).encode()
    assert parse_package(raw) == world().package


def test_a_statement_file() -> None:
    statement = world().package.tag.statement
    assert statement is not None
    assert parse_statement(json.dumps(statement.as_json()).encode()) == statement


def test_a_file_that_does_not_parse_is_not_valid() -> None:
    verdict = malformed(PackageError("too bad"))
    assert verdict.status is Status.NOT_VALID
    assert [step.outcome for step in verdict.steps] == [Outcome.FAILED] + [Outcome.NOT_VERIFIED] * 10


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every object in a JSON value, but for the document's inside."""
    if not isinstance(value, dict) or path == ("record", "content"):
        return []
    return [path, *(found for name, item in value.items() for found in paths(item, (*path, name)))]


def at(value: Any, path: tuple[Any, ...]) -> Any:
    """The object at a path."""
    for name in path:
        value = value[name]
    return value


OBJECTS = paths(as_json())


@pytest.mark.parametrize("path", OBJECTS, ids=str)
def test_extra_fields_are_refused(path: tuple[Any, ...]) -> None:
    for extra in ("note", "Salt", "", "constructor"):
        bent = as_json()
        at(bent, path)[extra] = []
        with pytest.raises(PackageError):
            parse_package(json.dumps(bent).encode())


@pytest.mark.parametrize("path", OBJECTS, ids=str)
def test_missing_fields_are_refused(path: tuple[Any, ...]) -> None:
    for name in at(as_json(), path):
        bent = as_json()
        del at(bent, path)[name]
        with pytest.raises(PackageError):
            parse_package(json.dumps(bent).encode())


@pytest.mark.parametrize("path", OBJECTS, ids=str)
def test_values_of_another_shape_are_refused(path: tuple[Any, ...]) -> None:
    for name in at(as_json(), path):
        for wrong in (True, 1.5, -1, 2**53, "", "0x", "é", [], [[]], {}, {"a": 1}, ["0x00"]):
            if (name, type(wrong)) in (("content", dict), ("proof", list)) and wrong in ([], {}, {"a": 1}):
                continue  # the right shape; later steps judge what it holds
            bent = as_json()
            at(bent, path)[name] = wrong
            with pytest.raises(PackageError) as caught:
                parse_package(json.dumps(bent).encode())
            assert caught.value.place is not None


def test_duplicate_names_are_refused() -> None:
    text = world().package.to_json().decode()
    for line in text.splitlines():
        name, colon, value = line.strip().partition(": ")
        if colon and value.rstrip(",") not in ("{", "["):
            doubled = text.replace(line, f"{line.rstrip(',')},\n{name}: {value}", 1)
            with pytest.raises(PackageError):
                parse_package(doubled.encode())


def test_another_spelling_of_a_digest_is_refused() -> None:
    bent = as_json()
    bent["batch"]["root"] = "0x" + bent["batch"]["root"][2:].upper()
    with pytest.raises(PackageError, match="lower-case"):
        parse_package(json.dumps(bent).encode())


def test_base64_has_one_spelling() -> None:
    bent = json.loads(world(PDF).package.to_json())
    honest = bent["record"]["content_base64"]
    for wrong in (
        honest.rstrip("="),
        honest + "\n",
        " " + honest,
        honest + "====",
        honest[:-1] + ("" if honest[-1] == "=" else "="),
    ):
        bent["record"]["content_base64"] = wrong
        with pytest.raises(PackageError):
            parse_package(json.dumps(bent).encode())


def test_content_stands_where_its_kind_belongs() -> None:
    for bend in (
        lambda record: record.update(content_base64="AA=="),
        lambda record: record.update(media_type=PDF),
        lambda record: record.update(content_base64="AA==", content=None),
        lambda record: record.update(media_type="Application/JSON"),
        lambda record: record.update(media_type="text/plain; charset=utf-8"),
    ):
        bent = as_json()
        bend(bent["record"])
        with pytest.raises(PackageError):
            parse_package(json.dumps(bent).encode())


def test_another_format_or_hash_is_refused() -> None:
    for name, value in (("format", "creditchain/record-package@2"), ("hash", "sha256"), ("hash", "sm3")):
        with pytest.raises(PackageError):
            parse_package(json.dumps({**as_json(), name: value}).encode())


def test_errors_hold_no_values() -> None:
    """An error names a field and a shape, never the value, which may be an identifier or a salt."""
    secret = NUMBERS[0]
    for path in OBJECTS:
        for name in at(as_json(), path):
            bent = as_json()
            at(bent, path)[name] = secret[:-1] + "0"
            at(bent, path)[secret] = secret
            with pytest.raises(PackageError) as caught:
                parse_package(json.dumps(bent).encode())
            assert secret not in str(caught.value)
            assert secret[:-1] not in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000_000,
        b'{"a":' * 20_000_000,
        b"[" * 50_000_000,
        b'{"a":' * 10_000_000 + b"}" * 10_000_000,
        b'{"a":"' + b'\\"' * 20_000_000,
        b"[" + b"[]," * 15_000_000,
        b'{"a":[' + b"1.5," * 12_000_000,
        b'{"a":' + b"9" * 30_000_000 + b"}",
        b" " * 60_000_000,
        b"",
        b"\xff\xfe{}",
        b"null",
        b"\xef\xbb\xbf{}",
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
    ],
    ids=lambda raw: f"{len(raw)} bytes, {raw[:8]!r}",
)
def test_huge_and_broken_files_are_not_valid(raw: bytes) -> None:
    # What takes more than linear time of these would take hours: the time limit of a test ends it.
    assert judge(raw, world()) is Status.NOT_VALID


def test_limits() -> None:
    raw = world().package.to_json()
    with pytest.raises(PackageError, match="too large"):
        parse_package(raw, PackageLimits(package_bytes=len(raw) - 1))
    with pytest.raises(PackageError, match="deep"):
        parse_package(raw, PackageLimits(depth=3))
    with pytest.raises(PackageError):
        parse_package(raw, PackageLimits(path=2))


# Properties: no change to a valid package is valid, unless it means the same.

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a JSON value."""
    inner: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        inner = [found for name, item in value.items() for found in leaves(item, (*path, name))]
    if isinstance(value, list):
        inner = [found for place, item in enumerate(value) for found in leaves(item, (*path, place))]
    return [path, *inner] if path else inner


@pytest.mark.parametrize("media_type", ["application/json", PDF])
@given(data=st.data())
@MANY
def test_a_changed_value_is_never_valid(media_type: str, data: Any) -> None:
    honest = world(media_type)
    bent = json.loads(honest.package.to_json())
    path = data.draw(st.sampled_from(leaves(bent)))
    holder = at(bent, path[:-1])
    change: Callable[[Any], Any] = data.draw(
        st.sampled_from([_replace(data), _nudge, lambda _: None, _swap_last_digit, lambda value: [value]])
    )
    holder[path[-1]] = change(holder[path[-1]])
    _never_wrongly_valid(json.dumps(bent).encode("utf-8", "surrogatepass"), honest)


def _replace(data: Any) -> Callable[[Any], Any]:
    return lambda _: data.draw(JSON_VALUES)


def _nudge(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value


def _swap_last_digit(value: Any) -> Any:
    return value[:-1] + ("0" if value[-1] != "0" else "1") if isinstance(value, str) and value else value


@pytest.mark.parametrize("media_type", ["application/json", PDF])
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), kind=st.sampled_from(["set", "insert", "delete", "cut"]))
@MANY
def test_changed_bytes_are_never_valid(media_type: str, place: int, byte: int, kind: str) -> None:
    honest = world(media_type)
    raw = bytearray(honest.package.to_json())
    place %= len(raw)
    if kind == "set":
        raw[place] = byte
    elif kind == "insert":
        raw.insert(place, byte)
    elif kind == "delete":
        del raw[place]
    else:
        del raw[place:]
    _never_wrongly_valid(bytes(raw), honest)


def _never_wrongly_valid(raw: bytes, honest: World) -> None:
    package: RecordPackage | None = None
    with suppress(CreditchainError):
        package = parse_package(raw)
    status = judge(raw, honest)
    if package is not None:  # where to look for the entry decides nothing
        package = replace(package, batch=replace(package.batch, block=honest.package.batch.block))
    assert (status is Status.VALID) == (package == honest.package)
