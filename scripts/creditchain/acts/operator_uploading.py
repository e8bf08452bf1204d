"""An operator's uploads: received whole, checked, anchored. One at a time, in the order in which they came.

received → checked → anchored; or faulty, or failed. The row says what is to be done, the anchoring's own journal how
far it is: killed anywhere, it goes on with the next call, and an upload has one anchor. A file goes once nothing is
left to be done with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from creditchain.acts.anchoring import Anchoring, AnchorOrder
from creditchain.acts.checking_uploads import CheckedUpload, check_upload
from creditchain.acts.limiting import accepted_numbers
from creditchain.batch.accepting.rules import Rules, day_in_china
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.regions import number_exceptions
from creditchain.errors import CreditchainError, InputError, Place, UnavailableError
from creditchain.home.databases.errors import DatabaseAwayError
from creditchain.home.files import DiskFullError
from creditchain.identifiers import epoch_digest
from creditchain.products import Product, ProductKind
from creditchain.store.operator_uploads import OperatorUpload, OperatorUploads, UploadState

_log = logging.getLogger(__name__)

#: What cannot be done just now, and may be done later.
_FOR_NOW = (UnavailableError, DatabaseAwayError, DiskFullError)


@dataclass(frozen=True, slots=True)
class UploadDesk:
    """Where a node's uploads are handled."""

    machine: Anchoring
    uploads: OperatorUploads
    folder: Path  #: of the files that were received
    node: int  #: that publishes
    tag_keys: tuple[bytes, ...] = field(repr=False)
    products: Mapping[str, Product]  #: by name/version

    def path(self, id_: str, name: str) -> Path:
        """Where the file of an upload lies; it has the ending of its name."""
        return self.folder / f"{id_}{Path(name).suffix.lower()}"


def require_uploadable(desk: UploadDesk, product: str) -> None:
    """Raise InputError unless records of this product can be published here."""
    found = desk.products.get(product)
    if found is None or found.kind is ProductKind.REPORT:
        raise InputError("no such product", expected="a product of records, name/version", place=Place(field="product"))


def take_up(desk: UploadDesk, made: OperatorUpload) -> None:
    """Note an upload whose file is whole and durable. Raises UploadError: a kind of file that nobody reads."""
    path = desk.path(made.id, made.name)
    try:
        find_upload(path)
        desk.uploads.add(made)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    _log.info("an upload is received")


def handle_next(desk: UploadDesk, time: int) -> bool:
    """Take the oldest upload as far as it goes; False: there is none. `time`: unix seconds.

    Raises UnavailableError, DatabaseAwayError, DiskFullError: it is tried again with the next call.
    """
    upload = desk.uploads.next()
    if upload is None:
        return False
    path = desk.path(upload.id, upload.name)
    try:
        told = upload.told
        if upload.state is UploadState.RECEIVED:
            checked = _checked(desk, path, desk.products[upload.product], time)
            told = _summary(checked)
            if not checked.clean:
                desk.uploads.change(upload.id, UploadState.FAULTY, time, told)
                path.unlink(missing_ok=True)
                return True
            desk.uploads.change(upload.id, UploadState.CHECKED, time, told)
        row = desk.machine.anchor(_order(desk, upload, path))
        desk.uploads.change(upload.id, UploadState.ANCHORED, time, told, root=row.root, entry=row.entry)
        _log.info("an upload is anchored")
    except _FOR_NOW:
        raise
    except CreditchainError as error:
        desk.uploads.change(upload.id, UploadState.FAILED, time, (upload.told or {}) | {"error": _error(error)})
        _log.error("an upload is refused: %s", error.message)
    path.unlink(missing_ok=True)
    return True


def sweep(desk: UploadDesk, older_than: float) -> int:
    """Remove files that no upload needs, as a killed process leaves them, made before a time; how many they were."""
    removed = 0
    for path in desk.folder.iterdir() if desk.folder.is_dir() else ():
        found = desk.uploads.find(path.stem)
        if (found is None or found.state in _DONE) and path.stat().st_mtime < older_than:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


_DONE = (UploadState.FAULTY, UploadState.ANCHORED, UploadState.FAILED)


def _checked(desk: UploadDesk, path: Path, product: Product, time: int) -> CheckedUpload:
    accepted = number_exceptions() | accepted_numbers(desk.machine.region)
    rules = Rules(product, latest=day_in_china(time), exceptions=accepted)
    return check_upload(find_upload(path), rules, limits=desk.machine.options.limits)


def _order(desk: UploadDesk, upload: OperatorUpload, path: Path) -> AnchorOrder:
    region = desk.machine.region
    digest = region.key_epoch_digest(region.current_key_epoch())
    key = next((one for one in desk.tag_keys if epoch_digest(one) == digest), None)
    if key is None:
        raise InputError("this exchange does not have the tag key of the current key epoch", hint="Give it --tag-key.")
    return AnchorOrder(find_upload(path), desk.products[upload.product], desk.node, key)


def _summary(checked: CheckedUpload) -> dict[str, Any]:
    """Counts and kinds of faults: nothing of what the lines say."""
    return {
        "lines": checked.lines,
        "records": checked.records,
        "faults": checked.fault_count,
        "bad_lines": checked.bad_lines,
        "kinds_of_faults": [asdict(kind) for kind in checked.kinds],
    }


def _error(error: CreditchainError) -> dict[str, Any]:
    told = {"title": error.message, "expected": error.expected, "found": error.found, "hint": error.hint}
    return {name: text for name, text in told.items() if text is not None}
