"""An endpoint that gives one answer of a run in another way than its node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tampering import Tampering

from header_lies import READ, altered_fields

Answer = dict[str, Any]


def bent(answer: Answer) -> Iterator[Answer]:
    """The answer in every way that a liar may give it."""
    result = answer.get("result")
    yield {**answer, "result": None}
    yield {"jsonrpc": "2.0", "id": answer["id"], "error": {"code": 3, "message": "execution reverted", "data": "0x"}}
    if isinstance(result, str) and len(result) > 2:
        yield {**answer, "result": "0x" + "0" * (len(result) - 2)}
        yield {**answer, "result": result[:-1] + ("1" if result[-1] != "1" else "2")}
        yield {**answer, "result": result[:-64]}
    if isinstance(result, list):
        yield {**answer, "result": []}
        yield {**answer, "result": result[::-1] + result}
        yield {**answer, "result": [{**log, "data": "0x" + "00" * 32} for log in result]}
    if isinstance(result, dict) and "parentHash" in result:
        yield from ({**answer, "result": block} for block in _bent_blocks(result))
    if isinstance(result, dict) and "accountProof" in result:
        yield from ({**answer, "result": proof} for proof in _bent_proofs(result))


def _bent_blocks(block: Answer) -> Iterator[Answer]:
    """The fields that all read altered one by one, the others together.

    Each of them alone, and in every other way: test_lies_about_headers.py, without a command for each.
    """
    lies = {lie.field: lie.block[lie.field] for lie in altered_fields(block)}
    yield from ({**block, name: lies[name]} for name in READ)
    yield {**block, "number": hex(int(block["number"], 16) + 1)}
    yield {**block, **{name: told for name, told in lies.items() if name not in READ}, "unknown": "0x1"}
    yield {name: block[name] for name in READ}


def _bent_proofs(proof: Answer) -> Iterator[Answer]:
    """What eth_getProof answers, with one part altered; each node of it: test_proven_words.py."""
    for name in ("address", "balance", "nonce", "codeHash", "storageHash"):
        text = proof[name]
        yield {**proof, name: text[:-1] + ("1" if text[-1] != "1" else "2")}
    yield {**proof, "accountProof": proof["accountProof"][:-1]}
    if storage := proof["storageProof"]:
        yield {**proof, "storageProof": [{**storage[0], "value": "0x1234567"}, *storage[1:]]}
        yield {**proof, "storageProof": [{**storage[0], "proof": storage[0]["proof"][:-1]}, *storage[1:]]}
        yield {**proof, "storageProof": storage[:-1]}


class OneLie:
    """Alters one answer of a run, in one way."""

    def __init__(self, position: int, way: int) -> None:
        self._position, self._way, self._seen = position, way, 0
        self.told: object = None  #: method and answer, once the lie was told
        self.ways = 0  #: in how many ways this answer can be altered

    def __call__(self, request: Answer, answer: Answer) -> Answer:
        at, self._seen = self._seen, self._seen + 1
        if at != self._position:
            return answer
        ways = list(bent(answer))
        found = ways[self._way % len(ways)]
        self.ways, self.told = len(ways), (request["method"], found)
        return found


def every_lie(endpoint: Tampering, tried: Callable[[OneLie], None]) -> int:
    """Run `tried` with each answer altered in each way, one at a time; the number of lies that were told.

    `tried` gets the lie, which knows what was told.
    """

    def tell(position: int, way: int) -> OneLie:
        lie = endpoint.alter = OneLie(position, way)
        tried(lie)
        return lie

    lies = position = 0
    while (lie := tell(position, 0)).told is not None:
        lies += lie.ways
        for way in range(1, lie.ways):
            tell(position, way)
        position += 1
    return lies


def some_lies(endpoint: Tampering, tried: Callable[[OneLie], None], each: int) -> int:
    """The same with each answer of so many altered, each in another way."""
    position = 0
    while True:
        lie = endpoint.alter = OneLie(position, position // each)
        tried(lie)
        if lie.told is None:
            return position // each
        position += each
