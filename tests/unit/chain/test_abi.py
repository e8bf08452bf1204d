"""Errors and events as contracts write them, decoded against an encoder that is not ours."""

from __future__ import annotations

import pytest
from eth_abi import encode
from web3 import Web3

from creditchain.chain.abi import HINTS, contract_names, interface, refusal
from creditchain.chain.calls import Calls
from creditchain.chain.errors import ChainUnavailableError


def test_selectors_and_topics_are_those_of_web3() -> None:
    for name in contract_names():
        face = interface(name)
        contract = Web3().eth.contract(abi=_abi(name))
        for function in contract.all_functions():
            item = face.functions.get(function.fn_name) or face.functions[function.signature]
            assert item.selector == bytes(Web3.keccak(text=function.signature)[:4])
        for event in contract.events if face.events else ():
            assert face.events[event.event_name].topic == bytes.fromhex(event().topic[2:])


def _abi(name: str) -> list[dict[str, object]]:
    import json
    from importlib.resources import files

    found: list[dict[str, object]] = json.loads(files("creditchain").joinpath(f"artifacts/{name}.json").read_text())[
        "abi"
    ]
    return found


def test_a_custom_error_has_its_name_values_and_a_hint() -> None:
    selector = Web3.keccak(text="AnchorRegistryNumber(uint32,uint32)")[:4]
    error = refusal(bytes(selector) + encode(["uint32", "uint32"], [7, 9]), "anchor a batch")
    assert (error.name, error.values) == ("AnchorRegistryNumber", {"expected": 7, "given": 9})
    assert "refused to anchor a batch" in error.message
    assert error.hint


def test_times_in_an_error_are_shown_as_times() -> None:
    kinds = ["address", "uint256", "uint40", "uint40"]
    selector = Web3.keccak(text=f"NodeRegistryInterval({','.join(kinds)})")[:4]
    error = refusal(bytes(selector) + encode(kinds, ["0x" + "11" * 20, 0, 1795744609, 0]), "declare it")
    assert "index=0, earliest=2026-11-27T01:56:49Z, latest=0" in error.message
    assert error.values["earliest"] == 1795744609
    assert error.hint


def test_a_safe_that_only_its_owners_together_can_change_says_what_to_do() -> None:
    data = bytes(Web3.keccak(text="Error(string)")[:4]) + encode(["string"], ["GS031"])
    assert "govern propose" in str(refusal(data, "replace a governor's key").hint)


@pytest.mark.parametrize(
    ("data", "name", "part"),
    [
        (b"", "revert", "revert()"),
        (b"\x01\x02", "revert", "revert()"),
        (bytes(Web3.keccak(text="Error(string)")[:4]) + encode(["string"], ["no"]), "Error", "reason=no"),
        (bytes(Web3.keccak(text="Panic(uint256)")[:4]) + encode(["uint256"], [0x11]), "Panic", "overflow"),
        (b"\xde\xad\xbe\xef" + bytes(32), "unknown", "deadbeef"),
        (bytes(Web3.keccak(text="AnchorRegistryNumber(uint32,uint32)")[:4]) + b"\1", "AnchorRegistryNumber", ""),
    ],
)
def test_any_revert_data_is_one_error(data: bytes, name: str, part: str) -> None:
    error = refusal(data, "act")
    assert error.name == name
    assert part in error.message


@pytest.mark.parametrize("data", [b"", b"\1" * 31, b"\xff" * 32])
def test_what_is_no_result_is_never_a_value(data: bytes) -> None:
    with pytest.raises(ChainUnavailableError):
        interface("RegionLog").decode("size", data)


#: What contracts call of each other, what the manager calls, and what `consent_calls` builds.
ELSEWHERE = {"append", "set_authority", "file_dispute_signed"}


def test_every_state_changing_function_has_a_call() -> None:
    built = {name for name in dir(Calls) if not name.startswith("_")}
    for contract in ("RegionLog", "NodeRegistry", "AnchorRegistry", "Disputes"):
        for entry in _abi(contract):
            if entry["type"] == "function" and entry["stateMutability"] == "nonpayable":
                snake = "".join("_" + c.lower() if c.isupper() else c for c in str(entry["name"]))
                assert snake in built | ELSEWHERE, snake


def test_every_hint_is_for_an_error_that_a_contract_has() -> None:
    """An error that was renamed would lose its hint, and whoever asks for it by name would never meet it."""
    known = {error.name for name in contract_names() for error in interface(name).errors.values()}
    assert sorted(set(HINTS) - known) == []
