"""Members files: the one that ships, and every wrong field by name."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from creditchain.catalogue.members import FORMAT, MembersError, load_members, parse_members
from creditchain.catalogue.regions import load_region, load_regions
from creditchain.errors import InputError, UnavailableError
from creditchain.identifiers import division, divisions_of
from creditchain.vocabulary import PUBLISHING, Role


def test_the_yangtze_river_delta_has_26_members_in_12_cities_6_of_them_virtual() -> None:
    members = load_members("yrd")
    assert len(members) == 26
    assert sum(member.host is not None for member in members) == 6
    assert len({member.division for member in members}) == 12
    assert {member.division for member in members} <= {found.code for found in divisions_of("YRD")}
    assert Counter(member.role for member in members).keys() == set(Role)
    assert len({member.profile_digest for member in members}) == 26


def test_members_are_named_by_city_and_role() -> None:
    for member in load_members("yrd"):
        assert member.name_zh.startswith(division(member.division).name_zh.removesuffix("市"))
        assert member.key.endswith(member.key.rsplit("-", 1)[1])
        assert bool(member.domains) == (member.role in PUBLISHING)


def item(**changes: Any) -> dict[str, Any]:
    base = {"key": "a", "name": {"zh": "甲", "en": "A"}, "role": "source", "division": 310000, "domains": ["registry"]}
    return {name: value for name, value in {**base, **changes}.items() if value is not ...}


def content(*members: dict[str, Any]) -> bytes:
    return json.dumps({"format": FORMAT, "region": "YRD", "members": list(members)}).encode()


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ([item(key=...)], "members[0].key"),
        ([item(key="A b")], "members[0].key"),
        ([item(), item()], "members[1].key"),
        ([item(more=1)], "members[0].more"),
        ([item(name="甲")], "members[0].name"),
        ([item(name={"zh": "甲", "en": ""})], "members[0].name.en"),
        ([item(role="bank")], "members[0].role"),
        ([item(division=999999)], "members[0].division"),
        ([item(division="310000")], "members[0].division"),
        ([item(host="b")], "members[0].host"),
        ([item(), item(key="b", host="a"), item(key="c", host="b")], "members[2].host"),
        ([item(domains=["weather"])], "members[0].domains"),
        ([item(domains=["registry", "registry"])], "members[0].domains"),
        ([item(role="institution")], "members[0].domains"),
        ([item(operator="0x12")], "members[0].operator"),
        ([item(until=5)], "members[0].until"),
        ([item(kind="bank")], "members[0].kind"),
        ([item(kind="shop", role="institution", domains=[])], "members[0].kind"),
        ([item(kind=["bank"], role="institution", domains=[])], "members[0].kind"),
        ([item(until=-1, role="institution", domains=[])], "members[0].until"),
    ],
)
def test_a_wrong_field_is_named(members: list[dict[str, Any]], field: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_members(content(*members), "m.json")
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.field) == ("m.json", field)


def test_the_kind_of_an_institution_is_in_its_profile_and_only_there_if_it_is_given() -> None:
    bank = item(role="institution", domains=[], kind="microlender")
    plain = {name: value for name, value in bank.items() if name != "kind"}
    (with_kind,), (without,) = (parse_members(content(one), "m.json") for one in (bank, plain))
    assert with_kind.profile.as_json() == without.profile.as_json() | {"kind": "microlender"}
    assert "kind" not in without.profile.as_json()


@pytest.mark.parametrize("raw", [b"", b"[]", b"[" * 100_000, b'{"format": 1, "format": 2}', content()])
def test_nonsense_is_one_error(raw: bytes) -> None:
    with pytest.raises(MembersError):
        parse_members(raw, "m.json")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_bytes(content(item(), item(key="b", host="a")))
    assert [member.key for member in load_members(str(file))] == ["a", "b"]
    with pytest.raises(UnavailableError, match="cannot be read"):
        load_members(str(tmp_path / "none.json"))


def test_the_profile_digest_does_not_depend_on_what_may_change() -> None:
    one = parse_members(content(item()), "m")[0]
    other = parse_members(content(item(domains=[], operator="0x" + "11" * 20)), "m")[0]
    assert one.profile_digest == other.profile_digest
    assert one.profile_digest != parse_members(content(item(name={"zh": "乙", "en": "A"})), "m")[0].profile_digest


def test_regions(tmp_path: Path) -> None:
    assert list(load_regions()) == ["JJJ", "YRD", "PRD"]
    file = tmp_path / "regions.toml"
    file.write_text('[CYC]\nname_zh = "成渝"\nname_en = "Chengdu–Chongqing"\n')
    assert load_region("CYC", file).name_zh == "成渝"
    assert load_region("YRD", file).code == "YRD"
