"""What a service says of its own in a report that nobody typed: the number of the report, and its day.

All else follows from records, by the product's rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from creditchain.messages import QueryRequest
from creditchain.products import Product

#: Hex digits of the request's id that number a report.
_DIGITS = 24


def issuer_words(product: Product, request: QueryRequest, day: date) -> Mapping[str, Any]:
    """The members of the report's `data` that stand for the issuer, in a report that a request asks for."""
    return words_numbered(product, request.id, day)


def words_numbered(product: Product, number: bytes, day: date) -> Mapping[str, Any]:
    """These members, those of them that the product has; `number` (at least 12 bytes) tells the report from others."""
    known = product.schema.get("properties", {})
    said = {"report_id": number.hex()[:_DIGITS].upper(), "issued_on": day.isoformat()}
    return {name: value for name, value in said.items() if name in known}
