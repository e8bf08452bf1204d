"""Judging packages of records and of reports, as a bank or a service does: eleven steps each, and a verdict for each.

One package's fault never hides another's verdict. A package that does not parse is *not valid* without any chain; where
the chain cannot be asked, a package that parses *could not be checked*.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.region import Region
from creditchain.checkpoints.checking import PinnedSigners
from creditchain.checkpoints.facts import ShownFacts, facts_of
from creditchain.checkpoints.signed_facts import SignedFacts
from creditchain.errors import ConfigError, InputError, NotValidError, Place, UnavailableError
from creditchain.evidence.record import EvidenceFetcher, unasked
from creditchain.evidence.report import ReportEvidenceFetcher
from creditchain.evidence.sources import TrustedBlock, evidence_from, signed_evidence
from creditchain.log.facts import Basis
from creditchain.packages.record_package import RecordPackage
from creditchain.packages.report_package import ReportPackage, parse_any
from creditchain.products import Product, ProductKind
from creditchain.rendering.embedded import embedded_package, is_pdf
from creditchain.verification.evidence import Origin
from creditchain.verification.policy import DEFAULT_POLICY, Policy, PolicyError
from creditchain.verification.report import verify_report
from creditchain.verification.steps import malformed, unreachable, verify_record
from creditchain.verification.subject import TagKey
from creditchain.verification.verdict import Status, Text, Verdict
from creditchain.vocabulary import PUBLISHING, Role

_log = logging.getLogger(__name__)

#: Connects to the region; the result is closed at the end.
Connect = Callable[[], AbstractContextManager[Region]]
#: Statuses from best to worst. That one package is forged weighs more than that another could not be checked.
_WORST = (Status.VALID, Status.COULD_NOT_CHECK, Status.NOT_VALID)


@dataclass(frozen=True, slots=True)
class Judge:
    """Who judges: what is the same for all packages."""

    products: Mapping[str, Product]  #: those that the verifier knows, by `name/version`
    policy: Policy = DEFAULT_POLICY
    tag_key: TagKey | None = field(default=None, repr=False)  #: lets a verifier who holds it compute the subject's tag
    basis: Basis | None = None  #: how facts are to be had; None: agreed if several endpoints are named, else told
    trusted: TrustedBlock | None = None  #: of proven facts: the block under whose hash they are proven

    def __post_init__(self) -> None:
        """Raises ConfigError if the policy names products or sections that no record can have."""
        scope = self.policy.completeness
        unknown = sorted((self.policy.products | scope.products) - self.products.keys())
        if unknown:
            raise ConfigError(
                "the policy accepts a product that is not known here",
                expected=", ".join(sorted(self.products)),
                found=", ".join(unknown),
                hint="Name the folder that holds it with --products.",
            )
        wanted = [self.products[name] for name in sorted(scope.products or self.products)]
        reports = [product.ref for product in wanted if product.kind is ProductKind.REPORT and scope.products]
        if reports:
            raise _in_vain("completeness.products", "products of records", reports)
        empty = scope.sections - {section for product in wanted for section in product.sections}
        if empty:
            raise _in_vain(
                "completeness.sections", "sections that these products have", [one.label for one in sorted(empty)]
            )


def _in_vain(field: str, expected: str, found: Sequence[object]) -> PolicyError:
    """A name that matches nothing would narrow the scope to nothing, and nobody would notice."""
    return PolicyError(
        "the policy names something that does not exist",
        expected=expected,
        found=", ".join(map(str, found)),
        place=Place(field=field),
    )


def _require_nodes(policy: Policy, members: EvidenceFetcher) -> None:
    """Check that the nodes that the policy names exist and have a role that can match. Raises PolicyError."""
    institutions = frozenset() if policy.institution is None else frozenset({policy.institution})
    named = (
        ("nodes", policy.nodes, PUBLISHING, "nodes that publish"),
        ("completeness.nodes", policy.completeness.nodes, PUBLISHING, "nodes that publish"),
        ("institution", institutions, frozenset({Role.INSTITUTION}), "an institution"),
    )
    for name, numbers, roles, expected in named:
        wrong = [number for number in sorted(numbers) if not _has_role(members, number, roles)]
        if wrong:
            raise _in_vain(name, expected, wrong)


def _has_role(members: EvidenceFetcher, number: int, roles: frozenset[Role]) -> bool:
    """Whether a node exists and has one of these roles. True if the chain cannot be asked: each package says that."""
    try:
        found = members.member(number)
    except (UnavailableError, ContractRefusedError):
        return True
    return found is not None and found.info.role in roles


def verify_packages(
    contents: Sequence[bytes | UnavailableError],
    judge: Judge,
    connect: Connect,
    on_judged: Callable[[], None] = lambda: None,
) -> list[Verdict]:
    """A verdict for each package, in their order.

    Args:
        contents: the bytes of each package file, or why they could not be read.
        connect: called at most once, and only if a package parses.
        on_judged: called after each package.
    Raises:
        ConfigError, WrongChainError: the network or the deployment is wrong, or the policy names nodes that the region
            does not have, so nothing can be said of any package.
    """
    parsed = [_parsed(content, judge.policy) for content in contents]
    if all(isinstance(one, Verdict) for one in parsed):
        return [one for one in parsed if isinstance(one, Verdict)]
    try:
        with connect() as region:
            return _judged(parsed, judge, region, on_judged)
    except UnavailableError as error:
        why = not_asked(error)
        return [one if isinstance(one, Verdict) else unreachable(why, judge.policy, one) for one in parsed]


def not_asked(error: UnavailableError) -> Text:
    """Why a package could not be checked: what happened when the chain was asked."""
    _log.info("the chain could not be asked: %s", error)
    return unasked(error)


@dataclass(frozen=True, slots=True)
class TrustedSigners:
    """What a verifier needs who asks no endpoint: the log it trusts, its signers, and what it keeps of the region."""

    origin: Origin
    pinned: PinnedSigners
    now: int  #: unix seconds
    region_facts: SignedFacts | None = None  #: count for packages under the same checkpoint


def verify_signed(
    contents: Sequence[bytes | UnavailableError],
    judge: Judge,
    signing: TrustedSigners,
    on_judged: Callable[[], None] = lambda: None,
) -> list[Verdict]:
    """A verdict for each package, in their order, by the facts that they carry under checkpoints. Nobody is asked.

    Args:
        contents: the bytes of each package file, or why they could not be read.
        on_judged: called after each package.
    """
    verdicts = []
    for content in contents:
        parsed = _parsed(content, judge.policy)
        verdicts.append(parsed if isinstance(parsed, Verdict) else _signed(parsed, judge, signing))
        on_judged()
    return verdicts


def _signed(package: RecordPackage | ReportPackage, judge: Judge, signing: TrustedSigners) -> Verdict:
    asked = ask_signed(package, judge, signing)
    if isinstance(asked, Text):
        return unreachable(asked, judge.policy, package)
    judge, records = asked
    return _decided(package, judge, records, ReportEvidenceFetcher(records))


def ask_signed(
    package: RecordPackage | ReportPackage, judge: Judge, signing: TrustedSigners
) -> tuple[Judge, EvidenceFetcher] | Text:
    """Whom to ask about a package that carries its facts, and who judges by the answers; or why nobody can be asked."""
    shown = _facts_of(package)
    if shown is None:
        return Text(
            "the package carries no facts under a checkpoint; its issuer adds them with `creditchain evidence refresh`",
            "数据包未附带检查点所证明的链上事实；出具方可用 `creditchain evidence refresh` 补充",
        )
    try:
        facts = SignedFacts(shown, signing.pinned, signing.region_facts)
    except (NotValidError, InputError) as error:
        return Text(f"the facts of the package do not hold: {error}", f"数据包所附事实不成立：{error}")
    records = signed_evidence(signing.origin, facts, signing.now)
    try:
        _require_nodes(judge.policy, records)
    except PolicyError as error:
        # Only this package's checkpoint says so; it may be older than the node.
        return Text(f"by the facts of the package, {error}", f"按数据包所附事实，策略所列内容不存在：{error}")
    return replace(judge, policy=_with_bases(judge.policy, told=False)), records


def worst(verdicts: Sequence[Verdict]) -> Status:
    """The worst status of all: what the whole comes to."""
    return max((verdict.status for verdict in verdicts), key=_WORST.index)


def _parsed(content: bytes | UnavailableError, policy: Policy) -> RecordPackage | ReportPackage | Verdict:
    """Step 1: the package, or the verdict on a file that is none."""
    if isinstance(content, UnavailableError):
        return unreachable(Text(content.message, "文件无法读取"), policy, None)
    try:
        package = parse_any(packaged(content))
        _facts_of(package)
    except InputError as error:
        return malformed(error, policy)
    return package


def packaged(content: bytes) -> bytes:
    """The bytes of a package file; of a PDF, those of the package that it carries. Raises PackageError."""
    return embedded_package(content) if is_pdf(content) else content


def _facts_of(package: RecordPackage | ReportPackage) -> ShownFacts | None:
    """The facts that a package carries; None if it carries none. Raises PackageError."""
    return facts_of(package.facts)


def _judged(
    parsed: Sequence[RecordPackage | ReportPackage | Verdict],
    judge: Judge,
    region: Region,
    on_judged: Callable[[], None],
) -> list[Verdict]:
    """Steps 2 to 10, all packages at the same final block."""
    judge, records = ask(region, judge, [one for one in parsed if isinstance(one, RecordPackage)])
    reports = ReportEvidenceFetcher(records)
    verdicts = []
    for one in parsed:
        verdicts.append(one if isinstance(one, Verdict) else _decided(one, judge, records, reports))
        on_judged()
    return verdicts


def ask(region: Region, judge: Judge, expected: Sequence[RecordPackage] = ()) -> tuple[Judge, EvidenceFetcher]:
    """Whom to ask about packages, all as of one final block, and who judges by the answers.

    Raises as `verify_packages`, and UnavailableError.
    """
    records = evidence_from(region, judge.basis, judge.trusted)
    judge = replace(judge, policy=_with_bases(judge.policy, told=region.chain.network.told))
    records.expect(expected)
    _require_nodes(judge.policy, records)
    return judge, records


def _with_bases(policy: Policy, *, told: bool) -> Policy:
    """The policy with the kinds of facts that it accepts: all but told ones, unless it or the network says more."""
    if policy.facts.accepted is not None:
        return policy
    accepted = frozenset(Basis) if told else frozenset(Basis) - {Basis.TOLD}
    return replace(policy, facts=replace(policy.facts, accepted=accepted))


def _decided(
    package: RecordPackage | ReportPackage,
    judge: Judge,
    records: EvidenceFetcher,
    reports: ReportEvidenceFetcher,
) -> Verdict:
    if isinstance(package, ReportPackage):
        evidence = reports.fetch(package)
        return verify_report(package, evidence, judge.policy, tag_key=judge.tag_key, catalogue=judge.products)
    return verify_record(package, records.fetch(package), judge.policy, tag_key=judge.tag_key, catalogue=judge.products)
