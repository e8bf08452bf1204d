"""Cells of consents, of metered nonces and of governed limits (docs/format.md section 5), and what they say. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from creditchain.hashing import keccak256, require_hash
from creditchain.log.cells import ENTRY_BYTES, cell_key
from creditchain.log.query_items import nonce_cell
from creditchain.log.views import ConsentState
from creditchain.vocabulary import Space


def grant_key(consent: bytes) -> bytes:
    """The key of the cell with grant, uses and revocation of a consent, by its id (32 bytes)."""
    return cell_key(Space.CONSENT, _hashed(consent))


def pause_key(consent: bytes) -> bytes:
    """The key of the cell with the last two pauses of a consent."""
    return cell_key(Space.PAUSE, _hashed(consent))


def consent_of(grant: bytes, pauses: bytes) -> ConsentState:
    """A consent by the words of both cells. Institution 0: never granted; it may have been taken back before that."""
    given, turned = _value(grant), _value(pauses)
    return ConsentState(
        institution=_bits(given, 0, 24),
        sections=_bits(given, 32, 7),
        domains=_bits(given, 39, 24),
        purpose=_bits(given, 24, 8),
        valid_from=_bits(given, 63, 32),
        not_after=_bits(given, 95, 32),
        uses=_bits(given, 127, 16),
        used=_bits(given, 184, 16),
        revoked_at=_bits(given, 144, 32),
        paused_at=_bits(turned, 0, 32),
        resumed_at=_bits(turned, 32, 32),
        turns=_bits(turned, 128, 16),
    )


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause, from `since` to before `until`, unix seconds; None while it lasts."""

    since: int
    until: int | None


def pauses_in(word: bytes) -> dict[int, Paused]:
    """The pauses that a consent's cell still tells, by their numbers from 1: the last two of all."""
    value = _value(word)
    turns = _bits(value, 128, 16)
    since, until, earlier, ended = (_bits(value, 32 * place, 32) for place in range(4))
    last = (turns + 1) // 2
    found = {last - 1: Paused(earlier, ended)} if last > 1 else {}
    return found | ({last: Paused(since, None if turns % 2 else until)} if last else {})


def nonce_key(institution: int, provider: int, nonce: int) -> bytes:
    """The key of the cell with the bit of a request's nonce."""
    return cell_key(Space.NONCE, nonce_cell(institution, provider, nonce)[0])


def is_used(word: bytes, nonce: int) -> bool:
    """Whether a delivery was metered for this nonce, by the word of its cell."""
    return bool(_value(word) >> nonce_cell(0, 0, nonce)[1] & 1)


#: The key of the cell of the governed limits.
LIMITS_KEY: Final = cell_key(Space.LIMIT, 0)


def open_domains_in(word: bytes, time: int) -> int | None:
    """The domains that needed no consent at `time` (unix seconds), a bit set; None if the cell no longer says so."""
    value = _value(word)
    if time < _bits(value, 32, 32):
        value >>= 64
    return None if time < _bits(value, 32, 32) else _bits(value, 0, 32)


def delivery_age_in(word: bytes) -> int:
    """How old a delivery may be when it is metered, in seconds; 0 while governors set nothing."""
    return _bits(_value(word), 128, 32)


def limits_changed_at(word: bytes) -> int:
    """The time of the entry that wrote the cell, unix seconds; 0 if none did."""
    return _bits(_value(word), 160, 32)


def _hashed(consent: bytes) -> int:
    return int.from_bytes(keccak256(require_hash(consent, "consent"))[1:])


def _value(word: bytes) -> int:
    return int.from_bytes(word[:-ENTRY_BYTES])


def _bits(value: int, first: int, count: int) -> int:
    return value >> first & (1 << count) - 1
