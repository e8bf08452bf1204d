"""The options that say how an upload is to be read, for every command that reads one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from creditchain.batch.readers.reading import Reading
    from creditchain.products import Product

EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", help="Encoding of a text file: gb18030 (GBK), big5, utf-16 …; default UTF-8. 文件编码"),
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", help="Sheet of a workbook, by name or by number from 1. 工作表")
]
HeaderRowOption = Annotated[
    int, typer.Option("--header-row", min=1, help="Row of a table that holds the column names. 表头所在行")
]
MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", help="TOML file: your own columns become the product's fields. 字段映射文件"),
]


def reading_of(
    encoding: str | None, sheet: str | None, header_row: int, mapping: Path | None, product: Product
) -> Reading:
    """How to read an upload, from the options. Raises UsageError, MappingError, StorageError."""
    from creditchain.batch.readers.mapping import load_mapping
    from creditchain.batch.readers.reading import Reading

    read = Reading.parse(encoding, sheet, header_row)
    return read if mapping is None else read.mapped(load_mapping(mapping, product))
