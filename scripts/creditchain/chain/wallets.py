"""Check signatures as the contracts do: of an account's key, or of a wallet contract (ERC-1271)."""

from __future__ import annotations

from eth_abi.abi import encode

from creditchain.chain.connect import Chain
from creditchain.chain.errors import ContractRefusedError
from creditchain.hashing import keccak256
from creditchain.messages import TypedMessage, signed_by

_MAGIC = keccak256(b"isValidSignature(bytes32,bytes)")[:4]


def signed(
    chain: Chain, address: str | None, message: TypedMessage, signature: bytes, block: int | None = None
) -> bool:
    """Whether `address` signed `message`, judged at a block (None: the newest). False if `address` is None."""
    if address is None:
        return False
    if signed_by(message, signature, address):
        return True
    if not chain.codes([address], block)[0]:
        return False
    try:
        call = _MAGIC + encode(("bytes32", "bytes"), (message.digest(), signature))
        return chain.call(address, call, block=block, doing="judge a signature")[:32] == _MAGIC.ljust(32, b"\0")
    except ContractRefusedError:
        return False
