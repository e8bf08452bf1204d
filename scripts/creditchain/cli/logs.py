"""`--verbose`: the standard library's logging, to stderr. No identifier, key or content is ever logged."""

from __future__ import annotations

import logging
import sys


def log_to_stderr(verbose: int) -> None:
    """Log what this package says, at most; libraries would log what they send."""
    logger = logging.getLogger("creditchain")
    logger.handlers.clear()
    if verbose:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z")
        )
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
