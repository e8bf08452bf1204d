"""Consents: granted, revoked, paused and resumed, each in the month in which it happened.

An entry that ends or pauses a consent names it by its id, which a grant's entry does not hold. But both write the cell
of the consent, so they are brought together by the key of this cell, and no id has to be computed from a grant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from creditchain.log.cells import WRITE_BYTES
from creditchain.log.entry_columns import EntryColumns
from creditchain.messages.consents import FORM_BYTES
from creditchain.statistics.bodies import Places, digests, lengths_of, number_at, ones, places_of, rows_of, word_at
from creditchain.statistics.folding import Columns
from creditchain.statistics.months import months_of
from creditchain.vocabulary import EntryKind, Space

#: Granted, of these on paper, and uses granted; revoked; taken back before they were granted; paused; resumed.
CONSENTS: Final = ("granted", "on_paper", "uses_granted", "revoked", "taken_back", "paused", "resumed")
_SIGNED, _ON_PAPER = FORM_BYTES
_REVOCATION, _PAUSE = 3 * 32, 3 * 32
_KEYS: Final = ("institution", "platform", "purpose")


@dataclass(frozen=True, slots=True, eq=False)
class Turns:
    """Revocations, pauses and resumptions: of which consent (the end of its cell's key, 31 bytes), when, and what."""

    cells: Any  #: Arrow array of 31 bytes each
    months: Places
    institutions: Places  #: as the entry says; 0 where it does not
    what: Places  #: place in CONSENTS


def turns_of(entries: EntryColumns) -> Turns:
    """What happened to consents after their grants."""
    revoked = _of_length(entries, EntryKind.REVOCATION, (_REVOCATION,))
    turned = _of_length(entries, EntryKind.PAUSE, (_PAUSE,))
    resumes = word_at(rows_of(entries, turned, _PAUSE), 2) % 2 == 0
    places = np.concatenate([revoked, turned])
    cells = np.concatenate([_cells(entries, revoked, Space.CONSENT), _cells(entries, turned, Space.PAUSE)])
    institutions = np.concatenate([word_at(rows_of(entries, revoked, _REVOCATION), 1), np.zeros_like(turned)])
    ended, paused, resumed = (CONSENTS.index(name) for name in ("revoked", "paused", "resumed"))
    what = np.concatenate([np.full(len(revoked), ended), np.where(resumes, resumed, paused)])
    return Turns(digests(cells), months_of(entries.times[places]), institutions, what.astype(np.int64))


def joined(parts: list[Turns]) -> Turns:
    """All turns of several parts."""
    if not parts:
        none = np.zeros(0, np.int64)
        return Turns(digests(np.zeros((0, 31), np.uint8)), none, none, none)
    return Turns(
        pa.concat_arrays([part.cells for part in parts]),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("months", "institutions", "what")),
    )


class ConsentColumns:
    """The columns of consents. Mutable: what `granted` finds of the consents that `turns` are about, it keeps."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._about = turns.cells.unique()
        self._known = np.zeros((len(self._about), 1 + len(_KEYS)), np.int64)

    def granted(self, entries: EntryColumns) -> Columns:
        """The grants among these entries."""
        places = _of_length(entries, EntryKind.CONSENT, (_SIGNED, _ON_PAPER))
        rows = rows_of(entries, places, _SIGNED)
        keys = {
            "institution": number_at(rows, 0, 3), "platform": number_at(rows, 3, 6), "purpose": number_at(rows, 10, 11)
        }  # fmt: skip
        if len(self._about):
            cells = digests(_cells(entries, places, Space.CONSENT))
            found = pc.fill_null(pc.index_in(cells, value_set=self._about), -1).to_numpy(zero_copy_only=False)
            mine = found >= 0
            values = np.stack([np.ones(len(rows), np.int64), *(keys[name] for name in _KEYS)], axis=1)
            self._known[found[mine]] = values[mine]
        counts = dict.fromkeys(CONSENTS, np.zeros(len(rows), np.int64))
        counts |= {"granted": np.ones(len(rows), np.int64), "uses_granted": number_at(rows, 27, 29)}
        counts |= {"on_paper": ones(lengths_of(entries, places) == _ON_PAPER)}
        return {"month": months_of(entries.times[places]), **keys, **counts}

    def turned(self) -> Columns:
        """The turns, with what their grants say; call it when all grants were seen.

        Where none was seen, the enterprise took the consent back before it was granted.
        """
        turns = self._turns
        found = pc.index_in(turns.cells, value_set=self._about).to_numpy(zero_copy_only=False).astype(np.int64)
        known = self._known[found].reshape(len(found), 1 + len(_KEYS))
        keys = {name: known[:, place] for place, name in enumerate(_KEYS, 1)}
        granted = known[:, 0] == 1
        keys["institution"] = np.where(granted, keys["institution"], turns.institutions)
        taken_back = CONSENTS.index("taken_back")
        what = np.where(granted, turns.what, taken_back)
        return {"month": turns.months, **keys, **{name: ones(what == place) for place, name in enumerate(CONSENTS)}}


def _of_length(entries: EntryColumns, kind: EntryKind, lengths: tuple[int, ...]) -> Places:
    places = places_of(entries, kind)
    return places[np.isin(lengths_of(entries, places), lengths)]


def _cells(entries: EntryColumns, places: Places, space: Space) -> Any:
    """The id of the cell of this space that each entry wrote (n, 31); zeros if it wrote none."""
    found = np.zeros((len(places), 31), np.uint8)
    # Grants write two cells, turns one or two.
    for nth in (0, 1):
        at = entries.write_ends[:-1][places] + nth
        there = at < entries.write_ends[1:][places]
        writes = entries.writes[np.where(there, at, 0)] if len(entries.writes) else np.zeros((len(at), WRITE_BYTES))
        mine = there & (writes[:, 0] == space)
        found[mine] = writes[mine, 1:32]
    return found
