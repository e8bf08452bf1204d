"""An operator's uploads: received whole, checked, anchored. One at a time; those of a product in the order of
their arrival.

received → checked → anchored; or faulty, or failed. The row says what is to be done, the anchoring's own journal how
far it is: killed anywhere, it goes on with the next call, and an upload has one anchor. A file goes once nothing is
left to be done with it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from creditchain.acts.anchoring import Anchoring, AnchorOrder
from creditchain.acts.checking_uploads import CheckedUpload, check_upload
from creditchain.acts.limiting import accepted_numbers
from creditchain.batch.accepting.rules import Rules, day_in_china
from creditchain.batch.readers.upload import find_upload
from creditchain.catalogue.regions import number_exceptions
from creditchain.chain.errors import ContractRefusedError, SignerError, TransactionError, WrongChainError
from creditchain.errors import CreditchainError, InputError, Place, UnavailableError
from creditchain.faults import told as fault_told
from creditchain.home.databases.errors import DatabaseAwayError, JournalError
from creditchain.home.sealing import SecretLostError
from creditchain.identifiers import epoch_digest
from creditchain.products import Product, ProductKind
from creditchain.store.operator_uploads import DONE, OperatorUpload, OperatorUploads, UploadState

_log = logging.getLogger(__name__)

#: What cannot be done just now, and may be done later: an account without money or a signer that refuses, too.
_MAY_PASS = (UnavailableError, DatabaseAwayError, SignerError, TransactionError, WrongChainError)
#: Of these, what does not pass: a secret that is lost does not come back, and contracts have rules.
_FINAL = (SecretLostError, ContractRefusedError)


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


@dataclass(frozen=True, slots=True)
class HandledUploads:
    """What came of the open uploads: how many ended, by their state, and how many have to wait."""

    ended: Mapping[UploadState, int]
    waiting: int


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


def handle_open(
    desk: UploadDesk, clock: Callable[[], int], stopping: Callable[[], bool] = lambda: False
) -> HandledUploads:
    """Take each open upload as far as it goes, the oldest first.

    One that has to wait, for the chain's node say, holds up none but later ones of its product, which may hold the same
    records. One that cannot succeed is `failed`, and its row says why.

    Args:
        clock: gives unix seconds. stopping: whether to end before the next upload.
    Raises:
        JournalError: the uploads cannot be read.
    """
    ended, held, waiting = Counter[UploadState](), set[str](), 0
    for upload in desk.uploads.open():
        if stopping():
            break
        if upload.product not in held:
            try:
                ended[_handle(desk, upload, clock())] += 1
                continue
            except _MAY_PASS as error:
                held.add(upload.product)
                _log.error("an upload waits, and is tried again: %s", error)
                _tell_why_it_waits(desk, upload.id, error)
        waiting += 1
    return HandledUploads(ended, waiting)


def sweep(desk: UploadDesk, older_than: float) -> int:
    """Remove files that no upload needs, as a killed process leaves them, made before a time; how many they were.

    What cannot be removed is told in the log, and stays.
    """
    removed = 0
    for path in desk.folder.iterdir() if desk.folder.is_dir() else ():
        found = desk.uploads.find(path.stem)
        if found is not None and found.state not in DONE:
            continue
        try:
            if path.stat().st_mtime < older_than:
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue  # it got its name, or was removed, meanwhile
        except OSError as error:
            _log.error("a file that no upload needs cannot be removed: %s", type(error).__name__)
    return removed


def _handle(desk: UploadDesk, upload: OperatorUpload, time: int) -> UploadState:
    """How an upload ended. Raises _MAY_PASS: it goes on with the next call."""
    path = desk.path(upload.id, upload.name)
    try:
        ended = _taken_on(desk, upload, path, time)
    except CreditchainError as error:
        if isinstance(error, _MAY_PASS) and not isinstance(error, _FINAL):
            raise
        ended = _failed(desk, upload, time, error)
    except MemoryError as error:
        raise UnavailableError("there is not enough memory") from error
    except Exception as error:
        ended = _failed(desk, upload, time, _fault(error))
    with suppress(OSError):  # `sweep` removes it
        path.unlink(missing_ok=True)
    return ended


def _taken_on(desk: UploadDesk, upload: OperatorUpload, path: Path, time: int) -> UploadState:
    """Check, anchor, and write down both. Raises CreditchainError."""
    product, told = desk.products.get(upload.product), _found_by_check(upload)
    if product is None:
        raise InputError("this exchange does not know the product any more", found=upload.product)
    _require_there(desk, path)
    if upload.state is UploadState.RECEIVED:
        checked = _checked(desk, path, product, time)
        state, told = UploadState.CHECKED if checked.clean else UploadState.FAULTY, _summary(checked)
        desk.uploads.change(upload.id, state, time, told)
        if state is UploadState.FAULTY:
            return state
    row = desk.machine.anchor(_order(desk, product, path))
    desk.uploads.change(upload.id, UploadState.ANCHORED, time, told, root=row.root, entry=row.entry)
    _log.info("an upload is anchored")
    return UploadState.ANCHORED


def _failed(desk: UploadDesk, upload: OperatorUpload, time: int, error: CreditchainError) -> UploadState:
    found = desk.uploads.find(upload.id)  # with what its check found, maybe just now
    told = _found_by_check(upload if found is None else found) or {}
    desk.uploads.change(upload.id, UploadState.FAILED, time, told | {"error": _error(error)})
    _log.error("an upload is refused: %s", error.message)
    return UploadState.FAILED


def _tell_why_it_waits(desk: UploadDesk, id_: str, error: CreditchainError) -> None:
    """Write the reason into the row, for its operator."""
    with suppress(JournalError):  # it may be the journal for which it waits
        found = desk.uploads.find(id_)
        if found is not None and (found.told or {}).get("waits") != (why := _error(error)):
            desk.uploads.change(id_, found.state, found.changed_at, (found.told or {}) | {"waits": why})


def _fault(error: Exception) -> CreditchainError:
    """A fault that nobody foresaw, as an operator may see it: without its words."""
    return CreditchainError(
        "this is a bug in creditchain",
        found=fault_told(error),
        hint="Please report this. The same file may be sent again: it is anchored once.",
    )


def _require_there(desk: UploadDesk, path: Path) -> None:
    if not desk.folder.is_dir():
        raise UnavailableError("the folder of uploads is not there", hint="Is the disk of the home mounted?")
    if not path.is_file():
        raise InputError("the file of this upload is gone", hint="Send it again.")


def _checked(desk: UploadDesk, path: Path, product: Product, time: int) -> CheckedUpload:
    accepted = number_exceptions() | accepted_numbers(desk.machine.region)
    rules = Rules(product, latest=day_in_china(time), exceptions=accepted)
    return check_upload(find_upload(path), rules, limits=desk.machine.options.limits)


def _order(desk: UploadDesk, product: Product, path: Path) -> AnchorOrder:
    region = desk.machine.region
    digest = region.key_epoch_digest(region.current_key_epoch())
    key = next((one for one in desk.tag_keys if epoch_digest(one) == digest), None)
    if key is None:
        raise InputError("this exchange does not have the tag key of the current key epoch", hint="Give it --tag-key.")
    return AnchorOrder(find_upload(path), product, desk.node, key)


def _found_by_check(upload: OperatorUpload) -> dict[str, Any] | None:
    """What is told of an upload, without why it waited."""
    return {name: one for name, one in (upload.told or {}).items() if name != "waits"} or None


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
