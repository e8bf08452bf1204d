"""A block as an endpoint gives it that lies about one field of its header, in every kind of way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from creditchain.chain.proof_answers import header
from creditchain.proven.errors import HeaderFormError

Block = dict[str, Any]

#: Bytes that each field of a header has; None: any number of bytes.
BYTES: dict[str, int | None] = {
    **dict.fromkeys(("parentHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot", "mixHash"), 32),
    **{"miner": 20, "logsBloom": 256, "nonce": 8, "extraData": None},
    **dict.fromkeys(("withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"), 32),
}
#: Fields of a header that are numbers.
NUMBERS = (
    *("difficulty", "number", "gasLimit", "gasUsed", "timestamp"),
    *("baseFeePerGas", "blobGasUsed", "excessBlobGas"),
)
#: Fields that a fork appended, so that older headers are without.
APPENDED = ("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash")
#: Every field that is hashed, and the hash.
HEADER = (*BYTES, *NUMBERS, "hash")
#: What those who read a block, and hash nothing, take of it.
READ = ("number", "hash", "timestamp")
#: Numbers that count something; larger ones than these are refused for their size.
COUNTED = ("number", "timestamp")
#: In place of any field: no field of a header is such.
MISSHAPEN: tuple[Any, ...] = (7, True, 1.5, [], {}, ["0x1"], "", "0x", "12", "0Xab", "0xzz", "0x 1", "-0x1")


@dataclass(frozen=True)
class HeaderLie:
    """One field of a block told in another way."""

    field: str
    way: str
    block: Block
    same: bool = False  #: it says the same in other words, or alters what is not part of the header
    misshapen: bool = False  #: no block has such a field
    rehashed: bool = False  #: the hash was altered with it, so that the header hashes to it: another chain's block

    @property
    def altered(self) -> frozenset[str]:
        """The fields that say something else than the block's."""
        return frozenset() if self.same else frozenset({self.field, "hash"} if self.rehashed else {self.field})

    def __str__(self) -> str:
        return f"{self.field} {self.way}"


def header_lies(block: Block) -> Iterator[HeaderLie]:
    """Each field of the header altered, dropped, null, of another length or type; fields of later forks, and others."""
    for field in HEADER:
        yield from _lies_of(block, field) if block.get(field) is not None else _added(block, field)
    for field in block.keys() - set(HEADER):
        yield HeaderLie(field, "dropped", _without(block, field), same=True)
        yield HeaderLie(field, "null", {**block, field: None}, same=True)
        yield HeaderLie(field, "of another type", {**block, field: {"0x": []}}, same=True)
    yield HeaderLie("unknown", "added", {**block, "unknown": "0x1"}, same=True)


def altered_fields(block: Block) -> Iterator[HeaderLie]:
    """Each field of the header altered in one way, its shape kept."""
    for lie in header_lies(block):
        if lie.way == "altered":
            yield lie


def _lies_of(block: Block, field: str) -> Iterator[HeaderLie]:
    text = block[field]
    for way, value in _others(field, text):
        too_much = field in COUNTED and value == hex(2**255)
        yield HeaderLie(field, way, {**block, field: value}, misshapen=too_much)
    yield from _consistent(block, field)
    for value in (*_of_other_lengths(field, text), *MISSHAPEN):
        if value != text:
            yield HeaderLie(field, f"{value!r:.20}", {**block, field: value}, misshapen=True)
    yield HeaderLie(field, "dropped", _without(block, field), misshapen=field not in APPENDED)
    yield HeaderLie(field, "null", {**block, field: None}, misshapen=field not in APPENDED)
    yield HeaderLie(field, "in other letters", {**block, field: "0x" + text[2:].swapcase()}, same=True)
    if field in NUMBERS:
        yield HeaderLie(field, "with a leading zero", {**block, field: "0x0" + text[2:]}, same=True)


def _others(field: str, text: str) -> Iterator[tuple[str, str]]:
    """Other values of the same shape."""
    if field in NUMBERS:
        number = int(text, 16)
        yield "altered", hex(max(number, 1) - 1 or number + 1)
        yield "raised", hex(number + 1)
        yield "huge", hex(2**255)
        if number > 1:
            yield "zero", "0x0"
    elif text == "0x":
        yield "altered", "0x01"
    else:
        yield "altered", text[:-1] + f"{int(text[-1], 16) ^ 1:x}"
        yield "altered at its begin", f"0x{int(text[2], 16) ^ 8:x}" + text[3:]
        if int(text, 16):
            yield "zero", "0x" + "0" * (len(text) - 2)


def _of_other_lengths(field: str, text: str) -> Iterator[Any]:
    if field in NUMBERS:
        yield "0x" + text[2:].rjust(65, "0")
        return
    yield text + "0"
    if BYTES.get(field, 32) is None:
        yield "0x" + "00" * (2**16 + 1)
    else:
        yield from (text + "00", text[:-2], text[:-1])


def _consistent(block: Block, field: str) -> Iterator[HeaderLie]:
    if field == "hash":
        return
    forged = {**block, field: next(_others(field, block[field]))[1]}
    try:
        header(forged)
    except HeaderFormError as error:
        yield HeaderLie(field, "altered with its hash", {**forged, "hash": error.found}, rehashed=True)


def _added(block: Block, field: str) -> Iterator[HeaderLie]:
    """A field of a fork that the block is not of."""
    yield HeaderLie(field, "null", {**block, field: None}, same=True)
    yield HeaderLie(field, "altered", {**block, field: "0x0" if field in NUMBERS else "0x" + "ab" * 32})
    for value in MISSHAPEN:
        yield HeaderLie(field, f"{value!r:.20}", {**block, field: value}, misshapen=True)


def _without(block: Block, field: str) -> Block:
    return {name: value for name, value in block.items() if name != field}
