"""Judging packages as a service does: values in, verdicts out, no command line and no file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from region_world import REGULATOR, SOURCE, Place, anchor_documents, region_of
from worlds import kept_region

from creditchain.acts.verifying import Judge, verify_packages, worst
from creditchain.catalogue.products import catalogue
from creditchain.chain.errors import ChainUnavailableError
from creditchain.chain.region import Region
from creditchain.documents import Section
from creditchain.errors import ConfigError, UnavailableError
from creditchain.packages.record_package import RecordPackage
from creditchain.verification.policy import DEFAULT_POLICY, Completeness, Policy, PolicyError, UnsafePolicy
from creditchain.verification.verdict import Status


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, list[RecordPackage]]]:
    """A region that all tests share, since nothing here writes."""
    with kept_region("embedded", tmp_path_factory.mktemp("region")) as kept:
        yield kept.place, anchor_documents(kept.place, (2024,), 1)


def judge(policy: Policy = DEFAULT_POLICY) -> Judge:
    return Judge({product.ref: product for product in catalogue([])}, policy)


def no_chain() -> AbstractContextManager[Region]:
    raise ChainUnavailableError("nobody answers")


def never_asked() -> AbstractContextManager[Region]:
    raise AssertionError("no chain was needed")


def test_each_package_gets_its_verdict(world: tuple[Place, list[RecordPackage]]) -> None:
    place, packages = world
    good = packages[0].to_json()
    forged = replace(packages[1], record=replace(packages[1].record, salt=bytes(32))).to_json()
    contents = [good, forged, b"{", UnavailableError("the file cannot be read"), packages[2].to_json()]
    judged: list[None] = []
    verdicts = verify_packages(contents, judge(), lambda: region_of(place), lambda: judged.append(None))
    expected = [Status.VALID, Status.NOT_VALID, Status.NOT_VALID, Status.COULD_NOT_CHECK, Status.VALID]
    assert [verdict.status for verdict in verdicts] == expected
    assert len(judged) == 5
    assert [step.number for step in verdicts[1].failed] == [3]
    assert [step.number for step in verdicts[2].failed] == [1]
    assert worst(verdicts) is Status.NOT_VALID
    assert worst([verdicts[0], verdicts[3]]) is Status.COULD_NOT_CHECK
    assert worst([verdicts[0], verdicts[4]]) is Status.VALID


def test_without_a_chain_only_malformed_packages_are_judged(world: tuple[Place, list[RecordPackage]]) -> None:
    _, packages = world
    verdicts = verify_packages([packages[0].to_json(), b"{"], judge(), no_chain)
    assert [verdict.status for verdict in verdicts] == [Status.COULD_NOT_CHECK, Status.NOT_VALID]
    assert "nobody answers" in verdicts[0].step(4).reason.en


def test_no_chain_is_asked_about_what_does_not_parse() -> None:
    verdicts = verify_packages([b"", b"[]", UnavailableError("gone")], judge(), never_asked)
    assert [verdict.status for verdict in verdicts] == [Status.NOT_VALID, Status.NOT_VALID, Status.COULD_NOT_CHECK]


def test_an_unsafe_policy_accepts_nothing_unseen() -> None:
    lax = UnsafePolicy(require=frozenset(), require_report=frozenset())
    assert verify_packages([UnavailableError("gone")], judge(lax), never_asked)[0].status is Status.COULD_NOT_CHECK


def test_a_policy_with_a_product_that_nobody_knows_is_refused_first() -> None:
    with pytest.raises(ConfigError):
        judge(replace(DEFAULT_POLICY, products=frozenset({"unheard-of/1"})))


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        (Policy(nodes=frozenset({SOURCE, 99})), "nodes"),
        (Policy(nodes=frozenset({REGULATOR})), "nodes"),
        (Policy(completeness=Completeness(nodes=frozenset({99}))), "completeness.nodes"),
        (Policy(institution=99), "institution"),
        (Policy(institution=SOURCE), "institution"),
    ],
)
def test_a_policy_that_names_nodes_in_vain(
    world: tuple[Place, list[RecordPackage]], policy: Policy, field: str
) -> None:
    """Such a name would narrow the scope to nothing, and nobody would notice."""
    place, packages = world
    with pytest.raises(PolicyError) as caught:
        verify_packages([packages[0].to_json()], judge(policy), lambda: region_of(place))
    assert caught.value.place is not None
    assert caught.value.place.field == field


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        (Completeness(products=frozenset({"working-capital-report/1"})), "completeness.products"),
        (
            Completeness(products=frozenset({"power-usage/1"}), sections=frozenset({Section.BASIC})),
            "completeness.sections",
        ),
    ],
)
def test_a_policy_that_names_products_in_vain(scope: Completeness, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        judge(Policy(completeness=scope))
    assert caught.value.place is not None
    assert caught.value.place.field == field


def test_one_endpoints_word_is_printed(world: tuple[Place, list[RecordPackage]]) -> None:
    place, packages = world
    verdict = verify_packages([packages[0].to_json()], judge(), lambda: region_of(place))[0]
    assert [one.kind.value for one in verdict.weaknesses] == ["unaudited", "one endpoint's word"]
