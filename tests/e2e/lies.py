"""An endpoint that gives one answer of a run in another way than its node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tampering import Tampering

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
    if isinstance(result, dict):
        yield {**answer, "result": {**result, "hash": "0x" + "ab" * 32}}
        yield {**answer, "result": {**result, "timestamp": "0x1"}}


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
