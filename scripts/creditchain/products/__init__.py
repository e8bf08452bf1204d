"""Products: what records and reports there are, what they hold, who may ask, how long they are kept. Data, not code."""

from creditchain.products.errors import ProductError, ProductFileError
from creditchain.products.product import ConsentRule, Product, ProductKind, Retention
from creditchain.products.purposes import Purpose
from creditchain.products.reading import parse_product
from creditchain.products.scorecards import Scorecard

__all__ = [
    "ConsentRule",
    "Product",
    "ProductError",
    "ProductFileError",
    "ProductKind",
    "Purpose",
    "Retention",
    "Scorecard",
    "parse_product",
]
