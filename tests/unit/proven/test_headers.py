"""Headers as real nodes gave them hash to what the nodes call their hash; anything else is one clear error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from creditchain.chain.answers import ShapeError
from creditchain.chain.proof_answers import header
from creditchain.proven.errors import HeaderFormError
from creditchain.proven.headers import require_hash_of
from vectors.reading import HERE

RECORDED: dict[str, Any] = json.loads((HERE / "proven" / "recorded.json").read_text("utf-8"))
BLOCKS: list[dict[str, Any]] = RECORDED["headers"]
FIELDS = {"london": 16, "paris": 16, "merge": 16, "shanghai": 17, "cancun": 20, "prague": 21}
#: What a block has besides its header.
BESIDES = {"size", "totalDifficulty", "transactions", "uncles", "withdrawals"}


@pytest.mark.parametrize("recorded", BLOCKS, ids=lambda one: f"{one['node'][:7]}-{one['form']}")
def test_a_header_of_each_form_hashes_to_its_hash(recorded: dict[str, Any]) -> None:
    import rlp

    found = header(recorded["block"], int(recorded["block"]["number"], 16))
    assert "0x" + found.hash.hex() == recorded["block"]["hash"]
    assert len(rlp.decode(found.encode())) == FIELDS[recorded["form"]]
    assert found.timestamp == int(recorded["block"]["timestamp"], 16)


def altered(block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The block with one field of its header altered in one place, dropped, or null."""
    for name, value in block.items():
        if name in BESIDES:
            continue
        yield name, {key: each for key, each in block.items() if key != name}
        yield name, {**block, name: None}
        yield name, {**block, name: value + "01"}
        for place in range(2, len(value)):
            yield name, {**block, name: value[:place] + f"{int(value[place], 16) ^ 1:x}" + value[place + 1 :]}


@pytest.mark.parametrize("recorded", BLOCKS, ids=lambda one: f"{one['node'][:7]}-{one['form']}")
def test_every_altered_field_of_a_header_is_refused(recorded: dict[str, Any]) -> None:
    believed, tried = [], 0
    for name, block in altered(recorded["block"]):
        tried += 1
        try:
            found = header(block)
        except (ShapeError, HeaderFormError):
            continue
        believed.append((name, found))
    assert believed == []
    assert tried > 1000


def test_the_error_names_both_hashes() -> None:
    block = {**BLOCKS[0]["block"], "gasUsed": "0x1"}
    with pytest.raises(HeaderFormError, match="does not hash to the block's hash; expected 0x") as refused:
        header(block)
    assert refused.value.expected == block["hash"]


def test_a_field_of_a_later_fork_without_those_before_it() -> None:
    cancun = next(one["block"] for one in BLOCKS if one["form"] == "cancun")
    without = {name: value for name, value in cancun.items() if name != "withdrawalsRoot"}
    with pytest.raises(HeaderFormError, match="has blob_gas_used but not withdrawals_root"):
        header(without)


def test_another_block_than_the_one_asked_for() -> None:
    block = BLOCKS[0]["block"]
    with pytest.raises(ShapeError, match="expected block 9"):
        header(block, 9)


def test_a_header_that_was_altered_together_with_its_hash_is_not_the_trusted_one() -> None:
    honest = header(BLOCKS[0]["block"])
    forged = {**BLOCKS[0]["block"], "stateRoot": "0x" + "ab" * 32}
    with pytest.raises(HeaderFormError) as refused:
        header(forged)
    believed = header({**forged, "hash": refused.value.found})
    with pytest.raises(HeaderFormError, match="does not hash to the hash that is trusted"):
        require_hash_of(believed, honest.hash, "the hash that is trusted")
