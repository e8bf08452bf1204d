"""A node gets another key: the new key accepts, then the node's operator rotates or governors replace."""

from __future__ import annotations

from creditchain.acts.changing_members import Changed, change, require_node
from creditchain.chain.clock import now
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.errors import InputError
from creditchain.messages.domains import LogDomain
from creditchain.messages.operators import OperatorAcceptance
from creditchain.messages.signatures import signed_by
from creditchain.packages.acceptance_file import Acceptance

#: Seconds for which a new key's acceptance is valid, unless somebody says otherwise.
ACCEPTANCE_SECONDS = 24 * 3600


def hand_over(
    region: Region, outbox: Outbox, node: int, acceptance: Acceptance, *, by_governors: bool = False
) -> Changed:
    """Give a node the key that accepted: signed by its operator (rotate), or by governors (replace).

    Raises:
        InputError: the acceptance is not that key's, not for this node and region, or over.
        TransactionError: the signer may not.
    """
    check_acceptance(region, acceptance, node)
    calls = region.calls
    action, build = ("replace", calls.replace_operator) if by_governors else ("rotate", calls.rotate_operator)
    call = build(node, acceptance.operator, acceptance.deadline, acceptance.signature)
    return change(region, outbox, node, action, call)


def acceptance_message(region: Region, node: int, operator: str, deadline: int) -> OperatorAcceptance:
    """The message that a new operator signs (format.md section 6)."""
    return OperatorAcceptance(LogDomain(region.deployment.log_id), node, operator, deadline)


def accept(region: Region, node: int, signer: Signer, seconds: int = ACCEPTANCE_SECONDS) -> Acceptance:
    """Sign the acceptance with the new key. Valid for `seconds` from the later of now and the newest block.

    Raises InputError: there is no such node.
    """
    require_node(region, node)
    deadline = now(region.chain) + seconds
    message = acceptance_message(region, node, signer.address, deadline)
    return Acceptance(node, signer.address, deadline, signer.sign_typed(message.typed_data()))


def check_acceptance(region: Region, acceptance: Acceptance, node: int) -> None:
    """Check that it is signed by the key it names, for this node and this region's registry, and still valid.

    Raises:
        InputError: it is not.
    """
    message = acceptance_message(region, acceptance.node, acceptance.operator, acceptance.deadline)
    if acceptance.node != node or not signed_by(message, acceptance.signature, acceptance.operator):
        raise InputError("the acceptance is not signed by the key it names, for this node and region")
    if acceptance.deadline < now(region.chain):
        raise InputError("the acceptance is over", hint="Let the new operator accept again.")
