"""Uploads that an operator sent to its exchange, and how far each has come. Anchoring itself is in the anchorings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, LargeBinary, Select, String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from creditchain.home.journal import Base, Journal


class UploadState(StrEnum):
    """How far an upload has come."""

    RECEIVED = "received"  #: whole and durable; to be checked
    CHECKED = "checked"  #: without faults; to be anchored
    FAULTY = "faulty"  #: it has faults, and nothing was anchored
    ANCHORED = "anchored"  #: its batch is on the chain, in a final block
    FAILED = "failed"  #: it was refused, or can never be done


#: States from which something is still to be done.
OPEN = (UploadState.RECEIVED, UploadState.CHECKED)
DONE = (UploadState.FAULTY, UploadState.ANCHORED, UploadState.FAILED)


class OperatorUploadRow(Base):
    """One upload. Its file has the name of its id."""

    __tablename__ = "operator_uploads"
    __table_args__ = (Index("operator_uploads_by_state", "log_id", "exchange", "state"),)

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    log_id: Mapped[bytes] = mapped_column(LargeBinary(32))
    exchange: Mapped[int]
    product: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    size: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(8))
    told: Mapped[str | None] = mapped_column(Text)
    root: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    entry: Mapped[int | None]
    received_at: Mapped[int]
    changed_at: Mapped[int]


@dataclass(frozen=True, slots=True)
class OperatorUpload:
    """An upload as it stands. Times are unix seconds."""

    id: str  #: 32 hex digits
    product: str  #: name/version
    name: str  #: as the operator called the file
    size: int  #: bytes
    digest: bytes  #: sha-256 of the file
    state: UploadState
    received_at: int
    changed_at: int
    told: dict[str, Any] | None = None  #: what was found: counts of lines, kinds of faults, an error; no content
    root: bytes | None = None  #: of the batch
    entry: int | None = None  #: of the region's log


class OperatorUploads:
    """The uploads at one exchange: a node of one region's log."""

    def __init__(self, journal: Journal, log_id: bytes, exchange: int) -> None:
        self._journal, self._log_id, self._exchange = journal, log_id, exchange

    def add(self, made: OperatorUpload) -> None:
        """Write a new upload down, durably. Raises JournalError."""
        with self._journal.write() as session:
            session.add(
                OperatorUploadRow(
                    log_id=self._log_id,
                    exchange=self._exchange,
                    id=made.id,
                    product=made.product,
                    name=made.name,
                    size=made.size,
                    digest=made.digest,
                    state=made.state,
                    received_at=made.received_at,
                    changed_at=made.changed_at,
                )
            )

    def change(
        self, id_: str, state: UploadState, time: int, told: dict[str, Any] | None, *,
        root: bytes | None = None, entry: int | None = None,
    ) -> None:  # fmt: skip
        """Write how far an upload has come."""
        with self._journal.write() as session:
            row = session.scalars(self._rows().where(OperatorUploadRow.id == id_)).one()
            row.state, row.changed_at, row.root, row.entry = state, time, root, entry
            row.told = None if told is None else json.dumps(told, ensure_ascii=False)

    def find(self, id_: str) -> OperatorUpload | None:
        """The upload with this id; None if there is none."""
        with self._journal.read() as session:
            row = session.scalars(self._rows().where(OperatorUploadRow.id == id_)).one_or_none()
            return None if row is None else _upload(row)

    def open(self) -> Sequence[OperatorUpload]:
        """The uploads that something is still to be done for, the oldest first."""
        query = self._rows().where(OperatorUploadRow.state.in_(OPEN)).order_by(OperatorUploadRow.number)
        with self._journal.read() as session:
            return [_upload(row) for row in session.scalars(query)]

    def newest(self, most: int) -> Sequence[OperatorUpload]:
        """The newest uploads, the last one first."""
        with self._journal.read() as session:
            rows = session.scalars(self._rows().order_by(OperatorUploadRow.number.desc()).limit(most))
            return [_upload(row) for row in rows]

    def _rows(self) -> Select[OperatorUploadRow]:
        return select(OperatorUploadRow).where(
            OperatorUploadRow.log_id == self._log_id, OperatorUploadRow.exchange == self._exchange
        )


def _upload(row: OperatorUploadRow) -> OperatorUpload:
    return OperatorUpload(
        id=row.id,
        product=row.product,
        name=row.name,
        size=row.size,
        digest=row.digest,
        state=UploadState(row.state),
        received_at=row.received_at,
        changed_at=row.changed_at,
        told=None if row.told is None else json.loads(row.told),
        root=row.root,
        entry=row.entry,
    )
