"""`creditchain dispute check`: whether the record that is shown corrects the disputed one, as the answer says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import RpcOption, open_region
from creditchain.cli.files import load
from creditchain.cli.policy_option import PolicyOption, policy_of
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import settings
from creditchain.errors import ExitCode
from creditchain.verification.verdict import Outcome


def check(
    ctx: typer.Context,
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="Package of the disputed record.")],
    correction: Annotated[Path, typer.Option("--correction", help="Package of the correcting record.")],
    filing: Annotated[int | None, typer.Option(min=1, help="Number of the filing; the last one if not given.")] = None,
    policy: PolicyOption = None,
    products: Folders = None,
    rpc: RpcOption = None,
) -> int:
    """Check a correction: a later, living record of the same subject and section. 核验更正

    Exit code 0: it corrects the disputed record. 1: it does not. 3: it could not be checked.
    """
    from creditchain.acts.correcting import check_answer
    from creditchain.acts.verifying import Judge
    from creditchain.catalogue.products import catalogue
    from creditchain.packages.record_package import parse_package

    chosen = settings(ctx)
    judge = Judge({product.ref: product for product in catalogue(folders_of(products))}, policy_of(policy))
    disputed, correcting = load(package, parse_package), load(correction, parse_package)
    with open_region(chosen, rpc) as region:
        found, step = check_answer(region, judge, disputed, correcting, filing)
    chosen.output.emit(
        {
            "filing": found.number,
            "state": found.state.label,
            "outcome": step.outcome.value,
            "outcome_zh": step.outcome.zh,
            "reason": step.reason.en,
            "reason_zh": step.reason.zh,
        }
    )
    if step.outcome is Outcome.PASSED:
        return int(ExitCode.OK)
    return int(ExitCode.NOT_VALID if step.outcome is Outcome.FAILED else ExitCode.COULD_NOT_CHECK)
