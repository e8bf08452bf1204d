"""What stands in a document, for views: its data, single texts, and what is said of a file that is not opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditchain.documents import Document
from creditchain.packages.parts import PackagedRecord
from creditchain.verification.verdict import Text
from creditchain.views.shown import Group, Row
from creditchain.views.texts import readable, same


def data_of(document: Document | None) -> Mapping[str, Any]:
    """The document's own data; empty if there is none."""
    data = None if document is None else document.value.get("data")
    return data if isinstance(data, Mapping) else {}


def text_in(data: Mapping[str, Any], name: str) -> str:
    """A text of the data as people read it; empty if there is none."""
    value = data.get(name, "")
    return readable(value) if isinstance(value, str) else ""


def file_group(record: PackagedRecord) -> Group:
    """A document that is no JSON of the format: what is known about it without opening it."""
    return Group(
        None,
        (
            Row(Text("Kind of file", "文件类型"), same(record.media_type)),
            Row(Text("Bytes", "字节数"), same(f"{len(record.content):,}")),
            Row(Text("Commitment", "文档承诺"), same("0x" + record.commitment.hex())),
        ),
    )
