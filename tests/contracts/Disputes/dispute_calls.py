"""What tests of disputes do again and again: file, answer, and where it is stored."""

from enum import IntEnum

import reference
from brownie import accounts
from world import DISPUTE_SPACE, NO_WORD, PLATFORM, SOURCE, body_hash, cell_key, number_hash

LEAF, REASON, REPLY, SUCCESSOR = (number_hash(name, 1) for name in ("leaf", "reason", "reply", "successor"))


class Dispute(IntEnum):
    NONE = 0
    OPEN = 1
    CORRECTED = 2
    UPHELD = 3
    UNRESOLVED = 4


def file(region, caller=PLATFORM, platform=PLATFORM, node=SOURCE, leaf=LEAF):
    return region.disputes.fileDispute(platform, node, leaf, REASON, {"from": accounts[caller]})


def answer(region, outcome, filing=1, successor=NO_WORD, caller=SOURCE, leaf=LEAF):
    given = (SOURCE, leaf, filing, outcome, successor, REPLY)
    return region.disputes.answerDispute(given, {"from": accounts[caller]})


def supersede(region, leaf=LEAF, by=SUCCESSOR):
    return region.anchors.setLife(SOURCE, leaf, 1, by, REASON, {"from": accounts[SOURCE]})


def filing_body(number, previous, platform=PLATFORM, key="0x" + "00" * 20):
    """Body hash of the entry of a filing about LEAF."""
    return body_hash(
        ("uint24", platform),
        ("uint24", SOURCE),
        ("bytes32", LEAF),
        ("uint32", number),
        ("uint64", previous),
        ("address", key),
        ("bytes32", REASON),
    )


def answer_body(filing, outcome, successor=NO_WORD):
    """Body hash of the entry of an answer about LEAF."""
    return body_hash(
        ("uint24", SOURCE),
        ("bytes32", LEAF),
        ("uint32", filing),
        ("uint8", outcome),
        ("bytes32", successor),
        ("bytes32", REPLY),
    )


def record_place(leaf=LEAF):
    """The key of the cell that counts a record's disputes."""
    return _place(("uint24", SOURCE), ("bytes32", leaf))


def answer_place(filing, leaf=LEAF):
    """The key of the cell of an answer."""
    return _place(("uint24", SOURCE), ("bytes32", leaf), ("uint32", filing))


def _place(*members):
    return cell_key(DISPUTE_SPACE, int.from_bytes(reference.keccak(reference.words(list(members)))[1:], "big"))
