"""The newest blocks of a log in memory: each is what the chain says of it, whatever the chain takes back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "log"))

from random_logs import LOG_ID, random_log

from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError
from creditchain.index import newest
from creditchain.index.coalescing import Coalesced
from creditchain.index.newest import NewestFacts, NewestLog
from creditchain.log.appended import AppendedEntry
from creditchain.log.cells import NO_WORD
from creditchain.log.facts import EntryPlace, MissingFactError
from creditchain.merkle import root
from tools.bench.log_chain import LogChain

ENTRIES, CELLS = random_log(60)
OTHERS, OTHER_CELLS = random_log(60, seed=2)
KEYS = list(CELLS[-1])


def is_like(
    facts: NewestFacts, size: int, entries: Sequence[AppendedEntry] = ENTRIES, cells: Sequence[Any] = CELLS
) -> None:
    """Everything that the facts say is what the first `size` entries say."""
    assert (facts.head.size, facts.head.root) == (size, root([one.hash(LOG_ID) for one in entries[:size]]))
    state = cells[size - 1] if size else {}
    assert facts.words(KEYS) == [state.get(key, NO_WORD) for key in KEYS]
    assert [one.appended for one in facts.entries([EntryPlace(at) for at in range(size)])] == list(entries[:size])
    with pytest.raises(MissingFactError):
        facts.entries([EntryPlace(size)])


@pytest.fixture
def chain() -> LogChain:
    made = LogChain(LOG_ID)
    made.append(ENTRIES[:20])
    return made


def test_each_block_is_as_it_was_while_the_chain_goes_on(chain: LogChain) -> None:
    log = NewestLog(chain.region())
    seen = [(log.newest(), 20)]
    for size in (21, 21, 40, 60):
        chain.append(ENTRIES[seen[-1][1] : size])
        seen.append((log.newest(), size))
    for one, size in seen:
        is_like(one.head, size)
        is_like(one.final, size)
    assert log.forks == 0


def test_what_is_final_is_told_apart(chain: LogChain) -> None:
    log = NewestLog(chain.region(confirmations=3))
    for size in (30, 40, 50):
        chain.append(ENTRIES[size - 10 : size])
    found = log.newest()
    is_like(found.head, 50)
    is_like(found.final, 30)
    chain.append(ENTRIES[50:])
    found = log.newest()
    is_like(found.head, 60)
    is_like(found.final, 40)


def test_blocks_that_the_chain_takes_back_are_forgotten() -> None:
    chain = LogChain(LOG_ID)
    log = NewestLog(chain.region(confirmations=9))
    chain.append(ENTRIES[:20])
    chain.append(ENTRIES[20:30])
    before = log.newest()
    is_like(before.head, 30)
    chain.drop(2)
    chain.fork = b"another"
    for start in (0, 10, 20):
        chain.append(OTHERS[start : start + 10])
    after = log.newest()
    is_like(after.head, 30, OTHERS, OTHER_CELLS)
    assert log.forks == 1
    is_like(before.head, 30)  # whoever works with it goes on with one and the same state


def test_a_block_that_took_the_place_of_another_with_the_same_log(chain: LogChain) -> None:
    log = NewestLog(chain.region(confirmations=9))
    chain.append(ENTRIES[20:30])
    before = log.newest()
    chain.drop(1)
    chain.fork = b"another"
    chain.append(ENTRIES[20:30])
    after = log.newest()
    assert after.head.block != before.head.block
    is_like(after.head, 30)


def test_a_block_that_is_taken_back_while_it_is_read(chain: LogChain) -> None:
    log = NewestLog(chain.region(confirmations=9))
    log.newest()
    chain.append(ENTRIES[20:30])

    def reorganised(method: str, _params: Sequence[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber":  # after this answer, the block has the same log and another hash
            chain.changed = lambda _, __, result: result
            chain.drop(1)
            chain.fork = b"another"
            chain.append(ENTRIES[20:30])
        return result

    chain.changed = reorganised
    found = log.newest().head
    assert found.block == chain.region().chain.newest_block()
    is_like(found, 30)


def test_a_chain_that_takes_back_whatever_is_read(chain: LogChain) -> None:
    log = NewestLog(chain.region(confirmations=9))
    log.newest()
    chain.append(ENTRIES[20:30])

    def restless(method: str, params: Sequence[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == "latest":
            chain.drop(1)
            chain.fork += b"another"
            chain.append(ENTRIES[20:30])
        return result

    chain.changed = restless
    with pytest.raises(ChainUnavailableError, match="takes its newest blocks back"):
        log.newest()
    chain.changed = lambda _, __, result: result
    is_like(log.newest().head, 30)


def test_an_endpoint_that_omits_an_entry(chain: LogChain) -> None:
    log = NewestLog(chain.region(confirmations=9))
    log.newest()
    chain.append(ENTRIES[20:30])
    chain.changed = lambda method, _, result: result[:-1] if method == "eth_getLogs" and result else result
    with pytest.raises(LyingEndpointError):
        log.newest()
    chain.changed = lambda _, __, result: result
    is_like(log.newest().head, 30)


def test_a_new_block_costs_one_exchange_and_words_cost_none(chain: LogChain) -> None:
    log = NewestLog(chain.region())
    log.newest()
    chain.append(ENTRIES[20:30])
    chain.asked.clear()
    facts = log.newest().head
    assert chain.asked == ["eth_getBlockByNumber", "eth_call", "eth_call", "eth_getLogs", "eth_getBlockByNumber"]
    chain.asked.clear()
    is_like(facts, 30)
    assert log.newest().head is facts
    assert chain.asked == ["eth_getBlockByNumber"]


def test_the_index_is_opened_anew_when_much_came_after_it(chain: LogChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "SETTLE_AFTER", 10)
    log = NewestLog(chain.region())
    before = log.newest()
    assert not log.settle()
    chain.append(ENTRIES[20:40])
    log.newest()
    assert log.settle()
    assert not log.settle()
    is_like(log.newest().head, 40)
    is_like(before.head, 20)


class TestCoalesced:
    """One question for all that wait, and none that was put before somebody came."""

    def test_those_who_come_meanwhile_share_the_next_question(self) -> None:
        go_on, begun, numbers = Event(), Event(), []

        def ask() -> int:
            numbers.append(len(numbers) + 1)
            if numbers[-1] == 1:
                begun.set()
                go_on.wait()
            return numbers[-1]

        asked, answers = Coalesced(ask), []
        first = Thread(target=lambda: answers.append(asked()))
        first.start()
        begun.wait()
        others = [Thread(target=lambda: answers.append(asked())) for _ in range(5)]
        for one in others:
            one.start()
        while len(asked._changed._waiters) < 5:  # type: ignore[attr-defined]
            sleep(0.01)
        go_on.set()
        for one in (first, *others):
            one.join()
        assert numbers == [1, 2]
        assert sorted(answers) == [1, 2, 2, 2, 2, 2]

    def test_an_error_is_raised_and_the_next_call_asks_again(self) -> None:
        results = [LookupError("no answer"), None]

        def ask() -> str:
            error = results.pop(0)
            if error is not None:
                raise error
            return "an answer"

        asked = Coalesced(ask)
        with pytest.raises(LookupError, match="no answer"):
            asked()
        assert asked() == "an answer"
