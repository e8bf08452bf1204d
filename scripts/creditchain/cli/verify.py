"""`creditchain verify`: the numbered steps for packages, in English and Chinese, and one exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import RpcOption, TagKeyOption
from creditchain.cli.facts_options import CheckpointOption, FactsOption, RegionFactsOption, SignersOption
from creditchain.cli.files import read_file
from creditchain.cli.judging import asked_by, judge_of
from creditchain.cli.policy_option import PolicyOption
from creditchain.cli.product_folders import Folders
from creditchain.cli.settings import settings
from creditchain.cli.verdict_shown import show_verdicts
from creditchain.errors import UnavailableError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    ctx: typer.Context,
    packages: Annotated[
        list[Path], typer.Argument(help="Package files, or PDFs that carry one.", metavar="PACKAGE...")
    ],
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
    from creditchain.acts.verifying import TrustedSigners, verify_packages, verify_signed, worst

    chosen = settings(ctx)
    asked = asked_by(chosen, facts, checkpoint, signers, region_facts, rpc)
    judge = judge_of(policy, tag_key, products, facts, checkpoint, signers)
    contents = [_content(path) for path in packages]
    with chosen.output.progress("verifying", len(packages)) as bar:
        judged = lambda: bar.advance(bar.task_ids[0])  # noqa: E731
        if isinstance(asked, TrustedSigners):
            verdicts = verify_signed(contents, judge, asked, judged)
        else:
            verdicts = verify_packages(contents, judge, asked, judged)
    show_verdicts(chosen.output, [(str(path), verdict) for path, verdict in zip(packages, verdicts, strict=True)])
    return int(worst(verdicts).exit_code)


def _content(path: Path) -> bytes | UnavailableError:
    """A file, or why it cannot be read: the other packages get their verdicts all the same."""
    try:
        return read_file(path)
    except UnavailableError as error:
        return error
