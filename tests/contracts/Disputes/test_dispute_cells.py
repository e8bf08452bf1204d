"""Another version of the contract finds all disputes in the log's cells."""

from brownie import accounts
from dispute_calls import LEAF, REASON, REPLY, Dispute, answer, file
from world import NO_WORD, PLATFORM, SOURCE, admit_writer, deploy, refused


def test_another_version_in_its_place(region):
    """Numbers go on, nothing is answered twice, and the old version can do nothing more."""
    old, log = region.disputes, region.log
    file(region)
    file(region)
    answer(region, Dispute.UPHELD)
    size = log.size()
    new = deploy("Disputes", log)
    admit_writer(log, new, "Disputes", instead_of=old)
    assert log.size() == size + 1

    assert new.disputesOf(SOURCE, LEAF) == old.disputesOf(SOURCE, LEAF)
    for number in (1, 2):
        assert new.answerOf(SOURCE, LEAF, number) == old.answerOf(SOURCE, LEAF, number)
    with refused("RegionLogNotWriter", old):
        file(region)
    with refused("RegionLogNotWriter", old):
        answer(region, Dispute.UPHELD, 2)
    with refused("DisputesAnswered", 1, Dispute.UPHELD):
        new.answerDispute((SOURCE, LEAF, 1, Dispute.UNRESOLVED, NO_WORD, REPLY), {"from": accounts[SOURCE]})
    assert new.fileDispute(PLATFORM, SOURCE, LEAF, REASON, {"from": accounts[PLATFORM]}).return_value == 3
    new.answerDispute((SOURCE, LEAF, 2, Dispute.UNRESOLVED, NO_WORD, REPLY), {"from": accounts[SOURCE]})
    found = new.disputesOf(SOURCE, LEAF).dict()
    assert (found["open"], found["filings"], found["outcome"]) == (1, 3, Dispute.UNRESOLVED)
