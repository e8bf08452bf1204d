"""Audits that a stolen key attested: what the reader of a verdict is told, and what can be done about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from creditchain.verification.verdict import Text


def doubted_audit(book: int) -> Text:
    """Why the audit of the book with this entry does not count, and who repairs that."""
    return Text(
        f"the audit of the book of entry {book} was attested with a key that was in other hands then: another "
        "regulator has to audit it anew (`audit attest`), or governors annul it (`audit annul --book`)",
        f"日志第 {book} 条总账的审计系以当时已泄露的密钥作出：须由其他监管部门重新审计，或由治理方作废该总账",
    )


def not_audited(what: Text, doubted: Sequence[int]) -> Text:
    """That something is not audited; and why not, where only a thief may have audited the last of these books."""
    if not doubted:
        return what
    why = doubted_audit(max(doubted))
    return Text(f"{what.en}; {why.en}", f"{what.zh}；{why.zh}")
