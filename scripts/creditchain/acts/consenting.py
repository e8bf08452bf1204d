"""Making a consent: the institution asks, the enterprise agrees, the platform endorses, anyone relays it to the chain.

Each act checks the terms and both nodes by the chain's newest block, so that nothing is signed that the contract would
refuse. Nothing but `relay` changes anything: the others return a new version of the file.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from creditchain.acts.enterprise_keys import EnterpriseKey, sign_as
from creditchain.acts.preconditions import require_log, require_member, require_signer
from creditchain.chain.clock import now
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.consents import ConsentReads
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.chain.signers import Signer
from creditchain.chain.wallets import signed
from creditchain.consents.errors import ConsentUnknownError, SubjectError
from creditchain.consents.terms import require_terms
from creditchain.errors import InputError
from creditchain.identifiers import Subject
from creditchain.index.opening import region_log
from creditchain.index.queries import granted, reading_of
from creditchain.log.entries import ConsentBody
from creditchain.log.views import BlockRef, ConsentState
from creditchain.messages import (
    NO_DIGEST,
    NO_KEY,
    Consent,
    LogDomain,
    SignatureError,
    subject_digest,
)
from creditchain.messages.enterprise_keys import KeyUse
from creditchain.packages.consent_file import ConsentFile
from creditchain.packages.reading import PrivateText
from creditchain.vocabulary import Role

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ConsentTerms:
    """What an institution asks an enterprise to agree to. Days are YYYYMMDD, periods are in seconds."""

    institution: int
    platform: int
    subject: Subject = field(repr=False)
    sections: int  #: bit set
    domains: int  #: bit set
    purpose: int
    data_from: int
    data_to: int
    begins_in: int
    valid_for: int  #: counted from when it begins
    uses: int
    keep_days: int
    notice: str  #: what the enterprise is shown
    grant_within: int | None = None  #: from now; None: until it would end


@dataclass(frozen=True, slots=True)
class ConsentOnChain:
    """A consent as the chain has it at a final block; `state` None where there is none."""

    id: bytes
    state: ConsentState | None
    block: BlockRef


def request_consent(region: Region, terms: ConsentTerms, tags: Sequence[bytes]) -> ConsentFile:
    """The consent that an institution asks for, about the enterprise with these tags (newest key epoch first).

    Raises:
        TermsError: terms that the contract would not take, or a node that is not what it has to be.
    """
    time, deployment = now(region.chain), region.deployment
    salt, notice = secrets.token_bytes(32), PrivateText(secrets.token_bytes(32), terms.notice)
    message = Consent(
        domain=LogDomain(deployment.log_id),
        log=deployment.log_id,
        institution=terms.institution,
        platform=terms.platform,
        key=NO_KEY,
        subject=subject_digest(tags[0], salt),
        sections=terms.sections,
        domains=terms.domains,
        purpose=terms.purpose,
        data_from=terms.data_from,
        data_to=terms.data_to,
        not_before=time + terms.begins_in,
        not_after=time + terms.begins_in + terms.valid_for,
        uses=terms.uses,
        keep_days=terms.keep_days,
        notice=notice.digest,
        paper=NO_DIGEST,
        deadline=time + terms.begins_in + terms.valid_for if terms.grant_within is None else time + terms.grant_within,
    )
    _require_terms(region, message, time)
    return ConsentFile(message, terms.subject, salt, notice)


def consent_to_sign(region: Region, file: ConsentFile, address: str, *, again: bool = False) -> Consent:
    """The message that the enterprise signs with the key of `address`. Changes nothing; raises as `grant`."""
    require_log(region, file.message.log)
    if file.agreed and not again:
        raise InputError(
            "the enterprise has agreed to this already",
            expected="a consent that nobody has signed",
            found="one that is endorsed too" if file.endorsement else "one that is signed, or on paper",
            hint="Use --force to sign it again; its signature, paper and endorsement are then lost.",
        )
    message = replace(file.message, key=address, paper=NO_DIGEST)
    _require_terms(region, message, now(region.chain))
    return message


def grant(region: Region, file: ConsentFile, key: EnterpriseKey, *, again: bool = False) -> ConsentFile:
    """The consent, agreed to by the enterprise. `again`: what was agreed before, and its endorsement, are dropped.

    Raises:
        ForeignFileError: made for another region. TermsError: the contract would not take it now.
        InputError: it is agreed already. SignatureError, SignerError: it was not signed.
    """

    def fill(address: str) -> Consent:
        return consent_to_sign(region, file, address, again=again)

    message, signature = sign_as(region, key, KeyUse.CONSENT, file.message.institution, fill)
    return file.signed(message, signature)


def endorse(
    region: Region, signer: Signer, file: ConsentFile, tags: Sequence[bytes], paper: bytes | None = None
) -> ConsentFile:
    """The consent, endorsed by the platform. `paper`: the scan of what the enterprise signed instead of using a key.

    Raises:
        ForeignFileError: made for another region. TermsError: the contract would not take it now.
        InputError: nobody agreed yet, or it is agreed by key and comes with a paper.
        NotEntitledError: the signer is not the platform's.
        SignatureError: the enterprise's signature does not hold.
        SubjectError: the consent is about another enterprise than the one with these tags.
    """
    require_log(region, file.message.log)
    if paper is not None:
        if file.key_signature:
            raise InputError("the enterprise signed with its key; a paper is for those who have none")
        file = file.on_paper(secrets.token_bytes(32), paper)
    _require_agreed(region, file)
    _require_terms(region, file.message, now(region.chain))
    require_subject(file, tags)
    require_signer(region, signer, file.message.platform, "platform")
    return replace(file, endorsement=signer.sign_typed(file.message.typed_data()))


def relay(region: Region, outbox: Outbox, file: ConsentFile) -> ConsentOnChain:
    """Bring an endorsed consent to the chain, once, and wait until it is final. Anyone may; the signatures decide.

    Raises:
        InputError: it is not endorsed. ForeignFileError: made for another region.
        ContractRefusedError: the contract does not take it; nothing was sent.
    """
    if not file.endorsement:
        raise InputError("the platform has not endorsed this", hint="`creditchain consent endorse`")
    message, reads = file.message, ConsentReads(region)
    require_log(region, message.log)
    call = ConsentCalls(region.deployment).grant(message, file.key_signature, file.endorsement)
    outbox.submit(f"grant {message.id.hex()}", call, already_done=lambda: reads.consent(message.id) is not None)
    _log.info("a consent is on the chain")
    return consent_on_chain(region, message.id)


def consent_on_chain(region: Region, consent: bytes) -> ConsentOnChain:
    """A consent, by its id, as the newest final block has it."""
    block = region.chain.final_block()
    return ConsentOnChain(consent, ConsentReads(region).consent(consent, block.number), block)


def list_consents(
    region: Region, *, institution: int | None = None, platform: int | None = None, key: str | None = None
) -> tuple[BlockRef, list[tuple[Consent, ConsentState | None]]]:
    """The consents that were granted, each with its state, as of the newest final block, which comes first."""
    log = region_log(region)
    listed = [one.consent for one in granted(log, institution=institution, platform=platform, key=key)]
    reading = reading_of(region, log)
    return log.block, [(one, reading.consent(one.id)) for one in listed]


def granted_consent(region: Region, consent: bytes) -> Consent:
    """The whole of a consent that was granted in a final block, by its id. Raises ConsentUnknownError if none was."""
    log = region_log(region)
    entry = reading_of(region, log).grant(consent)
    if entry is None or not isinstance(entry.body, ConsentBody):
        raise ConsentUnknownError(
            "no final block has such a consent",
            expected="one that was granted",
            found="0x" + consent.hex(),
        )
    return entry.body.message(log.log_id)


def require_subject(file: ConsentFile, tags: Sequence[bytes]) -> None:
    """Raise SubjectError unless the consent is about the enterprise with one of these tags."""
    if all(subject_digest(tag, file.subject_salt) != file.message.subject for tag in tags):
        raise SubjectError(
            "the consent is about another enterprise than the file names, or under another key epoch",
            expected="0x" + file.message.subject.hex(),
            found="0x" + subject_digest(tags[0], file.subject_salt).hex(),
        )


def _require_terms(region: Region, message: Consent, time: int) -> None:
    """What the contract would refuse later is said now: the terms, and the roles of both nodes."""
    require_terms(message, time)
    require_member(region, message.institution, {Role.INSTITUTION}, time, "institution")
    require_member(region, message.platform, {Role.PLATFORM}, time, "platform")


def _require_agreed(region: Region, file: ConsentFile) -> None:
    if not file.agreed:
        raise InputError("nobody has agreed to this yet", hint="`creditchain consent grant`, or --paper with the scan.")
    if file.key_signature and not signed(region.chain, file.message.key, file.message, file.key_signature):
        raise SignatureError("the consent is not signed by its key", expected=f"a signature by {file.message.key}")
