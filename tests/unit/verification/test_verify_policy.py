"""Policy files: read strictly, and never less safe than they say."""

from __future__ import annotations

import pytest

from creditchain.log.facts import Basis
from creditchain.log.views import BlockRef
from creditchain.verification.policy import (
    DEFAULT_POLICY,
    FactsDemand,
    Policy,
    PolicyError,
    UnsafePolicy,
    parse_policy,
)
from creditchain.verification.verdict import Source

HEAD = 'format = "creditchain/policy@1"\n'


def test_an_empty_policy_is_the_default() -> None:
    assert parse_policy(HEAD) == DEFAULT_POLICY
    assert type(parse_policy(HEAD)) is Policy


def test_every_field() -> None:
    policy = parse_policy(
        HEAD
        + 'require = [1,2,3,4,5,6,8]\ntag_statement = "optional"\ndisputes = ["none"]\nconfirmations = 12\n'
        + 'nodes = [3, 4]\nproducts = ["registry-basic/1"]\naudited = true\nunsafe = false\n'
    )
    assert policy == Policy(
        require=frozenset({1, 2, 3, 4, 5, 6, 8}),
        tag_statement="optional",
        disputes=frozenset({"none"}),
        confirmations=12,
        nodes=frozenset({3, 4}),
        products=frozenset({"registry-basic/1"}),
        audited=True,
    )


def test_facts_that_are_accepted() -> None:
    accepted = frozenset({Basis.SIGNED, Basis.PROVEN})
    table = '[facts]\naccepted = ["proven", "signed"]\nage_seconds = 60\nbefore_delivery_seconds = 0\n'
    facts = parse_policy(HEAD + table).facts
    assert facts == FactsDemand(accepted, 60, 0)
    block = BlockRef(9, bytes(32), 1_000)
    assert facts.refused(Source(Basis.SIGNED, 60, block)) is None
    assert facts.refused(Source(Basis.SIGNED, 60, block), delivered_at=1_000) is None
    for source, delivered_at, why in (
        (Source(Basis.TOLD, 0, block), None, "does not accept facts that are told"),
        (Source(Basis.SIGNED, 61, block), None, "61 seconds old; the policy accepts 60: ask anew"),
        (Source(Basis.SIGNED, 0, block), 1_001, "of 1 seconds before the delivery; the policy accepts 0"),
    ):
        refused = facts.refused(source, delivered_at)
        assert refused is not None
        assert why in refused.en


@pytest.mark.parametrize("left_out", range(1, 7))
def test_a_policy_that_leaves_out_a_step_has_to_be_called_unsafe(left_out: int) -> None:
    required = [number for number in range(1, 7) if number != left_out]
    with pytest.raises(PolicyError, match=f"left out: {left_out}"):
        parse_policy(HEAD + f"require = {required}\n")
    with pytest.raises(PolicyError):
        Policy(require=frozenset(required))
    unsafe = parse_policy(HEAD + f"require = {required}\nunsafe = true\n")
    assert isinstance(unsafe, UnsafePolicy)
    assert str(left_out) in unsafe.weaknesses[0].text.en


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("require = [0]", "require"),
        ("require = [11]", "require"),
        ("require = [true]", "require"),
        ("require = 1", "require"),
        ('tag_statement = "no"', "tag_statement"),
        ('disputes = ["all"]', "disputes"),
        ("confirmations = -1", "confirmations"),
        ("confirmations = true", "confirmations"),
        ("confirmations = 1.5", "confirmations"),
        ("nodes = [0]", "nodes"),
        ("facts = 1", "facts"),
        ('facts = {accepted = ["believed"]}', "facts.accepted"),
        ("facts = {accepted = []}", "facts.accepted"),
        ("facts = {age_seconds = -1}", "facts.age_seconds"),
        ("facts = {before_delivery_seconds = 1.0}", "facts.before_delivery_seconds"),
        ("facts = {age = 1}", "facts.age"),
        ("products = [1]", "products"),
        ('audited = "yes"', "audited"),
        ("unsafe = 1", "unsafe"),
        ("required = []", "required"),
        ('["x\\u0000"]', "x\x00"),
    ],
)
def test_wrong_values_are_refused_with_their_field(line: str, field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_policy(HEAD + line + "\n")
    assert caught.value.place is not None
    assert caught.value.place.field == field


@pytest.mark.parametrize("text", ["", 'format = "creditchain/policy@2"', "a", "[" * 100_000, 'a="' + "x" * 100])
def test_what_is_no_policy(text: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(text)
