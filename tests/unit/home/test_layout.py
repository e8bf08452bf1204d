"""One place knows the layout; regions never share a folder; reading makes no home."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.errors import ConfigError, ExitCode
from creditchain.home.layout import Home


@pytest.mark.parametrize("make", [False, True])
def test_reading_says_that_there_is_no_home_and_makes_none(tmp_path: Path, make: bool):
    place = tmp_path / "home"
    if make:
        place.mkdir()
        (place / "something").write_bytes(b"else")
    with pytest.raises(ConfigError, match=r"no home here.*--home") as raised:
        Home.existing(place)
    assert raised.value.exit_code == ExitCode.BAD_INPUT
    assert str(place) in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == (["home"] if make else [])


def test_a_made_home_is_private_and_then_exists(tmp_path: Path):
    home = Home.made(tmp_path / "above" / "home")
    assert home.path.stat().st_mode & 0o777 == 0o700
    home.keys.mkdir()
    assert Home.existing(home.path) == Home.made(home.path) == home


def test_regions_share_no_folder(tmp_path: Path):
    home = Home(tmp_path)
    one, other = home.region(b"\x01" * 32), home.region(b"\x02" * 32)
    names = ("batches", "books", "index", "secrets", "audited", "reasons", "loans")
    folders = {getattr(region, name) for region in (one, other) for name in names}
    assert len(folders) == 2 * len(names)
    assert [path.name for path in tmp_path.iterdir()] == []
    one.batches.mkdir(parents=True)
    (home.regions / "not a log id").mkdir()
    assert home.known_regions() == {b"\x01" * 32: one}


def test_a_log_id_has_32_bytes(tmp_path: Path):
    with pytest.raises(ValueError, match="32 bytes"):
        Home(tmp_path).region(b"short")
