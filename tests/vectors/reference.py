"""The format implemented again, directly from its definitions: recursive, slow, sharing no code with the package.

keccak-256 comes from pycryptodome, canonical JSON from the rfc8785 package; everything else is written out.
"""

from __future__ import annotations

from typing import Any

import rfc8785
from Crypto.Hash import keccak as _keccak


def keccak(*parts: bytes) -> bytes:
    return _keccak.new(digest_bits=256, data=b"".join(parts)).digest()


# RFC 9162 section 2.1.1, 2.1.3.1, 2.1.4.1, over leaf hashes.


def split(n: int) -> int:
    """The largest power of two below n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return keccak(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return keccak(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    n = len(leaves)
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: list[bytes]) -> list[bytes]:
    return subproof(m, leaves, whole=True)


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    n = len(leaves)
    if m == n:
        return [] if whole else [mth(leaves)]
    k = split(n)
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def run(first: int, count: int, hashes: list[bytes]) -> list[bytes]:
    """The proof of a run (docs/format.md section 4), by walking down from the root instead of up from the leaves."""
    found: list[tuple[int, int, bytes]] = []

    def walk(low: int, high: int, level: int) -> None:
        if high <= first or low >= first + count:
            found.append((level, low >= first, mth(hashes[low:high])))
        elif not (first <= low and high <= first + count):
            k = 1 << (high - low - 1).bit_length() - 1
            walk(low, low + k, k.bit_length() - 1)
            walk(low + k, high, k.bit_length() - 1)

    walk(0, len(hashes), 0)
    return [digest for _, _, digest in sorted(found)]


def runs(parts: list[tuple[int, int]], hashes: list[bytes]) -> list[bytes]:
    """The proof of several runs, each a first index and a count: of each largest subtree without a leaf shown."""
    shown = {index for first, count in parts for index in range(first, first + count)}
    found: list[tuple[int, int, bytes]] = []

    def walk(low: int, high: int, level: int) -> None:
        inside = shown.intersection(range(low, high))
        if not inside:
            found.append((level, low, mth(hashes[low:high])))
        elif len(inside) < high - low:
            k = 1 << (high - low - 1).bit_length() - 1
            walk(low, low + k, k.bit_length() - 1)
            walk(low + k, high, k.bit_length() - 1)

    if shown:
        walk(0, len(hashes), 0)
    return [digest for _, _, digest in sorted(found)]


# docs/format.md sections 2 and 3.


def tag(tag_key: bytes, scheme: str, number: str) -> bytes:
    return keccak(b"\x02", tag_key, scheme.encode(), b"\x00", number.encode())


def epoch(tag_key: bytes) -> bytes:
    return keccak(b"\x02", tag_key)


def canonical(value: Any) -> bytes:
    return rfc8785.dumps(value)


def salt(secret: bytes, subject_tag: bytes, content: bytes) -> bytes:
    return keccak(b"\x04", secret, subject_tag, keccak(content))


def commitment(salt_: bytes, media_type: str, content: bytes) -> bytes:
    return keccak(b"\x03", salt_, media_type.encode(), b"\x00", content)


def leaf(subject_tag: bytes, section: int, product: int, commitment_: bytes) -> bytes:
    return keccak(b"\x00", subject_tag, bytes([section]), product.to_bytes(4, "big"), commitment_)


_ALPHABET_36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABET_31 = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc_inner(code: str) -> str:
    """GB 11714: the check of eight characters."""
    total = sum(_ALPHABET_36.index(c) * w for c, w in zip(code, [3, 7, 9, 10, 5, 8, 4, 2], strict=True))
    value = 11 - total % 11
    return {10: "X", 11: "0"}.get(value, str(value))


def uscc_outer(code: str) -> str:
    """GB 32100: the check of seventeen characters."""
    total = sum(_ALPHABET_31.index(c) * 3**i for i, c in enumerate(code))
    return _ALPHABET_31[-total % 31]


def uscc(start: str, organisation: str) -> str:
    """A whole code from its first eight characters and the first eight of the organisation code."""
    body = start + organisation + uscc_inner(organisation)
    return body + uscc_outer(body)


def twubn_valid(digits: str) -> bool:
    """The rule of 2023; a 7 in place 7 gives 10, whose digits may count as 1 or as 0."""
    products = [int(d) * w for d, w in zip(digits, [1, 2, 1, 2, 1, 2, 4, 1], strict=True)]
    sums = [[product // 10 + product % 10] for product in products]
    if digits[6] == "7":
        sums[6] = [1, 0]
    fixed = sum(options[0] for i, options in enumerate(sums) if i != 6)
    return any((fixed + option) % 5 == 0 for option in sums[6])


# ABI encoding of static values (Solidity ABI specification), EIP-712.


def word(kind: str, value: Any) -> bytes:
    if kind.startswith("uint"):
        assert 0 <= value < 2 ** int(kind[4:])
        return value.to_bytes(32, "big")
    if kind == "address":
        return bytes.fromhex(value[2:]).rjust(32, b"\x00")
    if kind == "bytes32":
        assert len(value) == 32
        return value
    if kind == "bytes4":
        assert len(value) == 4
        return value.ljust(32, b"\x00")
    if kind == "bool":
        return bytes(31) + bytes([value])
    raise ValueError(kind)


def words(members: list[tuple[str, Any]]) -> bytes:
    return b"".join(word(kind, value) for kind, value in members)


def struct_hash(type_string: str, values: list[Any]) -> bytes:
    """EIP-712 hashStruct of a flat struct, from its type string and values in order."""
    inside = type_string[type_string.index("(") + 1 : -1]
    encoded = keccak(type_string.encode())
    for member, value in zip(inside.split(","), values, strict=True):
        kind = member.split(" ")[0]
        encoded += keccak(value.encode()) if kind == "string" else word(kind, value)
    return keccak(encoded)


# docs/format.md sections 4 and 5: cells, the entries that write them, the state tree.


def cell_key(space: int, number: int) -> bytes:
    return space.to_bytes(1, "big") + number.to_bytes(31, "big")


def cell_word(value: int, entry: int) -> bytes:
    return value.to_bytes(25, "big") + entry.to_bytes(7, "big")


def cell_leaf(key: bytes, word_: bytes) -> bytes:
    return keccak(b"\x07", key, word_)


def state_hashes(cells: dict[bytes, bytes]) -> list[bytes]:
    """Leaf hashes of the state tree, in its order."""
    return [cell_leaf(key, cells[key]) for key in sorted(cells)]


def logged_entry(kind: int, log_id: bytes, index: int, writer: str, time: int, body: bytes, writes: bytes) -> bytes:
    """The leaf hash of an entry in the log's tree."""
    head = [("uint16", 1), ("uint8", kind), ("bytes32", log_id), ("uint64", index), ("address", writer)]
    rest = [("uint64", time), ("bytes32", keccak(body)), ("bytes32", keccak(writes))]
    return keccak(b"\x00", words([*head, *rest]))


def appended_data(time: int, body: bytes, writes: bytes) -> bytes:
    """The data of an `Appended` event: abi.encode(uint64, bytes, bytes)."""
    padded = body + bytes(-len(body) % 32)
    head = [("uint64", time), ("uint256", 96), ("uint256", 128 + len(padded))]
    return words(head) + word("uint256", len(body)) + padded + word("uint256", len(writes)) + writes
