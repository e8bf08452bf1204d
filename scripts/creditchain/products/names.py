"""How products and scorecards are named."""

from __future__ import annotations

import re

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
