"""A proposal that no longer holds is made anew: with the next number, and proofs that fit the log as it is now."""

from __future__ import annotations

from creditchain.acts.governing import CheckedProposal
from creditchain.acts.showing import Shower
from creditchain.chain.abi import decode_arguments, interface
from creditchain.chain.calls import Calls
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.log.views import ContractCall

#: Functions whose first argument shows an entry of the log: its body, and the opening.
_SHOWING = ("annulBatch", "annulBook")


def renew(region: Region, outbox: Outbox, checked: CheckedProposal) -> None:
    """Propose the same again; `outbox` has to be one that proposes. Nobody's approval is carried over.

    Raises:
        ProposedError: with the new proposal. InputError: what it shows is not in the log.
        ContractRefusedError: it has been done, or cannot be done any more.
    """
    calls = [_renewed(region, call.target, call.data) for call in checked.proposal.calls]
    for place, call in enumerate(calls):
        outbox.post(f"renewed {place}", call)
    outbox.submit(f"renewed {len(calls) - 1}", calls[-1])


def _renewed(region: Region, target: str, data: bytes) -> ContractCall:
    doing = "do what was proposed"
    audits = interface("AuditRegistry").functions
    found = next((name for name in _SHOWING if audits[name].selector == data[:4]), None)
    if found is None or target != region.deployment.address("AuditRegistry"):
        return ContractCall(target, data, doing)
    (body, _), key, reason_digest = decode_arguments(audits[found], data)
    shower = Shower(region)
    # Of a batch: node, epoch, product, number, root …; of a book: node, epoch, batches, size, root.
    shown = (shower.batch if found == "annulBatch" else shower.book)(body[0], body[1], body[4])
    return Calls(region.deployment).annul(shown, key, reason_digest)
