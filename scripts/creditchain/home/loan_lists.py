"""The lists of queries behind an institution's monthly loan reports; the chain has their salted digests."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from creditchain.errors import InputError, Place
from creditchain.home.files import OutputExistsError, storage, write_file
from creditchain.packages.loan_list import Breakdown, LoanList, parse_list


def keep_list(folder: Path, name: str, queries: tuple[bytes, ...], breakdown: Breakdown | None = None) -> LoanList:
    """The list of one report, durable before anything refers to it; done again, the one that was kept.

    Args:
        folder: `RegionHome.loans`.
        name: of the report, the same each time it is tried.
    Raises:
        InputError: another list was kept for this report. StorageError: it cannot be kept.
    """
    path = folder / f"{name}.json"
    with suppress(OutputExistsError):
        # A new file: of two processes, one writes its salt and the other finds it.
        write_file(path, LoanList(secrets.token_bytes(32), queries, breakdown).to_json())
    with storage("the list of queries"):
        kept = parse_list(path.read_bytes())
    if kept.queries != queries:
        raise InputError(
            "another list was given for this report before, and may be on its way to the chain",
            expected=f"the {len(kept.queries)} queries that the file holds",
            found=f"{len(queries)} others",
            place=Place(str(path)),
            hint="Give the same list again; correct the report afterwards.",
        )
    if kept.breakdown != breakdown:
        raise InputError(
            "another breakdown was given for this report before, and it may be on its way to the chain",
            expected="the breakdown that the file holds",
            place=Place(str(path), field="breakdown"),
            hint="Give the same breakdown again; correct the report afterwards.",
        )
    return kept
