"""`creditchain verify`: the numbered steps for packages, in English and Chinese, and one exit code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from creditchain.cli.connecting import RpcOption, TagKeyOption, open_region
from creditchain.cli.product import Folders, folders_of
from creditchain.cli.settings import Settings, settings
from creditchain.errors import ConfigError, ExitCode, InputError, Place, UnavailableError
from creditchain.verification.verdict import Step, Verdict

if TYPE_CHECKING:
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.evidence.report import ReportEvidenceFetcher
    from creditchain.packages.record_package import RecordPackage
    from creditchain.packages.report_package import ReportPackage
    from creditchain.products import Product
    from creditchain.verification.policy import Policy
    from creditchain.verification.subject import TagKey

#: Exit codes from best to worst; the worst of all packages is the command's.
_WORST = (ExitCode.OK, ExitCode.COULD_NOT_CHECK, ExitCode.NOT_VALID)

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
    policy: Annotated[
        Path | None, typer.Option("--policy", envvar="CREDITCHAIN_POLICY", help="What you demand: a TOML file.")
    ] = None,
    tag_key: TagKeyOption = None,
    products: Folders = None,
    rpc: RpcOption = None,
) -> int:
    """Check packages of records and of reports against the chain, step by step. 核验数据包

    Exit code 0: all are valid. 1: one is not valid. 3: none is invalid, but one could not be checked.
    """
    from creditchain.home.keystores import load_tag_key
    from creditchain.verification.subject import TagKey

    chosen = settings(ctx)
    demands = _policy(policy)
    judge = _Judge(
        policy=demands,
        tag_key=TagKey(load_tag_key(tag_key)) if tag_key is not None else None,
        products=_known_products(products, demands),
    )
    read = [judge.parse(path) for path in packages]
    # A chain is asked only if one of the files parses: step 1 needs none.
    verdicts = _on_chain(chosen, judge, read, rpc) if not all(isinstance(one, Verdict) for one in read) else read
    _show(chosen, [(str(path), one) for path, one in zip(packages, verdicts, strict=True) if isinstance(one, Verdict)])
    return max((one.status.exit_code for one in verdicts if isinstance(one, Verdict)), key=_WORST.index)


@dataclass(frozen=True)
class _Judge:
    """What is the same for all packages of one call."""

    policy: Policy
    tag_key: TagKey | None
    products: Mapping[str, Product]

    def parse(self, path: Path) -> RecordPackage | ReportPackage | Verdict:
        """Step 1: the package, or the verdict on a file that is none."""
        from creditchain.packages.report_package import parse_any
        from creditchain.verification.steps import malformed

        try:
            return parse_any(read_file(path))
        except InputError as error:
            return malformed(error, self.policy)

    def decide(
        self, package: RecordPackage | ReportPackage, records: EvidenceFetcher, reports: ReportEvidenceFetcher
    ) -> Verdict:
        """Steps 2 to 10."""
        from creditchain.packages.report_package import ReportPackage
        from creditchain.verification.report import verify_report
        from creditchain.verification.steps import verify_record

        if isinstance(package, ReportPackage):
            return verify_report(
                package, reports.fetch(package), self.policy, tag_key=self.tag_key, catalogue=self.products
            )
        digests = {name: product.digest for name, product in self.products.items()}
        return verify_record(package, records.fetch(package), self.policy, tag_key=self.tag_key, products=digests)


def read_file(path: Path) -> bytes:
    """The bytes of a package file; of one that is too large, only as many as it takes to see that.

    Raises:
        UnavailableError: it can not be read.
    """
    from creditchain.packages.record_package import PACKAGE_LIMITS

    try:
        with path.open("rb") as file:
            return file.read(PACKAGE_LIMITS.package_bytes + 1)
    except OSError as error:
        raise UnavailableError("the file can not be read", place=Place(str(path)), found=error.strerror) from error


def _on_chain(
    chosen: Settings, judge: _Judge, read: Sequence[RecordPackage | ReportPackage | Verdict], rpc: Sequence[str] | None
) -> list[Verdict]:
    from creditchain.evidence.record import EvidenceFetcher
    from creditchain.evidence.report import ReportEvidenceFetcher

    verdicts = []
    with open_region(chosen, rpc) as region, chosen.output.progress("verifying", len(read)) as bar:
        records = EvidenceFetcher(region)
        reports = ReportEvidenceFetcher(region, records)
        for one in read:
            verdicts.append(one if isinstance(one, Verdict) else judge.decide(one, records, reports))
            bar.advance(bar.task_ids[0])
    return verdicts


def _policy(path: Path | None) -> Policy:
    from creditchain.verification.policy import DEFAULT_POLICY, PolicyError, parse_policy

    if path is None:
        return DEFAULT_POLICY
    try:
        return parse_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError("the policy can not be read", place=Place(str(path)), found=type(error).__name__) from error
    except PolicyError as error:
        raise error.at(Place(str(path))) from None


def _known_products(folders: str | None, policy: Policy) -> dict[str, Product]:
    """The products that this verifier knows. The policy's own have to be among them."""
    from creditchain.catalogue.products import catalogue

    known = {product.ref: product for product in catalogue(folders_of(folders))}
    unknown = sorted((policy.products | policy.completeness.products) - known.keys())
    if unknown:
        raise ConfigError(
            "the policy accepts a product that is not known here",
            expected=", ".join(sorted(known)),
            found=", ".join(unknown),
            hint="Name the folder that holds it with --products.",
        )
    return known


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
        output.line()


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
