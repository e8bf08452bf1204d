"""The thread that checks and anchors what the operator uploaded, one upload at a time, and counts what came of it."""

from __future__ import annotations

import logging
import time
from threading import Event
from typing import Final

from creditchain.acts.operator_uploading import handle_open, sweep
from creditchain.errors import CreditchainError
from creditchain.exchange import measures
from creditchain.exchange.service import Service
from creditchain.faults import told

_log = logging.getLogger(__name__)

#: Seconds between two looks, and the longest pause after failures.
_LOOK: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
#: Seconds after which a file that no upload needs was left behind: longer than an upload may take.
_ABANDONED: Final = 2 * 3600.0


def anchor_uploads(service: Service, stop: Event) -> None:
    """Handle uploads until told to stop. A failure is told and tried again."""
    pause, sweeps = _LOOK, 0.0
    while not stop.wait(pause):
        try:
            if time.monotonic() >= sweeps:
                sweep(service.uploads, time.time() - _ABANDONED)
                sweeps = time.monotonic() + _ABANDONED
            handled = handle_open(service.uploads, service.time, stop.is_set)
            for state, count in handled.ended.items():
                measures.UPLOADS.labels(state.value).inc(count)
            measures.UPLOADS_WAITING.set(handled.waiting)
            pause = min(2 * pause, _LONGEST_PAUSE) if handled.waiting else _LOOK
        except CreditchainError as error:
            pause = min(2 * pause, _LONGEST_PAUSE)
            _log.error("uploads cannot be handled now, and are tried again in %.0f seconds: %s", pause, error)
        except Exception as error:  # a thread that ends would leave all uploads lying
            pause = _LONGEST_PAUSE
            _log.error("uploads failed in a way that nobody foresaw: %s", told(error))
