"""`creditchain report show`: a report as people read it, in the terminal, as HTML, as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from creditchain.cli.connecting import RpcOption, TagKeyOption
from creditchain.cli.facts_options import CheckpointOption, FactsOption, RegionFactsOption, SignersOption
from creditchain.cli.files import load
from creditchain.cli.judging import asked_by, judge_of
from creditchain.cli.policy_option import PolicyOption
from creditchain.cli.product_folders import Folders
from creditchain.cli.report_shown import show_report
from creditchain.cli.settings import settings
from creditchain.views.languages import Language

if TYPE_CHECKING:
    from creditchain.home.profiles import Profiles
    from creditchain.verification.verdict import Text


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(show)


def show(
    ctx: typer.Context,
    package: Annotated[Path, typer.Argument(help="Package of a report.")],
    lang: Annotated[Language, typer.Option("--lang", help="Language of titles, codes and reasons.")] = Language.BOTH,
    policy: PolicyOption = None,
    tag_key: TagKeyOption = None,
    products: Folders = None,
    facts: FactsOption = None,
    checkpoint: CheckpointOption = None,
    signers: SignersOption = None,
    region_facts: RegionFactsOption = None,
    rpc: RpcOption = None,
) -> int:
    """Show a report as people read it: its parts, each record with its badges, the verdict with its steps. 查看报告

    The package is verified first, as `creditchain verify` does it, and the exit code is the same: 0 valid, 1 not valid,
    3 could not be checked.
    """
    from creditchain.acts.viewing import view_report
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles

    chosen = settings(ctx)
    asked = asked_by(chosen, facts, checkpoint, signers, region_facts, rpc)
    judge = judge_of(policy, tag_key, products, facts, checkpoint, signers)
    profiles = Profiles(Home(chosen.home))
    view = load(package, lambda raw: view_report(raw, judge, asked, lambda digest: _name(profiles, digest)))
    show_report(chosen.output, view, lang)
    return int(view.verdict.status.exit_code)


def _name(profiles: Profiles, digest: bytes) -> Text | None:
    """The names of a node, if this machine has the profile behind the digest."""
    from creditchain.verification.verdict import Text

    found = profiles.find(digest)
    return None if found is None else Text(found["name"]["en"], found["name"]["zh"])
