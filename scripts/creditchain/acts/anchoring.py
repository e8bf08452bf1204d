"""Anchoring an upload as a journaled state machine: killed anywhere and run again, it ends with exactly one anchor.

    preparing → prepared → numbered → mined → final

What a crash leaves, state by state, and what running again does:

- no row: nothing. Start.
- preparing: the secret is in the journal; perhaps a workspace, perhaps the finished folder. The workspace is cleared
  and the folder made again. Same secret and same upload give the same root: an existing folder of it is reused.
- prepared: the folder is durable under its root. Choose the number among the node's batches under the key epoch.
- any of these, with the folder lost: it is made again from the upload, where that gives the same root.
- numbered: perhaps a signed transaction, perhaps sent, perhaps mined: the outbox finds out and goes on.
- mined: wait until the block is final; if the chain reorganised, the outbox sends again.
- final: the secret is destroyed. The same upload answers with what was done, if the chain still has the anchor; if a
  deep reorganisation removed it, the same transaction is sent again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from creditchain.acts.adopting import unknown_batches
from creditchain.acts.anchor_rules import (
    AnchoringError,
    anchor_body,
    anchor_intent,
    anchor_of,
    epoch_of,
    final_anchor,
    is_anchored,
    publishable_domains,
    require_launched,
)
from creditchain.acts.locks import locked, upload_lock
from creditchain.acts.superseding import comes_again, earlier_folders, lost_supersessions, supersede_records
from creditchain.batch.accepting.rules import Rules, day_in_china
from creditchain.batch.errors import Problem
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.folder.opened import open_batch
from creditchain.batch.ledger import AnchoringRow, Identity, Ledger, State
from creditchain.batch.making.pipeline import SMALL_BYTES, Prepared, Series, clear_workspace, prepare
from creditchain.batch.making.pool import start_early
from creditchain.batch.making.task import BatchLimits, Faults
from creditchain.batch.progress import Watch, no_watch
from creditchain.batch.readers import file_urls
from creditchain.batch.readers.reading import USUAL, Reading
from creditchain.batch.readers.upload import Upload, absolute, find_upload, upload_digest
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.catalogue.regions import number_exceptions
from creditchain.chain.errors import ContractRefusedError
from creditchain.chain.limits import LimitReads
from creditchain.errors import ConfigError, InputError
from creditchain.home.files import remove_folder
from creditchain.products import Product

if TYPE_CHECKING:
    from creditchain.chain.outbox import Outbox
    from creditchain.chain.region import Region
    from creditchain.home.journal import Journal
    from creditchain.home.layout import Home

#: Told each state right after it was journaled.
Observer = Callable[[State], None]

#: How often a number is chosen anew because somebody else's batch took it.
_RENUMBERINGS = 5


@dataclass(frozen=True, slots=True)
class AnchorOrder:
    """What to anchor: an upload, of a product, for a node."""

    upload: Upload
    product: Product
    node: int
    tag_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AnchorOptions:
    """How to go about it. `lock_seconds`: how long to wait for another process that does the same."""

    limits: BatchLimits = field(default_factory=BatchLimits)
    skip_invalid: bool = False
    supersede: bool = False  #: records that were published before come again as later versions of those
    report: Callable[[str, Problem], None] | None = None  #: told the upload's name and each of its bad lines
    watch: Watch = no_watch
    observe: Observer = lambda _: None
    on_lost: Callable[[AnchoringRow], None] = lambda _: None  #: told each anchor that the chain no longer has
    lock_seconds: float = 3600.0


class Anchoring:
    """Anchors batches of one region, signed by one outbox. `home` holds batches and locks."""

    def __init__(
        self, region: Region, outbox: Outbox, journal: Journal, home: Home, options: AnchorOptions | None = None
    ) -> None:
        self.region, self.outbox, self.journal, self.home = region, outbox, journal, home
        self.ledger = Ledger(journal, region.deployment.log_id)
        self.options = options or AnchorOptions()
        self._home = home.region(region.deployment.log_id)
        self._fresh: set[int] = set()  #: rows whose batch was made here, so that no chain can have it yet

    @property
    def batches(self) -> Path:
        """The folder of batch folders."""
        return self._home.batches

    def anchor(self, order: AnchorOrder) -> AnchoringRow:
        """Anchor an upload and wait until its block is final. The same order again gives the same batch.

        Raises:
            UploadError: a bad line; nothing was anchored, the journal has forgotten it.
            RefusedError: the node may not, the product is not launched, the tag key is not the epoch's, the contract
                refuses.
            UnavailableError: the chain or the disk could not be asked; run it again to go on.
        """
        if order.upload.size > SMALL_BYTES:
            start_early()
        domains = publishable_domains(self.region, self.outbox.signer, order.node)
        epoch = epoch_of(self.region, order.tag_key)
        require_launched(self.region, order.product)
        files = file_urls(order.upload) if order.upload.kind == "folder" else ()
        identity = Identity(
            self.region.deployment.log_id,
            order.node,
            order.product.digest,
            upload_digest(order.upload, files),
        )
        with self._locked("upload", upload_lock(identity)):
            row = self.ledger.begin(
                identity,
                product=order.product.ref,
                product_number=order.product.number,
                upload=absolute(order.upload.url),
                skip_invalid=self.options.skip_invalid,
                key_epoch=epoch,
                reading=_kept(order.upload.reading),
            )
            if row.state == State.PREPARING:
                self._adopt(row)
            return self._go_on(row, order, domains)

    def resume(self, row: AnchoringRow, tag_key: bytes | None) -> AnchoringRow:
        """Finish an anchoring from the journal. `tag_key` is needed only where the folder is not there.

        Raises as `anchor`; ConfigError where the key is needed and missing.
        """
        identity = Identity(row.log_id, row.node, row.product_digest, row.upload_digest)
        with self._locked("upload", upload_lock(identity)):
            row = self._as_it_is_now(row)
            if self._is_done(row):
                return row
            if row.state != State.PREPARING and not self._lacks_folder(row):
                return self._submit(row)
            if tag_key is None:
                raise ConfigError(
                    "the folder of this batch is not there; making it needs the tag key", hint="Give --tag-key."
                )
            product = load_product(row.product)
            if product.digest != row.product_digest:
                raise ConfigError("the product has changed since", hint="A change to a product is a new version.")
            reading = USUAL if row.reading is None else Reading.of_kept(json.loads(row.reading), product)
            order = AnchorOrder(find_upload(row.upload, reading), product, row.node, tag_key)
            files = file_urls(order.upload) if order.upload.kind == "folder" else ()
            if upload_digest(order.upload, files) != row.upload_digest:
                raise AnchoringError(
                    "the upload has changed since this was begun",
                    hint=f"Anchor it as a new one, and give this one up with `creditchain batch drop {row.id}`.",
                )
            epoch_of(self.region, tag_key)
            require_launched(self.region, product)
            return self._go_on(row, order, publishable_domains(self.region, self.outbox.signer, row.node))

    def _as_it_is_now(self, row: AnchoringRow) -> AnchoringRow:
        """The row as the journal has it, now that it is locked: another process may have gone on since it was read."""
        found = self.ledger.reload(row)
        if found is None:
            raise AnchoringError("this batch was dropped meanwhile", found=f"row {row.id}")
        return found

    # The states of an anchoring, one after the other.

    def _go_on(self, row: AnchoringRow, order: AnchorOrder, domains: int) -> AnchoringRow:
        if self._is_done(row):
            return row
        if row.key_epoch != (epoch := epoch_of(self.region, order.tag_key)) and row.state in (
            State.PREPARING,
            State.PREPARED,
        ):
            self._discard(row)
            self.ledger.start_over(row, epoch)
        if row.state == State.PREPARING:
            self._prepare(row, order, domains)
        elif self._lacks_folder(row):  # somebody removed it: the secret, which is kept until the end, makes it again
            self._make_again(row, order, domains)
        try:
            return self._submit(row)
        except ContractRefusedError as error:
            if error.name != "AnchorRegistryKeyEpoch":
                raise
        # Governors opened a new epoch in the meantime, so tags and batch differ. The old batch never was on chain.
        epoch = epoch_of(self.region, order.tag_key)
        self._discard(row)
        self.ledger.start_over(row, epoch)
        self._prepare(row, order, domains)
        return self._submit(row)

    def _is_done(self, row: AnchoringRow) -> bool:
        """Is this batch final, in the journal and on the chain? An anchor that the chain lost goes back to `mined`."""
        if row.state != State.FINAL:
            return False
        self.ledger.destroy_unused_keys()  # an earlier run may have crashed between its commit and this step
        if is_anchored(self.region, row) and not lost_supersessions(self.region, [row], self.batches):
            return True
        self.options.on_lost(row)
        self._reach(row, State.MINED, entry=None, block=None)
        return False

    def _lacks_folder(self, row: AnchoringRow) -> bool:
        return row.root is not None and not (self.batches / row.root.hex()).exists()

    def _adopt(self, row: AnchoringRow) -> None:
        """Where a lost journal's folder shows that this very upload is anchored: go on from there, not again."""
        for _, manifest, anchor in unknown_batches(self.region, self.ledger.rows(), row, self.batches):
            if manifest.terms.upload_digest == row.upload_digest:
                self._reach(
                    row,
                    State.MINED,
                    root=manifest.root,
                    size=manifest.size,
                    subjects=manifest.subjects,
                    domains=manifest.domains,
                    number=anchor.number,
                    key_epoch=anchor.key_epoch,
                    block=anchor.block,
                )
                return

    def _earlier(self, row: AnchoringRow) -> tuple[Path, ...]:
        """The folders of batches whose records must not come again by mistake, also those that the journal lost."""
        rows = self.ledger.rows()
        known = earlier_folders(rows, row, self.batches)
        return (*known, *(folder for folder, _, _ in unknown_batches(self.region, rows, row, self.batches)))

    def _prepare(self, row: AnchoringRow, order: AnchorOrder, domains: int) -> None:
        try:
            made = self._make(row, order, domains, Series(self._earlier(row), self.options.supersede))
        except InputError:
            self.ledger.forget(row)
            raise
        self._fresh.add(row.id)
        # After a crash before this line, the folder exists and is made once more, identically.
        self._reach(
            row,
            State.PREPARED,
            root=made.root,
            size=made.size,
            subjects=made.subjects,
            domains=made.domains,
            skipped=made.skipped,
        )

    def _make_again(self, row: AnchoringRow, order: AnchorOrder, domains: int) -> None:
        """Make the folder of a row whose root is known, and may be on chain. Never gives the row up."""
        before = [other for other in self.ledger.rows() if other.id < row.id]
        # The row does not say whether it was to supersede. Where nothing was skipped and something came again, it was.
        series = Series(earlier_folders(before, row, self.batches), self.options.supersede or not row.skip_invalid)
        try:
            made = self._make(row, order, domains, series)
        except InputError as error:
            raise _cannot_be_made_again(error.message) from error
        if made.root != row.root:
            remove_folder(self.batches / made.root.hex())
            raise _cannot_be_made_again("another root")

    def _make(self, row: AnchoringRow, order: AnchorOrder, domains: int, series: Series) -> Prepared:
        deployment = self.region.deployment
        terms = Terms(
            log_id=deployment.log_id,
            chain_id=deployment.chain_id,
            anchor_registry=deployment.address("AnchorRegistry").lower(),
            node=row.node,
            product=row.product,
            product_number=row.product_number,
            product_digest=row.product_digest,
            key_epoch=row.key_epoch,
            upload_digest=row.upload_digest,
            reading=order.upload.reading.described(),
        )
        return prepare(
            order.upload,
            # The day on which the anchoring was begun, so that a later run makes the same batch.
            Rules(order.product, domains, day_in_china(row.created_at), self._exceptions()),
            Seals(order.tag_key, self.ledger.secret(row)),
            terms,
            self.batches,
            name=str(row.id),
            series=series,
            limits=self.options.limits,
            faults=Faults(row.skip_invalid, self._report(order.upload)),
            watch=self.options.watch,
        )

    def _exceptions(self) -> frozenset[bytes]:
        """Numbers that are accepted although their check digits are wrong: by the log, and by the region's file."""
        return number_exceptions() | frozenset(LimitReads(self.region).exceptions())

    def _report(self, upload: Upload) -> Callable[[Problem], None] | None:
        report = self.options.report
        return None if report is None else lambda problem: report(upload.name, problem)

    def _submit(self, row: AnchoringRow) -> AnchoringRow:
        for _ in range(_RENUMBERINGS):
            try:
                if row.state in (State.PREPARED, State.NUMBERED):
                    self._number_and_send(row)
                if row.state == State.MINED:
                    self._finish(row)
                return row
            except ContractRefusedError as error:
                if error.name != "AnchorRegistryNumber":
                    raise
                # Somebody else with this operator's key anchored in the meantime. Nothing of ours took effect.
                self.ledger.change(row, State.PREPARED, number=None, transaction_hash=None, block=None)
        raise AnchoringError("others keep taking the next number of this node", hint="Run the same command again.")

    def _require_new_records(self, row: AnchoringRow) -> None:
        """Raise AnchoringError where a batch that was made at the same time publishes a record of this one."""
        if comes_again(row, earlier_folders(self.ledger.rows(), row, self.batches), self.batches):
            self._discard(row)
            self.ledger.forget(row)
            raise AnchoringError(
                "another batch of this series, made at the same time, publishes some of these records",
                hint="Run the same command again: it names them.",
            )

    def _number_and_send(self, row: AnchoringRow) -> None:
        # Never anchor a batch that cannot be shown: its folder must exist and be this batch.
        open_batch(self.batches / (row.root or b"").hex()).close()
        with self._locked("node", f"{row.log_id.hex()} {row.node} {row.key_epoch}"):
            if row.state == State.PREPARED and row.id not in self._fresh and (there := anchor_of(self.region, row)):
                # The journal is older than what it tells of, as a restored one is.
                self._reach(row, State.MINED, number=there.number, block=there.block)
                return
            if row.state == State.PREPARED:
                self._require_new_records(row)
                for other in self.ledger.begun_before(row):
                    self._send_first(other)
                published = self.region.published(row.node, row.key_epoch)
                self._reach(row, State.NUMBERED, number=published.batches + 1)
            # After a crash from here on, the outbox has the intent or not; either way it is submitted once.
            self._send(row)
            self.options.observe(State.MINED)

    def _send_first(self, other: AnchoringRow) -> None:
        """Send a batch of the node that has its number already: whoever began it was interrupted.

        Its number comes before ours. Where somebody else took it, it gets another one when it is resumed.
        """
        try:
            self._send(other)
        except ContractRefusedError as error:
            if error.name != "AnchorRegistryNumber":
                raise AnchoringError(
                    "an earlier batch of this node cannot be anchored",
                    found=f"row {other.id}: {error.message}",
                    hint=f"`creditchain batch resume` tries again; `creditchain batch drop {other.id}` gives it up.",
                ) from error
            self.ledger.change(other, State.PREPARED, number=None, transaction_hash=None, block=None)

    def _send(self, row: AnchoringRow) -> None:
        receipt = self.outbox.submit(
            anchor_intent(row),
            self.region.calls.anchor(anchor_body(row)),
            wait="mined",
            already_done=lambda: is_anchored(self.region, row),
        )
        block = receipt.block.number if receipt.block is not None else None
        self.ledger.change(row, State.MINED, transaction_hash=receipt.transaction_hash, block=block)

    def _finish(self, row: AnchoringRow) -> None:
        assert row.root is not None  # noqa: S101 - known since `prepared`
        call = self.region.calls.anchor(anchor_body(row))
        try:
            # If a reorganisation undid the transaction, this sends the same bytes again.
            receipt = self.outbox.submit(anchor_intent(row), call, already_done=lambda: is_anchored(self.region, row))
        except ContractRefusedError:
            # The chain now holds another batch under this batch's number.
            self.ledger.change(row, State.PREPARED, number=None, transaction_hash=None, block=None)
            raise
        found = final_anchor(self.region, row)
        # This comes before the row is final, so that a run that ends early does it when it is run again.
        supersede_records(self.region, self.outbox, self._home.reasons, row, self.batches / row.root.hex())
        transaction = receipt.transaction_hash or row.transaction_hash
        self.ledger.finish(row, entry=found.entry, transaction_hash=transaction, block=found.block)
        self.options.observe(State.FINAL)

    # Helpers.

    def _reach(self, row: AnchoringRow, state: State, **values: object) -> None:
        self.ledger.change(row, state, **values)
        self.options.observe(state)

    def _discard(self, row: AnchoringRow) -> None:
        """Remove the folder of a batch that never was anchored."""
        clear_workspace(self.batches, str(row.id))
        if row.root is not None:
            remove_folder(self.batches / row.root.hex())

    def _locked(self, kind: str, name: str) -> AbstractContextManager[None]:
        """One process at a time: for one upload, and for one node while its next number is taken."""
        return locked(self._home.locks, kind, name, self.options.lock_seconds)


def _cannot_be_made_again(found: str) -> AnchoringError:
    return AnchoringError(
        "the folder of this batch is missing, and the upload does not give the same batch again",
        found=found,
        hint="Restore the folder from the backup. If the batch never came on chain, `creditchain batch drop` ends it.",
    )


def _kept(reading: Reading) -> str | None:
    """A reading as the journal keeps it."""
    return json.dumps(reading.kept(), ensure_ascii=False) if reading != USUAL else None
