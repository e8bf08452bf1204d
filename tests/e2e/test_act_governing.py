"""Governors' acts without the command line; what is wrong is found before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from region_world import GOVERNOR, PLATFORM, SOURCE, Place, region_of
from worlds import Kept, kept_region

from creditchain.acts.admitting import admit, admit_hosted
from creditchain.acts.changing_members import reinstate, require_node, retire, set_domains, suspend
from creditchain.acts.handing_over import accept, hand_over
from creditchain.acts.opening_epochs import list_epochs, open_epoch
from creditchain.acts.profiles import set_delivery_key
from creditchain.catalogue.members import ListedMember, load_members
from creditchain.chain.errors import TransactionError
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import dev_signer
from creditchain.errors import InputError, RefusedError
from creditchain.home.journal import open_journal
from creditchain.home.layout import Home
from creditchain.home.profiles import Profiles
from creditchain.packages.encrypted import public_key
from creditchain.vocabulary import NodeStatus

MEMBERS = [member for member in load_members("yrd") if member.host is None][:2]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as world:
        yield world


@pytest.fixture
def place(kept: Kept, tmp_path: Path) -> Place:
    return kept.fresh(tmp_path / "place")


@contextmanager
def acting(place: Place, key: int = GOVERNOR) -> Iterator[tuple[Region, Outbox, Home]]:
    home = Home(place.folder / "home")
    with region_of(place) as region, open_journal(home.journal) as journal:
        yield region, region.outbox(dev_signer(key, region.chain), journal), home


def operators(region: Region) -> dict[str, str]:
    return {member.key: dev_signer(20 + at, region.chain).address for at, member in enumerate(MEMBERS)}


def profiles(home: Home) -> list[Path]:
    return sorted(home.profiles.iterdir()) if home.profiles.exists() else []


def test_members_are_admitted_once(place: Place) -> None:
    with acting(place) as (region, outbox, home):
        before = region.node_count()
        first = admit(region, outbox, home, MEMBERS, operators(region))
        again = admit(region, outbox, home, MEMBERS, operators(region))
        assert [one.fresh for one in first] == [True, True]
        assert [one.fresh for one in again] == [False, False]
        assert region.node_count() == before + 2
        assert Profiles(home).profile(MEMBERS[0].profile_digest) == MEMBERS[0].profile


def test_a_member_that_got_a_delivery_key_is_not_admitted_again(place: Place) -> None:
    """Its profile has another digest, and it is still the same member; also one whose key stands in the list."""
    member, key = replace(MEMBERS[0], host=None), public_key(bytes(range(32)))
    with acting(place) as (region, outbox, home):
        (first,) = admit(region, outbox, home, [member], operators(region))
        changed = set_delivery_key(region, outbox, home, first.number, key)
        assert changed.node.profile_digest == replace(member, delivery_key=key).profile_digest
        for listed in (member, replace(member, delivery_key=key)):
            (again,) = admit(region, outbox, home, [listed], operators(region))
            assert (again.number, again.fresh) == (first.number, False)
        back = set_delivery_key(region, outbox, home, first.number, None)
        assert back.node.profile_digest == member.profile_digest


@pytest.mark.parametrize("fault", ["no operator", "another region", "a key of another node", "one key twice"])
def test_a_fault_of_the_last_member_admits_nobody(place: Place, fault: str) -> None:
    with acting(place) as (region, outbox, home):
        given, members = operators(region), list(MEMBERS)
        last: ListedMember = members[-1]
        if fault == "no operator":
            del given[last.key]
        elif fault == "another region":
            members[-1] = replace(last, region="JJJ")
        elif fault == "a key of another node":
            given[last.key] = dev_signer(SOURCE, region.chain).address
        else:
            given[last.key] = given[members[0].key]
        size = region.log_size()
        with pytest.raises(InputError):
            admit(region, outbox, home, members, given)
        assert (region.log_size(), profiles(home)) == (size, [])


def test_a_host_that_is_not_there(place: Place) -> None:
    with acting(place) as (region, outbox, home):
        size = region.log_size()
        with pytest.raises(InputError, match="no node 99"):
            admit_hosted(region, outbox, home, MEMBERS[0], 99)
        assert (region.log_size(), profiles(home)) == (size, [])


def test_a_member_is_changed_and_changed_back(place: Place) -> None:
    with acting(place) as (region, outbox, _):
        for _ in range(2):
            assert suspend(region, outbox, SOURCE).node.status == NodeStatus.SUSPENDED
            assert reinstate(region, outbox, SOURCE).node.status == NodeStatus.ACTIVE
        assert set_domains(region, outbox, SOURCE, 1).node.domains == 1
        with pytest.raises(InputError, match="no node 99"):
            retire(region, outbox, 99)


def test_only_governors_change_members(place: Place) -> None:
    with acting(place, key=PLATFORM) as (region, outbox, _):
        size = region.log_size()
        with pytest.raises(TransactionError):
            suspend(region, outbox, SOURCE)
        assert region.log_size() == size


def test_a_node_gets_another_key(place: Place) -> None:
    with acting(place, key=SOURCE) as (region, outbox, _):
        fresh = dev_signer(30, region.chain)
        changed = hand_over(region, outbox, SOURCE, accept(region, SOURCE, fresh))
        assert changed.node.operator == fresh.address


@pytest.mark.parametrize("fault", ["of another node", "signed by another key", "over"])
def test_an_acceptance_that_does_not_hold_changes_nothing(place: Place, fault: str) -> None:
    with acting(place, key=SOURCE) as (region, outbox, _):
        fresh, size = dev_signer(30, region.chain), region.log_size()
        acceptance = accept(region, PLATFORM if fault == "of another node" else SOURCE, fresh)
        if fault == "signed by another key":
            acceptance = replace(acceptance, operator=dev_signer(31, region.chain).address)
        elif fault == "over":
            acceptance = accept(region, SOURCE, fresh, seconds=-10)
        with pytest.raises(InputError):
            hand_over(region, outbox, SOURCE, acceptance)
        assert region.log_size() == size
        assert require_node(region, SOURCE).operator == dev_signer(SOURCE, region.chain).address


def test_an_epoch_is_opened_once_and_not_again_when_it_is_over(place: Place) -> None:
    with acting(place) as (region, outbox, _):
        assert open_epoch(region, outbox, b"\x07" * 32) == 2
        assert open_epoch(region, outbox, b"\x07" * 32) == 2
        assert open_epoch(region, outbox, b"\x08" * 32) == 3
        with pytest.raises(RefusedError, match="epoch 2"):
            open_epoch(region, outbox, b"\x07" * 32)
        assert [(one.number, one.current) for one in list_epochs(region)] == [(1, False), (2, False), (3, True)]
