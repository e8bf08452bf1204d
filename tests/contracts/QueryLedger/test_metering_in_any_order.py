"""Whatever happens in whatever order: uses never exceed the consent, a revoked consent meters nothing delivered after,
and every receipt ends in exactly one ledger entry or as one overdue promise."""

from __future__ import annotations

from brownie import chain
from brownie.test import strategy
from consent_world import HOUR, World, key, members, now, rejections, sign

from creditchain.vocabulary import Finding, MeterFlag


class Metering:
    """Two consents, random deliveries, and a model of what must become of them."""

    st_uses = strategy("uint8", min_value=1, max_value=4)
    st_pick = strategy("uint8")
    st_wait = strategy("uint16", max_value=HOUR)

    def __init__(cls, world: World) -> None:  # noqa: N805 (Brownie calls it on the class)
        cls.world = world

    def setup(self) -> None:
        self.consents: list = []
        self.revoked: dict[bytes, int] = {}
        self.waiting: list = []
        self.receipts: list = []
        self.entries: dict[bytes, int] = {}

    def rule_grant(self, st_uses: int) -> None:
        if len(self.consents) < 3:
            self.consents.append(self.world.granted(uses=st_uses))

    def rule_deliver(self, st_pick: int) -> None:
        if self.consents:
            consent = self.consents[st_pick % len(self.consents)]
            delivery = self.world.answered(consent)
            self.waiting.append((consent, delivery))
            self.receipts.append((consent, delivery))

    def rule_revoke(self, st_pick: int) -> None:
        standing = [consent for consent in self.consents if consent.id not in self.revoked]
        if standing:
            consent = standing[st_pick % len(standing)]
            signature = sign(key("enterprise"), self.world.revocation(consent))
            tx = self.world.consents.revokeSigned(members(consent), signature, {"from": self.world.anyone})
            self.revoked[consent.id] = tx.timestamp

    def rule_wait(self, st_wait: int) -> None:
        chain.sleep(st_wait)
        chain.mine()

    def rule_meter(self, st_pick: int) -> None:
        """Some of the waiting deliveries, and one that was metered before."""
        count = st_pick % 4 + 1
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        repeated = [pair for pair in self.receipts if pair[1].request.id in self.entries][:1]
        if not batch and not repeated:
            return
        left = {consent.id: consent.uses - self.world.used(consent) for consent in self.consents}
        tx = self.world.meter(*(delivery for _, delivery in batch + repeated))
        refused = dict(rejections(tx))
        for index, (consent, delivery) in enumerate(batch):
            self._check(consent, delivery, refused.get(index), left, tx)
        if repeated:
            assert refused[len(batch)] == Finding.REPLAYED

    def _check(self, consent, delivery, refused, left, tx) -> None:
        revoked = self.revoked.get(consent.id)
        if revoked is not None and delivery.receipt.delivered_at >= revoked:
            assert refused == Finding.CONSENT_REVOKED
            return
        assert refused is None
        entry, flags, receipt = self.world.metered(delivery)
        assert receipt == delivery.receipt.struct_hash()
        assert entry == tx.events["Appended"]["index"]
        assert bool(flags & MeterFlag.OVERDRAWN) == (left[consent.id] == 0)
        assert bool(flags & MeterFlag.LATE) == (tx.timestamp > delivery.receipt.meter_by)
        left[consent.id] = max(0, left[consent.id] - 1)
        self.entries[delivery.request.id] = entry

    def invariant_uses_never_exceed_the_consent(self) -> None:
        for consent in self.consents:
            fitting = [
                delivery
                for one, delivery in self.receipts
                if one.id == consent.id
                and delivery.request.id in self.entries
                and not self.world.metered(delivery)[1] & MeterFlag.OVERDRAWN
            ]
            assert self.world.used(consent) == len(fitting) <= consent.uses

    def invariant_a_receipt_is_one_entry_or_a_promise(self) -> None:
        for _, delivery in self.receipts:
            entry, _, receipt = self.world.metered(delivery)
            if delivery.request.id in self.entries:
                assert entry == self.entries[delivery.request.id]
            else:
                assert (entry, receipt) == (0, bytes(32))

    def invariant_revocation_is_final(self) -> None:
        for consent in self.consents:
            assert self.world.state(consent)["revokedAt"] == self.revoked.get(consent.id, 0)

    def teardown(self) -> None:
        """A delivery that was never metered is overdue in the end, and its receipt says since when."""
        chain.sleep(2 * HOUR)
        chain.mine()
        for _, delivery in self.receipts:
            if delivery.request.id not in self.entries:
                assert delivery.receipt.meter_by < now()


def test_metering(state_machine, world: World) -> None:
    state_machine(Metering, world)
