"""Reading cells of a region's log that one endpoint proves, under a block's hash that is trusted or agreed on."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.chain.connect import Chain
from creditchain.chain.deployments import Deployment
from creditchain.chain.proving import proven_words
from creditchain.proven.log_state import ProvenCells


def prove_cells(
    chain: Chain, deployment: Deployment, keys: Sequence[bytes], trusted: bytes | None = None
) -> ProvenCells:
    """The words of cells (keys of 32 bytes), proven under the hash `trusted` (32 bytes).

    If it is None, under that of the newest final block, which all endpoints of `chain` have to name alike.

    Raises:
        LyingEndpointError: the first endpoint's answers are not proven, or the endpoints disagree about the block.
        ChainUnavailableError: it has no proofs, no such block, or does not answer.
    """
    if trusted is not None:
        return proven_words(chain, deployment, keys, trusted=trusted)
    final = chain.final_block()
    return proven_words(chain, deployment, keys, number=final.number, trusted=final.hash)
