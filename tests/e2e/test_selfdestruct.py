"""A writer that destroys itself and comes back with other code, where the EVM allows that: Ganache follows Shanghai.

Its address stays the same, so a log that knew its writers by their addresses would go on to trust it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from acting import GENERATIONS, region_on
from servers import Server
from servers import ganache as start_ganache

from creditchain.chain.abi import interface
from creditchain.chain.connect import Chain, connect
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.signers import dev_signer
from creditchain.hashing import keccak256
from creditchain.home.journal import Journal
from creditchain.vocabulary import EntryKind

OPCODES = {
    "ADD": 0x01, "MUL": 0x02, "SUB": 0x03, "LT": 0x10, "ISZERO": 0x15, "SHR": 0x1C, "CALLER": 0x33,
    "CALLDATALOAD": 0x35, "CALLDATASIZE": 0x36, "CALLDATACOPY": 0x37, "CODECOPY": 0x39, "RETURNDATASIZE": 0x3D,
    "RETURNDATACOPY": 0x3E, "NUMBER": 0x43, "JUMPI": 0x57, "GAS": 0x5A, "JUMPDEST": 0x5B, "CALL": 0xF1, "RETURN": 0xF3,
    "REVERT": 0xFD, "SELFDESTRUCT": 0xFF,
}  # fmt: skip
#: The usual deployer by CREATE2, and its own creation code: calldata is salt[32] || creation code.
DEPLOYER = bytes.fromhex(
    "604580600e600039806000f350fe7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)


def assembled(text: str) -> bytes:
    """Code from opcodes, numbers to push (4 bytes each), and labels: `name:` marks a place, `@name` pushes it."""
    places, code = {}, b""
    for _ in range(2):  # the second time, all places are known
        code = b""
        for word in text.split():
            if word.endswith(":"):
                places[word[:-1]] = len(code)
                code += bytes([OPCODES["JUMPDEST"]])
            elif word in OPCODES:
                code += bytes([OPCODES[word]])
            else:
                number = places.get(word[1:], 0) if word.startswith("@") else int(word)
                code += b"\x63" + number.to_bytes(4)
    return code


#: Calls for anybody (calldata: target[20] || call data), and destroys itself when it is sent nothing.
PUPPET = assembled("""
    CALLDATASIZE ISZERO @destroy JUMPI
    20 CALLDATASIZE SUB 20 0 CALLDATACOPY
    0 0 20 CALLDATASIZE SUB 0 0 0 CALLDATALOAD 96 SHR GAS CALL
    RETURNDATASIZE 0 0 RETURNDATACOPY
    @done JUMPI RETURNDATASIZE 0 REVERT
    done: RETURNDATASIZE 0 RETURN
    destroy: CALLER SELFDESTRUCT 0
""")
#: As capable, of the same length, and another contract.
IMPOSTOR = PUPPET[:-1] + b"\x01"


def changing(block: int) -> bytes:
    """Creation code of a puppet before this block, and of the impostor from it on: one CREATE2 address for both."""
    length = len(IMPOSTOR)
    copy = "{length} {block} NUMBER LT ISZERO {length} MUL {start} ADD 0 CODECOPY {length} 0 RETURN"
    start = len(assembled(copy.format(length=length, block=block, start=0)))
    head = assembled(copy.format(length=length, block=block, start=start))
    return head + PUPPET + IMPOSTOR


class Sender:
    """Development key 0, which governs, on a Ganache."""

    def __init__(self, server: Server) -> None:
        self.server, self.address = server, server.ask("eth_accounts")[0]

    def send(self, to: str | None, data: bytes) -> str | None:
        """A transaction that has to succeed. Returns the address of what it created."""
        sent = {"from": self.address, "data": "0x" + data.hex(), "gas": "0x2dc6c0", "gasPrice": hex(20 * 10**9)}
        receipt = self.server.ask(
            "eth_getTransactionReceipt", self.server.ask("eth_sendTransaction", sent | ({"to": to} if to else {}))
        )
        assert receipt["status"] == "0x1"
        found: str | None = receipt["contractAddress"]
        return found

    def code(self, address: str) -> bytes:
        return bytes.fromhex(self.server.ask("eth_getCode", address, "latest")[2:])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_ganache() as started:
        yield started


@pytest.fixture
def chain(server: Server) -> Iterator[Chain]:
    with connect(server.network(), None) as connected:
        yield connected


def test_a_writer_that_destroys_itself_and_comes_back_with_other_code(
    server: Server, chain: Chain, journal: Journal
) -> None:
    region = region_on(chain, journal, next(GENERATIONS))
    sender, log = Sender(server), region.deployment.address("RegionLog")
    assert sender.address.lower() == dev_signer(0, chain).address.lower()
    deployer = sender.send(None, DEPLOYER)
    assert deployer is not None
    change = int(server.ask("eth_blockNumber"), 16) + 8
    creation = changing(change)
    created = keccak256(b"\xff" + bytes.fromhex(deployer[2:]) + bytes(32) + keccak256(creation))[12:]
    puppet = "0x" + created.hex()

    sender.send(deployer, bytes(32) + creation)
    assert sender.code(puppet) == PUPPET
    encode = interface("RegionLog").encode
    sender.send(log, encode("setWriter", 0, puppet, 1 << EntryKind.CLOSED, []))
    appending = bytes.fromhex(log[2:]) + encode("append", EntryKind.CLOSED, b"body", [])
    sender.send(puppet, appending)
    size = region.log_size()

    sender.send(puppet, b"")
    assert sender.code(puppet) == b""
    while int(server.ask("eth_blockNumber"), 16) < change:
        server.ask("evm_mine")
    sender.send(deployer, bytes(32) + creation)
    assert sender.code(puppet) == IMPOSTOR
    with pytest.raises(ContractRefusedError) as refused:
        chain.call(puppet, appending, doing="append as an impostor")
    assert (refused.value.name, refused.value.values["caller"].lower()) == ("RegionLogNotWriter", puppet)
    assert region.log_size() == size
    # Its former self wrote last, which the log remembers by its id and not by its address.
    assert region.is_writer(puppet) is False
