"""Accounts on the command line."""

from __future__ import annotations

from creditchain.errors import UsageError


def address_of(text: str) -> str:
    """An account or contract, with its EIP-55 checksum. Raises UsageError."""
    from eth_utils.address import is_address, to_checksum_address

    if not is_address(text):
        raise UsageError("not an account", expected="0x and 40 hex digits", found=text)
    return to_checksum_address(text)
