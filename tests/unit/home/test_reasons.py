"""Reasons are stored before anything refers to them, keep one salt for one act, and are private."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from creditchain.home.files import StorageError
from creditchain.home.reasons import ReasonError, keep_reason
from creditchain.messages import salted_digest


def test_the_file_opens_the_digest(tmp_path: Path) -> None:
    reason = keep_reason(tmp_path, "act", "登记有误")
    kept = json.loads(reason.path.read_bytes())
    assert kept["text"] == "登记有误"
    assert salted_digest(bytes.fromhex(kept["salt"][2:]), "登记有误".encode()) == reason.digest
    assert reason.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in reason.path.parent.iterdir()] == [reason.path.name]


def test_the_same_act_again_has_the_same_digest(tmp_path: Path) -> None:
    first = keep_reason(tmp_path, "act", "a")
    assert keep_reason(tmp_path, "act", "a") == first
    assert keep_reason(tmp_path, "another act", "a").digest != first.digest


def test_another_text_for_the_same_act_is_refused(tmp_path: Path) -> None:
    first = keep_reason(tmp_path, "act", "a")
    with pytest.raises(ReasonError):
        keep_reason(tmp_path, "act", "b")
    assert keep_reason(tmp_path, "act", "a") == first


@pytest.mark.parametrize("text", ["", "a\nb", "\x1b[31m", "x" * 4097])
def test_what_is_no_reason(tmp_path: Path, text: str) -> None:
    with pytest.raises(ReasonError):
        keep_reason(tmp_path, "act", text)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"salt": "0x00", "text": "a"}', '{"salt": 1, "text": "a"}'])
def test_a_damaged_file(tmp_path: Path, content: str) -> None:
    keep_reason(tmp_path, "act", "a").path.write_text(content)
    with pytest.raises(ReasonError, match="damaged"):
        keep_reason(tmp_path, "act", "a")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "reasons").write_text("in the way")
    with pytest.raises(StorageError):
        keep_reason(tmp_path / "reasons", "act", "a")


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_its_file_and_folder_are_for_their_owner_alone(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        path = keep_reason(tmp_path / "reasons", "act", "a").path
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_processes_that_keep_a_reason_at_once_agree_on_its_salt(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: keep_reason(tmp_path, "act", "a"), range(32)))
    assert len({reason.digest for reason in kept}) == 1
