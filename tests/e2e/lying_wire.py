"""A wire to a chain that lies: what an endpoint on any kind of chain may do, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from creditchain.chain.rpc import Answer, Wire

Json = dict[str, Any]


@dataclass
class RememberingWire:
    """A wire to a real node whose chain does not change meanwhile: what was answered once is not asked again."""

    wire: Wire
    name: str = "remembering"
    _answers: dict[str, list[Json]] = field(default_factory=dict)

    def exchange(self, payload: Any, seconds: float) -> Answer:
        calls = payload if isinstance(payload, list) else [payload]
        asked = json.dumps([(call["method"], call["params"]) for call in calls])
        if asked not in self._answers:
            answer = self.wire.exchange(payload, seconds)
            given = answer.value if isinstance(payload, list) else [answer.value]
            if not isinstance(given, list) or not all(isinstance(one, dict) and "result" in one for one in given):
                return answer
            by_id = {one["id"]: one for one in given}
            self._answers[asked] = [by_id[call["id"]] for call in calls]
        told = [{**one, "id": call["id"]} for one, call in zip(self._answers[asked], calls, strict=True)]
        return Answer(told if isinstance(payload, list) else told[0])

    def close(self) -> None:
        self.wire.close()


@dataclass
class LyingWire:
    """A wire to a real node that alters results as it is told, in batches too."""

    wire: Wire
    alter: Callable[[str, Any], Any] = lambda _, result: result
    trips: list[list[str]] = field(default_factory=list)
    name: str = "liar"
    asked: Json = field(default_factory=dict)  #: the request whose result is altered now

    def exchange(self, payload: Any, seconds: float) -> Answer:
        calls = payload if isinstance(payload, list) else [payload]
        self.trips.append([call["method"] for call in calls])
        requests = {call["id"]: call for call in calls}
        answer = self.wire.exchange(payload, seconds)
        given = answer.value if isinstance(answer.value, list) else [answer.value]
        altered = [self._altered(requests[one["id"]], one) for one in given]
        return Answer(altered if isinstance(answer.value, list) else altered[0], answer.status)

    def _altered(self, request: Json, answer: Json) -> Json:
        self.asked = request
        found = self.alter(request["method"], json.loads(json.dumps(answer.get("result"))))
        is_error = isinstance(found, dict) and set(found) == {"code", "message"}
        return {**answer, "error" if is_error else "result": found}

    def close(self) -> None:
        self.wire.close()
