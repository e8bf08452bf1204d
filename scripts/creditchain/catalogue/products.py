"""Finds product files: those that ship with the package, and those in the user's own folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from creditchain.errors import Place, unreadable
from creditchain.products.errors import ProductFileError
from creditchain.products.product import Product, ProductKind
from creditchain.products.reading import parse_product
from creditchain.products.scorecards import Scorecard, parse_scorecard, report_of

#: The user's folders of product files, separated like those of PATH.
FOLDERS_VARIABLE = "CREDITCHAIN_PRODUCTS"
_SHIPPED = Path(__file__).resolve().parent.parent / "data" / "products"
_REF = re.compile(r"([a-z0-9-]{1,56})/([0-9]{1,5})")
_MAX_BYTES = 1 << 20
#: Folder of scorecards inside a folder of products.
SCORECARDS = "scorecards"


def load_product(ref: str | Path, folders: Sequence[Path] | None = None) -> Product:
    """The product `name/version`, or the one in a TOML file.

    The file `name-version.toml` is looked for in `folders` (default: those of CREDITCHAIN_PRODUCTS), then in the
    package.
    Raises ProductFileError.
    """
    places = _places(folders)
    if isinstance(ref, Path) or ref.endswith(".toml"):
        path = Path(ref)
        return _load(path, (path.parent, *places))
    return _find(ref, places)


def catalogue(folders: Sequence[Path] | None = None) -> list[Product]:
    """Every product in the package and in `folders` (as in `load_product`), by kind, name and version.

    Raises ProductFileError for a wrong file, and for two products with one number.
    """
    found = _all_files(folders)
    _check_numbers(found)
    products = {product.ref: product for _, product in found}
    return sorted(products.values(), key=lambda product: (product.kind, product.name, product.version))


def product_files(folders: Sequence[Path] | None = None) -> dict[str, Path]:
    """The file of every product, by `name/version`. Raises ProductFileError."""
    files: dict[str, Path] = {}
    for path, product in _all_files(folders):
        files.setdefault(product.ref, path)
    return files


def check_files(files: Sequence[Path], folders: Sequence[Path] | None = None) -> list[Product]:
    """The products of `files`, in this order; their numbers are held against each other and against the catalogue.

    Raises ProductFileError.
    """
    checked = [load_product(file, folders) for file in files]
    _check_numbers([*_all_files(folders), *zip(files, checked, strict=True)])
    return checked


def _all_files(folders: Sequence[Path] | None) -> list[tuple[Path, Product]]:
    places = _places(folders)
    paths = [path for folder in places for path in sorted(folder.glob("*.toml"))]
    return [(path, _find(_load_named(path, places).ref, places)) for path in paths]


def _check_numbers(found: Iterable[tuple[Path, Product]]) -> None:
    """Two products with one number could not be told apart in a leaf."""
    taken: dict[int, tuple[Path, Product]] = {}
    for path, product in found:
        first, other = taken.setdefault(product.number, (path, product))
        if other.ref != product.ref:
            raise ProductFileError(
                f"two products have the number {product.number}: {other.ref} and {product.ref}",
                found=f"{first} and {path}",
                hint="Give one of them another number; regions use numbers from 1000 for products of their own.",
                place=Place(str(path), field="number"),
            )


def _places(folders: Sequence[Path] | None) -> tuple[Path, ...]:
    if folders is None:
        folders = [Path(name) for name in os.environ.get(FOLDERS_VARIABLE, "").split(os.pathsep) if name]
    for folder in folders:
        if not folder.is_dir():
            raise ProductFileError("not a folder of product files", place=Place(str(folder)))
    return (*folders, _SHIPPED)


def _find(ref: str, places: tuple[Path, ...], *, combined: bool = False) -> Product:
    parts = _REF.fullmatch(ref)
    if parts is None:
        raise ProductFileError(
            f"{ref!r} does not name a product", expected="name/version, or a file that ends in .toml"
        )
    name = f"{parts.group(1)}-{parts.group(2)}.toml"
    paths = [folder / name for folder in places if (folder / name).is_file()]
    if not paths:
        raise ProductFileError(f"there is no product {ref!r}", hint="`creditchain product list` shows all of them.")
    product = _load_named(paths[0], places, combined)
    for path in paths[1:]:
        if _load_named(path, places, combined).digest != product.digest:
            raise ProductFileError(
                f"two different product files both claim to be {ref!r}",
                found=f"{paths[0]} and {path}",
                hint="Give a changed product a new version.",
            )
    return product


def _load_named(path: Path, places: tuple[Path, ...], combined: bool = False) -> Product:
    product = _load(path, places, combined)
    if path.name != f"{product.name}-{product.version}.toml":
        raise ProductFileError(
            "a product file in a folder must be named after its product",
            expected=f"{product.name}-{product.version}.toml",
            place=Place(str(path)),
        )
    return product


def load_scorecard(name: str, product: Product) -> Scorecard:
    """A scorecard for a report, by name/version among those known, or a TOML file. Raises ProductFileError."""
    if name.endswith(".toml"):
        return _scorecard(Path(name), product)
    found = next((one for one in product.scorecards if one.ref == name), None)
    if found is None:
        known = ", ".join(one.ref for one in product.scorecards) or "none"
        raise ProductFileError(
            f"there is no scorecard {name!r} for {product.ref}",
            expected=f"a file that ends in .toml, or of these: {known}",
        )
    return found


def _with_scorecards(product: Product, places: tuple[Path, ...]) -> Product:
    """A report with the scorecards for it in the folder `scorecards` of each folder of products."""
    files = [file for place in places for file in sorted((place / SCORECARDS).glob("*.toml"))]
    mine = [file for file in files if report_of(_text(file)) == product.ref]
    return replace(product, scorecards=tuple(_scorecard(file, product) for file in mine))


def _scorecard(file: Path, product: Product) -> Scorecard:
    return parse_scorecard(_text(file), product.ref, product.figures, product.schema, str(file))


def _load(path: Path, places: tuple[Path, ...], combined: bool = False) -> Product:
    try:
        state = path.stat()
    except OSError as error:
        raise unreadable("the product file", path, error) from error
    product = _cached(path.resolve(), state.st_mtime_ns, state.st_size, places, combined)
    return product if product.kind is ProductKind.RECORD else _with_scorecards(product, places)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
        text = raw.decode()
    except OSError as error:
        raise unreadable("the product file", path, error) from error
    except UnicodeDecodeError as error:
        raise ProductFileError("the product file is not text", place=Place(str(path)), expected="UTF-8") from error
    if len(raw) > _MAX_BYTES:
        raise ProductFileError("the product file is too long", expected="at most 1 MiB", place=Place(str(path)))
    return text


@lru_cache(maxsize=512)
def _cached(path: Path, _changed: int, _size: int, places: tuple[Path, ...], combined: bool) -> Product:
    text = _text(path)
    resolver = _no_report if combined else lambda ref: _find(ref, places, combined=True)
    return parse_product(text, resolver, str(path))


def _no_report(ref: str) -> Product:
    """Reports combine only records, so there are no cycles."""
    raise ProductFileError("a report can combine only records, not reports", found=ref)
