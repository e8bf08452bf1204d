"""Cells of a region's log, proven by one endpoint that nobody trusts (docs/format.md section 9).

The endpoint is asked for a block's header and for EIP-1186 proofs of the log's storage. Both are checked against the
block's hash, so all that is left to trust is that hash: give one that is trusted, or compare the one that comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from creditchain.chain import proof_answers
from creditchain.chain.answers import ShapeError
from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment
from creditchain.chain.errors import ChainUnavailableError, LyingEndpointError, MalformedAnswerError
from creditchain.proven.errors import HeaderFormError, StateProofError
from creditchain.proven.headers import BlockHeader, require_hash_of
from creditchain.proven.log_state import LogPlace, ProvenCells, proven_cells, slots_of

#: Slots in one request. Geth takes 1,024 (internal/ethapi/api.go, maxGetStorageSlots).
SLOTS_AT_ONCE = 512

_T = TypeVar("_T")
_Request = tuple[str, Sequence[Any]]


def place_of_log(deployment: Deployment) -> LogPlace:
    """What has to be proven of a deployment's log before its cells are believed."""
    contract = deployment.contracts["RegionLog"]
    return LogPlace(bytes.fromhex(contract.address[2:]), contract.code_hash, deployment.log_id)


def proven_words(
    chain: Chain,
    deployment: Deployment,
    keys: Sequence[bytes],
    *,
    number: int | None = None,
    trusted: bytes | None = None,
    peaks: int = 0,
) -> ProvenCells:
    """The words of cells (keys of 32 bytes) at a block, proven under its hash. Only the first endpoint is asked.

    One round trip for a block by number, two without.

    Args:
        chain: its endpoint is not trusted.
        deployment: names the log by address, code and id.
        keys: a key that is given twice is asked once.
        number: the block's number; None for the block with the hash `trusted`, or the newest.
        trusted: the block's hash (32 bytes). If it is None, compare the hash in the result with one that is trusted:
            nothing here says that such a block is on the chain.
        peaks: how many of the log's peaks to prove, see `ProvenCells.root`.
    Raises:
        LyingEndpointError: what the endpoint gives is not proven.
        RpcError: it has no eth_getProof (`refusal` UNSUPPORTED), or no longer the state of that block (MISSING).
            Nothing else is asked in its place.
        ChainUnavailableError: it does not answer, has no such block, or gives answers of another shape.
    """
    unique = list(dict.fromkeys(keys))
    log, slots = deployment.address("RegionLog"), slots_of(unique, peaks)
    if number is None and trusted is not None:
        header = _header_by_hash(chain, trusted)
        answers = chain.batch(_requests(log, slots, header.number))
    else:
        at = chain.head().number if number is None else number
        named: _Request = ("eth_getBlockByNumber", (hex(at), False))
        block, *answers = chain.batch([named, *_requests(log, slots, at)])
        header = _header(chain, named[0], block, at, trusted)
    proofs = [_read(chain, "eth_getProof", answer, proof_answers.account_proof) for answer in answers]
    log_place = place_of_log(deployment)
    return _told(chain, "eth_getProof", lambda: proven_cells(header, proofs, unique, log_place, peaks))


def _header_by_hash(chain: Chain, trusted: bytes) -> BlockHeader:
    method = "eth_getBlockByHash"
    return _header(chain, method, chain.request(method, "0x" + trusted.hex(), False), None, trusted)


def _header(chain: Chain, method: str, block: object, number: int | None, trusted: bytes | None) -> BlockHeader:
    header = _read(chain, method, block, partial(proof_answers.header, number=number))
    if trusted is not None:
        _told(chain, method, lambda: require_hash_of(header, trusted, "the hash that is trusted"))
    return header


def _requests(log: str, wanted: Sequence[bytes], number: int) -> list[_Request]:
    """By number, not by hash (EIP-1898): Ganache takes no hashes, and a proof of another block does not hold anyway."""
    slots = ["0x" + slot.hex() for slot in wanted]
    parts = [slots[first : first + SLOTS_AT_ONCE] for first in range(0, len(slots), SLOTS_AT_ONCE)]
    return [("eth_getProof", (log, part, hex(number))) for part in parts]


def _read(chain: Chain, method: str, answer: object, reader: Callable[[object], _T]) -> _T:
    if answer is None:
        raise ChainUnavailableError(f"the endpoint {chain.endpoint} gives null for {method}", hint="Is it in sync?")
    try:
        return _told(chain, method, lambda: reader(answer))
    except ShapeError as error:
        raise MalformedAnswerError(chain.endpoint, method, error.field, error.expected, error.found) from error


def _told(chain: Chain, method: str, check: Callable[[], _T]) -> _T:
    """What the check gives; its error as one that names the endpoint and the call."""
    try:
        return check()
    except HeaderFormError as error:
        raise _lie(chain, method, error, error.hint) from error
    except StateProofError as error:
        raise _lie(chain, method, error, "Ask another endpoint.") from error


def _lie(chain: Chain, method: str, error: StateProofError, hint: str | None) -> LyingEndpointError:
    message = f"the endpoint {chain.endpoint} does not prove what it answers to {method}: {error.message}"
    return LyingEndpointError(message, expected=error.expected, found=error.found, hint=hint)
