"""How commands name a batch: by its root, the first digits of its root, or its folder."""

from __future__ import annotations

from pathlib import Path

from creditchain.cli.settings import Settings
from creditchain.errors import InputError


def batch_path(chosen: Settings, batch: str) -> Path:
    """The folder that an option names. Raises InputError where it names none, or more than one."""
    from creditchain.home.layout import Home

    if Path(batch).is_dir():
        return Path(batch).resolve()
    digits = batch.removeprefix("0x").lower()
    regions = Home(chosen.home).known_regions().values()
    found = [path for region in regions for path in region.batches.glob(f"{digits}*")] if digits.isalnum() else []
    found = [path for path in found if path.is_dir()]
    if len(found) != 1:
        raise InputError(
            "no batch of this root in the home folder" if not found else "more than one batch begins like this",
            expected="a root, as `creditchain batch list` shows them, or a folder",
            found=batch if not found else f"{len(found)} batches",
        )
    return found[0]
