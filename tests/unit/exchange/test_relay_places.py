"""Places for messages on their way to the chain: one of each that asks, a few together."""

from __future__ import annotations

import pytest

from creditchain.exchange.problems import HttpError
from creditchain.exchange.relay_places import RelayPlaces


def refusal(places: RelayPlaces, *names: str) -> tuple[int, str]:
    with pytest.raises(HttpError) as caught, places.held(names):
        pass
    return caught.value.status, caught.value.code


def test_one_at_a_time_of_each_that_asks_by_any_of_its_names() -> None:
    places = RelayPlaces(3)
    with places.held(["key 1", "key 2"]):
        assert refusal(places, "key 2", "key 3") == (429, "relay-under-way")
        with places.held(["key 3"]):
            pass
    with places.held(["key 2", "key 3"]):
        pass


def test_so_many_together_and_a_failure_gives_its_place_back() -> None:
    places = RelayPlaces(1)
    with places.held(["key 1"]):
        assert refusal(places, "key 2") == (503, "busy")
    with pytest.raises(ZeroDivisionError), places.held(["key 1"]):
        raise ZeroDivisionError
    with places.held(["key 2"]):
        pass
