"""The log of queries for a regulator (Regulation on Credit Reporting, art. 22): a file, and the exchange's word for it.

Who of the staff asked is a salted digest, which the institution opens. The file holds no content, and nothing that
names an enterprise.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import IO, Final

from creditchain.acts.answering import Desk
from creditchain.chain.clock import now
from creditchain.consents.judging import purpose_name
from creditchain.documents import Domain, Section
from creditchain.errors import InputError, Place
from creditchain.messages import NO_DIGEST, LogDomain, QueryExport
from creditchain.packages.query_export import SignedExport
from creditchain.products import Purpose
from creditchain.store.deliveries import Known
from creditchain.store.own_reports import OwnReport, OwnReports
from creditchain.store.query_files import QueryFileKind, QueryRow, write_queries

_log = logging.getLogger(__name__)

#: Bytes of a file that stay in memory.
_IN_MEMORY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ExportedQueries:
    """A file of queries, from its beginning, and the signed statement about it. Whoever gets it closes the file."""

    file: IO[bytes]
    signed: SignedExport


def export_queries(desk: Desk, own_reports: OwnReports, kind: QueryFileKind, since: int, until: int) -> ExportedQueries:
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
        rows = write_queries(kind, query_rows(desk, own_reports, since, until), file)
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


def query_rows(desk: Desk, own_reports: OwnReports, since: int, until: int) -> Iterator[QueryRow]:
    """What an exchange answered in a period: deliveries, then reports of enterprises about themselves.

    Each in the order in which they were written down, so that the same period gives the same rows.
    """
    names = {one.digest: ref for ref, one in desk.products.items()}
    delivered = (_delivered(one, names) for one in desk.deliveries.between(desk.node, since, until))
    return chain(delivered, (_own(desk, one, names) for one in own_reports.between(since, until)))


def _delivered(known: Known, names: Mapping[bytes, str]) -> QueryRow:
    request, receipt = known.delivery.request, known.delivery.receipt
    return QueryRow(
        delivered_at=receipt.delivered_at,
        institution=request.institution,
        provider=request.provider,
        via=request.via,
        staff=_hexed(request.staff),
        purpose=request.purpose,
        purpose_name=purpose_name(request.purpose),
        product=names.get(request.product, ""),
        product_digest=_hexed(request.product),
        sections=" ".join(one.label for one in Section if request.sections >> one & 1),
        domains=" ".join(one.label for one in Domain if request.domains >> one & 1),
        consent="" if request.consent == NO_DIGEST else _hexed(request.consent),
        request=_hexed(request.id),
        report=_hexed(receipt.report),
        state=known.state.value,
        entry=known.entry or 0,
    )


def _own(desk: Desk, made: OwnReport, names: Mapping[bytes, str]) -> QueryRow:
    name = names.get(made.product, "")
    product = desk.products.get(name)
    return QueryRow(
        delivered_at=made.made_at,
        institution=0,
        provider=desk.node,
        via=0,
        staff="",
        purpose=int(Purpose.SELF_QUERY),
        purpose_name=purpose_name(Purpose.SELF_QUERY),
        product=name,
        product_digest=_hexed(made.product),
        sections="" if product is None else " ".join(one.label for one in product.combined_sections),
        domains="" if product is None else " ".join(one.label for one in product.combined_domains),
        consent=_hexed(made.consent),
        request="",
        report=_hexed(made.report),
        state="own",
        entry=0,
    )


def _hexed(digest: bytes) -> str:
    return "0x" + digest.hex()
