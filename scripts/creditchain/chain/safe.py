"""A Safe: the account by which governors act m of n. Its contracts come unchanged from npm, version 1.5.0.

A transaction of a Safe is signed by enough of its owners and sent by anybody. Its nonces leave no gap: of two
transactions with the same nonce one takes effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eth_utils.address import to_checksum_address

from creditchain.chain.abi import interface
from creditchain.chain.answers import Log
from creditchain.chain.calls import ZERO_ADDRESS
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import ChainUnavailableError
from creditchain.log.views import ContractCall
from creditchain.messages.safe import SafeDomain, SafeTransaction
from creditchain.messages.signatures import expanded

#: The contracts that a Safe needs, as artifacts are named, in the order of deployment.
SAFE_CONTRACTS: Final = ("Safe", "SafeProxyFactory", "MultiSendCallOnly")

#: Name of the governors' Safe among a deployment's contracts.
GOVERNORS: Final = "Governors"

_CALL, _DELEGATECALL = 0, 1


@dataclass(frozen=True, slots=True)
class SafeState:
    """Owners (checksum addresses), how many must sign, and the nonce of the next transaction."""

    owners: tuple[str, ...]
    threshold: int
    nonce: int


def governors_safe(deployment: Deployment) -> str | None:
    """The address of the governors' Safe; None where single keys govern."""
    found = deployment.contracts.get(GOVERNORS)
    return None if found is None else found.address


def safe_transaction(
    deployment: Deployment, safe: str, nonce: int, calls: Sequence[tuple[str, bytes]]
) -> SafeTransaction:
    """The transaction of a Safe that makes these calls (target, data), in their order, all or none."""
    domain = SafeDomain(deployment.chain_id, safe)
    if len(calls) == 1:
        return SafeTransaction(domain, *calls[0], operation=_CALL, nonce=nonce)
    data = interface("MultiSendCallOnly").encode("multiSend", b"".join(_packed(*call) for call in calls))
    target = deployment.address("MultiSendCallOnly")
    return SafeTransaction(domain, target, data, operation=_DELEGATECALL, nonce=nonce)


def _packed(target: str, data: bytes) -> bytes:
    """A call without value as MultiSendCallOnly reads it: operation 0, target, value, length, data."""
    return b"\0" + bytes.fromhex(target[2:]) + bytes(32) + len(data).to_bytes(32) + data


def execution(transaction: SafeTransaction, signatures: Mapping[str, bytes]) -> ContractCall:
    """The call that anybody sends, with signatures (64 bytes) by owner."""
    # The Safe wants them in the order of the owners' addresses.
    signed = b"".join(expanded(signatures[owner]) for owner in sorted(signatures, key=lambda one: int(one, 16)))
    data = interface("Safe").encode("execTransaction", *transaction.values()[:-1], signed)
    return ContractCall(transaction.domain.safe, data, "carry out what the governors decided")


def safe_state(chain: Chain, safe: str, block: int | None = None) -> SafeState:
    """Who owns a Safe, and its next nonce."""
    face, names = interface("Safe"), ("getOwners", "getThreshold", "nonce")
    found = chain.calls([(safe, face.encode(name)) for name in names], block=block, doing="answer getOwners")
    owners, threshold, nonce = (face.decode(name, data)[0] for name, data in zip(names, found, strict=True))
    return SafeState(tuple(map(to_checksum_address, owners)), int(threshold), int(nonce))


def creation(factory: str, master: str, owners: Sequence[str], threshold: int) -> ContractCall:
    """Create a Safe of these owners. The same factory makes it once."""
    none = (ZERO_ADDRESS, b"", ZERO_ADDRESS, ZERO_ADDRESS, 0, ZERO_ADDRESS)
    setup = interface("Safe").encode("setup", list(owners), threshold, *none)
    data = interface("SafeProxyFactory").encode("createProxyWithNonce", master, setup, 0)
    return ContractCall(factory, data, "create the governors' Safe")


def created(logs: Sequence[Log], factory: str) -> str:
    """The address of the Safe that a transaction created. Raises ChainUnavailableError: the receipt does not say."""
    event = interface("SafeProxyFactory").events["ProxyCreation"]
    for log in logs:
        if log.address == factory and log.topics[:1] == (event.topic,):
            return str(event.decode(log)["proxy"])
    raise ChainUnavailableError("the receipt for creating the governors' Safe names no address")
