"""Headers as real nodes gave them hash to what the nodes call their hash; anything else is one clear error."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from creditchain.chain import answers
from creditchain.chain.answers import ShapeError
from creditchain.chain.proof_answers import header
from creditchain.proven.errors import HeaderFormError
from creditchain.proven.headers import BlockHeader, require_hash_of
from header_lies import HEADER, READ, Block, HeaderLie, header_lies
from vectors.reading import HERE

RECORDED: dict[str, Any] = json.loads((HERE / "proven" / "recorded.json").read_text("utf-8"))
BLOCKS: list[dict[str, Any]] = RECORDED["headers"]
FIELDS = {"london": 16, "paris": 16, "merge": 16, "shanghai": 17, "cancun": 20, "prague": 21}
#: What a block has besides its header.
BESIDES = {"size", "totalDifficulty", "transactions", "uncles", "withdrawals"}


OF_EACH_FORM = pytest.mark.parametrize("recorded", BLOCKS, ids=lambda one: f"{one['node'][:7]}-{one['form']}")


@OF_EACH_FORM
def test_a_header_of_each_form_hashes_to_its_hash(recorded: dict[str, Any]) -> None:
    import rlp

    found = header(recorded["block"], int(recorded["block"]["number"], 16))
    assert "0x" + found.hash.hex() == recorded["block"]["hash"]
    assert len(rlp.decode(found.encode())) == FIELDS[recorded["form"]]
    assert found.timestamp == int(recorded["block"]["timestamp"], 16)


def believed(lies: Iterable[HeaderLie], trusted: Block) -> list[tuple[str, BlockHeader]]:
    """The lies that are taken for the block whose hash is trusted, with the header that they give."""
    found = []
    for lie in lies:
        with suppress(ShapeError, HeaderFormError):
            read = header(lie.block)
            require_hash_of(read, bytes.fromhex(trusted["hash"][2:]))
            found.append((str(lie), read))
    return found


def altered_digits(block: Block) -> Iterator[HeaderLie]:
    """Each digit of each field altered."""
    for name in [name for name in HEADER if name in block]:
        text = block[name]
        for place in range(2, len(text)):
            digit = f"{int(text[place], 16) ^ 1:x}"
            yield HeaderLie(name, f"digit {place}", {**block, name: text[:place] + digit + text[place + 1 :]})


@OF_EACH_FORM
def test_every_altered_digit_of_a_header_is_refused(recorded: dict[str, Any]) -> None:
    lies = list(altered_digits(recorded["block"]))
    assert believed(lies, recorded["block"]) == []
    assert len(lies) > 1000


@OF_EACH_FORM
def test_every_lie_about_a_field_of_a_header_is_refused(recorded: dict[str, Any]) -> None:
    """All but those that say the same in other words, or alter what is not part of the header."""
    block = recorded["block"]
    lies = list(header_lies(block))
    assert believed((lie for lie in lies if not lie.same), block) == []
    harmless = [lie for lie in lies if lie.same]
    assert believed(harmless, block) == [(str(lie), header(block)) for lie in harmless]
    assert {lie.field for lie in lies} == {*HEADER, *block, "unknown"}
    assert set(block) <= {*HEADER, *BESIDES}
    of_each = Counter(lie.field for lie in lies if not lie.same)
    assert min(of_each[field] for field in HEADER) >= 14


@OF_EACH_FORM
def test_who_hashes_nothing_takes_number_hash_and_time(recorded: dict[str, Any]) -> None:
    """No other field of a block alters what those read who only compare blocks; a wrong shape of these is refused."""
    block, tried = recorded["block"], 0
    for lie in header_lies(block):
        if not lie.altered & set(READ):
            assert answers.block(lie.block) == answers.block(block), lie
        elif lie.misshapen:
            with pytest.raises(ShapeError, match=f"result.{lie.field}: "):
                answers.block(lie.block)
        else:
            assert answers.block(lie.block) != answers.block(block), lie
        tried += 1
    assert tried > 300


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
