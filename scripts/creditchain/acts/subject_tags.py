"""Find an enterprise's tag under every key epoch for which a tag key or a platform's statement is given."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.chain.region import Region
from creditchain.errors import InputError, NotValidError
from creditchain.evidence.record import EvidenceFetcher, live_evidence
from creditchain.identifiers import Subject
from creditchain.packages.parts import PackagedTag, SignedTagStatement
from creditchain.reports import gather_tags
from creditchain.verification.subject import check_signature
from creditchain.verification.verdict import Outcome


def logged_epochs(region: Region, block: int) -> dict[int, bytes]:
    """The digest of every key epoch that was opened by a block."""
    epochs = range(1, region.current_key_epoch(block) + 1)
    logged = {epoch: region.key_epoch_digest(epoch, block) for epoch in epochs}
    return {epoch: digest for epoch, digest in logged.items() if digest is not None}


def packaged_tags(
    region: Region, subject: Subject, keys: Sequence[bytes], statements: Sequence[SignedTagStatement] = ()
) -> dict[int, PackagedTag]:
    """The subject's tag by key epoch, as of the newest final block.

    Raises:
        ConfigError: a key is of no epoch. InputError: a statement about another enterprise.
        NotValidError: a statement that no active platform of this region signed.
    """
    fetcher = live_evidence(region)
    require_signed(fetcher, statements)
    return gather_tags(subject, logged_epochs(region, fetcher.block.number), keys, statements)


def require_signed(fetcher: EvidenceFetcher, statements: Sequence[SignedTagStatement]) -> None:
    """Raise NotValidError for a statement that no active platform of the region signed."""
    for statement in statements:
        step = check_signature(statement, fetcher.origin, fetcher.signer(statement))
        if step.outcome is not Outcome.PASSED:
            raise NotValidError(f"the tag statement does not hold: {step.reason.en}")


def subject_tags(
    region: Region, subject: Subject, keys: Sequence[bytes], statements: Sequence[SignedTagStatement] = ()
) -> tuple[bytes, ...]:
    """The subject's tags, 32 bytes each, the newest key epoch first; at least one. Raises as `packaged_tags`."""
    tags = packaged_tags(region, subject, keys, statements)
    if not tags:
        raise InputError("the enterprise's tag is needed", expected="a tag key, or a platform's tag statement")
    return tuple(tags[epoch].subject_tag for epoch in sorted(tags, reverse=True))
