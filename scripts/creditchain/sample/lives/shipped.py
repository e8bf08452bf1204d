"""The lives of the products that are shipped; any other product has one of what the names of its fields say."""

from __future__ import annotations

from creditchain.products import Product, ProductKind
from creditchain.sample.lives import (
    arrears,
    carbon,
    cases,
    customs,
    honours,
    lending,
    licences,
    penalties,
    people,
    power,
    property,
    registry,
    rights,
    statements,
    supplies,
    taxes,
    telecom,
)
from creditchain.sample.lives.life import ProductLife, at_city, lately, one, since_founding
from creditchain.sample.lives.registry import COMMON
from creditchain.sample.months import Months, year_of
from creditchain.sample.population import Firms, Integers, Rows
from creditchain.sample.sources import Month, Number

_LIVES: dict[str, ProductLife] = {
    "registry-basic": registry.REGISTRATION,
    "taiwan-registration": registry.TAIWAN,
    "administrative-licence": licences.LICENCE,
    "administrative-licence/2": licences.LICENCE_2,
    "administrative-honour": honours.HONOUR,
    "administrative-penalty": penalties.PENALTY,
    "judicial-case": cases.CASE,
    "judicial-enforcement": cases.ENFORCEMENT,
    "tax-arrears": arrears.ARREARS,
    "tax-payment": taxes.PAYMENT,
    "operation-statement": statements.STATEMENT,
    "carbon-emission": carbon.EMISSION,
    "carbon-trade": carbon.ALLOWANCE,
    "customs-trade": customs.CUSTOMS,
    "credit-loan": lending.LOAN,
    "guarantee": lending.GUARANTEE,
    "property-collateral": property.PROPERTY,
    "ip-right": rights.RIGHT,
    "power-usage": power.POWER,
    "utilities-usage": supplies.SUPPLIES,
    "telecom-usage": telecom.TELECOM,
    "social-insurance": people.SOCIAL,
    "housing-fund": people.HOUSING,
}

_MONTHS = Months(12)
#: Of any product: a month is one of a series, and authorities are of the enterprise's city.
_ANY = {
    **COMMON,
    "month": Month(_MONTHS.month),
    "year": Number(lambda rows: year_of(rows.days), 4),
    "authority": at_city("市场监督管理局"),
    "court": at_city("中级人民法院"),
    "location": COMMON["address"],
}


def life_of(product: Product) -> ProductLife:
    """What a product's records tell of an enterprise."""
    if product.ref in _LIVES:
        return _LIVES[product.ref]
    if product.name in _LIVES:
        return _LIVES[product.name]
    if product.kind is ProductKind.REPORT:
        return ProductLife(one, lately, _ANY)
    if "month" in product.schema["properties"]:
        return ProductLife(_MONTHS.own, _MONTHS.as_of, _ANY)
    return ProductLife(_some, _sometime, _ANY)


def _some(firms: Firms) -> Integers:
    return firms.between("records", 1, 4)


def _sometime(rows: Rows) -> Integers:
    return since_founding(rows, rows.today - rows.between("as_of", 0, 1_600))
