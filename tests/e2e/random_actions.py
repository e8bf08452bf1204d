"""What anybody of a region may do, drawn by chance: mostly what is allowed, now and then what is not.

Each action returns whether the contract took it, or None if there was nothing to do it with. What the contracts hold
is not modelled here: the entries say it, and the storage is held against them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from random_region import Ground, Node, signed

from creditchain.chain.abi import interface
from creditchain.chain.deploy import GOVERNOR, PARTS
from creditchain.documents import leaf_hash
from creditchain.hashing import keccak256
from creditchain.merkle import inclusion_proof
from creditchain.merkle import root as root_of
from creditchain.messages import (
    NO_DIGEST,
    NO_KEY,
    Consent,
    DeliveryReceipt,
    DisputeFiling,
    OperatorAcceptance,
    Pause,
    QueryRequest,
    Resumption,
    Revocation,
)
from creditchain.vocabulary import Role

PUBLISHERS = (Role.PLATFORM, Role.BUREAU, Role.SOURCE)
MEMBERS = 30
NO_ADDRESS = "0x" + "00" * 20
FAR = 2**39
LeafTuple = tuple[bytes, int, int, bytes]


@dataclass
class Tree:
    """A batch or a book that was logged."""

    node: int
    epoch: int
    fields: tuple[Any, ...]
    entry: int
    time: int
    leaves: list[LeafTuple]
    is_book: bool
    spoiled: bool = False

    def shown(self, index: int) -> tuple[Any, ...]:
        return (self.leaves[index], index, self.proof(index))

    def proof(self, index: int) -> list[bytes]:
        return inclusion_proof([leaf_hash(*leaf) for leaf in self.leaves], index)

    def disorder(self) -> list[int]:
        return [n for n in range(len(self.leaves) - 1) if self.leaves[n] >= self.leaves[n + 1]]


@dataclass
class Given:
    """A consent that somebody granted."""

    message: Consent
    key: Any
    turns: int = 0
    revoked: bool = False


@dataclass
class Actions:
    """All that may be done, and what the driver remembers of it."""

    ground: Ground
    epoch: int = 0
    products: list[int] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    consents: list[Given] = field(default_factory=list)
    filings: dict[tuple[int, bytes], list[bool]] = field(default_factory=dict)
    superseded: dict[tuple[int, bytes], bytes] = field(default_factory=dict)
    loans: Counter[tuple[int, int]] = field(default_factory=Counter)
    nonces: Counter[tuple[int, int]] = field(default_factory=Counter)
    deliveries: list[tuple[Any, ...]] = field(default_factory=list)
    stolen: list[tuple[int, Any, int, int]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def act(self, name: str) -> None:
        """Do one thing, or another one if there is nothing to do it with."""
        outcome = getattr(self, name)()
        while outcome is None:
            name = self.ground.chance.choice(ALWAYS)
            outcome = getattr(self, name)()
        (self.done if outcome else self.refused)[name] += 1

    def _govern(self, contract: str, function: str, *arguments: Any) -> bool:
        ground = self.ground
        caller = ground.governor if ground.chance.random() > 0.01 else str(ground.new_key().address)
        return ground.send(caller, contract, function, *arguments)

    # Governors: members.

    def admit(self) -> bool | None:
        ground = self.ground
        if sum(not node.retired for node in ground.nodes.values()) > MEMBERS:
            return None  # more members, and less happens to each
        role = ground.chance.choice(list(Role))
        host = 0
        if ground.chance.random() < 0.3:
            chosen = ground.some(Role.PLATFORM)
            host = chosen.number if chosen and not chosen.host else 0
        key = ground.new_key() if not host or ground.chance.random() < 0.5 else None
        until = ground.time + 10**6 if role is Role.INSTITUTION and ground.chance.random() < 0.2 else 0
        domains = self._domains() if role in PUBLISHERS else 0
        given = (key.address if key else NO_ADDRESS, int(role), 310000, host, domains, until, ground.word())
        if not self._govern("NodeRegistry", "admit", given):
            return False
        number = len(ground.nodes) + 1
        ground.nodes[number] = Node(number, role, key, host, keys=[(key, ground.time)] if key else [])
        return True

    def suspend(self) -> bool | None:
        return self._status("suspend", active=False)

    def reinstate(self) -> bool | None:
        return self._status("reinstate", active=True)

    def retire(self) -> bool | None:
        # Some remain of each role, or nothing could happen any more.
        node = self._any_node()
        alike = [one for one in self.ground.nodes.values() if one.role is node.role and not one.retired] if node else []
        return self._status("retire", active=False, node=node) if len(alike) > 3 else None

    def _any_node(self) -> Node | None:
        return self.ground.chance.choice(list(self.ground.nodes.values())) if self.ground.nodes else None

    def _status(self, function: str, *, active: bool, node: Node | None = None) -> bool | None:
        if node is None:
            wrong = [one for one in self.ground.nodes.values() if one.active is not active and not one.retired]
            node = self.ground.chance.choice(wrong) if wrong else None
        if node is None:
            return None
        if not self._govern("NodeRegistry", function, node.number):
            return False
        node.active, node.retired = active, function == "retire"
        return True

    def set_domains(self) -> bool | None:
        node = self.ground.some(*PUBLISHERS)
        return node and self._govern("NodeRegistry", "setDomains", node.number, self._domains())

    def _domains(self) -> int:
        """Of a publisher: those in which batches are, mostly."""
        return self.ground.chance.randrange(2**16) | (0xFF00 if self.ground.chance.random() < 0.9 else 0)

    def set_profile(self) -> bool | None:
        node = self._any_node()
        return node and self._govern("NodeRegistry", "setProfile", node.number, self.ground.word())

    def set_until(self) -> bool | None:
        node = self.ground.some(Role.INSTITUTION)
        until = self.ground.chance.choice([0, self.ground.time + 10**7])
        return node and self._govern("NodeRegistry", "setUntil", node.number, until)

    def set_host(self) -> bool | None:
        hosted = [node for node in self.ground.nodes.values() if node.host]
        to = self.ground.some(Role.PLATFORM)
        if not hosted or to is None:
            return None
        node = self.ground.chance.choice(hosted)
        if not self._govern("NodeRegistry", "setHost", node.number, to.number):
            return False
        node.host = to.number
        return True

    def set_answerer(self) -> bool | None:
        retired = [node for node in self.ground.nodes.values() if node.retired]
        by = self._any_node()
        if not retired or by is None:
            return None
        return self._govern("NodeRegistry", "setAnswerer", self.ground.chance.choice(retired).number, by.number)

    def replace_key(self) -> bool | None:
        return self._new_key(self._any_node(), "replaceOperator")

    def rotate_key(self) -> bool | None:
        return self._new_key(self._any_node(), "rotateOperator")

    def _new_key(self, node: Node | None, function: str) -> bool | None:
        if node is None or (function == "rotateOperator" and node.key is None):
            return None
        ground = self.ground
        key = ground.new_key()
        accepted = signed(key, OperatorAcceptance(ground.domain, node.number, key.address, FAR))
        caller = ground.governor if function == "replaceOperator" else node.key.address
        if not ground.send(caller, "NodeRegistry", function, node.number, key.address, FAR, accepted):
            return False
        node.key = key
        node.keys.append((key, ground.time))
        return True

    def compromise(self) -> bool | None:
        """A key was in other hands: now, once, twice, or not at all after all."""
        node = self._any_node()
        if node is None or not node.keys:
            return None
        ground = self.ground
        key, since = ground.chance.choice(node.keys)
        times = sorted(ground.chance.sample(range(since, ground.time + 2), min(4, ground.time + 2 - since)))
        forms = [[], [(times[0], 0)], [(times[0], times[1])], [(times[0], times[1]), (times[-1], 0)]]
        given = ground.chance.choice(forms[:3] if len(times) < 4 else forms)
        if not self._govern("NodeRegistry", "setCompromises", key.address, given):
            return False
        self.stolen = [one for one in self.stolen if one[1] is not key]
        self.stolen += [(node.number, key, first, last) for first, last in given]
        if key is node.key and given and given[-1][1] == 0:
            node.active = False
        return True

    # Governors: all else.

    def open_epoch(self) -> bool | None:
        if not self._govern("AnchorRegistry", "openKeyEpoch", self.ground.word()):
            return False
        self.epoch += 1
        return True

    def launch(self) -> bool | None:
        number = self.ground.chance.randrange(1, 10**6)
        if not self._govern("AnchorRegistry", "launchProduct", number, self.ground.word()):
            return False
        self.products.append(number)
        return True

    def withdraw(self) -> bool | None:
        if len(self.products) < 3:
            return None
        number = self.products[0]
        if not self._govern("AnchorRegistry", "withdrawProduct", number):
            return False
        self.products.remove(number)
        return True

    def limit(self) -> bool | None:
        number = self.ground.chance.choice([1, 1, 2, 3])
        return self._govern("ConsentToken", "setLimit", number, self.ground.chance.randrange(2**16))

    def exception(self) -> bool | None:
        digest = keccak256(bytes([self.ground.chance.randrange(9)]))
        return self._govern("AnchorRegistry", "setException", digest, self.ground.chance.random() < 0.5)

    def operation(self) -> bool | None:
        """A governor whose acts wait schedules one, and somebody may cancel it."""
        ground, key = self.ground, str(self.ground.new_key().address)
        face, target = interface("Governance"), ground.at["NodeRegistry"]
        granted = face.encode("grantRole", GOVERNOR, key, 60)
        if not ground.transact(ground.governor, ground.manager, granted):
            return False
        call = interface("NodeRegistry").encode("setProfile", 1, ground.word())
        done = ground.transact(key, ground.manager, face.encode("schedule", target, call, 0))
        canceller = ground.chance.choice([key, ground.governor, str(ground.new_key().address)])
        ground.transact(canceller, ground.manager, face.encode("cancel", key, target, call))
        return ground.transact(ground.governor, ground.manager, face.encode("revokeRole", GOVERNOR, key)) and done

    def signers(self) -> bool | None:
        found = [node for node in self.ground.nodes.values() if node.active]
        count = min(len(found), self.ground.chance.randrange(1, 6))
        chosen = [(str(self.ground.new_key().address), node.number) for node in found[:count]]
        ordered = sorted(chosen, key=lambda one: int(one[0], 16))
        return self._govern("CheckpointSigners", "setSigners", ordered, count // 2 + 1)

    def close(self) -> bool | None:
        node = self._any_node()
        upto = self.ground.chance.choice([0, self.ground.chance.randrange(len(self.ground.entries))])
        return node and self._govern("AuditRegistry", "closeNode", node.number, upto, self.ground.word())

    def annul(self) -> bool | None:
        """What a stolen key did, of its node or of one that it hosts."""
        fitting = [
            (tree, key)
            for number, key, since, until in self.stolen
            for tree in self.trees
            if not tree.spoiled
            and number in (tree.node, self.ground.nodes[tree.node].host)
            and since <= tree.time
            and (not until or tree.time <= until)
        ]
        if not fitting:
            return None
        tree, key = self.ground.chance.choice(fitting)
        function = "annulBook" if tree.is_book else "annulBatch"
        return self._spoiled(
            tree, self._govern("AuditRegistry", function, self._show(tree), key.address, self.ground.word())
        )

    def replace_contract(self) -> bool | None:
        """Another version takes the place of a contract, in one entry."""
        ground = self.ground
        part = ground.chance.choice(PARTS[1:])
        log, old = interface("RegionLog"), ground.at[part.name]
        arguments = part.arguments({"Governance": ground.manager, "RegionLog": ground.at["RegionLog"]}, "YRD")
        assert ground.transact(ground.governor, None, interface(part.name).creation(*arguments))
        new = ground.created
        if part.restricted:
            selectors = [interface(part.name).functions[name].selector for name in part.restricted]
            data = interface("Governance").encode("setTargetFunctionRole", new, selectors, GOVERNOR)
            assert ground.transact(ground.governor, ground.manager, data)
        code = bytes.fromhex(ground.ask("eth_getCode", old, "latest")[2:])
        removed = int.from_bytes(keccak256(bytes.fromhex(old[2:]) + keccak256(code))[12:])
        kinds = sum(1 << kind for kind in part.kinds)
        data = log.encode("setWriter", removed, new, kinds, list(part.shares))
        if not ground.transact(ground.governor, ground.at["RegionLog"], data):
            return False
        ground.at[part.name] = new
        # The former contract writes nothing any more.
        size = len(ground.entries)
        if part.name == "ConsentToken":
            stale = interface(part.name).encode("setLimit", 2, 1)
            assert not ground.transact(ground.governor, old, stale)
        assert len(ground.entries) == size
        return True

    # Publishers.

    def anchor(self) -> bool | None:
        ground, node = self.ground, self.ground.some(*PUBLISHERS)
        if node is None or not self.products or not self.epoch:
            return None
        product = ground.chance.choice(self.products)
        leaves = sorted(self._leaf(product) for _ in range(ground.chance.randrange(1, 6)))
        mine = [tree for tree in self._of(node) if not tree.is_book]
        if mine and ground.chance.random() < 0.15:
            leaves = sorted([*leaves, ground.chance.choice(ground.chance.choice(mine).leaves)])
        if ground.chance.random() < 0.15:
            leaves.reverse()
        root = root_of([leaf_hash(*leaf) for leaf in leaves])
        domains = 1 << ground.chance.randrange(8, 16)
        fields = (node.number, self.epoch, product, len(mine) + 1, root, len(leaves), domains, 1)
        return self._publish(node, "anchor", fields, leaves, is_book=False)

    def enter_book(self) -> bool | None:
        """All sound batches as one tree; now and then one leaf is replaced by another, or the order is wrong."""
        ground = self.ground
        recent = [tree for tree in self.trees if tree.epoch == self.epoch and not tree.is_book]
        if not recent:
            return None
        node = ground.nodes[ground.chance.choice(recent).node]
        batches = [tree for tree in self._of(node) if not tree.is_book]
        leaves = sorted(leaf for tree in batches if not tree.spoiled for leaf in tree.leaves)
        if leaves and ground.chance.random() < 0.3:
            leaves[ground.chance.randrange(len(leaves))] = self._leaf(leaves[0][2])
            leaves.sort()
        if ground.chance.random() < 0.1:
            leaves.reverse()
        root = root_of([leaf_hash(*leaf) for leaf in leaves])
        return self._publish(
            node, "enterBook", (node.number, self.epoch, len(batches), len(leaves), root), leaves, is_book=True
        )

    def _publish(
        self, node: Node, function: str, fields: tuple[Any, ...], leaves: list[LeafTuple], *, is_book: bool
    ) -> bool:
        if not self.ground.send(self.ground.caller(node), "AnchorRegistry", function, fields):
            return False
        made = Tree(node.number, self.epoch, fields, self.ground.last, self.ground.time, leaves, is_book)
        self.trees.append(made)
        return True

    def _of(self, node: Node) -> list[Tree]:
        return [tree for tree in self.trees if (tree.node, tree.epoch) == (node.number, self.epoch)]

    def _leaf(self, product: int) -> LeafTuple:
        return (self.ground.word(), self.ground.chance.randrange(7), product, self.ground.word())

    def _record(self) -> tuple[int, bytes] | None:
        """A record that was published, mostly one of the first, so that things happen to it again."""
        batches = [tree for tree in self.trees if not tree.is_book]
        if not batches:
            return None
        tree = self.ground.chance.choice(batches[-60:])
        return tree.node, leaf_hash(*tree.leaves[0])

    def set_life(self) -> bool | None:
        record = self._record()
        if record is None:
            return None
        node, leaf = record
        life = self.ground.chance.choice([1, 1, 2, 3])
        successor = self.ground.word() if life == 1 else bytes(32)
        caller = self.ground.caller(self.ground.nodes[node])
        if not self.ground.send(caller, "AnchorRegistry", "setLife", node, leaf, life, successor, self.ground.word()):
            return False
        if life == 1:
            self.superseded[record] = successor
        return True

    def answer(self) -> bool | None:
        waiting = [(record, n) for record, filed in self.filings.items() for n, done in enumerate(filed, 1) if not done]
        if not waiting:
            return None
        (node, leaf), number = self.ground.chance.choice(waiting)
        successor = self.superseded.get((node, leaf), bytes(32))
        outcome = self.ground.chance.choice([2, 3, 4]) if any(successor) else self.ground.chance.choice([3, 4])
        given = (node, leaf, number, outcome, successor if outcome == 2 else bytes(32), self.ground.word())
        if not self.ground.send(self.ground.caller(self.ground.nodes[node]), "Disputes", "answerDispute", given):
            return False
        self.filings[node, leaf][number - 1] = True
        return True

    # Auditors, and anybody.

    def audit(self) -> bool | None:
        auditor = self.ground.some(Role.REGULATOR)
        books = [tree for tree in self.trees if tree.is_book][-5:]
        if auditor is None or not books:
            return None
        book = self._show(self.ground.chance.choice(books))
        flag = self.ground.chance.random() < 0.5
        arguments = (auditor.number, book, flag, self.ground.word())
        return self.ground.send(self.ground.caller(auditor), "AuditRegistry", "attestAudit", *arguments)

    def prove_disorder(self) -> bool | None:
        wrong = [tree for tree in self.trees if tree.disorder() and not tree.spoiled]
        if not wrong:
            return None
        tree = self.ground.chance.choice(wrong)
        at = self.ground.chance.choice(tree.disorder())
        function = "proveDisorderInBook" if tree.is_book else "proveDisorder"
        return self._prove(tree, function, self._show(tree), tree.shown(at), tree.shown(at + 1))

    def prove_repeat(self) -> bool | None:
        batches = [tree for tree in self.trees if not tree.is_book]
        found = [
            (first, later, leaf)
            for later in batches
            if not later.spoiled
            for first in batches
            if (first.node, first.epoch) == (later.node, later.epoch) and first.entry < later.entry
            for leaf in set(first.leaves) & set(later.leaves)
        ]
        if not found:
            return None
        first, later, leaf = self.ground.chance.choice(found)
        places = [(index, tree.proof(index)) for tree in (first, later) for index in [tree.leaves.index(leaf)]]
        shown = (self._show(first), self._show(later), leaf_hash(*leaf), *places)
        return self._prove(later, "proveRepeat", *shown)

    def prove_omission(self) -> bool | None:
        found = [
            (batch, book, leaf)
            for book in self.trees[-40:]
            if book.is_book and not book.spoiled and not book.disorder()
            for batch in self.trees
            if not batch.is_book and (batch.node, batch.epoch) == (book.node, book.epoch) and batch.entry < book.entry
            for leaf in set(batch.leaves) - set(book.leaves)
        ]
        if not found:
            return None
        batch, book, leaf = self.ground.chance.choice(found)
        right = sum(one < leaf for one in book.leaves)
        sides = [book.shown(max(right - 1, 0)), book.shown(min(right, len(book.leaves) - 1))]
        shown = (self._show(batch), batch.shown(batch.leaves.index(leaf)), self._show(book), *sides)
        return self._prove(book, "proveOmission", *shown)

    def _show(self, tree: Tree) -> tuple[Any, ...]:
        return (tree.fields, self.ground.opening(tree.entry))

    def _prove(self, tree: Tree, function: str, *shown: Any) -> bool:
        anybody = str(self.ground.new_key().address)
        return self._spoiled(tree, self.ground.send(anybody, "AuditRegistry", function, *shown))

    def _spoiled(self, tree: Tree, outcome: bool) -> bool:
        tree.spoiled = tree.spoiled or outcome
        return outcome

    # Platforms and enterprises.

    def file(self) -> bool | None:
        platform, record = self.ground.some(Role.PLATFORM), self._record()
        if platform is None or record is None:
            return None
        arguments = (platform.number, *record, self.ground.word())
        return self._filed(
            record, self.ground.send(self.ground.caller(platform), "Disputes", "fileDispute", *arguments)
        )

    def file_signed(self) -> bool | None:
        ground, platform, record = self.ground, self.ground.some(Role.PLATFORM), self._record()
        if platform is None or record is None:
            return None
        key, previous = ground.new_key(), len(self.filings.get(record, []))
        message = DisputeFiling(ground.domain, platform.number, *record, ground.word(), key.address, previous, FAR)
        signatures = signed(key, message), signed(ground.keyholder(platform), message)
        return self._filed(
            record, ground.send(key.address, "Disputes", "fileDisputeSigned", message.values(), *signatures)
        )

    def _filed(self, record: tuple[int, bytes], outcome: bool) -> bool:
        if outcome:
            self.filings.setdefault(record, []).append(False)
        return outcome

    def _consent(self) -> Given | None:
        ground, bank, platform = self.ground, self.ground.some(Role.INSTITUTION), self.ground.some(Role.PLATFORM)
        if bank is None or platform is None:
            return None
        paper = ground.chance.random() < 0.2
        key = None if paper else ground.new_key()
        return Given(
            Consent(
                ground.domain,
                log=ground.region.deployment.log_id,
                institution=bank.number,
                platform=platform.number,
                key=NO_KEY if key is None else key.address,
                subject=ground.word(),
                sections=ground.chance.randrange(1, 128),
                domains=ground.chance.randrange(1, 2**16),
                purpose=1,
                data_from=20200101,
                data_to=20261231,
                not_before=0,
                not_after=ground.time + ground.chance.choice([5000, 10**7]),
                uses=ground.chance.randrange(1, 4),
                keep_days=365,
                notice=ground.word(),
                paper=ground.word() if paper else NO_DIGEST,
                deadline=ground.time + 10**6,
            ),
            key,
        )

    def grant(self) -> bool | None:
        given = self._consent()
        if given is None:
            return None
        platform = self.ground.nodes[given.message.platform]
        by_key = signed(given.key, given.message) if given.key else b""
        endorsement = signed(self.ground.keyholder(platform), given.message)
        anybody = str(self.ground.new_key().address)
        if not self.ground.send(anybody, "ConsentToken", "grant", given.message.form(), by_key, endorsement):
            return False
        self.consents.append(given)
        return True

    def take_back(self) -> bool | None:
        """A consent that nobody granted yet."""
        given = self._consent()
        return given and self._revoke(given)

    def revoke(self) -> bool | None:
        standing = [one for one in self.consents if not one.revoked]
        return self._revoke(self.ground.chance.choice(standing)) if standing else None

    def _revoke(self, given: Given) -> bool:
        ground, shown = self.ground, given.message.form()
        if given.key and ground.chance.random() < 0.6:
            signature = signed(given.key, Revocation(ground.domain, given.message.id))
            outcome = ground.send(str(ground.new_key().address), "ConsentToken", "revokeSigned", shown, signature)
        elif ground.chance.random() < 0.6:
            outcome = ground.send(ground.caller(ground.nodes[given.message.platform]), "ConsentToken", "revoke", shown)
        else:
            outcome = self._govern("ConsentToken", "revokeByGovernors", int.from_bytes(given.message.id))
        given.revoked = given.revoked or outcome
        return outcome

    def turn(self) -> bool | None:
        """Pause a consent, or resume it."""
        standing = [one for one in self.consents if not one.revoked]
        if not standing:
            return None
        ground, given = self.ground, self.ground.chance.choice(standing[-8:])
        shown, pauses = given.message.form(), given.turns % 2 == 0
        name = "pause" if pauses else "resume"
        if given.key and ground.chance.random() < 0.6:
            kind = Pause if pauses else Resumption
            message = kind(ground.domain, given.message.id, given.turns + 1, FAR)
            arguments = (shown, FAR, signed(given.key, message))
            outcome = ground.send(str(ground.new_key().address), "ConsentToken", f"{name}Signed", *arguments)
        else:
            outcome = ground.send(ground.caller(ground.nodes[given.message.platform]), "ConsentToken", name, shown)
        given.turns += outcome
        return outcome

    # Institutions and providers.

    def meter(self) -> bool | None:
        made = [self._delivery() for _ in range(self.ground.chance.randrange(1, 5))]
        deliveries = [one for one in made if one]
        if not deliveries:
            return None
        if self.deliveries and self.ground.chance.random() < 0.2:
            deliveries.append(self.ground.chance.choice(self.deliveries))
        size = len(self.ground.entries)
        self.ground.send(str(self.ground.new_key().address), "QueryLedger", "meter", deliveries)
        self.deliveries = [*self.deliveries, *deliveries][-200:]
        return len(self.ground.entries) > size

    def _delivery(self) -> tuple[Any, ...] | None:
        ground = self.ground
        provider = ground.some(Role.PLATFORM, Role.BUREAU)
        given = ground.chance.choice(self.consents[-60:]) if self.consents else None
        bank = ground.nodes[given.message.institution] if given else ground.some(Role.INSTITUTION)
        if provider is None or bank is None:
            return None
        broker = ground.some(Role.PLATFORM) if ground.chance.random() < 0.2 else None
        time = ground.time - ground.chance.choice([0, 1, 30, 4000])
        pair = (bank.number, provider.number)
        nonce = max(0, self.nonces[pair] - (ground.chance.random() < 0.05))
        self.nonces[pair] += 1
        asked = QueryRequest(
            ground.domain,
            *pair,
            consent=given.message.id if given else NO_DIGEST,
            subject=ground.word(),
            product=ground.word(),
            sections=given.message.sections if given else 1,
            domains=given.message.domains if given else ground.chance.choice([1, 2]),
            purpose=1,
            staff=ground.word(),
            issued_at=time - 5,
            deadline=time + 600,
            nonce=nonce,
            via=broker.number if broker else 0,
        )
        receipt = DeliveryReceipt(ground.domain, asked.id, ground.word(), time, time + 3600)
        signatures = [
            _words(signed(ground.keyholder(bank), asked)),
            _words(signed(ground.keyholder(provider), receipt)),
        ]
        signatures.append(_words(signed(ground.keyholder(broker), asked)) if broker else (bytes(32), bytes(32)))
        return (asked.values(), receipt.report, time, time + 3600, *signatures)

    def report_loans(self) -> bool | None:
        bank = self.ground.some(Role.INSTITUTION)
        if bank is None:
            return None
        month = self.ground.chance.randrange(202501, 202507)
        count = self.ground.chance.randrange(3)
        given = (bank.number, month, self.loans[bank.number, month], count, count * 100, self.ground.word())
        outcome = self.ground.send(self.ground.caller(bank), "QueryLedger", "reportLoans", given)
        self.loans[bank.number, month] += outcome
        return outcome

    def seal(self) -> bool | None:
        return self._govern("RegionLog", "seal")


def _words(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:32], signature[32:]


#: How often each action is drawn, of those that may come at any time.
WEIGHTS = {
    "admit": 3, "suspend": 2, "reinstate": 6, "retire": 1, "set_domains": 1, "set_profile": 1, "set_until": 1,
    "set_host": 2, "set_answerer": 1, "replace_key": 3, "rotate_key": 3, "compromise": 3, "open_epoch": 0.2,
    "launch": 1, "withdraw": 1, "limit": 2, "signers": 2, "close": 2, "annul": 3, "replace_contract": 2, "anchor": 14,
    "enter_book": 8, "set_life": 6, "answer": 6, "audit": 6, "prove_disorder": 3, "prove_repeat": 3,
    "prove_omission": 3, "file": 5, "file_signed": 4, "grant": 10, "take_back": 2, "revoke": 4, "turn": 6,
    "meter": 12, "report_loans": 5, "exception": 2, "operation": 1,
}  # fmt: skip
#: What can be done whatever happened before.
ALWAYS = ("set_profile", "limit", "launch", "signers")
