"""The reports of the tests of views serve here too."""

import sys
from pathlib import Path

UNIT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(UNIT / "verification"), str(UNIT / "views")]
