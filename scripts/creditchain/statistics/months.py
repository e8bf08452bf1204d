"""Calendar months of China, which is at UTC+8 and has no daylight saving."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from creditchain.errors import InputError

_OFFSET: Final = 8 * 3600
#: 9999-12-31: later times, which only a clock gone mad writes, count as this.
_LAST: Final = 253402271999
_MONTH = re.compile(r"([0-9]{4})-?(0[1-9]|1[0-2])", re.ASCII)


def months_of(times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The months YYYYMM of unix seconds."""
    local = np.minimum(times.astype(np.uint64), np.uint64(_LAST)).astype(np.int64) + _OFFSET
    since = local.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
    return (1970 + since // 12) * 100 + since % 12 + 1


def month_of(time: int) -> int:
    """The month YYYYMM of unix seconds."""
    return int(months_of(np.array([time], np.uint64))[0])


def read_month(text: str) -> int:
    """YYYYMM of "2026-11" or "202611". Raises InputError."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise InputError("this is not a month", expected="YYYY-MM", found=text)
    return int(found[1] + found[2])


def month_ends(month: int) -> int:
    """The unix second at which a month YYYYMM is over."""
    year, number = divmod(month, 100)
    return int((datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC) - timedelta(seconds=_OFFSET)).timestamp())
