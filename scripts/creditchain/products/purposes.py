"""Purpose codes: why an institution may ask. Consents, requests and the query ledger carry them.

The Regulation on Credit Reporting (art. 20) binds the use of credit information to the purpose agreed on. The number is
signed and logged; product files and policies use the name. Numbers are never reused.
"""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """A purpose; the value is its code in signed messages (uint8)."""

    LOAN_APPLICATION = 1
    LOAN_MANAGEMENT = 2
    GUARANTEE_REVIEW = 3
    CREDIT_LINE = 4
    SELF_QUERY = 5
    SUPERVISION = 6
    OBJECTION = 7
    INSURANCE_UNDERWRITING = 8
    LEASING = 9
    SUPPLY_CHAIN_FINANCE = 10
    GREEN_FINANCE = 11
    BOND_INVESTMENT = 12

    @property
    def label(self) -> str:
        """The name in product files, policies and packages, e.g. `loan_application`."""
        return self.name.lower()

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH = {
    Purpose.LOAN_APPLICATION: "贷前审查",
    Purpose.LOAN_MANAGEMENT: "贷后管理",
    Purpose.GUARANTEE_REVIEW: "担保审查",
    Purpose.CREDIT_LINE: "授信审批",
    Purpose.SELF_QUERY: "本人查询",
    Purpose.SUPERVISION: "监管",
    Purpose.OBJECTION: "异议处理",
    Purpose.INSURANCE_UNDERWRITING: "保险承保",
    Purpose.LEASING: "融资租赁审查",
    Purpose.SUPPLY_CHAIN_FINANCE: "供应链融资",
    Purpose.GREEN_FINANCE: "绿色金融",
    Purpose.BOND_INVESTMENT: "债券投资",
}
