"""What can be wrong with a proof of a chain's state."""

from __future__ import annotations

from creditchain.errors import UnavailableError


class StateProofError(UnavailableError):
    """A header or a proof does not show what was asked for. That says nothing about the state: it is not known."""


class HeaderFormError(StateProofError):
    """The fields of a block header do not hash to the block's hash."""
