"""Check that a chain's EVM is the one the contracts were written for, before anything is deployed."""

from __future__ import annotations

import time

from eth_keys.datatypes import PrivateKey

from creditchain.chain.clock import mine_now
from creditchain.chain.connect import Chain
from creditchain.chain.errors import ChainUnsuitableError, RpcError
from creditchain.chain.refusals import Refusal
from creditchain.hashing import keccak256

# Creation code that returns 128 bytes instead of a contract: block.timestamp, keccak256 of the empty string, the
# address that ecrecover finds for the 128 bytes (hash, v, r, s) behind the code, and the chain id. It runs in eth_call,
# so it needs no transaction, no money and no deployed contract.
_PROBE = bytes.fromhex(
    "42600052"  # TIMESTAMP        → memory 0x00
    "6000600020602052"  # KECCAK256(0, 0)  → memory 0x20
    "46606052"  # CHAINID          → memory 0x60
    "60806029608039"  # what ecrecover takes → memory 0x80
    "602060406080608060015afa50"  # STATICCALL(gas, 1, 0x80, 0x80, 0x40, 0x20)
    "60806000f3"  # RETURN(0, 0x80)
)
_WORD = 32
#: Unix seconds of the years 2001 to 5138. A time in milliseconds lies above this range.
_SECONDS = range(10**9, 10**11)
#: Seconds by which the chain's clock may differ from this machine's before a remark is due.
CLOCK_TOLERANCE = 15 * 60


def probe(chain: Chain) -> list[str]:
    """Run the probe.

    Returns:
        Remarks that do not prevent a deployment.
    Raises:
        ChainUnsuitableError: the EVM differs; the error says in what, and why that matters.
    """
    key = PrivateKey(keccak256(b"creditchain probe"))
    message = keccak256(b"creditchain")
    signature = key.sign_msg_hash(message)
    if chain.local:
        # Ganache runs calls at the time of its last block, which is hours old where nobody sends anything.
        mine_now(chain)
    recovery = [27 + signature.v, signature.r, signature.s]
    given = message + b"".join(number.to_bytes(_WORD, "big") for number in recovery)
    timestamp, empty, recovered, chain_id = _words(_run(chain, _PROBE + given))
    _require(
        int.from_bytes(timestamp, "big") in _SECONDS,
        "block.timestamp is not in seconds",
        "a time in unix seconds",
        str(int.from_bytes(timestamp, "big")),
        "Every date would be wrong by a factor of 1000. Some consortium clients count milliseconds.",
    )
    _require(
        empty == keccak256(b""),
        "its hash is not keccak-256",
        "0x" + keccak256(b"").hex(),
        "0x" + empty.hex(),
        "No proof would verify. Clients in the mode for national cryptography (SM3) do this.",
    )
    _require(
        recovered[12:] == key.public_key.to_canonical_address(),
        "ecrecover does not find the signer of a secp256k1 signature",
        key.public_key.to_checksum_address(),
        "0x" + recovered.hex(),
        "Signed acceptances and consents could not be checked.",
    )
    _require(
        int.from_bytes(chain_id, "big") == chain.chain_id,
        "the CHAINID instruction and eth_chainId differ",
        str(chain.chain_id),
        str(int.from_bytes(chain_id, "big")),
        "Every signed message would be bound to another chain.",
    )
    apart = abs(int.from_bytes(timestamp, "big") - int(time.time()))
    return [f"the chain's clock and this machine's are {apart} seconds apart"] if apart > CLOCK_TOLERANCE else []


def _run(chain: Chain, code: bytes) -> object:
    request = {"data": "0x" + code.hex()}
    try:
        # Not "latest": on a fresh Anvil the time of the newest block is 1.
        return chain.request("eth_call", request, "pending")
    except RpcError as error:
        if error.refusal is Refusal.PASSING:
            raise
        return chain.request("eth_call", request, "latest")


def _words(answer: object) -> tuple[bytes, bytes, bytes, bytes]:
    try:
        raw = bytes.fromhex(str(answer).removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != 4 * _WORD:
        raise ChainUnsuitableError(
            "this chain cannot run the probe",
            expected="128 bytes from creation code in eth_call",
            found=f"{len(raw)} bytes",
            hint="The contracts need an EVM with the London rules or later.",
        )
    return raw[0:32], raw[32:64], raw[64:96], raw[96:128]


def _require(fine: bool, what: str, expected: str, found: str, why: str) -> None:
    if not fine:
        raise ChainUnsuitableError(f"this chain's EVM differs: {what}", expected=expected, found=found, hint=why)
