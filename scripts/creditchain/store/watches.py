"""What members hear of besides entries that name them: consents that they watch, and records that they were shown.

Which enterprise a consent is about is sealed under a key of the member's. A record is known by its leaf hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from creditchain.home.sealing import Sealed, SecretLostError
from creditchain.identifiers import Subject
from creditchain.store.webhook_tables import BatchRow, ReaderRow, ShownRow, WatchRow
from creditchain.store.webhooks import Webhooks


@dataclass(frozen=True, slots=True)
class Watch:
    """A consent whose institution hears of new warning records, about these days (YYYYMMDD), until a time."""

    member: int
    consent: bytes
    subject: Subject = field(repr=False)
    data_from: int
    data_to: int
    until: int  #: unix seconds


@dataclass(frozen=True, slots=True)
class SeenRecord:
    """A record that a member was shown: who published it, its leaf hash; until the member may keep it no longer."""

    node: int
    leaf: bytes
    until: int


@dataclass(frozen=True, slots=True)
class SeenBatch:
    """An anchored batch: publisher, key epoch, root, and the time of its anchor."""

    node: int
    key_epoch: int
    root: bytes
    time: int


@dataclass(slots=True)
class OpenedWatches:
    """The watches as they were opened last, by consent, and how many could not be: their keys are lost."""

    known: dict[bytes, Watch] = field(default_factory=dict, repr=False)
    lost: int = 0


class Watches:
    """What members watch at one exchange."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks, self._journal = webhooks, webhooks.journal
        self._mine, self._whose, self._key = webhooks.mine, webhooks.whose, webhooks.key

    def watch(self, watch: Watch, now: int, since: int) -> bool:
        """Watch a consent. Batches that were seen since a time are looked into again. False: the member has no webhook.

        A watch that cannot be opened any more is made anew. Raises StorageError.
        """
        text = json.dumps([watch.subject.scheme, watch.subject.number]).encode()
        with self._journal.write() as session:
            reader = session.get(ReaderRow, self._key(watch.member))
            if reader is None:
                return False
            key = self._key(watch.consent)
            row = session.get(WatchRow, key)
            if row is not None and self._opened(row, reader.sealing_key) is not None:
                return True
            sealed = self._sealed(reader, text)
            if row is not None:
                row.subject = sealed
            else:
                session.add(
                    WatchRow(
                        **self._whose, consent=watch.consent, member=watch.member, subject=sealed,
                        data_from=watch.data_from, data_to=watch.data_to, until=watch.until,
                    )
                )  # fmt: skip
            session.execute(
                update(BatchRow).where(*self._mine(BatchRow), BatchRow.seen_at >= since).values(next_at=now)
            )
        return True

    def unwatch(self, member: int, consent: bytes) -> bool:
        """Watch a consent no longer. False if the member does not."""
        with self._journal.write() as session:
            row = session.get(WatchRow, self._key(consent))
            if row is None or row.member != member:
                return False
            session.delete(row)
        return True

    def watched(self, now: int, opened: OpenedWatches) -> list[Watch]:
        """All consents that are watched, not over, and can be opened. `opened`: those of the last time, renewed.

        One whose key is lost or damaged is left out and counted: it concerns nobody else. Raises StorageError.
        """
        rows = select(WatchRow, ReaderRow.sealing_key).join(
            ReaderRow,
            (ReaderRow.log_id == WatchRow.log_id)
            & (ReaderRow.exchange == WatchRow.exchange)
            & (ReaderRow.member == WatchRow.member),
        )
        with self._journal.read() as session:
            found = session.execute(rows.where(*self._mine(WatchRow), WatchRow.until >= now)).all()
        watches = {row.consent: opened.known.get(row.consent) or self._opened(row, key) for row, key in found}
        opened.known = {consent: watch for consent, watch in watches.items() if watch is not None}
        opened.lost = len(watches) - len(opened.known)
        return list(opened.known.values())

    # Records that were shown.

    def show(self, member: int, records: Iterable[SeenRecord]) -> None:
        """A member was shown these records."""
        with self._journal.write() as session:
            for one in records:
                row = session.get(ShownRow, self._key(one.leaf, member))
                if row is not None:
                    row.until, row.looked = max(row.until, one.until), False
                    continue
                session.add(
                    ShownRow(
                        **self._whose, leaf=one.leaf, member=member, node=one.node,
                        until=one.until, looked=False,
                    )
                )  # fmt: skip

    def shown_to(self, leaf: bytes, node: int, now: int) -> list[int]:
        """The members that were shown a record, and may still keep it."""
        rows = select(ShownRow.member).where(
            *self._mine(ShownRow), ShownRow.leaf == leaf, ShownRow.node == node, ShownRow.until >= now
        )
        with self._journal.read() as session:
            return list(session.scalars(rows))

    def just_shown(self, most: int) -> list[tuple[int, int, bytes]]:
        """Records for which a dispute filed meanwhile was not looked for yet: member, publisher, leaf hash."""
        rows = select(ShownRow).where(*self._mine(ShownRow), ShownRow.looked.is_(False)).limit(most)
        with self._journal.read() as session:
            return [(row.member, row.node, row.leaf) for row in session.scalars(rows)]

    def looked(self, session: Session, records: Iterable[tuple[int, int, bytes]]) -> None:
        """It was looked for."""
        for member, _, leaf in records:
            row = session.get(ShownRow, self._key(leaf, member))
            if row is not None:
                row.looked = True

    # Batches to be looked into.

    def add_batches(self, session: Session, batches: Iterable[SeenBatch], now: int) -> None:
        """Batches that were anchored; one that is here already is looked into again."""
        for one in batches:
            row = session.get(BatchRow, self._key(one.root))
            if row is not None:
                row.next_at = now
                continue
            session.add(
                BatchRow(
                    **self._whose, root=one.root, node=one.node,
                    key_epoch=one.key_epoch, time=one.time, seen_at=now, next_at=now,
                )
            )  # fmt: skip
            session.flush()

    def batches(self, now: int, most: int) -> list[SeenBatch]:
        """The batches that are to be looked into now."""
        rows = select(BatchRow).where(*self._mine(BatchRow), BatchRow.next_at <= now).order_by(BatchRow.next_at)
        with self._journal.read() as session:
            return [SeenBatch(row.node, row.key_epoch, row.root, row.time) for row in session.scalars(rows.limit(most))]

    def look_again(self, session: Session, batch: SeenBatch, at: int) -> None:
        """When to look into a batch the next time."""
        row = session.get(BatchRow, self._key(batch.root))
        if row is not None:
            row.next_at = at

    def forget_over(self, now: int, batches_before: int) -> None:
        """Forget watches and records whose time is over, and batches anchored before a time."""
        with self._journal.write() as session:
            session.execute(delete(WatchRow).where(*self._mine(WatchRow), WatchRow.until < now))
            session.execute(delete(ShownRow).where(*self._mine(ShownRow), ShownRow.until < now))
            session.execute(delete(BatchRow).where(*self._mine(BatchRow), BatchRow.seen_at < batches_before))

    def _sealed(self, reader: ReaderRow, text: bytes) -> bytes:
        """Sealed under the member's key, or under a new one if that is lost."""
        keys = self._webhooks.keys
        try:
            return keys.seal_under(reader.sealing_key, text).data
        except SecretLostError:
            reader.sealing_key = keys.new_key()
            return keys.seal_under(reader.sealing_key, text).data

    def _opened(self, row: WatchRow, key: str) -> Watch | None:
        """A watch; None if its key is lost or damaged, or another one."""
        try:
            scheme, number = json.loads(self._webhooks.keys.open(Sealed(key, row.subject)))
        except (SecretLostError, ValueError):
            return None
        return Watch(row.member, row.consent, Subject(scheme, number), row.data_from, row.data_to, row.until)
