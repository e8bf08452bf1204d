"""What contracts say beside the log's entries: next to nothing, so no event can say something else than its entry."""

import pytest
from brownie import project
from world import RIGHTS

#: Events that are no state: another AccessManager of the contract, and what wallets and explorers expect of tokens.
ALLOWED = {"AuthorityUpdated"}
MORE = {
    "ConsentToken": {"Transfer", "Locked", "Unlocked", "Approval", "ApprovalForAll", "EIP712DomainChanged"},
    # What consumes nothing leaves no entry.
    "QueryLedger": {"DeliveryRejected", "EIP712DomainChanged"},
    "NodeRegistry": {"EIP712DomainChanged"},
    "Disputes": {"EIP712DomainChanged"},
    # OpenZeppelin's own, which its tools know. Each is emitted with an entry, but for labels.
    "Governance": {
        *(
            "RoleGranted",
            "RoleRevoked",
            "RoleLabel",
            "RoleAdminChanged",
            "RoleGuardianChanged",
            "RoleGrantDelayChanged",
        ),
        *("TargetFunctionRoleUpdated", "TargetClosed", "TargetAdminDelayUpdated"),
        *("OperationScheduled", "OperationExecuted", "OperationCanceled"),
    },
}


@pytest.mark.parametrize("name", RIGHTS)
def test_an_event_that_says_something_else_than_the_entry(name):
    """The rules emit no event of a change of state; `RegionLog.Appended` holds all that its entry hashes."""
    contract = project.get_loaded_projects()[0][name]
    assert {entry["name"] for entry in contract.abi if entry["type"] == "event"} <= ALLOWED | MORE.get(name, set())
