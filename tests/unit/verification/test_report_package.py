"""Report packages are parsed strictly, and every change to one is noticed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from report_world import POWER, REGISTRY, SUBJECT, TAX, Region
from verification_world import world

from creditchain.log.facts import EntryPlace
from creditchain.merkle import inclusion_path
from creditchain.packages.fields import PackageError
from creditchain.packages.record_package import PackageLimits, RecordPackage
from creditchain.packages.report_package import LeafOrigin, ReportPackage, parse_any, parse_report_package
from creditchain.verification.verdict import Status

Path = tuple[str | int, ...]


@cache
def made() -> tuple[Region, ReportPackage]:
    """A small honest report."""
    here = Region()
    here.publish(REGISTRY, "registry-basic/1", [(SUBJECT, "2024-06-30", "")])
    here.publish(POWER, "power-usage/1", [(SUBJECT, "2024-06-30", "")], epoch=2)
    here.publish(TAX, "tax-payment/1", [])
    here.audit_book(REGISTRY, 1)
    package = here.assemble().package
    batch = here.batches[next(key for key in here.batches if key[0] == REGISTRY)]
    leaf = next(one for one in package.ranges if one.node == REGISTRY).proof.leaves[0]
    index = batch.leaves.index(leaf)
    anchor = here.anchors[REGISTRY, batch.manifest.root]
    place, proof = EntryPlace(anchor.entry, anchor.block), tuple(inclusion_path(batch.tree, index))
    # Nothing needs this origin; a verifier that is shown one more is none the worse.
    package = replace(package, origins=(LeafOrigin(REGISTRY, leaf.hash(), place, index, proof),))
    return here, here.deliver(package, here.consents())


def plain() -> dict[str, Any]:
    return deepcopy(json.loads(made()[1].to_json()))


def parsed(value: object) -> ReportPackage:
    return parse_report_package(json.dumps(value).encode())


def places(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every value inside, with its path, but what documents hold."""
    inner = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for name, item in inner:
        if name != "content":
            yield (*path, name), item
            yield from places(item, (*path, name))


def put(value: Any, path: Path, new: object) -> Any:
    inside = value
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = new
    return value


PLACES = list(places(plain()))


def shown(path: Path) -> str:
    return ".".join(map(str, path))


def test_both_kinds_are_told_apart() -> None:
    assert isinstance(parse_any(made()[1].to_json()), ReportPackage)
    assert isinstance(parse_any(world().package.to_json()), RecordPackage)
    for raw in (b"{}", b'{"format": 1}', b'{"format": "creditchain/report-package@2"}', b"[]", b""):
        with pytest.raises(PackageError):
            parse_any(raw)


@pytest.mark.parametrize("path", [path for path, _ in PLACES if path[:2] != ("reads", "entries")], ids=shown)
def test_a_value_of_another_shape_is_one_error(path: Path) -> None:
    nullable = path in {("consent",), ("delivery",)} or path[-1] in {"left", "right", "statement", "broker_signature"}
    for wrong in ({"x": 1}, [[]], True, -1, "0x", "\u0000", 10**18, *(() if nullable else (None,))):
        with pytest.raises(PackageError):
            parsed(put(plain(), path, wrong))


@pytest.mark.parametrize("path", [path for path, value in PLACES if isinstance(value, dict)] + [()], ids=shown)
def test_nothing_missing_nothing_more(path: Path) -> None:
    def inside(value: Any) -> Any:
        for name in path:
            value = value[name]
        return value

    whole = plain()
    inside(whole)["more"] = 1
    with pytest.raises(PackageError):
        parsed(whole)
    for name in list(inside(plain())):
        whole = plain()
        del inside(whole)[name]
        with pytest.raises(PackageError):
            parsed(whole)


@pytest.mark.parametrize(
    "bend",
    [
        lambda value: value["tags"].append(value["tags"][0]),
        lambda value: value["records"].append(value["records"][0]),
        lambda value: value["ranges"].append(value["ranges"][0]),
        lambda value: value["tags"].pop(),
        lambda value: value["records"].extend([value["records"][0]] * 2000),
        lambda value: value["origins"][0].update(proof=base64.b64encode(bytes(65 * 32)).decode()),
        lambda value: value["origins"].append(value["origins"][0]),
        lambda value: value["records"][0].update(range=len(value["ranges"])),
        lambda value: value["ranges"][0].update(sections=["operating", "basic"]),
        lambda value: value["ranges"][0].update(sections=["basic"]),
        lambda value: value["reads"]["entries"].append([1]),
        lambda value: value["reads"]["entries"].append([1, -1]),
        lambda value: value["reads"].update(entries={}),
        lambda value: value.update(ranges=[]),
        lambda value: value["delivery"].update(request_signature="0x" + "00" * 4097),
    ],
    ids=[
        *("tag twice", "record twice", "range twice", "tag missing", "too many", "path too long", "origin twice"),
        *(
            "no such range",
            "sections descend",
            "one section",
            "half an entry",
            "a block below 0",
            "no list",
            "no ranges",
            "signature too long",
        ),
    ],
)
def test_what_stands_twice_or_too_often(bend: Callable[[dict[str, Any]], object]) -> None:
    value = plain()
    bend(value)
    with pytest.raises(PackageError):
        parsed(value)


def test_limits_come_before_reading() -> None:
    raw = made()[1].to_json()
    for limits in (PackageLimits(package_bytes=len(raw) - 1), PackageLimits(values=20), PackageLimits(depth=3)):
        with pytest.raises(PackageError):
            parse_report_package(raw, limits)


#: What only says where to look, or excuses a leaf that is shown anyway.
HINTS = {"reads", "origins"}


def changed(value: object) -> object:
    """Another value of the same shape."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value.startswith("0x"):
        return value[:-1] + ("1" if value[-1] == "0" else "0")
    return None


@pytest.mark.parametrize(
    "path",
    [path for path, value in PLACES if changed(value) is not None and path[0] not in HINTS and path[-1] != "block"],
    ids=shown,
)
def test_nothing_can_change_unseen(path: Path) -> None:
    here, _ = made()
    value = next(value for place, value in PLACES if place == path)
    try:
        package = parsed(put(plain(), path, changed(value)))
    except PackageError:
        return
    assert here.verify(package).status is not Status.VALID


def test_the_small_report_is_valid() -> None:
    here, package = made()
    assert here.verify(package).status is Status.VALID
