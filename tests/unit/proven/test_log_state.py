"""A recorded proof of a log's cells: true as it is, refused however it is altered."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from creditchain.chain import proof_answers
from creditchain.chain.answers import ShapeError
from creditchain.errors import UnavailableError
from creditchain.proven.errors import StateProofError
from creditchain.proven.log_state import LogPlace, ProvenCells, proven_cells
from vectors.reading import HERE

RECORDED: dict[str, Any] = json.loads((HERE / "proven" / "recorded.json").read_text("utf-8"))


def unhex(text: str) -> bytes:
    return bytes.fromhex(text[2:])


KEYS = [unhex(key) for key in RECORDED["keys"]]
WORDS = [unhex(word) for word in RECORDED["words"]]
LOG = LogPlace(*(unhex(RECORDED["log"][name]) for name in ("address", "code_hash", "log_id")))
HEADER = proof_answers.header(RECORDED["block"])


def checked(answer: Any, keys: list[bytes] = KEYS, log: LogPlace = LOG) -> ProvenCells:
    return proven_cells(HEADER, [proof_answers.account_proof(answer)], keys, log)


def test_the_words_are_those_that_the_log_reads() -> None:
    found = checked(RECORDED["answer"])
    assert [found.words[key] for key in KEYS] == WORDS
    assert found.words[KEYS[-1]] == bytes(32), "the last key was never written"
    assert found.size == RECORDED["size"]
    assert "0x" + found.block.hash.hex() == RECORDED["block"]["hash"]


def test_several_answers_for_one_list_of_slots() -> None:
    parts = []
    for place in range(len(KEYS) + 2):
        part = copy.deepcopy(RECORDED["answer"])
        part["storageProof"] = part["storageProof"][place : place + 1]
        parts.append(proof_answers.account_proof(part))
    assert proven_cells(HEADER, parts, KEYS, LOG) == checked(RECORDED["answer"])
    with pytest.raises(StateProofError, match="slots are not proven"):
        proven_cells(HEADER, parts[:-1], KEYS, LOG)
    with pytest.raises(StateProofError, match="shows more slots than were asked for"):
        proven_cells(HEADER, [*parts, parts[-1]], KEYS, LOG)


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a JSON text with the way to it."""
    yield way, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield from places(each, (*way, name))


def with_change(answer: Any, way: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    """A copy of the answer in which `change(parent, name)` was made at the end of the way."""
    made = inner = copy.deepcopy(answer)
    for name in way[:-1]:
        inner = inner[name]
    change(inner, way[-1])
    return made


def bent(answer: Any) -> Iterator[tuple[str, Any]]:
    """The answer in every way: each byte altered, each part dropped, doubled, null, exchanged with its neighbour."""
    for way, value in places(answer):
        if not way:
            continue
        where = ".".join(map(str, way))
        yield f"{where} dropped", with_change(answer, way, lambda parent, name: parent.pop(name))
        yield f"{where} null", with_change(answer, way, lambda parent, name: parent.__setitem__(name, None))
        if isinstance(value, list):
            for place in range(len(value)):
                doubled, moved = value[: place + 1] + value[place:], value[:place] + value[place + 1 :] + [value[place]]
                yield f"{where}.{place} doubled", with_change(answer, way, lambda p, n, to=doubled: p.update({n: to}))
                if moved != value:
                    yield f"{where}.{place} moved", with_change(answer, way, lambda p, n, to=moved: p.update({n: to}))
        if isinstance(value, str):
            for place in range(3 if len(value) % 2 else 2, len(value), 2):
                other = f"{int(value[place : place + 2], 16) ^ 1:02x}"
                text = value[:place] + other + value[place + 2 :]
                yield f"{where} byte {place}", with_change(answer, way, lambda p, n, to=text: p.__setitem__(n, to))
            longer = value + "01"
            yield f"{where} longer", with_change(answer, way, lambda p, n, to=longer: p.__setitem__(n, to))


def test_every_altered_answer_is_refused() -> None:
    tried, believed = 0, []
    for what, answer in bent(RECORDED["answer"]):
        tried += 1
        try:
            checked(answer)
        except (ShapeError, StateProofError):
            continue
        believed.append(what)
    assert believed == []
    assert tried > 4500


def test_an_answer_of_an_older_block() -> None:
    with pytest.raises(StateProofError, match=r"node 0 of the proof of account 0x[0-9a-f]+ does not hold"):
        checked(RECORDED["older"])


def test_an_answer_of_another_contract() -> None:
    with pytest.raises(StateProofError, match="is of another account"):
        checked(RECORDED["other"])


def test_another_contract_with_this_address_written_over_it() -> None:
    with pytest.raises(StateProofError, match=r"node \d of the proof of account"):
        checked({**RECORDED["other"], "address": RECORDED["answer"]["address"]})


def test_storage_of_another_contract_in_a_true_account() -> None:
    with pytest.raises(StateProofError, match="proof of slot"):
        checked({**RECORDED["answer"], "storageProof": RECORDED["other"]["storageProof"]})


def test_storage_of_an_older_block_in_a_true_account() -> None:
    with pytest.raises(StateProofError, match="node 0 of the proof of slot"):
        checked({**RECORDED["answer"], "storageProof": RECORDED["older"]["storageProof"]})


def test_a_written_cell_shown_by_the_proof_of_another_that_was_never_written() -> None:
    answer = copy.deepcopy(RECORDED["answer"])
    answer["storageProof"][2] = {**answer["storageProof"][-1], "key": answer["storageProof"][2]["key"]}
    with pytest.raises(StateProofError, match=r"does not hold|shows another word"):
        checked(answer)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"code_hash": bytes(32)}, "is not the log that was deployed"),
        ({"log_id": bytes(32)}, "another region's log, or of a chain that was started anew"),
        ({"address": bytes(20)}, "is of another account"),
    ],
)
def test_another_log_than_the_one_named(change: dict[str, bytes], message: str) -> None:
    with pytest.raises(StateProofError, match=message) as refused:
        checked(RECORDED["answer"], log=replace(LOG, **change))
    assert isinstance(refused.value, UnavailableError)


def test_other_keys_than_those_asked_for() -> None:
    with pytest.raises(StateProofError, match="is of another slot"):
        checked(RECORDED["answer"], keys=[*reversed(KEYS)])


def test_an_account_that_is_not_there() -> None:
    answer = {**RECORDED["answer"], "address": "0x" + "00" * 19 + "07"}
    with pytest.raises(StateProofError, match="does not hold"):
        checked(answer, log=replace(LOG, address=bytes(19) + b"\7"))
