"""`creditchain verify`: the numbered steps for packages, in English and Chinese, and one exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import RpcOption, TagKeyOption, open_region
from creditchain.cli.facts_options import (
    CheckpointOption,
    FactsOption,
    RegionFactsOption,
    SignersOption,
    basis_of,
    signed_alone,
    signing_of,
    trusted_block,
)
from creditchain.cli.files import read_file
from creditchain.cli.policy_option import PolicyOption, policy_of
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.cli.verdict_shown import show_verdicts
from creditchain.errors import UnavailableError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    ctx: typer.Context,
    packages: Annotated[list[Path], typer.Argument(help="Package files.", metavar="PACKAGE...")],
    policy: PolicyOption = None,
    tag_key: TagKeyOption = None,
    products: Folders = None,
    facts: FactsOption = None,
    checkpoint: CheckpointOption = None,
    signers: SignersOption = None,
    region_facts: RegionFactsOption = None,
    rpc: RpcOption = None,
) -> int:
    """Check packages of records and of reports against the chain, step by step. 核验数据包

    Each package gets its verdict. Exit code 0: all are valid. 1: one is not valid. 3: none is invalid, but one could
    not be checked.
    """
    from creditchain.acts.verifying import Judge, verify_packages, verify_signed, worst
    from creditchain.catalogue.products import catalogue
    from creditchain.home.keystores import load_tag_key
    from creditchain.verification.subject import TagKey

    chosen = settings(ctx)
    basis = basis_of(facts)
    alone = signed_alone(basis, checkpoint, signers, region_facts, rpc)
    judge = Judge(
        products={product.ref: product for product in catalogue(folders_of(products))},
        policy=policy_of(policy),
        tag_key=TagKey(load_tag_key(tag_key)) if tag_key is not None else None,
        basis=basis,
        trusted=trusted_block(checkpoint, signers),
    )
    contents = [_content(path) for path in packages]
    signing = signing_of(chosen, signers, region_facts) if alone and signers is not None else None
    with chosen.output.progress("verifying", len(packages)) as bar:
        judged = lambda: bar.advance(bar.task_ids[0])  # noqa: E731
        if signing is not None:
            verdicts = verify_signed(contents, judge, signing, judged)
        else:
            verdicts = verify_packages(contents, judge, lambda: open_region(chosen, rpc), judged)
    show_verdicts(chosen.output, [(str(path), verdict) for path, verdict in zip(packages, verdicts, strict=True)])
    return int(worst(verdicts).exit_code)


def _content(path: Path) -> bytes | UnavailableError:
    """A file, or why it cannot be read: the other packages get their verdicts all the same."""
    try:
        return read_file(path)
    except UnavailableError as error:
        return error
