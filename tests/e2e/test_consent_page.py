"""Every command in docs/consent.md runs unchanged, in its order."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from consent_world import MNEMONIC, NUMBER, World, make_consent_world, world_at
from forking import Shell
from region_world import TAG_KEY, Place

PAGE = Path(__file__).parents[2] / "docs" / "consent.md"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A region with records about the enterprise, and the files that the page assumes."""
    place = Place("embedded", tmp_path / "world")
    place.folder.mkdir()
    make_consent_world(place)
    with world_at(place, "made-") as made:
        made.publish()
        records = place.folder / "records"
        records.mkdir()
        root = next(path.name for path in sorted((place.folder / "home").rglob("batches/*")) if path.is_dir())
        made.commands.done(
            "prove", "--batch", root, "--number", NUMBER, "--tag-key", "env:REGION_KEY", "-o", str(records)
        )
    (place.folder / "words.txt").write_text(MNEMONIC, encoding="utf-8")
    (place.folder / "queries.txt").write_text("", encoding="utf-8")
    (place.folder / "policy.toml").write_text(
        'format = "creditchain/policy@1"\ninstitution = 4\n[completeness]\nlag_seconds = 0\n', encoding="utf-8"
    )
    shutil.copy(sorted((place.folder / "records").iterdir())[0], place.folder / "record.json")
    return made


def test_the_commands_of_the_page(forked_shell: Shell, world: World) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 5
    printed = forked_shell(
        blocks,
        world.folder,
        CREDITCHAIN_HOME=str(world.folder / "home"),
        CREDITCHAIN_DEPLOYMENTS=str(world.folder / "deployments"),
        REGION_KEY=TAG_KEY.hex(),
    )
    for said in ("VALID  有效", "已计量", "已撤销", "维持原记录"):
        assert said in printed
