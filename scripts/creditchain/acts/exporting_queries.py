"""The log of queries for a regulator (Regulation on Credit Reporting, art. 22): a file, and the exchange's word for it.

Who of the staff asked is a salted digest, which the institution opens. The file holds no content, and nothing that
names an enterprise.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from dataclasses import dataclass
from typing import IO, Final

from creditchain.acts.answering import Desk
from creditchain.acts.query_log import QueryLog
from creditchain.chain.clock import now
from creditchain.errors import InputError, Place
from creditchain.messages import LogDomain, QueryExport
from creditchain.packages.query_export import SignedExport
from creditchain.store.query_files import QueryFileKind, write_queries

_log = logging.getLogger(__name__)

#: Bytes of a file that stay in memory.
_IN_MEMORY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportedQueries:
    """A file of queries, from its beginning, and the signed statement about it. Whoever gets it closes the file."""

    file: IO[bytes]
    signed: SignedExport


def export_queries(desk: Desk, log: QueryLog, kind: QueryFileKind, since: int, until: int) -> ExportedQueries:
    """All that this exchange answered from `since` to before `until` (unix seconds), by the time of the answer.

    Raises:
        InputError: the period is none, or not over yet. SignerError: nothing was signed. JournalError.
    """
    time = now(desk.region.chain)
    if not since < until <= time + 1:
        raise InputError(
            "a period begins before it ends, and is over",
            expected=f"since before until, until at most {time + 1}",
            found=f"{since} to {until}",
            place=Place(field="until"),
        )
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - whoever gets it closes it
    try:
        rows = write_queries(kind, (row for _, row in log.rows(since, until)), file)
        file.seek(0)
        message = QueryExport(
            LogDomain(desk.region.deployment.log_id),
            exchange=desk.node,
            file=digest_of(file),
            since=since,
            until=until,
            rows=rows,
            made_at=time,
        )
        signed = SignedExport(message, desk.signer.sign_typed(message.typed_data()))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    _log.info("a regulator gets a file of %d queries", rows)
    return ExportedQueries(file, signed)


def digest_of(file: IO[bytes]) -> bytes:
    """The sha-256 of what is left of a file, 32 bytes."""
    digest = hashlib.sha256()
    while part := file.read(1 << 16):
        digest.update(part)
    return digest.digest()
