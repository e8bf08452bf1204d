"""Signing in at an exchange: a challenge, a signature by the member's key, a session that soon ends.

A challenge is recognised, not remembered: `time[5] || random[11] || mac[16]`, the mac by a secret of the exchange. So
nobody fills the database with challenges; only one that was answered is written down, and never answered again.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
from dataclasses import dataclass
from hashlib import blake2b

from creditchain.acts.sights import Sights
from creditchain.chain.region import Region
from creditchain.errors import Place, RefusedError
from creditchain.home.files import OutputExistsError, write_file
from creditchain.home.layout import Home
from creditchain.messages import LogDomain, SignatureError, SignIn, recover
from creditchain.store.sessions import MemberSession, Sessions

#: Seconds for which a challenge may be answered.
CHALLENGE_SECONDS = 60
#: Seconds by which the clocks of member and exchange may differ.
SKEW_SECONDS = 60
#: Seconds that a session lasts.
SESSION_SECONDS = 900

_TIME_BYTES, _RANDOM_BYTES, _MAC_BYTES = 5, 11, 16


class SignInError(RefusedError):
    """The member did not prove who it is. Nothing was opened."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where members sign in: the exchange's node, its sessions, and the secret of its challenges (32 bytes)."""

    region: Region
    sights: Sights
    node: int
    sessions: Sessions
    secret: bytes

    def challenge(self, time: int) -> bytes:
        """A fresh challenge, 32 bytes. `time`: unix seconds."""
        begun = time.to_bytes(_TIME_BYTES) + secrets.token_bytes(_RANDOM_BYTES)
        return begun + self._mac(begun)

    def sign_in(self, node: int, challenge: bytes, issued_at: int, signature: bytes, time: int) -> tuple[bytes, int]:
        """Open a session: its token (32 bytes), and when it ends (unix seconds).

        Raises:
            SignInError: a challenge of another exchange, an old or an answered one, a clock that is off, a signature
                that is not by the node's operator or its host's, a node that may not act.
        """
        until = self.require_answerable(challenge, issued_at, time)
        message = SignIn(LogDomain(self.region.deployment.log_id), node, self.node, challenge, issued_at)
        address = _signer(message, signature)
        if not self.sights.acts_for(address, node):
            raise SignInError(
                "the signature is not by a key that acts for this node",
                expected=f"the operator of node {node}, active, or of its host",
                found="another key",
                place=Place(field="signature"),
            )
        token, end = secrets.token_bytes(32), time + SESSION_SECONDS
        if not self.sessions.open(token, MemberSession(node, address, end), challenge, until, time):
            raise answered_before()
        return token, end

    def session(self, token: bytes) -> MemberSession | None:
        """The session of a token; None if there is none, or it is over. Asks no chain: see `still_acts`."""
        return self.sessions.find(token, self.sights.time())

    def still_acts(self, session: MemberSession) -> bool:
        """Whether the key of a session still acts for its node, as of the newest block."""
        return self.sights.acts_for(session.address, session.node)

    def require_answerable(self, challenge: bytes, issued_at: int, time: int) -> int:
        """Until when a challenge may be answered, unix seconds. Raises SignInError: it is none of this door, or old."""
        until = self._require_challenge(challenge, time)
        if abs(issued_at - time) > SKEW_SECONDS:
            raise SignInError(
                "the clocks of caller and exchange differ too much",
                expected=f"issued within {SKEW_SECONDS} seconds of {time}",
                found=str(issued_at),
                hint="Set the clock (NTP), ask for a new challenge, and sign that.",
                place=Place(field="issued_at"),
            )
        return until

    def _require_challenge(self, challenge: bytes, time: int) -> int:
        """Until when a challenge may be answered, unix seconds."""
        begun, mac = challenge[:-_MAC_BYTES], challenge[-_MAC_BYTES:]
        until = int.from_bytes(begun[:_TIME_BYTES]) + CHALLENGE_SECONDS
        if not hmac.compare_digest(mac, self._mac(begun)):
            raise SignInError("the challenge is not from this exchange", place=Place(field="challenge"))
        if time > until:
            raise SignInError(
                "the challenge is too old",
                expected=f"an answer within {CHALLENGE_SECONDS} seconds",
                hint="Ask for a new one.",
                place=Place(field="challenge"),
            )
        return until

    def _mac(self, begun: bytes) -> bytes:
        return blake2b(begun, digest_size=_MAC_BYTES, key=self.secret).digest()


def door_secret(home: Home) -> bytes:
    """The secret of the exchange's challenges, made when it is first asked for. Raises StorageError."""
    path = home.exchange_secret
    if not path.exists():
        with contextlib.suppress(OutputExistsError):  # another process of the exchange was faster
            write_file(path, secrets.token_bytes(32))
    return path.read_bytes()


def answered_before() -> SignInError:
    """The error for a challenge that was answered already."""
    return SignInError("the challenge was answered before", hint="Ask for a new one.", place=Place(field="challenge"))


def _signer(message: SignIn, signature: bytes) -> str:
    try:
        return recover(message, signature)
    except SignatureError as error:
        raise SignInError(
            "the signature has no form that is accepted", expected="64 bytes (EIP-2098)", place=Place(field="signature")
        ) from error
