"""The command `creditchain`, to which SIGTERM comes at the very moment when it has written a result.

python ended_when_it_tells.py exchange serve …
"""

from __future__ import annotations

import io
import os
import signal
import sys

from creditchain.cli.app import main


class _Ended(io.TextIOWrapper):
    _unflushed = False

    def write(self, text: str, /) -> int:
        self._unflushed = True
        return super().write(text)

    def flush(self) -> None:
        super().flush()
        if self._unflushed:
            self._unflushed = False
            os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.stdout = _Ended(sys.stdout.detach(), encoding="utf-8")
    main()
