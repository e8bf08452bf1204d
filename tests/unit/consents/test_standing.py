"""The state of a consent, second by second."""

from __future__ import annotations

from dataclasses import replace

import pytest

from creditchain.consents.standing import ConsentStanding, standing
from creditchain.log.views import ConsentState

FROM, UNTIL = 1_000, 2_000
STATE = ConsentState(
    institution=4,
    sections=6,
    domains=7,
    purpose=1,
    valid_from=FROM,
    not_after=UNTIL,
    uses=2,
    used=0,
    revoked_at=0,
    paused_at=0,
    resumed_at=0,
    turns=0,
)


@pytest.mark.parametrize(
    ("state", "time", "expected"),
    [
        (None, FROM, ConsentStanding.NOT_GRANTED),
        (STATE, FROM - 1, ConsentStanding.NOT_YET_VALID),
        (STATE, FROM, ConsentStanding.VALID),
        (STATE, UNTIL, ConsentStanding.VALID),
        (STATE, UNTIL + 1, ConsentStanding.OVER),
        (replace(STATE, used=1), FROM, ConsentStanding.VALID),
        (replace(STATE, used=2), FROM, ConsentStanding.USED_UP),
        (replace(STATE, used=2), UNTIL + 1, ConsentStanding.OVER),
        (replace(STATE, turns=1), FROM, ConsentStanding.PAUSED),
        (replace(STATE, turns=2), FROM, ConsentStanding.VALID),
        (replace(STATE, turns=1), UNTIL + 1, ConsentStanding.OVER),
        (replace(STATE, revoked_at=1_500), FROM, ConsentStanding.REVOKED),
        (replace(STATE, used=2, revoked_at=1_500), UNTIL + 1, ConsentStanding.REVOKED),
    ],
)
def test_how_a_consent_stands(state: ConsentState | None, time: int, expected: ConsentStanding) -> None:
    assert standing(state, time) is expected


def test_every_standing_has_a_name_in_both_languages() -> None:
    assert len({one.zh for one in ConsentStanding}) == len(ConsentStanding)
