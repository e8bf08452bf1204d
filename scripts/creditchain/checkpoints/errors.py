"""What can be wrong with a checkpoint."""

from __future__ import annotations

from creditchain.errors import NotValidError


class CheckpointError(NotValidError):
    """A checkpoint is not what its file claims: it is of another log or epoch, or not signed by who should sign it."""
