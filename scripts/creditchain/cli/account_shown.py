"""Statements of account as people and machines see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from creditchain.acts.accounting import AccountCheck
    from creditchain.packages.account_file import MonthlyAccount


def checked(found: AccountCheck) -> dict[str, Any]:
    """What a check found, as JSON."""
    again = found.again
    told: dict[str, Any] = {"differences": list(found.differences), "signer": found.signer, "signed": found.signed}
    if found.differences:
        counted = {"charged": again.charged_count, "apart": again.apart_count, "total_fen": again.total_fen}
        told |= {"log_says": counted}
    holds = {"holds": found.holds, "holds_zh": "一致" if found.holds else "不一致"}
    return told | {"checked_at_block": found.block.number} | holds


def shown(account: MonthlyAccount) -> dict[str, Any]:
    """A statement as JSON."""
    from creditchain.vocabulary import MeterFlag

    charged = [{"product": line.name, "count": line.count, "amount_fen": line.fen} for line in account.charged]
    apart = [
        {
            "why": line.why.value,
            "why_zh": line.why.zh,
            "product": line.product,
            "terms": line.terms,
            "flags": [flag.name for flag in MeterFlag if line.flags & flag],
            "count": line.count,
        }
        for line in account.apart
    ]
    return {
        "institution": account.institution,
        "provider": account.provider,
        "month": account.month,
        "terms": account.terms,
        "block": account.block.number,
        "block_time": account.block.time,
        "size": account.size,
        "charged": charged,
        "apart": apart,
        "charged_count": account.charged_count,
        "apart_count": account.apart_count,
        "total_fen": account.total_fen,
    }
