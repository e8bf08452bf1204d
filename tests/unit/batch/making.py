"""Uploads for the tests of this room: records of registry-basic/1 about enterprises that do not exist."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from stdnum.cn import uscc

from creditchain.batch.accepting.rules import Rules
from creditchain.batch.folder.manifest import Terms
from creditchain.batch.making.pipeline import Prepared, prepare
from creditchain.batch.making.task import BatchLimits
from creditchain.batch.readers.upload import find_upload
from creditchain.batch.sealing import Seals
from creditchain.catalogue.products import load_product
from creditchain.identifiers.subjects import organisation_check

PRODUCT = load_product("registry-basic/1")
RULES = Rules(PRODUCT)
SEALS = Seals(tag_key=bytes(range(32)), secret=bytes(range(32, 64)))
TERMS = Terms(
    log_id=b"\x01" * 32,
    chain_id=31337,
    anchor_registry="0x" + "11" * 20,
    node=3,
    product=PRODUCT.ref,
    product_digest=PRODUCT.digest,
    product_number=PRODUCT.number,
    key_epoch=1,
    upload_digest=b"\x02" * 32,
)


def number(enterprise: int) -> str:
    """A USCC whose organisation code begins with YX, which no registry issues."""
    code = f"YX{enterprise:06}"
    first = "91310000" + code + organisation_check(code)
    return first + uscc.calc_check_digit(first)


def document(record: int, enterprises: int = 7, **changes: Any) -> dict[str, Any]:
    """One document; different records differ."""
    made = {
        "product": "registry-basic/1",
        "subject": {"number": number(record % enterprises), "scheme": "USCC"},
        "section": "basic",
        "domain": "registry",
        "as_of": f"2024-{record % 12 + 1:02}-{record % 28 + 1:02}",
        "data": {
            "record_id": f"R{record:09}",
            "name": f"上海示例第{record}有限公司",
            "type": "limited",
            "status": "operating",
            "established_on": "2004-05-06",
            "capital_fen": record * 100,
            "division": 310000,
            "industry": "C3911",
            "address": "上海市黄浦区示例路1号",
            "authority": "上海市市场监督管理局",
        },
    }
    return {**made, **changes}


def lines(documents: list[dict[str, Any]], **style: Any) -> bytes:
    """A JSON Lines file."""
    return b"".join(json.dumps(one, ensure_ascii=False, **style).encode() + b"\n" for one in documents)


def rows(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The documents as rows of a table."""
    return [
        {
            "subject_number": one["subject"]["number"],
            "section": one["section"],
            "domain": one["domain"],
            "as_of": one["as_of"],
            **one["data"],
        }
        for one in documents
    ]


def write_csv(path: Path, documents: list[dict[str, Any]]) -> Path:
    """The documents as a CSV file."""
    table = rows(documents)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return path


def write_parquet(path: Path, documents: list[dict[str, Any]], **options: Any) -> Path:
    """The documents as a Parquet file with typed columns."""
    pq.write_table(pa.Table.from_pylist(rows(documents)), path, **options)
    return path


def made(url: Path, dest: Path, *, rules: Rules = RULES, limits: BatchLimits | None = None, **more: Any) -> Prepared:
    """The batch of an upload."""
    return prepare(find_upload(url), rules, SEALS, TERMS, dest, name="test", limits=limits or BatchLimits(), **more)
