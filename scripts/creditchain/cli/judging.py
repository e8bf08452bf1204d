"""Who judges packages, and who is asked about them: what the options of `verify` and `report show` come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from creditchain.cli.connecting import open_region
from creditchain.cli.facts_options import basis_of, signed_alone, signing_of, trusted_block
from creditchain.cli.policy_option import policy_of
from creditchain.cli.product_folders import folders_of

if TYPE_CHECKING:
    from creditchain.acts.verifying import Connect, Judge, TrustedSigners
    from creditchain.cli.settings import Settings


def judge_of(
    policy: Path | None,
    tag_key: str | None,
    products: str | None,
    facts: str | None,
    checkpoint: Path | None,
    signers: Path | None,
) -> Judge:
    """Who judges, by these options. Raises as each of them does."""
    from creditchain.acts.verifying import Judge
    from creditchain.catalogue.products import catalogue
    from creditchain.home.keystores import load_tag_key
    from creditchain.verification.subject import TagKey

    return Judge(
        products={product.ref: product for product in catalogue(folders_of(products))},
        policy=policy_of(policy),
        tag_key=TagKey(load_tag_key(tag_key)) if tag_key is not None else None,
        basis=basis_of(facts),
        trusted=trusted_block(checkpoint, signers),
    )


def asked_by(
    chosen: Settings,
    facts: str | None,
    checkpoint: Path | None,
    signers: Path | None,
    region_facts: Path | None,
    rpc: list[str] | None,
) -> Connect | TrustedSigners:
    """Who is asked: the region's endpoints, or signers by whose checkpoints packages show their facts.

    Raises UsageError for options that would count for nothing, and as files do.
    """
    alone = signed_alone(basis_of(facts), checkpoint, signers, region_facts, rpc)
    if alone and signers is not None:
        return signing_of(chosen, signers, region_facts)
    return lambda: open_region(chosen, rpc)
