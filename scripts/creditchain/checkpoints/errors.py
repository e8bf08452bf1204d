"""What can be wrong with a checkpoint."""

from __future__ import annotations

from creditchain.errors import ExitCode, NotValidError


class CheckpointError(NotValidError):
    """A checkpoint is not what its file claims: it is of another log or epoch, or not signed by who should sign it."""


class TooFewSignersError(CheckpointError):
    """Everything that was signed holds, but too few signed it. No verdict: others may still sign."""

    exit_code = ExitCode.COULD_NOT_CHECK

    def __init__(self, needed: int, signers: tuple[str, ...], most: int) -> None:
        super().__init__(
            "too few signers signed the checkpoint",
            expected=f"{needed} of {most} pinned signers",
            found=f"{len(signers)}: {', '.join(signers) or 'nobody'}",
            hint="Another signer adds a signature with `creditchain checkpoint sign --add FILE --output FILE`.",
        )
