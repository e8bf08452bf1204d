"""`creditchain report show`: a report as people read it, in the terminal, as HTML, as PDF."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditchain.cli.connecting import RpcOption, TagKeyOption
from creditchain.cli.facts_options import CheckpointOption, FactsOption, RegionFactsOption, SignersOption
from creditchain.cli.files import load
from creditchain.cli.judging import asked_by, judge_of
from creditchain.cli.output_files import ForceOption, require_writable, save
from creditchain.cli.policy_option import PolicyOption
from creditchain.cli.product_folders import Folders
from creditchain.cli.report_shown import show_report
from creditchain.cli.settings import settings
from creditchain.views.languages import Language


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(show)


def show(
    ctx: typer.Context,
    package: Annotated[Path, typer.Argument(help="Package of a report, or a PDF that carries one.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write one HTML file instead.")] = None,
    pdf: Annotated[
        Path | None, typer.Option("--pdf", help="Write a PDF/A-3 instead, which carries the package.")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", help="Language of titles, codes and reasons.")] = Language.BOTH,
    policy: PolicyOption = None,
    tag_key: TagKeyOption = None,
    products: Folders = None,
    facts: FactsOption = None,
    checkpoint: CheckpointOption = None,
    signers: SignersOption = None,
    region_facts: RegionFactsOption = None,
    force: ForceOption = False,
    rpc: RpcOption = None,
) -> int:
    """Show a report as people read it: its parts, each record with its badges, the verdict with its steps. 查看报告

    The package is verified first, as `creditchain verify` does it, and the exit code is the same: 0 valid, 1 not valid,
    3 could not be checked. With --html or --pdf a file is written whatever the verdict is, which it says first.
    `verify` and `report show` read the package that such a PDF carries. Both need `pip install 'creditchain[report]'`.
    """
    from creditchain.acts.viewing import view_report
    from creditchain.home.layout import Home
    from creditchain.home.profiles import Profiles
    from creditchain.rendering.html import report_html
    from creditchain.rendering.pdf import report_pdf

    chosen = settings(ctx)
    for out, other in ((html, pdf), (pdf, html)):
        if out is not None:
            require_writable(out, force=force, inputs=(package, *filter(None, [other])))
    asked = asked_by(chosen, facts, checkpoint, signers, region_facts, rpc)
    judge = judge_of(policy, tag_key, products, facts, checkpoint, signers)
    profiles = Profiles(Home(chosen.home))
    view, raw = load(package, lambda content: view_report(content, judge, asked, profiles.name))
    made = [(html, report_html(view, lang))] if html is not None else []
    made += [(pdf, report_pdf(view, raw, lang))] if pdf is not None else []
    for path, content in made:
        save(path, content, force=force)
    if not made:
        show_report(chosen.output, view, lang)
    else:
        written = [{"file": str(path), "bytes": len(content)} for path, content in made]
        verdict = view.verdict
        chosen.output.emit({"verdict": verdict.status.value, "verdict_zh": verdict.status.zh, "written": written})
    return int(view.verdict.status.exit_code)
