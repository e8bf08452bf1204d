"""The division table against the one python-stdnum ships (from the same standard), and the project's own needs."""

import pytest
from stdnum import numdb

from creditchain.identifiers import (
    DIVISIONS,
    REGION_PROVINCES,
    DivisionError,
    division,
    divisions_of,
    enclosing_division,
)

# The cities that the figures of the three regions name.
NAMED = {
    310000: "上海", 320100: "南京", 320400: "常州", 320500: "苏州", 320700: "连云港", 320800: "淮安", 321100: "镇江",
    321300: "宿迁", 330100: "杭州", 330200: "宁波", 331000: "台州", 340100: "合肥", 110000: "北京", 120000: "天津",
    130100: "石家庄", 440100: "广州", 440300: "深圳", 440400: "珠海", 440600: "佛山", 441900: "东莞", 350100: "福州",
    350200: "厦门", 710000: "台湾",
}  # fmt: skip


@pytest.mark.parametrize("code", NAMED)
def test_the_named_cities_are_there(code: int) -> None:
    assert division(code).name_zh.startswith(NAMED[code])


def _in_force(county: str) -> str | None:
    """The name in force of an entry such as "[1983-1999]淮阴市,[2000-]淮安市"; None if it has ended."""
    latest = county.split(",")[-1]
    if not latest.startswith("["):
        return latest
    years, name = latest[1:].split("]")
    return name if years.endswith("-") else None


def test_the_table_equals_the_one_of_stdnum() -> None:
    table = numdb.get("cn/loc")
    expected = {}
    for province in {code for codes in REGION_PROVINCES.values() for code in codes}:
        for city in range(100):
            code = province * 10_000 + city * 100
            county = dict(pair for _, info in table.info(str(code)) for pair in info.items()).get("county")
            name = county and _in_force(county)
            if name and name != "市辖区":
                expected[code] = name
    assert {code: entry.name_zh for code, entry in DIVISIONS.items()} == expected


def test_english_names_are_unique() -> None:
    assert len({entry.name_en for entry in DIVISIONS.values()}) == len(DIVISIONS)


def test_codes_ascend_and_fit_the_contract() -> None:
    assert list(DIVISIONS) == sorted(DIVISIONS)
    assert max(DIVISIONS) < 2**24


def test_every_division_belongs_to_one_region() -> None:
    by_region = [entry for region in REGION_PROVINCES for entry in divisions_of(region)]
    assert sorted(entry.code for entry in by_region) == list(DIVISIONS)


@pytest.mark.parametrize(("code", "found"), [(320594, 320500), (310115, 310000), (110105, 110000), (440305, 440300)])
def test_a_county_lies_in_its_city(code: int, found: int) -> None:
    enclosing = enclosing_division(code)
    assert enclosing
    assert enclosing.code == found
    assert enclosing.province == found // 10_000 * 10_000


def test_elsewhere() -> None:
    assert enclosing_division(650100) is None
    with pytest.raises(DivisionError, match="found 650100"):
        division(650100)
    with pytest.raises(DivisionError, match="found XXX"):
        divisions_of("XXX")
