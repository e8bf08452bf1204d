"""Products: what records and reports there are, what they hold, who may ask, how long they are kept. Data, not code."""

from creditchain.products.errors import ProductError, ProductFileError
from creditchain.products.product import Consent, Kind, Product, Retention
from creditchain.products.purposes import Purpose
from creditchain.products.reading import parse_product

__all__ = [
    "Consent",
    "Kind",
    "Product",
    "ProductError",
    "ProductFileError",
    "Purpose",
    "Retention",
    "parse_product",
]
