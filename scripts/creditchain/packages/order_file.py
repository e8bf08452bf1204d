"""The order file: a signed request that somebody at the provider looks at first (docs/format.md, section 7)."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

from creditchain.consents.errors import ContentError
from creditchain.errors import Place
from creditchain.messages import salted_digest
from creditchain.packages.fields import Fields, PackageError
from creditchain.packages.parts import PackageLimits, hexed, load_json
from creditchain.packages.reading import require_format, written
from creditchain.packages.request_file import RequestFile, parse_request

ORDER_FORMAT: Final = "creditchain/order@1"
DECLINE_FORMAT: Final = "creditchain/decline@1"
ORDER_MEMBERS: Final = ("request", "paper_salt", "paper")
_LIMITS: Final = PackageLimits(package_bytes=1 << 20, values=10_000, depth=9)


@dataclass(frozen=True, slots=True)
class OrderFile:
    """A request, and the scan of the paper that the enterprise signed, if its consent is on paper and it is at hand."""

    request: RequestFile
    paper_salt: bytes | None = field(default=None, repr=False)  #: 32 bytes
    paper: bytes | None = field(default=None, repr=False)  #: the scan's bytes

    def to_json(self) -> bytes:
        """The file's bytes, as `parse_order` reads them."""
        value: dict[str, Any] = {
            "format": ORDER_FORMAT,
            "request": json.loads(self.request.to_json()),
            "paper_salt": None if self.paper_salt is None else hexed(self.paper_salt),
            "paper": None if self.paper is None else base64.b64encode(self.paper).decode(),
        }
        return written(value)


def parse_order(raw: bytes) -> OrderFile:
    """Parse an order. Raises PackageError with the field; ContentError: the scan is not the consent's."""
    value = load_json(raw, _LIMITS)
    require_format(value, ORDER_FORMAT)
    fields = Fields(value, "", ("format", *ORDER_MEMBERS))
    request = parse_request(json.dumps(fields.mapping("request")).encode())
    if fields.has("paper_salt") != fields.has("paper"):
        raise PackageError("a paper and its salt go together", place=Place(field="paper"))
    if not fields.has("paper"):
        return OrderFile(request)
    made = OrderFile(request, fields.digest("paper_salt"), fields.base64("paper"))
    _require_paper(made)
    return made


def _require_paper(order: OrderFile) -> None:
    consent = order.request.consent
    if consent is None or order.paper is None or order.paper_salt is None:
        raise PackageError("a paper without a consent", place=Place(field="paper"))
    found = salted_digest(order.paper_salt, order.paper)
    if found != consent.message.paper:
        raise ContentError(
            "this is not the paper that the consent was made for",
            expected=hexed(consent.message.paper),
            found=hexed(found),
            place=Place(field="paper"),
        )
