"""The file in which a verifier pins the signers of a region."""

from __future__ import annotations

import json

import pytest

from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.signers import parse_signers, signers_file
from creditchain.errors import ConfigError
from creditchain.packages.fields import PackageError

ADDRESSES = ("0x5FbDB2315678afecb367f032d93F642f64180aa3", "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512")
PINNED = PinnedSigners(b"\x11" * 32, 7, frozenset(ADDRESSES), 2)


def changed(**changes: object) -> bytes:
    return json.dumps({**json.loads(signers_file(PINNED)), **changes}).encode()


def test_what_is_written_is_read() -> None:
    assert parse_signers(signers_file(PINNED)) == PINNED


@pytest.mark.parametrize(
    "signers",
    [
        [ADDRESSES[1].lower(), ADDRESSES[0].lower()],
        [ADDRESSES[0].lower(), ADDRESSES[0].lower()],
        list(ADDRESSES),
        ["0x12"],
        "0x12",
    ],
)
def test_signers_that_are_not_taken(signers: object) -> None:
    with pytest.raises(PackageError) as refused:
        parse_signers(changed(signers=signers))
    assert refused.value.place is not None
    assert str(refused.value.place.field).startswith("signers")


@pytest.mark.parametrize(("name", "value"), [("epoch", 0), ("epoch", 2**32), ("threshold", 0), ("log_id", "0x11")])
def test_values_that_are_not_taken(name: str, value: object) -> None:
    with pytest.raises(PackageError) as refused:
        parse_signers(changed(**{name: value}))
    assert refused.value.place is not None
    assert refused.value.place.field == name


@pytest.mark.parametrize("change", [{"threshold": 3}, {"signers": []}])
def test_sets_that_cannot_sign(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        parse_signers(changed(**change))
