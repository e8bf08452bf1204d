"""What acts check before they begin: whom a file is for, who signs, what a node is. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection

from creditchain.chain.consents import ConsentReads
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.consents.errors import ForeignFileError, TermsError
from creditchain.consents.judging import standing_of_member
from creditchain.errors import Place, RefusedError
from creditchain.log.members import Members
from creditchain.vocabulary import Role


def require_log(region: Region, log: bytes) -> None:
    """Raise ForeignFileError unless a message is for this region's log."""
    ours, theirs = "0x" + region.deployment.log_id.hex(), "0x" + log.hex()
    if ours != theirs:
        hint = "Choose the network and deployment that the file was made for."
        raise ForeignFileError("this is for another log", expected=ours, found=theirs, hint=hint)


class NotEntitledError(RefusedError):
    """The signer does not act for the node in whose name something was to be done. Nothing was changed."""


def require_signer(region: Region, signer: Signer, node: int, what: str) -> None:
    """Raise NotEntitledError unless the signer may act for a node now. `what` names the node's part: "platform"."""
    if not region.acts_for(signer.address, node):
        raise _not_entitled(node, what, region.node_of(signer.address))


def _not_entitled(node: int, what: str, found: int | None) -> NotEntitledError:
    return NotEntitledError(
        f"the signer does not act for the {what}",
        expected=f"the operator of node {node}, active, or of its host",
        found=f"a key of node {found or 'nobody'}",
    )


def require_signer_in(members: Members, signer: Signer, node: int, time: int, what: str) -> None:
    """The same by the members as a reading gives them, at `time`, unix seconds."""
    if not members.acts_for(signer.address, node, time):
        raise _not_entitled(node, what, members.node_of(signer.address))


def require_member(region: Region, node: int, roles: Collection[Role], time: int, what: str) -> None:
    """Raise TermsError unless a node has one of the roles and is active at `time` (unix seconds)."""
    member = ConsentReads(region).member_at(node, time)
    if member.role not in roles or not member.acts:
        raise TermsError(
            f"node {node} cannot be the {what}",
            expected="an active " + " or ".join(role.label for role in sorted(roles)),
            found=standing_of_member(member),
            place=Place(field=what),
        )


def is_under_way(outbox: Outbox, intent: str) -> bool:
    """Whether the journal has a transaction for this intent that is signed, sent or mined, and not known to be final.

    Such an act is finished rather than checked again: its own effect may be what a check would find.
    """
    return outbox.state(intent) in ("signed", "sent", "mined")
