"""Whatever anybody does, in any order: what was published never vanishes, the log only grows, revocation is final."""

import reference
from brownie import accounts
from brownie.test import strategy
from world import (
    BUREAU,
    NO_WORD,
    PLATFORM,
    REGULATOR,
    SOURCE,
    VIRTUAL,
    all_entries,
    batch,
    batch_tree,
    book,
    found_region,
    index_of,
    leaf_opening,
    node_info,
    number_hash,
    shown,
    shown_leaf,
)

PUBLISHERS = (PLATFORM, BUREAU, SOURCE, VIRTUAL)
SORTED = [leaf_opening(n) for n in range(4)]


class Region:
    """The machine: a model of what was accepted, checked against the chain after every step."""

    publisher = strategy("uint8", max_value=len(PUBLISHERS) - 1)
    record = strategy("uint8", max_value=4)
    life = strategy("uint8", max_value=3)
    outcome = strategy("uint8", max_value=4)

    def __init__(self, _):
        self.region = found_region()

    def setup(self):
        self.published, self.gone, self.audited, self.broken = {}, {}, {}, set()
        self.lives, self.disputes = {}, {}
        self.size, self.root = self.region.log.size(), self.region.log.root()
        self.epoch, self.rounds = 1, 0

    def rule_anchor(self, publisher):
        node = PUBLISHERS[publisher]
        number = self._published(node)["batches"] + 1
        root = number_hash(f"root {node} {self.epoch}", number)
        given = batch(number, root, node=node, epoch=self.epoch)
        if self._tried(self.region.anchors.anchor, given, node):
            self._count(node, 5)

    def rule_anchor_disorder_and_prove_it(self, publisher):
        node = PUBLISHERS[publisher]
        self.rounds += 1
        openings = [SORTED[0], SORTED[2], (*SORTED[1][:3], number_hash("round", self.rounds)), SORTED[3]]
        root = reference.mth(batch_tree(openings))
        given = batch(self._published(node)["batches"] + 1, root, node=node, size=4, epoch=self.epoch)
        tx = self._tried(self.region.anchors.anchor, given, node)
        if not tx:
            return
        self._count(node, 4)
        leaves = (shown_leaf(openings, 1), shown_leaf(openings, 2))
        self.region.audits.proveDisorder(shown(self.region, tx), *leaves, {"from": accounts[9]})
        self.broken.add(index_of(tx))
        self.gone[node, self.epoch] = self.gone.get((node, self.epoch), 0) + 4

    def rule_enter_a_book_and_audit_it(self, publisher, outcome):
        """A book has as many leaves as its batches that are sound; one that has more or fewer is refused."""
        node = PUBLISHERS[publisher]
        batches, leaves = self.published.get((node, self.epoch), (0, 0))
        size = leaves - self.gone.get((node, self.epoch), 0)
        off = 1 if outcome == 4 else 0
        given = book(batches, size + off, number_hash("book", self.rounds), node=node, epoch=self.epoch)
        tx = self._tried(self.region.anchors.enterBook, given, node)
        if not tx:
            return
        assert size
        assert not off
        self.region.audits.attestAudit(REGULATOR, shown(self.region, tx), False, NO_WORD, {"from": accounts[REGULATOR]})
        self.audited[node, self.epoch] = index_of(tx)

    def rule_set_life(self, publisher, record, life):
        node, leaf = PUBLISHERS[publisher], number_hash("leaf", record)
        successor = number_hash("successor", record) if life == 1 else NO_WORD
        arguments = (node, leaf, life, successor, NO_WORD)
        if self._tried(self.region.anchors.setLife, *arguments, node):
            assert life > self.lives.get((node, leaf), 0)
            self.lives[node, leaf] = life

    def rule_dispute(self, publisher, record):
        node, leaf = PUBLISHERS[publisher], number_hash("leaf", record)
        if self._tried(self.region.disputes.fileDispute, PLATFORM, node, leaf, NO_WORD, PLATFORM):
            assert node not in (PLATFORM, VIRTUAL)
            self.disputes.setdefault((node, leaf), []).append(1)

    def rule_answer(self, publisher, record, outcome):
        node, leaf = PUBLISHERS[publisher], number_hash("leaf", record)
        filings = self.disputes.get((node, leaf), [])
        number = 1 + (record * 7 + outcome) % (len(filings) + 1)
        if self._tried(self.region.disputes.answerDispute, (node, leaf, number, outcome, NO_WORD, NO_WORD), node):
            assert filings[number - 1] == 1
            assert outcome in (3, 4)
            filings[number - 1] = outcome

    def rule_suspend_or_reinstate(self, publisher):
        node = PUBLISHERS[publisher]
        change = "suspend" if node_info(self.region, node)["status"] == 1 else "reinstate"
        getattr(self.region.nodes, change)(node)

    def rule_open_key_epoch(self):
        self.epoch += 1
        self.region.anchors.openKeyEpoch(number_hash("epoch", self.epoch))

    def invariant_what_was_published_never_vanishes(self):
        for key, (batches, leaves) in self.published.items():
            found = self.region.anchors.published(*key).dict()
            assert (found["batches"], found["leaves"], found["gone"]) == (batches, leaves, self.gone.get(key, 0))
            assert found["auditedBook"] == self.audited.get(key, 0)
        assert all(self.region.audits.flagsOf(entry).dict()["broken"] for entry in self.broken)
        assert set(self.region.anchors.publishers(1, 9)) == {node for node, _ in self.published}

    def invariant_the_log_only_grows(self):
        size, leaves = self.region.log.size(), all_entries(self.region.log)
        assert size == len(leaves) >= self.size
        assert self.region.log.root() == "0x" + reference.mth(leaves).hex()
        assert self.root == "0x" + reference.mth(leaves[: self.size]).hex()
        self.size, self.root = size, self.region.log.root()

    def invariant_revocation_is_final(self):
        for (node, leaf), life in self.lives.items():
            assert self.region.anchors.recordOf(node, leaf).dict()["life"] == life

    def invariant_disputes_are_what_was_last_said(self):
        for (node, leaf), filings in self.disputes.items():
            found = self.region.disputes.disputesOf(node, leaf).dict()
            assert (found["open"], found["filings"]) == (filings.count(1), len(filings))
            for number, state in enumerate(filings, 1):
                assert self.region.disputes.answerOf(node, leaf, number)[0] == (0 if state == 1 else state)

    def _published(self, node):
        return self.region.anchors.published(node, self.epoch).dict()

    def _count(self, node, size):
        batches, leaves = self.published.get((node, self.epoch), (0, 0))
        self.published[node, self.epoch] = (batches + 1, leaves + size)

    def _tried(self, function, *arguments_and_node):
        """Call as the node's operator; the transaction, or None if the contract refuses."""
        from brownie.exceptions import VirtualMachineError

        *arguments, node = arguments_and_node
        operator = accounts[PLATFORM if node == VIRTUAL else node]
        try:
            return function(*arguments, {"from": operator})
        except VirtualMachineError:
            return None


def test_region(state_machine):
    state_machine(Region, None, settings={"max_examples": 6, "stateful_step_count": 14})
