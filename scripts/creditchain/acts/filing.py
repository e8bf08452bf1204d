"""A dispute in the enterprise's own words: drafted, signed by its key, endorsed by a platform, relayed by anyone, once.

Nothing but `relay` changes anything: the others return a new version of the file.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace

from creditchain.acts.disputing import require_apart
from creditchain.acts.enterprise_keys import EnterpriseKey, sign_as
from creditchain.acts.given_records import GivenRecord, require_anchored
from creditchain.acts.preconditions import require_log, require_member, require_signer
from creditchain.chain.clock import now
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.chain.wallets import signed
from creditchain.consents.errors import TermsError
from creditchain.errors import InputError, Place
from creditchain.log.views import RecordState
from creditchain.messages import NO_KEY, DisputeFiling, LogDomain, SignatureError
from creditchain.messages.enterprise_keys import KeyUse
from creditchain.packages.filing_file import FilingFile
from creditchain.packages.reading import LONGEST_TEXT, PrivateText
from creditchain.times import moment
from creditchain.vocabulary import Role

_log = logging.getLogger(__name__)


def draft(region: Region, record: GivenRecord, platform: int, reason: str, seconds: int) -> FilingFile:
    """A dispute for the enterprise to sign. It has to be filed within `seconds`.

    Raises:
        InputError: the reason is empty or too long, or the record's package does not hold.
        TermsError: the endorsing node is no active platform. NotEntitledError: it is the publisher's own.
    """
    if not 1 <= len(reason) <= LONGEST_TEXT:
        raise InputError("a reason is a text", expected=f"1 to {LONGEST_TEXT} characters")
    time = now(region.chain)
    require_member(region, platform, {Role.PLATFORM}, time, "platform")
    require_apart(region, platform, record.name.node)
    require_anchored(region, record)
    words = PrivateText(secrets.token_bytes(32), reason)
    message = DisputeFiling(
        domain=LogDomain(region.deployment.log_id),
        platform=platform,
        node=record.name.node,
        leaf=record.name.leaf,
        reason_digest=words.digest,
        key=NO_KEY,
        previous=region.record(record.name.node, record.name.leaf).filings,
        deadline=time + seconds,
    )
    return FilingFile(message, words)


def filing_to_sign(region: Region, filing: FilingFile, address: str, *, again: bool = False) -> DisputeFiling:
    """The message that the enterprise signs with the key of `address`. Changes nothing; raises as `sign`."""
    _require_current(region, filing)
    if filing.key_signature and not again:
        raise InputError(
            "the enterprise has signed this already",
            expected="a filing that nobody has signed",
            found="one that is endorsed too" if filing.endorsement else "one that is signed",
            hint="Use --force to sign it again; its signature and endorsement are then lost.",
        )
    return replace(filing.message, key=address)


def sign(region: Region, filing: FilingFile, key: EnterpriseKey, *, again: bool = False) -> FilingFile:
    """The filing, signed by the enterprise. `again`: its signature and endorsement are dropped.

    Raises:
        ForeignFileError: made for another region. TermsError: its time is over, or the record was disputed since.
        InputError: it is signed already. SignatureError, SignerError: it was not signed.
    """

    def fill(address: str) -> DisputeFiling:
        return filing_to_sign(region, filing, address, again=again)

    return filing.signed(*sign_as(region, key, KeyUse.DISPUTE, filing.message.node, fill))


def endorse(region: Region, signer: Signer, filing: FilingFile) -> FilingFile:
    """The filing, endorsed: the platform vouches that the key is the enterprise's, and the record about it.

    Raises:
        ForeignFileError, TermsError: as `sign`. NotEntitledError: the signer is not the platform's, or
            the platform published the record, or shares a host with its publisher.
        InputError: the enterprise has not signed. SignatureError: the enterprise's signature does not hold.
    """
    message = filing.message
    _require_current(region, filing)
    if not filing.key_signature:
        raise InputError("the enterprise has not signed this", hint="`creditchain dispute sign`")
    if not signed(region.chain, message.key, message, filing.key_signature):
        raise SignatureError("the filing is not signed by its key", expected=f"a signature by {message.key}")
    require_member(region, message.platform, {Role.PLATFORM}, now(region.chain), "platform")
    require_signer(region, signer, message.platform, "platform")
    require_apart(region, message.platform, message.node)
    return replace(filing, endorsement=signer.sign_typed(message.typed_data()))


def relay(region: Region, outbox: Outbox, filing: FilingFile) -> RecordState:
    """File an endorsed dispute, and wait until it is final: the record is marked. Anyone may; the signatures decide.

    Raises:
        InputError: it is not endorsed. ForeignFileError: made for another region.
        ContractRefusedError: used, too late, or a signature does not hold; nothing was sent.
    """
    if not filing.endorsement:
        raise InputError("the platform has not endorsed this", hint="`creditchain dispute endorse`")
    message = filing.message
    require_log(region, message.domain.log_id)
    call = ConsentCalls(region.deployment).file_dispute_signed(message, filing.key_signature, filing.endorsement)
    outbox.submit(f"file {message.digest().hex()}", call)
    _log.info("a dispute signed by an enterprise is filed")
    return region.record(message.node, message.leaf, region.chain.final_block().number)


def _require_current(region: Region, filing: FilingFile) -> None:
    """Raise unless the filing is for this region, in time, and about the record as it stands."""
    message = filing.message
    require_log(region, message.domain.log_id)
    time, previous = now(region.chain), region.record(message.node, message.leaf).filings
    if message.deadline < time:
        raise TermsError(
            "the time to file this is over",
            expected=f"filed until {moment(message.deadline)}",
            found=moment(time),
            place=Place(field="message.deadline"),
        )
    if message.previous != previous:
        raise TermsError(
            "the record was disputed again since this was drafted",
            expected=str(previous),
            found=str(message.previous),
            hint="Draft it again.",
            place=Place(field="message.previous"),
        )
