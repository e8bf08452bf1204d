"""JSON Patch (RFC 6902) with the operations add, remove and replace: how a case differs from its base."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

Operation = dict[str, Any]


def patched(base: Any, operations: list[Operation]) -> Any:
    """The base with all operations applied in order; the base stays as it is."""
    root = {"": deepcopy(base)}
    for one in operations:
        holder: Any = root
        steps = [step.replace("~1", "/").replace("~0", "~") for step in one["path"].split("/")]
        for step in steps[:-1]:
            holder = holder[int(step)] if isinstance(holder, list) else holder[step]
        _apply(holder, int(steps[-1]) if isinstance(holder, list) else steps[-1], one)
    return root[""]


def _apply(holder: Any, key: Any, one: Operation) -> None:
    if one["op"] == "remove":
        del holder[key]
    elif one["op"] == "add" and isinstance(holder, list):
        holder.insert(key, deepcopy(one["value"]))
    else:
        holder[key] = deepcopy(one["value"])


def difference(old: Any, new: Any, path: str = "") -> Iterator[Operation]:
    """Operations that make `new` of `old`."""
    if type(old) is type(new) is dict:
        yield from _of_objects(old, new, path)
    elif type(old) is type(new) is list:
        yield from _of_lists(old, new, path)
    elif type(old) is not type(new) or old != new:
        yield {"op": "replace", "path": path, "value": new}


def _of_objects(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Operation]:
    for name in sorted(old.keys() | new.keys()):
        place = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name not in new:
            yield {"op": "remove", "path": place}
        elif name not in old:
            yield {"op": "add", "path": place, "value": new[name]}
        else:
            yield from difference(old[name], new[name], place)


def _of_lists(old: list[Any], new: list[Any], path: str) -> Iterator[Operation]:
    """Keeps the equal items at both ends, and looks into lists of one length."""
    if len(old) == len(new):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from difference(before, after, f"{path}/{at}")
        return
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    for _ in range(len(old) - head - tail):
        yield {"op": "remove", "path": f"{path}/{head}"}
    for at in range(head, len(new) - tail):
        yield {"op": "add", "path": f"{path}/{at}", "value": new[at]}
