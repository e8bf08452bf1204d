"""Vectors of whole packages and policies: they are what their generator writes, and the verifier agrees with them."""

from __future__ import annotations

import base64
import importlib.util
import json
from functools import cache
from typing import Any

import pytest

from creditchain.catalogue.products import catalogue
from creditchain.errors import InputError
from creditchain.identifiers import epoch_digest
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import parse_any
from creditchain.verification.policy import PolicyError, parse_policy
from creditchain.verification.report import verify_report
from creditchain.verification.steps import malformed, verify_record
from creditchain.verification.subject import TagKey
from creditchain.verification.verdict import Verdict
from vectors.reading import HERE
from vectors.verdicts.facts import Facts
from vectors.verdicts.patching import patched

FOLDER = HERE / "verdicts"
VECTORS = json.loads((FOLDER / "verdicts.json").read_bytes())
CASES = {case["name"]: case for case in VECTORS["cases"]}
POLICIES = json.loads((FOLDER / "policies.json").read_bytes())["policies"]
PRODUCTS = {product.ref: product for product in catalogue(())}


@cache
def generated() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("generate_verdicts", FOLDER / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files: dict[str, str] = module.files()
    return files


def judged(case: dict[str, Any]) -> Verdict:
    """The verdict on a case, from nothing but what the vectors say."""
    base = VECTORS["bases"][case["base"]]
    policy, facts = parse_policy(case["policy"]), Facts(patched(base["facts"], case["facts"]))
    known = PRODUCTS if case["products"] is None else {name: PRODUCTS[name] for name in case["products"]}
    key = None if case["tag_key"] is None else TagKey(bytes.fromhex(case["tag_key"][2:]))
    raw = (
        base64.b64decode(case["raw"])
        if "raw" in case
        else json.dumps(patched(base["package"], case["package"])).encode()
    )
    try:
        package = parse_any(raw)
    except InputError as error:
        return malformed(error, policy)
    if isinstance(package, RecordPackage):
        return verify_record(package, facts.record(package), policy, tag_key=key, catalogue=known)
    return verify_report(package, facts.report(package), policy, tag_key=key, catalogue=known)


@pytest.mark.parametrize("name", ["verdicts.json", "policies.json"])
def test_the_vectors_are_what_their_generator_writes(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == generated()[name]


def test_each_name_is_there_once() -> None:
    assert len(CASES) == len(VECTORS["cases"])


@pytest.mark.parametrize("name", CASES)
def test_each_step_has_the_expected_outcome(name: str) -> None:
    case = CASES[name]
    verdict = judged(case)
    assert {str(step.number): step.outcome.value for step in verdict.steps} == case["outcomes"]
    assert verdict.status.value == case["verdict"]
    assert [one.kind.value for one in verdict.weaknesses] == case["weaknesses"]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy["text"])
def test_policies(policy: dict[str, Any]) -> None:
    if policy["taken"]:
        parse_policy(policy["text"])
        return
    with pytest.raises(PolicyError) as caught:
        parse_policy(policy["text"])
    assert (caught.value.place.field if caught.value.place is not None else None) == policy["field"]


def test_no_integer_that_a_json_reader_may_round() -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                check(item)
        elif isinstance(value, int):
            assert abs(value) < 2**53

    check(VECTORS)


def test_the_key_of_a_case_is_one_of_an_epoch() -> None:
    keys = {case["tag_key"] for case in CASES.values() if case["tag_key"] is not None}
    digests = set(VECTORS["bases"]["record"]["facts"]["key_epochs"].values())
    assert {"0x" + epoch_digest(bytes.fromhex(key[2:])).hex() for key in keys} <= digests
