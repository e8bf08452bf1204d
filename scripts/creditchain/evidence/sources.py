"""Evidence by where its facts come from: endpoints, proofs under a trusted hash, or a checkpoint that was signed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from creditchain.chain.clock import age
from creditchain.chain.proven_facts import ProvenFacts
from creditchain.chain.region import Region
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.errors import UsageError
from creditchain.evidence.record import EvidenceFetcher, endpoints_word, live_evidence, origin_of
from creditchain.index.facts import entries_under
from creditchain.log.allowance import Allowance
from creditchain.log.facts import Basis
from creditchain.log.views import BlockRef
from creditchain.verification.evidence import Origin
from creditchain.verification.verdict import Source, Text


@dataclass(frozen=True, slots=True)
class TrustedBlock:
    """A block whose hash is trusted, and on whose word."""

    block: BlockRef
    whose: Text


def evidence_from(region: Region, basis: Basis | None = None, trusted: TrustedBlock | None = None) -> EvidenceFetcher:
    """Evidence whose facts are told, agreed or proven. None: agreed if several endpoints are named, else told.

    Args:
        trusted: of proven facts, the block; if it is None, the newest final one that all endpoints name alike.
    Raises:
        UsageError: this region's endpoints cannot give such facts.
    """
    if basis is Basis.PROVEN:
        return _proven(region, trusted)
    if basis is Basis.SIGNED:
        raise UsageError("signed facts come from files, not from endpoints", hint="Name the signers with --signers.")
    live = live_evidence(region, Allowance())
    if basis is not None and basis is not live.facts.basis:
        raise UsageError(
            f"these facts would be {live.facts.basis.value}",
            expected=basis.value,
            hint="Several endpoints agree, one tells: name them with --rpc.",
        )
    return live


def signed_evidence(origin: Origin, facts: SignedFacts, now: int) -> EvidenceFetcher:
    """Evidence from facts under a checkpoint. `now`: unix seconds. Nobody is asked."""

    def source() -> Source:
        count, needed = len(facts.checked.signers), facts.checked.threshold
        whose = Text(
            f"{count} pinned signer(s) signed the checkpoint, {needed} needed",
            f"{count} 个所信任的签署方签署了检查点（须 {needed} 个）",
        )
        return Source(Basis.SIGNED, max(0, now - facts.block.time), facts.block, whose, signed_block=True)

    return EvidenceFetcher(origin, facts, source)


def _proven(region: Region, trusted: TrustedBlock | None) -> EvidenceFetcher:
    allowance = Allowance()
    facts = ProvenFacts(region, None if trusted is None else trusted.block, partial(entries_under, region), allowance)

    def source() -> Source:
        named = endpoints_word(region.chain) if trusted is None else trusted.whose
        whose = Text(
            f"proven by one endpoint under the hash of block {facts.block.number}, of which {named.en}",
            f"由一个节点在区块 {facts.block.number} 哈希下证明，该哈希：{named.zh}",
        )
        by_signers = trusted is not None
        return Source(Basis.PROVEN, age(region.chain, facts.block), facts.block, whose, signed_block=by_signers)

    return EvidenceFetcher(origin_of(region.deployment), facts, source, allowance=allowance)
