"""A regulator audits a batch from the list of its leaves, which holds no content, keeps the list and attests on chain.

An audit says that the list gives the anchored root and size and that its leaves strictly ascend. It does not say that
the records are true, or that everything was published.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from creditchain.acts.preconditions import require_signer
from creditchain.batch.folder.leaf_list import Kept, keep_leaves
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.documents import canonical_bytes
from creditchain.errors import InputError, NotValidError
from creditchain.home.files import write_file
from creditchain.home.layout import Home
from creditchain.verification.audit import (
    Audit,
    DisorderError,
    LeafList,
    audit_list,
    audit_report,
    report_digest,
)
from creditchain.vocabulary import NodeStatus, Role


@dataclass(frozen=True, slots=True)
class Attested:
    """A batch that was audited: its list as it is kept, the report, and the report's digest on chain (32 bytes)."""

    kept: Kept
    report: Path
    digest: bytes


def check_list(region: Region, listed: LeafList, node: int) -> Audit:
    """Check that the list is what the node anchored. Changes nothing.

    Raises:
        NotValidError: no; DisorderError if its leaves do not ascend.
    """
    audit = audit_list(listed)
    require_anchored(region, node, audit.root, audit.size)
    if audit.disorder is not None:
        raise DisorderError(audit.disorder)
    return audit


def attest(region: Region, outbox: Outbox, home: Home, source: Path, node: int, auditor: int) -> Attested:
    """Check a list, keep it in the home, and attest on chain. Killed anywhere, run it again.

    Args:
        source: the list, or a batch folder, of which only the leaves are read; in bounded memory.
        auditor: number of the regulator that attests.
    Raises:
        InputError: the auditor is no active regulator; the source is no list.
        NotEntitledError: the signer does not act for the auditor.
        NotValidError: as `check_list`. Nothing was kept or sent.
    """
    _require_regulator(region, outbox, auditor)
    audited = home.region(region.deployment.log_id).audited
    kept = keep_leaves(source.resolve(), audited, lambda found: require_anchored(region, node, found.root, found.size))
    log_id = region.deployment.log_id
    found = Audit(kept.size, kept.root, kept.subjects, None)
    document = audit_report(found, log_id=log_id, node=node, auditor=auditor)
    # The same audit gives the same bytes, so that writing them once more does no harm.
    report = write_file(kept.path / f"report-{node}-{auditor}.json", canonical_bytes(document), overwrite=True)
    digest = report_digest(document)
    call = region.calls.attest_audit(auditor, node, kept.root, digest)
    outbox.submit(f"audit {auditor} {node} {kept.root.hex()} {digest.hex()}", call)
    return Attested(kept, report, digest)


def require_anchored(region: Region, node: int, root: bytes, size: int) -> None:
    """Raise NotValidError unless the node anchored a batch of this root (32 bytes) and size, in a final block."""
    anchor = region.anchor(node, root, region.chain.final_block().number)
    if anchor is None:
        raise NotValidError(
            "this node anchored no batch with the root of this list",
            found="0x" + root.hex(),
            hint="The list is not the batch's, or leaves were changed, left out or put in another order.",
        )
    if anchor.size != size:
        raise NotValidError("the list has another size than the anchor", expected=str(anchor.size), found=str(size))


def _require_regulator(region: Region, outbox: Outbox, auditor: int) -> None:
    node = region.node(auditor)
    if node is None or node.role != Role.REGULATOR or node.status != NodeStatus.ACTIVE:
        found = "no node" if node is None else f"{NodeStatus(node.status).label} {Role(node.role).label}"
        raise InputError(f"node {auditor} cannot attest audits", expected="an active regulator", found=found)
    require_signer(region, outbox.signer, auditor, "auditor")
