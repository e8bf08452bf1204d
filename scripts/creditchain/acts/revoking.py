"""Taking a consent back for ever, and pausing it: by the enterprise's key (directly or for others to relay), or by the
platform.

A consent can be taken back before anybody granted it; then its file shows it.
"""

from __future__ import annotations

import logging

from creditchain.acts.consenting import ConsentOnChain, consent_on_chain, granted_consent
from creditchain.acts.enterprise_keys import EnterpriseKey, sign_as
from creditchain.acts.preconditions import require_log
from creditchain.chain.clock import now
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.consents import ConsentReads
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.consents.errors import ConsentPausedError, ConsentRevokedError, ConsentUnknownError
from creditchain.errors import InputError
from creditchain.log.views import ConsentState, ContractCall
from creditchain.messages import NO_KEY, Consent, Pause, Resumption, Revocation
from creditchain.messages.enterprise_keys import KeyUse
from creditchain.packages.consent_file import RevocationFile, TurnFile
from creditchain.times import moment

_log = logging.getLogger(__name__)

#: Seconds for which a signed pause or resumption can be relayed.
TURN_SECONDS = 24 * 3600


def revocation_to_sign(region: Region, consent: bytes, address: str, shown: Consent | None = None) -> Revocation:
    """The message with which the key of `address` takes back a consent, by its id. Raises as `sign_revocation`."""
    _require_key(_shown(region, consent, shown), address)
    return Revocation(ConsentReads(region).domain, consent)


def sign_revocation(region: Region, consent: bytes, key: EnterpriseKey, shown: Consent | None = None) -> RevocationFile:
    """A signed revocation for others to relay. The consent stands until somebody does.

    `shown`: the consent itself, if it is not granted yet.

    Raises:
        ConsentUnknownError, ConsentRevokedError: there is nothing to take back. InputError: it is not the key's.
    """
    institution = _shown(region, consent, shown).institution
    made = sign_as(
        region, key, KeyUse.CONSENT, institution, lambda address: revocation_to_sign(region, consent, address, shown)
    )
    return RevocationFile(*made)


def relay_revocation(
    region: Region, outbox: Outbox, file: RevocationFile, shown: Consent | None = None
) -> ConsentOnChain:
    """Bring a signed revocation to the chain, and wait until it is final. Anyone may.

    Raises:
        ForeignFileError: made for another region. ConsentUnknownError: there is no such consent.
        ContractRefusedError: the signature is not the consent's key's.
    """
    require_log(region, file.message.domain.log_id)
    consent = file.message.consent
    message = _whole(region, consent, shown)
    return _submit(region, outbox, consent, ConsentCalls(region.deployment).revoke_signed(message, file.signature))


def revoke(region: Region, outbox: Outbox, consent: bytes, shown: Consent | None = None) -> ConsentOnChain:
    """Take a consent back by the outbox's signer: the consent's key, or an operator of the endorsing platform.

    Raises:
        ConsentUnknownError: there is no such consent.
        ContractRefusedError: the signer may not; nothing was sent.
    """
    return _submit(region, outbox, consent, ConsentCalls(region.deployment).revoke(_whole(region, consent, shown)))


def turn_to_sign(region: Region, consent: bytes, address: str, *, pauses: bool) -> Pause | Resumption:
    """The message with which the key of `address` pauses or resumes a consent. Raises as `sign_turn`."""
    state = _turnable(region, consent, pauses=pauses)
    _require_key(granted_consent(region, consent), address)
    kind = Pause if pauses else Resumption
    return kind(ConsentReads(region).domain, consent, state.turns + 1, now(region.chain) + TURN_SECONDS)


def sign_turn(region: Region, consent: bytes, key: EnterpriseKey, *, pauses: bool) -> TurnFile:
    """A signed pause or resumption for others to relay, within `TURN_SECONDS`.

    Raises:
        ConsentUnknownError, ConsentRevokedError: there is no such consent, or it was taken back.
        ConsentPausedError: it is paused already, or not paused. InputError: it is not the key's.
    """
    institution = _turnable(region, consent, pauses=pauses).institution
    made = sign_as(
        region, key, KeyUse.CONSENT, institution, lambda address: turn_to_sign(region, consent, address, pauses=pauses)
    )
    return TurnFile(*made)


def relay_turn(region: Region, outbox: Outbox, file: TurnFile) -> ConsentOnChain:
    """Bring a signed pause or resumption to the chain, and wait until it is final. Anyone may.

    Raises:
        ForeignFileError: made for another region. ConsentUnknownError: there is no such consent.
        ContractRefusedError: used already, too late, or the signature is not the consent's key's.
    """
    require_log(region, file.message.domain.log_id)
    consent, turn = file.message.consent, file.message.turn
    message = _whole(region, consent, None)
    call = ConsentCalls(region.deployment).turn_signed(message, file.message, file.signature)
    return _submit_turn(region, outbox, consent, turn, call)


def turn(region: Region, outbox: Outbox, consent: bytes, *, pauses: bool) -> ConsentOnChain:
    """Pause or resume a consent by the outbox's signer: the consent's key, or an operator of the endorsing platform.

    Raises:
        ConsentUnknownError, ConsentRevokedError, ConsentPausedError: as `sign_turn`.
        ContractRefusedError: the signer may not; nothing was sent.
    """
    number = _turnable(region, consent, pauses=pauses).turns + 1
    calls, message = ConsentCalls(region.deployment), granted_consent(region, consent)
    call = calls.pause(message) if pauses else calls.resume(message)
    return _submit_turn(region, outbox, consent, number, call)


def _submit(region: Region, outbox: Outbox, consent: bytes, call: ContractCall) -> ConsentOnChain:
    reads = ConsentReads(region)
    # A key and a platform may both try; the intent is each one's own.
    intent = f"revoke {consent.hex()} {outbox.signer.address}"
    outbox.submit(intent, call, already_done=lambda: reads.revoked_at(consent) > 0)
    _log.info("a consent is revoked")
    return consent_on_chain(region, consent)


def _submit_turn(region: Region, outbox: Outbox, consent: bytes, number: int, call: ContractCall) -> ConsentOnChain:
    reads = ConsentReads(region)

    def is_done() -> bool:
        state = reads.consent(consent)
        return state is not None and state.turns >= number

    outbox.submit(f"turn {consent.hex()} {number} {outbox.signer.address}", call, already_done=is_done)
    _log.info("a consent is paused" if number % 2 else "a consent is resumed")
    return consent_on_chain(region, consent)


def _require_key(message: Consent, address: str) -> None:
    if address != message.key:
        expected = "none" if message.key == NO_KEY else message.key
        raise InputError("only the consent's own key does this", expected=expected, found=address)


def _shown(region: Region, consent: bytes, shown: Consent | None) -> Consent:
    """The whole consent, which must not be taken back already."""
    message = _whole(region, consent, shown)
    _require_standing(ConsentReads(region).revoked_at(consent))
    return message


def _whole(region: Region, consent: bytes, shown: Consent | None) -> Consent:
    """The consent as the log has it, or as it is shown if it is not granted."""
    if ConsentReads(region).consent(consent) is not None:
        return granted_consent(region, consent)
    if shown is None:
        raise ConsentUnknownError(
            "the chain has no such consent",
            expected="one that was granted",
            found="0x" + consent.hex(),
            hint="Name its file to take it back before it is granted.",
        )
    require_log(region, shown.log)
    if shown.id != consent:
        raise InputError("this file is of another consent", expected="0x" + consent.hex(), found="0x" + shown.id.hex())
    return shown


def _turnable(region: Region, consent: bytes, *, pauses: bool) -> ConsentState:
    state = ConsentReads(region).consent(consent)
    if state is None:
        raise ConsentUnknownError(
            "the chain has no such consent", expected="one that was granted", found="0x" + consent.hex()
        )
    _require_standing(state.revoked_at)
    if state.paused == pauses:
        raise ConsentPausedError(
            "the consent is paused already" if pauses else "the consent is not paused",
            expected="a consent that is not paused" if pauses else "a paused consent",
            found=f"paused at {moment(state.paused_at)}" if state.paused else "one that is not",
        )
    return state


def _require_standing(revoked_at: int) -> None:
    if revoked_at:
        raise ConsentRevokedError(
            "the consent was revoked already",
            expected="a consent that is not revoked",
            found=f"revoked at {moment(revoked_at)}",
        )
