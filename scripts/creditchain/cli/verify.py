"""`creditchain verify`: the numbered steps for packages, in English and Chinese, and one exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from creditchain.cli.connecting import RpcOption, TagKeyOption, open_region
from creditchain.cli.facts_options import CheckpointOption, FactsOption, SignersOption, basis_of, trusted_block
from creditchain.cli.files import read_file
from creditchain.cli.moments import shown
from creditchain.cli.policy_option import PolicyOption, policy_of
from creditchain.cli.product_folders import Folders, folders_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import UnavailableError
from creditchain.verification.verdict import Source, Step, Verdict

#: Records of a report that one step lists.
_SHOWN = 5

_COLOURS = {
    "passed": "green",
    "failed": "bold red",
    "pending": "yellow",
    "not verified": "yellow",
    "not applicable": "dim",
    "valid": "bold green",
    "not valid": "bold red",
    "could not be checked": "bold yellow",
}


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
    rpc: RpcOption = None,
) -> int:
    """Check packages of records and of reports against the chain, step by step. 核验数据包

    Each package gets its verdict. Exit code 0: all are valid. 1: one is not valid. 3: none is invalid, but one could
    not be checked.
    """
    from creditchain.acts.verifying import Judge, verify_packages, worst
    from creditchain.catalogue.products import catalogue
    from creditchain.home.keystores import load_tag_key
    from creditchain.verification.subject import TagKey

    chosen = settings(ctx)
    judge = Judge(
        products={product.ref: product for product in catalogue(folders_of(products))},
        policy=policy_of(policy),
        tag_key=TagKey(load_tag_key(tag_key)) if tag_key is not None else None,
        basis=basis_of(facts),
        trusted=trusted_block(checkpoint, signers),
    )
    contents = [_content(path) for path in packages]
    with chosen.output.progress("verifying", len(packages)) as bar:
        verdicts = verify_packages(
            contents, judge, lambda: open_region(chosen, rpc), lambda: bar.advance(bar.task_ids[0])
        )
    _show(chosen, [(str(path), verdict) for path, verdict in zip(packages, verdicts, strict=True)])
    return int(worst(verdicts).exit_code)


def _content(path: Path) -> bytes | UnavailableError:
    """A file, or why it cannot be read: the other packages get their verdicts all the same."""
    try:
        return read_file(path)
    except UnavailableError as error:
        return error


def _show(chosen: Settings, verdicts: list[tuple[str, Verdict]]) -> None:
    output = chosen.output
    if output.as_json:
        output.emit([{"file": file, **verdict.as_json()} for file, verdict in verdicts])
        return
    for file, verdict in verdicts:
        columns = ["#", "step 步骤", "outcome 结果", "reason 原因"]
        output.table(columns, [_row(step) for step in verdict.steps], title=file)
        for notice in verdict.notices:
            output.line("  ", ("yellow", "•"), f" {notice.en}  {notice.zh}")
        output.line((_COLOURS[verdict.status], f"{verdict.status.value.upper()}  {verdict.status.zh}"))
        if verdict.source is not None:
            output.line("  ", *_facts(verdict.source))
        for weak in verdict.weaknesses:
            kind = ("yellow", f"▽ {weak.kind.value} {weak.kind.zh}:")
            output.line("  ", kind, f" {weak.text.en}  {weak.text.zh}")
        output.line()


def _facts(source: Source) -> list[tuple[str, str] | str]:
    """On whose word the facts are, and as of when."""
    at = f", as of block {source.block.number}, {shown(source.block.time)}" if source.block is not None else ""
    basis = f"facts 事实依据: {source.basis.value} {source.basis.zh}"
    return [("bold", basis), f" ({source.whose.en}{at})  {source.whose.zh}"]


def _row(step: Step) -> list[str | Text]:
    return [
        str(step.number),
        f"{step.name.en}\n{step.name.zh}",
        Text(f"{step.outcome.value}\n{step.outcome.zh}", style=_COLOURS[step.outcome]),
        Text.assemble(step.reason.en, *_expectation(step), f"\n{step.reason.zh}", *_records(step)),
    ]


def _expectation(step: Step) -> list[tuple[str, str] | str]:
    """What was expected and found, where the step compared two values."""
    if not {"expected", "found"} <= step.details.keys():
        return []
    shown = step.as_json()["details"]
    return [("\nexpected ", "dim"), str(shown["expected"]), ("\nfound ", "dim"), str(shown["found"])]


def _records(step: Step) -> list[tuple[str, str]]:
    """The records that a report's step is about, a line each."""
    listed = step.as_json()["details"].get("records")
    if not isinstance(listed, list):
        return []
    # The step's own reason is the first record's.
    shown = [
        f"node {one['node']}, {one['section']}, {one['leaf']}"
        + ("" if one["reason"] == listed[0]["reason"] else f": {one['reason']}")
        for one in listed[:_SHOWN]
    ]
    more = [f"and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    return [(f"\n{line}", "dim") for line in [*shown, *more]]
