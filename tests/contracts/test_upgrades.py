"""Every contract is replaced, one after the other, each in one entry, while everybody goes on.

All state is in the log: numbers, nonces, limits, pauses, loans, books, disputes, signers and terms go on, nothing is
accepted twice, and what was signed for the region before still counts.
"""

import pytest
from brownie import accounts, chain
from consent_world import World, digest, item, items, key, members, now, rejections, reverts, sign
from world import (
    COMPROMISE,
    LIMIT,
    NO_WORD,
    PRODUCTS,
    SIGNER,
    acceptance,
    admit_writer,
    appended,
    batch,
    book,
    deploy,
    new_key,
    node_info,
    number_hash,
    shown,
    value,
)

from creditchain.vocabulary import Finding, MeterFlag

#: Constructors that take no Governance.
UNGOVERNED = {"Disputes", "QueryLedger"}
PLACES = {
    "NodeRegistry": "nodes",
    "AnchorRegistry": "anchors",
    "AuditRegistry": "audits",
    "CheckpointSigners": "signers",
    "Disputes": "disputes",
    "ConsentToken": "consents",
    "QueryLedger": "ledger",
}


class Busy(World):
    """A region with all its contracts, in which one round of everything was done."""

    def __init__(self, world):
        super().__init__(**vars(world))
        self.audits = deploy("AuditRegistry", self.manager, self.log)
        self.signers = deploy("CheckpointSigners", self.manager, self.log)
        admit_writer(self.log, self.audits, "AuditRegistry")
        admit_writer(self.log, self.signers, "CheckpointSigners")
        self.anchors.openKeyEpoch(number_hash("epoch", 1))
        self.anchors.launchProduct(PRODUCTS[0], number_hash("product", 1))
        for name in ("source", "platform", "bank", "regulator"):
            accounts.add(key(name).key)
        self.by = {
            name: {"from": accounts.at(key(name).address)} for name in ("source", "platform", "bank", "regulator")
        }
        self.given = self.granted(uses=40)
        self.paused, self.revoked = self.granted(), self.granted()
        self.replayed = []
        self.rounds = self.nonce = 0

    def replace(self, name):
        """Another version in the place of this contract. Returns the former one."""
        old = getattr(self, PLACES[name])
        arguments = [self.log] if name in UNGOVERNED else [self.manager, self.log]
        new = deploy(name, *arguments)
        size = self.log.size()
        admit_writer(self.log, new, name, instead_of=old)
        assert self.log.size() == size + 1
        setattr(self, PLACES[name], new)
        return old

    def round(self):
        """One of everything, each the next in its order."""
        self.rounds += 1
        n, source, by = self.rounds, self.source, self.by
        root, leaf = number_hash("root", n), number_hash("leaf", 1)
        given = batch(n, root, node=source, size=n, subjects=1)
        self.anchors.anchor(given, by["source"])
        with reverts("AnchorRegistryNumber", n + 1, n):
            self.anchors.anchor(given, by["source"])
        leaves = n * (n + 1) // 2
        entered = self.anchors.enterBook(book(n, leaves, root, node=source), by["source"])
        self.audits.attestAudit(self.regulator, shown(self, entered), False, NO_WORD, by["regulator"])
        assert self.anchors.published(source, 1)["auditedBook"] == appended(entered)[0]["index"]
        assert self.disputes.fileDispute(self.platform, source, leaf, NO_WORD, by["platform"]).return_value == n
        self.disputes.answerDispute((source, leaf, n, 3, NO_WORD, NO_WORD), by["source"])
        with reverts("DisputesAnswered", n, 3):
            self.disputes.answerDispute((source, leaf, n, 4, NO_WORD, NO_WORD), by["source"])
        self.meter_next()
        self.ledger.reportLoans((self.bank, 202501, n - 1, 1, 100 * n, NO_WORD), by["bank"])
        with reverts("QueryLedgerRevision", n, n - 1):
            self.ledger.reportLoans((self.bank, 202501, n - 1, 1, 100, NO_WORD), by["bank"])
        self.turn_next()
        assert self.signers.setSigners([(key("nobody").address, self.regulator)], 1).return_value == n
        assert value(self, SIGNER, 0) == n
        self.consents.setLimit(2, 1000 + n)
        assert value(self, LIMIT, 0) >> 128 & 2**32 - 1 == 1000 + n
        assert self.nodes.admit((new_key(100 + n)[1], 3, 310000, 0, 1, 0, NO_WORD)).return_value == 7 + n

    def meter_next(self):
        """A delivery is taken once, whatever ledger took it; each use counts once."""
        fresh = self.answered(self.given, nonce=self.rounds)
        tx = self.meter(fresh, *self.replayed)
        assert items(tx) == [item(fresh)]
        assert rejections(tx) == [(1 + index, Finding.REPLAYED) for index in range(len(self.replayed))]
        self.replayed.append(fresh)
        assert self.used(self.given) == self.rounds

    def turn_next(self):
        """A consent is paused and resumed in turn; the same turn never twice."""
        message = self.turn(self.paused, self.rounds)
        pauses = self.rounds % 2 == 1
        function = self.consents.pauseSigned if pauses else self.consents.resumeSigned
        signature = sign(key("enterprise"), message)
        tx = function(members(self.paused), message.deadline, signature, {"from": self.anyone})
        error = ("ConsentTokenPaused", int.from_bytes(self.paused.id, "big"), tx.timestamp) if pauses else (
            "ConsentTokenNotPaused", int.from_bytes(self.paused.id, "big"),
        )  # fmt: skip
        with reverts(*error):
            function(members(self.paused), message.deadline, signature, {"from": self.anyone})
        delivery = self.answered(self.paused, nonce=1000 + self.rounds)
        flag = MeterFlag.PAUSED if pauses else 0
        if self.rounds < 3:  # the consent has three uses
            assert [one.flags for one in items(self.meter(delivery))] == [flag]


@pytest.fixture(scope="module")
def busy(_module):
    return Busy(World.build())


@pytest.fixture(autouse=True)
def _kept(busy):
    """The object, put back with the chain."""
    kept = {name: (list(held) if isinstance(held, list) else held) for name, held in vars(busy).items()}
    yield
    vars(busy).update(kept)


@pytest.mark.parametrize("names", [list(PLACES), list(PLACES)[::-1]], ids=["in order", "backwards"])
def test_every_contract_upgraded_under_load(busy, names):
    busy.round()
    for name in names:
        busy.replace(name)
        busy.round()


@pytest.mark.parametrize("name", PLACES)
def test_the_former_contract_writes_nothing_more(busy, name):
    """Not even what it was sent before it was replaced, and mined after."""
    busy.round()
    old = busy.replace(name)
    by = busy.by
    call = {
        "NodeRegistry": lambda: old.setProfile(busy.source, digest("profile")),
        "AnchorRegistry": lambda: old.anchor(batch(2, NO_WORD[:31] + b"1", node=busy.source, subjects=1), by["source"]),
        "AuditRegistry": lambda: old.closeNode(busy.source, 1, NO_WORD),
        "CheckpointSigners": lambda: old.setSigners([(key("nobody").address, busy.regulator)], 1),
        "Disputes": lambda: old.fileDispute(busy.platform, busy.source, digest("leaf"), NO_WORD, by["platform"]),
        "ConsentToken": lambda: old.setLimit(2, 5),
        "QueryLedger": lambda: old.meter([busy.answered(busy.given, nonce=99).args()]),
    }[name]
    size = busy.log.size()
    with reverts("RegionLogNotWriter", old.address):
        call()
    assert busy.log.size() == size


def test_what_was_signed_for_the_region_before_still_counts(busy):
    """The domain of messages names the log and no contract."""
    node, (secret, address) = busy.source, new_key(77)
    accepted = acceptance(busy.nodes, node, secret, 2**40)
    given = busy.consent()
    filing = busy.filing()
    for name in PLACES:
        busy.replace(name)
    busy.nodes.replaceOperator(node, address, 2**40, accepted)
    assert node_info(busy, node)["operator"] == address
    busy.grant(given)
    assert busy.file(filing).return_value == 1


def test_terms_and_thefts_go_on_in_another_registry_of_nodes(busy):
    """A former term, a stolen key, a taken key and a host are what they were."""
    node, (secret, address) = busy.bureau, new_key(78)
    former = busy.operators[node].address
    chain.sleep(100)
    chain.mine()
    before = now()
    busy.nodes.replaceOperator(node, address, 2**40, acceptance(busy.nodes, node, secret, 2**40))
    busy.nodes.setCompromises(former, [(before - 10, before - 5)])
    member = deploy("MembersHarness", busy.log)
    seen = [tuple(member.memberAt(node, time)) for time in range(before - 12, before + 2)]
    stolen = value(busy, COMPROMISE, int(former, 16))
    busy.replace("NodeRegistry")
    assert [tuple(member.memberAt(node, time)) for time in range(before - 12, before + 2)] == seen
    assert value(busy, COMPROMISE, int(former, 16)) == stolen
    taken = acceptance(busy.nodes, busy.source, secret, 2**40)
    with reverts("NodeRegistryKeyTaken", address, node):
        busy.nodes.replaceOperator(busy.source, address, 2**40, taken)
    with reverts("NodeRegistryKeyTaken", former, node):
        busy.nodes.admit((former, 3, 310000, 0, 1, 0, NO_WORD))
