"""Members take turns, whatever each has waiting."""

from __future__ import annotations

import random
from collections import Counter

from creditchain.store.turns import Backlog, Room, share_out


def test_the_longest_waiting_comes_first() -> None:
    waiting = [Backlog(member, f"of {member}", 1) for member in (3, 1, 2)]
    assert dict(share_out(waiting, [], Room(2, 9, 9))) == {"of 3": 1, "of 1": 1}


def test_who_has_fewest_under_way_comes_first() -> None:
    waiting = [Backlog(1, "a", 9), Backlog(1, "b", 9), Backlog(2, "c", 1)]
    assert dict(share_out(waiting, [(1, "a")], Room(2, 9, 9))) == {"c": 1}
    assert dict(share_out(waiting, [(1, "a")], Room(3, 9, 9))) == {"c": 1, "b": 1}
    assert dict(share_out(waiting, [(1, "a"), (1, "b")], Room(99, 4, 9))) == {"c": 1, "a": 1, "b": 1}


def test_nothing_to_share() -> None:
    assert share_out([], [], Room(9, 9, 9)) == {}
    assert share_out([Backlog(1, "a", 0)], [], Room(9, 9, 9)) == {}
    assert share_out([Backlog(1, "a", 5)], [(2, "b")] * 9, Room(9, 9, 9)) == {}


def test_no_bound_is_passed_and_no_place_left_that_somebody_could_take() -> None:
    chance = random.Random(7)  # noqa: S311
    for _ in range(300):
        room = Room(chance.randint(1, 20), chance.randint(1, 6), chance.randint(1, 3))
        waiting = [
            Backlog(member, f"{member}/{number}", chance.randint(0, 5))
            for member in range(chance.randint(0, 6))
            for number in range(chance.randint(1, 4))
        ]
        busy = [(one.member, one.webhook) for one in waiting if chance.random() < 0.3]
        shares = share_out(waiting, busy, room)
        of_member, of_webhook = Counter(member for member, _ in busy), Counter(webhook for _, webhook in busy)
        for one in waiting:
            of_member[one.member] += shares.get(one.webhook, 0)
            of_webhook[one.webhook] += shares.get(one.webhook, 0)
            assert shares.get(one.webhook, 0) <= one.count
        given = sum(shares.values())
        assert given <= max(0, room.all - len(busy))
        for one in waiting:
            if shares.get(one.webhook, 0):
                assert of_member[one.member] <= room.member
                assert of_webhook[one.webhook] <= room.webhook
            could = one.count > shares.get(one.webhook, 0)
            if could and of_member[one.member] < room.member and of_webhook[one.webhook] < room.webhook:
                assert given == max(0, room.all - len(busy))
