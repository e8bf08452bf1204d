"""Who may call what, by role and function. Every function that changes state is in the table."""

import pytest
from brownie import accounts
from world import (
    BUREAU,
    INSTITUTION,
    NO_ADDRESS,
    NO_WORD,
    PLATFORM,
    PRODUCTS,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    Role,
    acceptance,
    admission,
    batch,
    batch_tree,
    book,
    declare_stolen,
    enter,
    leaf_opening,
    new_key,
    number_hash,
    publish,
    shown,
    shown_leaf,
    time_of,
    writer_id,
)

GOVERNOR, OUTSIDER = 0, 9
CALLERS = {
    "governor": GOVERNOR,
    "regulator": REGULATOR,
    "platform": PLATFORM,
    "bureau": BUREAU,
    "source": SOURCE,
    "institution": INSTITUTION,
    "outsider": OUTSIDER,
}
GOVERNORS = "AccessManagedUnauthorized"
OPERATORS = "NodeRegistryNotOperator"
KEY, OPERATOR = new_key(9)
LEAF, ROOT, OTHER, REASON = (number_hash(name, 1) for name in ("leaf", "root", "other", "reason"))
DISORDERED = [leaf_opening(n) for n in (2, 1)]
ORDERED = [leaf_opening(n) for n in (3, 4, 9)]
# A book of as many leaves as the bureau's batches have: out of order, and without the last of ORDERED.
BOOKED = [leaf_opening(n) for n in (2, 1, 3, 4, 5, 6, 7, 8)]
# Transactions of `prepared`.
DONE = {}
DISPUTED = number_hash("disputed", 1)

# Function → (who may, what the others are told, the call).
TABLE = {
    "RegionLog.append": ((), "RegionLogNotWriter", lambda r: (r.log.append, 1, ROOT, [])),
    "RegionLog.setWriter": (
        ("governor",),
        GOVERNORS,
        lambda r: (r.log.setWriter, writer_id(r.log, r.nodes), NO_ADDRESS, 0, []),
    ),
    "RegionLog.seal": (("governor",), GOVERNORS, lambda r: (r.log.seal,)),
    "NodeRegistry.admit": (
        ("governor",),
        GOVERNORS,
        lambda r: (r.nodes.admit, admission(OPERATOR, Role.SOURCE)),
    ),
    "NodeRegistry.suspend": (("governor",), GOVERNORS, lambda r: (r.nodes.suspend, SOURCE)),
    "NodeRegistry.reinstate": (("governor",), GOVERNORS, lambda r: (r.nodes.reinstate, 7)),
    "NodeRegistry.retire": (("governor",), GOVERNORS, lambda r: (r.nodes.retire, SOURCE)),
    "NodeRegistry.setDomains": (("governor",), GOVERNORS, lambda r: (r.nodes.setDomains, SOURCE, 1)),
    "NodeRegistry.setProfile": (("governor",), GOVERNORS, lambda r: (r.nodes.setProfile, SOURCE, ROOT)),
    "NodeRegistry.setUntil": (("governor",), GOVERNORS, lambda r: (r.nodes.setUntil, INSTITUTION, 0)),
    "NodeRegistry.setHost": (("governor",), GOVERNORS, lambda r: (r.nodes.setHost, VIRTUAL, SOURCE)),
    "NodeRegistry.setAnswerer": (("governor",), GOVERNORS, lambda r: (r.nodes.setAnswerer, 8, SOURCE)),
    "NodeRegistry.setCompromises": (("governor",), GOVERNORS, lambda r: (r.nodes.setCompromises, accounts[SOURCE], [])),
    "NodeRegistry.replaceOperator": (
        ("governor",),
        GOVERNORS,
        lambda r: (r.nodes.replaceOperator, SOURCE, OPERATOR, 2**40, acceptance(r.nodes, SOURCE, KEY, 2**40)),
    ),
    "NodeRegistry.rotateOperator": (
        ("source",),
        OPERATORS,
        lambda r: (r.nodes.rotateOperator, SOURCE, OPERATOR, 2**40, acceptance(r.nodes, SOURCE, KEY, 2**40)),
    ),
    "AnchorRegistry.openKeyEpoch": (("governor",), GOVERNORS, lambda r: (r.anchors.openKeyEpoch, OTHER)),
    "AnchorRegistry.setException": (("governor",), GOVERNORS, lambda r: (r.anchors.setException, OTHER, True)),
    "AnchorRegistry.anchor": (("source",), OPERATORS, lambda r: (r.anchors.anchor, batch(1, ROOT))),
    "AnchorRegistry.anchor of a virtual node": (
        ("platform",),
        OPERATORS,
        lambda r: (r.anchors.anchor, batch(1, ROOT, node=VIRTUAL)),
    ),
    "AnchorRegistry.setLife": (("source",), OPERATORS, lambda r: (r.anchors.setLife, SOURCE, LEAF, 2, NO_WORD, REASON)),
    "Disputes.fileDispute": (
        ("platform",),
        "DisputesNotOperator",
        lambda r: (r.disputes.fileDispute, PLATFORM, SOURCE, LEAF, REASON),
    ),
    "Disputes.answerDispute": (
        ("source",),
        OPERATORS,
        lambda r: (r.disputes.answerDispute, (SOURCE, DISPUTED, 1, 3, NO_WORD, REASON)),
    ),
    "AnchorRegistry.launchProduct": (("governor",), GOVERNORS, lambda r: (r.anchors.launchProduct, 9, OTHER)),
    "AnchorRegistry.withdrawProduct": (("governor",), GOVERNORS, lambda r: (r.anchors.withdrawProduct, PRODUCTS[0])),
    "AnchorRegistry.enterBook": (
        ("bureau",),
        OPERATORS,
        lambda r: (r.anchors.enterBook, book(3, 8, ROOT, node=BUREAU)),
    ),
    "AuditRegistry.attestAudit": (
        ("regulator",),
        OPERATORS,
        lambda r: (r.audits.attestAudit, REGULATOR, shown(r, DONE["book"]), False, REASON),
    ),
    "AuditRegistry.annulBatch": (
        ("governor",),
        GOVERNORS,
        lambda r: (r.audits.annulBatch, shown(r, DONE["stolen batch"]), accounts[6], REASON),
    ),
    "AuditRegistry.annulBook": (
        ("governor",),
        GOVERNORS,
        lambda r: (r.audits.annulBook, shown(r, DONE["stolen book"]), accounts[6], REASON),
    ),
    "AuditRegistry.closeNode": (("governor",), GOVERNORS, lambda r: (r.audits.closeNode, SOURCE, 1, REASON)),
    "AuditRegistry.proveDisorder": (
        tuple(CALLERS),
        "",
        lambda r: (r.audits.proveDisorder, shown(r, DONE["disorder"]), *(shown_leaf(DISORDERED, i) for i in (0, 1))),
    ),
    "AuditRegistry.proveDisorderInBook": (
        tuple(CALLERS),
        "",
        lambda r: (r.audits.proveDisorderInBook, shown(r, DONE["book"]), *(shown_leaf(BOOKED, i) for i in (0, 1))),
    ),
    "AuditRegistry.proveOmission": (
        tuple(CALLERS),
        "",
        lambda r: (
            r.audits.proveOmission,
            shown(r, DONE["first"]),
            shown_leaf(ORDERED, 2),
            shown(r, DONE["book"]),
            shown_leaf(BOOKED, 7),
            (leaf_opening(0), 8, []),
        ),
    ),
    "AuditRegistry.proveRepeat": (
        tuple(CALLERS),
        "",
        lambda r: (
            r.audits.proveRepeat,
            shown(r, DONE["first"]),
            shown(r, DONE["repeat"]),
            batch_tree(ORDERED)[0],
            *[(0, shown_leaf(ORDERED, 0)[2])] * 2,
        ),
    ),
}
# Of OpenZeppelin's AccessManaged: only the manager itself, after its admins had a say there.
NOT_OURS = {"setAuthority"}
# Anybody relays; signatures decide, as the tests of each say.
BY_SIGNATURE = {"fileDisputeSigned"}


@pytest.fixture(scope="module")
def prepared(region):
    """Something to reinstate, to answer for, to answer, to audit and to break."""
    region.nodes.admit(admission(accounts[7], Role.SOURCE))
    region.nodes.suspend(7)
    region.nodes.admit(admission(accounts[8], Role.SOURCE))
    region.nodes.retire(8)
    region.disputes.fileDispute(PLATFORM, SOURCE, DISPUTED, REASON, {"from": accounts[PLATFORM]})
    DONE["first"] = publish(region, ORDERED, node=BUREAU)
    DONE["disorder"] = publish(region, DISORDERED, node=BUREAU)
    DONE["repeat"] = publish(region, ORDERED, node=BUREAU)
    DONE["book"] = enter(region, BOOKED, node=BUREAU)
    region.nodes.admit(admission(accounts[6], Role.SOURCE, domains=1))
    for name, act in (("stolen batch", publish), ("stolen book", enter)):
        DONE[name] = act(region, ORDERED, node=9, caller=6)
    declare_stolen(region, accounts[6], (time_of(DONE["stolen batch"]), 0))
    return region


@pytest.mark.parametrize("name", TABLE)
def test_permission(prepared, name):
    allowed, told, call = TABLE[name]
    function, *arguments = call(prepared)
    outcomes = {caller: _outcome(function, arguments, accounts[number]) for caller, number in CALLERS.items()}
    assert outcomes == {caller: "done" if caller in allowed else told for caller in CALLERS}


def test_the_table_is_complete(region):
    listed = {name.split(" ")[0] for name in TABLE}
    for contract in (region.log, region.nodes, region.anchors, region.audits, region.disputes):
        for entry in contract.abi:
            if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure"):
                assert f"{contract._name}.{entry['name']}" in listed or entry["name"] in NOT_OURS | BY_SIGNATURE


def test_only_the_manager_changes_the_authority(region):
    for contract in (region.log, region.nodes, region.anchors):
        for caller in CALLERS.values():
            told = _outcome(contract.setAuthority, [region.anchors], accounts[caller])
            assert told == "AccessManagedUnauthorized"


def _outcome(function, arguments, caller):
    from brownie.exceptions import VirtualMachineError

    try:
        function.call(*arguments, {"from": caller})
    except VirtualMachineError as error:
        return error.revert_msg.split(":")[0]
    return "done"
