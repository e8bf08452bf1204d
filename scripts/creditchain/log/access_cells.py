"""Cells of governance: who may do what (docs/format.md section 5). Words of 32 bytes; pure."""

from __future__ import annotations

from typing import Final

from creditchain.log.cells import cell_key
from creditchain.vocabulary import Space

#: The key of the number of all entries of governance.
GOVERNANCE_KEY: Final = cell_key(Space.ACCESS, 0)

_MEMBER = 1 << 240
_TARGET = 3 << 240


def admin_delay(word: bytes) -> int:
    """Seconds that acts of admins wait, by the word of GOVERNANCE_KEY."""
    return _value(word) >> 32 & 0xFFFFFFFF


def member_key(role: int, account: str) -> bytes:
    """The key of an account's membership in a role; `account` an address in hex."""
    return cell_key(Space.ACCESS, _MEMBER | role << 160 | int(account, 16))


def member_of(word: bytes) -> tuple[int, int]:
    """Since when it is a member, unix seconds, and how many seconds its acts wait; zeros if it is none."""
    value = _value(word)
    return value & (1 << 48) - 1, value >> 48 & 0xFFFFFFFF


def target_key(change: int, contract: str, selector: bytes = bytes(4)) -> bytes:
    """The key of what a change (`AccessChange`) last set of a contract, or of a function by its selector."""
    return cell_key(Space.ACCESS, _TARGET | change << 192 | int.from_bytes(selector) << 160 | int(contract, 16))


def target_value(word: bytes) -> int:
    """What was set: a role's number, 1 for closed."""
    return _value(word)


def _value(word: bytes) -> int:
    return int.from_bytes(word[:25])
