"""The journal's schema, revision by revision, by Alembic. A journal that an older release wrote is upgraded on opening.

To change a table: change its class, add `versions/vNNNN_what.py` (copy the newest) and its revision to `REVISIONS`.
A test compares the classes with what the migrations make. A migration that was released is never changed.
"""

#: Every revision, from the first to the newest. Kept here too, so that opening needs no import of Alembic.
REVISIONS = (
    "0001",
    "0002",
    "0003",
    "0004",
    "0005",
    "0006",
    "0007",
    "0008",
    "0010",
    "0011",
    "0012",
    "0013",
    "0014",
    "0015",
    "0016",
    "0017",
)
HEAD = REVISIONS[-1]
#: The last revision that only SQLite knows: on a server the journal begins with the one after it.
PAST = "0005"
