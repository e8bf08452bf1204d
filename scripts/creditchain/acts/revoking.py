"""Taking a consent back, for ever: by the enterprise's key (directly or for others to relay), or by the platform."""

from __future__ import annotations

import logging

from creditchain.acts.consenting import ConsentOnChain, consent_on_chain
from creditchain.acts.enterprise_keys import EnterpriseKey, sign_as
from creditchain.acts.preconditions import require_here
from creditchain.chain.consent_calls import ConsentCalls
from creditchain.chain.consents import ConsentReads
from creditchain.chain.outbox import Outbox
from creditchain.chain.region import Region
from creditchain.consents.errors import ConsentRevokedError, ConsentUnknownError
from creditchain.errors import InputError
from creditchain.log.views import ConsentState, ContractCall
from creditchain.messages import NO_KEY, Revocation
from creditchain.messages.enterprise_keys import KeyUse
from creditchain.packages.consent_file import RevocationFile
from creditchain.times import moment

_log = logging.getLogger(__name__)


def revocation_to_sign(region: Region, consent: bytes, address: str) -> Revocation:
    """The message with which the key of `address` takes back a consent, by its id. Raises as `sign_revocation`."""
    key = ConsentReads(region).message(_standing(region, consent)).key
    if address != key:
        expected = "none" if key == NO_KEY else key
        raise InputError("only the consent's own key revokes it", expected=expected, found=address)
    return Revocation(ConsentReads(region).domain("ConsentToken"), consent)


def sign_revocation(region: Region, consent: bytes, key: EnterpriseKey) -> RevocationFile:
    """A signed revocation for others to relay. The consent stands until somebody does.

    Raises:
        ConsentUnknownError, ConsentRevokedError: there is nothing to take back. InputError: it is not the key's.
    """
    institution = _standing(region, consent).institution
    made = sign_as(
        region, key, KeyUse.CONSENT, institution, lambda address: revocation_to_sign(region, consent, address)
    )
    return RevocationFile(*made)


def relay_revocation(region: Region, outbox: Outbox, file: RevocationFile) -> ConsentOnChain:
    """Bring a signed revocation to the chain, and wait until it is final. Anyone may.

    Raises:
        ForeignFileError: made for another region. ConsentUnknownError: there is no such consent.
        ContractRefusedError: the signature is not the consent's key's.
    """
    require_here(region, file.message.domain, "ConsentToken")
    consent = file.message.consent
    message = ConsentReads(region).message(_granted(region, consent))
    return _submit(region, outbox, consent, ConsentCalls(region.deployment).revoke_signed(message, file.signature))


def revoke(region: Region, outbox: Outbox, consent: bytes) -> ConsentOnChain:
    """Take a consent back by the outbox's signer: the consent's key, or an operator of the endorsing platform.

    Raises:
        ConsentUnknownError: there is no such consent.
        ContractRefusedError: the signer may not; nothing was sent.
    """
    message = ConsentReads(region).message(_granted(region, consent))
    return _submit(region, outbox, consent, ConsentCalls(region.deployment).revoke(message))


def _submit(region: Region, outbox: Outbox, consent: bytes, call: ContractCall) -> ConsentOnChain:
    reads = ConsentReads(region)

    def is_revoked() -> bool:
        state = reads.consent(consent)
        return state is not None and state.revoked_at > 0

    # A key and a platform may both try; the intent is each one's own.
    outbox.submit(f"revoke {consent.hex()} {outbox.signer.address}", call, already_done=is_revoked)
    _log.info("a consent is revoked")
    return consent_on_chain(region, consent)


def _granted(region: Region, consent: bytes) -> ConsentState:
    state = ConsentReads(region).consent(consent)
    if state is None:
        raise ConsentUnknownError(
            "the chain has no such consent", expected="one that was granted", found="0x" + consent.hex()
        )
    return state


def _standing(region: Region, consent: bytes) -> ConsentState:
    state = _granted(region, consent)
    if state.revoked_at:
        found = f"revoked at {moment(state.revoked_at)}"
        raise ConsentRevokedError(
            "the consent was revoked already", expected="a consent that is not revoked", found=found
        )
    return state
