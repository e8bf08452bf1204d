"""Places for messages on their way to the chain: one of each that asks, a few together."""

from __future__ import annotations

import pytest

from creditchain.acts.enterprise_view import Asker
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


def test_messages_of_two_enterprises_of_one_platform_do_not_wait_for_each_other() -> None:
    places, platform = RelayPlaces(3), Asker(platform=9)
    with places.held(platform.names("consent 1")):
        assert refusal(places, *platform.names("consent 1")) == (429, "relay-under-way")
        with places.held(platform.names("consent 2")):
            pass
    assert platform.allowed(50, "consent 1") == {"node 9 consent 1": 50, "node 9": 1000}
    assert Asker(keys=("0x1", "0x2")).allowed(50, "consent 1") == {"key 0x1": 50, "key 0x2": 50}


def test_so_many_together_and_a_failure_gives_its_place_back() -> None:
    places = RelayPlaces(1)
    with places.held(["key 1"]):
        assert refusal(places, "key 2") == (503, "busy")
    with pytest.raises(ZeroDivisionError), places.held(["key 1"]):
        raise ZeroDivisionError
    with places.held(["key 2"]):
        pass
