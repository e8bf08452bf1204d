"""Options about facts that would count for nothing are errors, and files of another kind are called that."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditchain.checkpoints.facts import REGION_FACTS_FORMAT, parse_region_facts
from creditchain.checkpoints.file import CHECKPOINT_FORMAT, parse_checkpoint
from creditchain.checkpoints.signers import parse_signers
from creditchain.cli.facts_options import require_checkpoint, signed_alone
from creditchain.errors import UsageError
from creditchain.log.facts import Basis
from creditchain.packages.fields import PackageError

FILE, RPC = Path("a file"), ["http://127.0.0.1:1"]


@pytest.mark.parametrize("basis", [None, Basis.SIGNED])
def test_signers_alone_need_nobody(basis: Basis | None) -> None:
    assert signed_alone(basis, None, FILE, FILE, None)


@pytest.mark.parametrize("basis", [None, Basis.TOLD, Basis.AGREED, Basis.PROVEN])
def test_without_signers_somebody_is_asked(basis: Basis | None) -> None:
    assert not signed_alone(basis, None, None, None, RPC)


def test_a_checkpoint_is_for_proofs() -> None:
    assert not signed_alone(Basis.PROVEN, FILE, FILE, None, RPC)


@pytest.mark.parametrize(
    ("basis", "checkpoint", "signers", "region_facts", "rpc", "message"),
    [
        (Basis.SIGNED, None, None, None, None, "signed facts are worth what their signers are"),
        (None, None, None, FILE, None, "--region-facts counts for signed facts only"),
        (Basis.PROVEN, FILE, FILE, FILE, None, "--region-facts counts for signed facts only"),
        (None, None, FILE, None, RPC, "no endpoint is asked about signed facts"),
        (Basis.TOLD, None, FILE, None, None, "--signers counts for signed and proven facts only"),
        (Basis.PROVEN, None, FILE, None, RPC, "--signers counts for signed and proven facts only"),
    ],
)
def test_what_would_count_for_nothing(
    basis: Basis | None,
    checkpoint: Path | None,
    signers: Path | None,
    region_facts: Path | None,
    rpc: list[str] | None,
    message: str,
) -> None:
    with pytest.raises(UsageError, match=message) as error:
        signed_alone(basis, checkpoint, signers, region_facts, rpc)
    assert error.value.hint


def test_facts_of_a_region_are_about_a_checkpoint() -> None:
    require_checkpoint(FILE, FILE)
    require_checkpoint(None, None)
    with pytest.raises(UsageError, match="about a checkpoint"):
        require_checkpoint(None, FILE)


@pytest.mark.parametrize("parse", [parse_checkpoint, parse_signers, parse_region_facts])
@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'{"format": "creditchain/consent@1"}', "creditchain/consent@1"),
        (b'{"format": "91310000MA1K35N82X"}', "something else"),
        (b"{}", "no format"),
    ],
)
def test_a_file_of_another_kind(parse, raw: bytes, found: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PackageError, match="of another kind") as error:
        parse(raw)
    assert error.value.found == found
    assert error.value.place is not None
    assert error.value.place.field == "format"


def test_what_is_expected_is_named() -> None:
    for parse, name in ((parse_checkpoint, CHECKPOINT_FORMAT), (parse_region_facts, REGION_FACTS_FORMAT)):
        with pytest.raises(PackageError) as error:
            parse(b"{}")
        assert error.value.expected == name
