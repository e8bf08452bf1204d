"""The journal's table of anchorings: one row a batch, written before each step, from first byte to final block."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from creditchain.home.journal import Base, Journal
from creditchain.home.sealing import Sealed, SealingKeys


class State(StrEnum):
    """How far an anchoring has come. Each holds from the moment it is in the journal."""

    PREPARING = "preparing"  #: the secret is chosen; perhaps a workspace, perhaps the folder, no root known here
    PREPARED = "prepared"  #: the folder is complete and durable, the root known
    NUMBERED = "numbered"  #: its number is chosen; from here on a transaction may be under way
    MINED = "mined"  #: the anchor is in a block
    FINAL = "final"  #: that block is final; the secret is destroyed


class AnchoringRow(Base):
    """One batch on its way. Digests are 32 bytes. Its secret is sealed (home/sealing.py) until it is final."""

    __tablename__ = "anchorings"
    __table_args__ = (UniqueConstraint("log_id", "node", "product_digest", "upload_digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    node: Mapped[int]
    product: Mapped[str] = mapped_column(String(128))
    product_number: Mapped[int]
    product_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    upload_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    upload: Mapped[str] = mapped_column(String(4096))
    reading: Mapped[str | None] = mapped_column(Text)  #: JSON of `Reading.kept()`; null for the usual one
    skip_invalid: Mapped[bool]
    state: Mapped[str] = mapped_column(String(9))
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealing_key: Mapped[str | None] = mapped_column(String(32))  #: name of the key that opens it
    key_epoch: Mapped[int]
    root: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    size: Mapped[int | None]
    subjects: Mapped[int | None]
    domains: Mapped[int | None]
    skipped: Mapped[int] = mapped_column(default=0)
    number: Mapped[int | None]
    entry: Mapped[int | None]
    block: Mapped[int | None]
    transaction_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created_at: Mapped[float]
    updated_at: Mapped[float]


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two calls the same anchoring."""

    log_id: bytes
    node: int
    product_digest: bytes
    upload_digest: bytes


def all_rows(journal: Journal) -> Sequence[AnchoringRow]:
    """Every anchoring of a journal, of any region's log, in the order in which they were begun."""
    with journal.read() as session:
        return session.scalars(select(AnchoringRow).order_by(AnchoringRow.id)).all()


def row_of(journal: Journal, number: int) -> AnchoringRow | None:
    """The anchoring with this number, of any region's log."""
    with journal.read() as session:
        return session.get(AnchoringRow, number)


class Ledger:
    """The rows of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes) -> None:
        self._journal, self._log_id = journal, log_id
        self._keys = SealingKeys(journal.home.region(log_id).secrets)

    def begin(
        self,
        identity: Identity,
        *,
        product: str,
        product_number: int,
        upload: str,
        skip_invalid: bool,
        key_epoch: int,
        reading: str | None = None,
    ) -> AnchoringRow:
        """The row of this anchoring; a new one, with a fresh secret, if it is the first time."""
        with self._journal.write() as session:
            row = session.scalars(self._of(identity)).one_or_none()
            if row is None:
                # Under the write lock, so that no other process takes the key for one that nothing refers to.
                self._destroy_unused_keys(session)
                sealed = self._keys.seal(secrets.token_bytes(32))
                row = AnchoringRow(
                    log_id=identity.log_id,
                    node=identity.node,
                    product=product,
                    product_number=product_number,
                    product_digest=identity.product_digest,
                    upload_digest=identity.upload_digest,
                    upload=upload,
                    reading=reading,
                    skip_invalid=skip_invalid,
                    state=State.PREPARING,
                    sealed_secret=sealed.data,
                    sealing_key=sealed.key,
                    key_epoch=key_epoch,
                    skipped=0,
                    created_at=time.time(),
                    updated_at=time.time(),
                )
                session.add(row)
        return row

    def secret(self, row: AnchoringRow) -> bytes:
        """The 32 bytes that a batch's salts follow from. Raises SecretLostError, StorageError."""
        return self._keys.open(Sealed(row.sealing_key or "", row.sealed_secret or b""))

    def change(self, row: AnchoringRow, state: State, **values: Any) -> None:
        """Write a new state and what came with it, durably."""
        with self._journal.write() as session:
            self._set(session, row, **values, state=state)

    def start_over(self, row: AnchoringRow, key_epoch: int) -> None:
        """Forget what was prepared: another epoch's tags, another secret."""
        nothing = dict.fromkeys(("root", "size", "subjects", "domains", "number", "entry", "block", "transaction_hash"))
        with self._journal.write() as session:
            sealed = self._keys.seal(secrets.token_bytes(32))
            fresh = {"sealed_secret": sealed.data, "sealing_key": sealed.key, "skipped": 0}
            self._set(session, row, **nothing, **fresh, state=State.PREPARING, key_epoch=key_epoch)
        self.destroy_unused_keys()

    def forget(self, row: AnchoringRow) -> None:
        """Remove the row of an upload that cannot be anchored, and destroy its secret."""
        with self._journal.write() as session:
            session.delete(session.get_one(AnchoringRow, row.id))
        self.destroy_unused_keys()

    def finish(self, row: AnchoringRow, **values: Any) -> None:
        """Write that the batch is final, and destroy its secret."""
        with self._journal.write() as session:
            self._set(session, row, **values, state=State.FINAL, sealed_secret=None, sealing_key=None)
        # After the commit: a row of a batch that is not final always has its key. Killed here, the next run does it.
        self.destroy_unused_keys()

    def destroy_unused_keys(self) -> None:
        """Destroy the keys of secrets that no row refers to any more. Harmless to repeat."""
        with self._journal.write() as session:
            self._destroy_unused_keys(session)

    def _destroy_unused_keys(self, session: Session) -> None:
        query = select(AnchoringRow.sealing_key).where(AnchoringRow.log_id == self._log_id)
        self._keys.destroy_all_but({name for name in session.scalars(query) if name is not None})

    @staticmethod
    def _set(session: Session, row: AnchoringRow, **values: Any) -> None:
        """Write values into the stored row, and into the one that the caller holds."""
        stored = session.get_one(AnchoringRow, row.id)
        for name, value in {**values, "updated_at": time.time()}.items():
            setattr(stored, name, value)
            setattr(row, name, value)

    def rows(self, *, unfinished: bool = False) -> Sequence[AnchoringRow]:
        """Every anchoring of this log, in the order in which they were begun."""
        query = select(AnchoringRow).where(AnchoringRow.log_id == self._log_id).order_by(AnchoringRow.id)
        if unfinished:
            query = query.where(AnchoringRow.state != State.FINAL)
        with self._journal.read() as session:
            return session.scalars(query).all()

    def reload(self, row: AnchoringRow) -> AnchoringRow | None:
        """A row as it is now; None if it was dropped."""
        return row_of(self._journal, row.id)

    def of_root(self, root: bytes) -> AnchoringRow | None:
        """The anchoring whose batch has this root."""
        query = select(AnchoringRow).where(AnchoringRow.log_id == self._log_id, AnchoringRow.root == root)
        with self._journal.read() as session:
            return session.scalars(query).first()

    def begun_before(self, row: AnchoringRow) -> Sequence[AnchoringRow]:
        """Other batches of the same node and key epoch that have a number and are not known to be in a block."""
        query = select(AnchoringRow).where(
            AnchoringRow.log_id == row.log_id,
            AnchoringRow.node == row.node,
            AnchoringRow.key_epoch == row.key_epoch,
            AnchoringRow.state == State.NUMBERED,
            AnchoringRow.id != row.id,
        )
        with self._journal.read() as session:
            return session.scalars(query).all()

    def _of(self, identity: Identity) -> Any:
        return select(AnchoringRow).where(
            AnchoringRow.log_id == identity.log_id,
            AnchoringRow.node == identity.node,
            AnchoringRow.product_digest == identity.product_digest,
            AnchoringRow.upload_digest == identity.upload_digest,
        )
