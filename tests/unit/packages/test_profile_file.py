"""Profiles of members: their digests are on chain, so one spelling counts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from creditchain.packages.encrypted import public_key
from creditchain.packages.fields import PackageError
from creditchain.packages.profile_file import Profile, parse_profile
from creditchain.vocabulary import Role

BANK = Profile("YRD", "bank", "示例银行", "Example Bank", Role.INSTITUTION, 320100)
KEYED = replace(BANK, kind="lessor", delivery_key=public_key(bytes(range(32))))


@pytest.mark.parametrize("profile", [BANK, KEYED])
def test_what_is_written_is_read(profile: Profile) -> None:
    assert parse_profile(profile.to_json()) == profile
    assert parse_profile(json.dumps(profile.as_json(), indent=2).encode()).digest == profile.digest


def test_a_key_changes_the_digest_and_not_the_identity() -> None:
    assert "delivery_key" not in BANK.as_json()
    assert KEYED.digest != BANK.digest
    assert replace(BANK, kind="lessor").digest == KEYED.identity
    assert KEYED.identity != BANK.identity == BANK.digest


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"format": "creditchain/profile@2"}, "format"),
        ({"region": ""}, "region"),
        ({"name": {"zh": "", "en": "A"}}, "name.zh"),
        ({"name": {"zh": "甲"}}, "name.en"),
        ({"role": "bank"}, "role"),
        ({"division": 1_000_000}, "division"),
        ({"kind": "shop"}, "kind"),
        ({"delivery_key": None}, "delivery_key"),
        ({"delivery_key": "age1abc"}, "delivery_key"),
        ({"more": 1}, "(the whole file)"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(PackageError) as caught:
        parse_profile(json.dumps(BANK.as_json() | changes).encode())
    assert caught.value.place is not None
    assert caught.value.place.field == field
