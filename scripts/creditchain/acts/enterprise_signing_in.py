"""An enterprise signs in at an exchange: by keys that platforms endorsed, which consents on the chain show.

It has another key for each institution, so it names one granted consent for each key. The chain took that consent only
with a platform's endorsement of the key, and finding it costs one cell, whoever asks.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from creditchain.acts.consenting import granted_consent
from creditchain.acts.signing_in import SESSION_SECONDS, Door, SignInError, answered_before
from creditchain.chain.wallets import signed
from creditchain.consents.errors import ConsentUnknownError
from creditchain.errors import Place
from creditchain.messages import NO_KEY, EnterpriseSignIn, LogDomain
from creditchain.packages.enterprise_calls import EnterpriseSignInBody, KeyAnswer
from creditchain.store.enterprise_sessions import EnterpriseSession, EnterpriseSessions


@dataclass(frozen=True, slots=True)
class EnterpriseDoor:
    """Where enterprises sign in: challenges are those of the members' door."""

    door: Door
    sessions: EnterpriseSessions

    def sign_in(self, body: EnterpriseSignInBody, time: int) -> tuple[bytes, int]:
        """Open a session: its token (32 bytes), and when it ends (unix seconds).

        Raises:
            SignInError: as `Door.sign_in`; or a key that no granted consent has. ChainUnavailableError.
        """
        until = self.door.require_answerable(body.challenge, body.issued_at, time)
        keys = tuple(dict.fromkeys(self._key(body, place, one) for place, one in enumerate(body.keys)))
        token, end = secrets.token_bytes(32), time + SESSION_SECONDS
        if not self.sessions.open(token, EnterpriseSession(keys, end), body.challenge, until, time):
            raise answered_before()
        return token, end

    def session(self, token: bytes) -> EnterpriseSession | None:
        """The session of a token; None if there is none, or it is over. Asks no chain."""
        return self.sessions.find(token, self.door.sights.time())

    def _key(self, body: EnterpriseSignInBody, place: int, answer: KeyAnswer) -> str:
        """The key that answered the challenge, a checksum address."""
        region, at = self.door.region, f"keys[{place}]"
        try:
            key = granted_consent(region, answer.consent).key
        except ConsentUnknownError as error:
            raise SignInError(
                "no final block has such a consent",
                expected="a consent that was granted with this key",
                place=Place(field=f"{at}.consent"),
            ) from error
        if key == NO_KEY:
            raise SignInError(
                "this consent was given on paper, and has no key",
                hint="The platform that endorsed it asks for the enterprise.",
                place=Place(field=f"{at}.consent"),
            )
        log_id = region.deployment.log_id
        message = EnterpriseSignIn(LogDomain(log_id), key, self.door.node, body.challenge, body.issued_at)
        if not signed(region.chain, key, message, answer.signature):
            raise SignInError(
                "the signature is not by the consent's key",
                expected="a signature over EnterpriseSignIn by the key of this consent",
                found="another signature",
                place=Place(field=f"{at}.signature"),
            )
        return key
