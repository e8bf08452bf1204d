"""Results about consents and queries; people see names in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from creditchain.cli.output import Output

#: Names that people see in both languages.
_LABELS = {
    "institution": "金融机构",
    "platform": "背书平台",
    "provider": "提供方",
    "purpose": "用途",
    "sections": "信息类别",
    "domains": "数据域",
    "data_from": "信息起始日",
    "data_to": "信息截止日",
    "not_before": "生效",
    "not_after": "到期",
    "valid_from": "实际生效",
    "uses": "次数",
    "used": "已用",
    "keep_days": "保存天数",
    "key": "企业密钥",
    "on_paper": "纸质授权",
    "signed": "已签署",
    "endorsed": "已背书",
    "notice": "告知书",
    "revoked_at": "撤销时间",
    "delivered_at": "交付时间",
    "meter_by": "计量期限",
    "metered_at": "计量时间",
    "block_time": "区块时间",
    "deadline": "截止",
}
_TIMES = frozenset(
    {
        *("not_before", "not_after", "valid_from", "revoked_at", "delivered_at"),
        *("meter_by", "metered_at", "block_time", "deadline"),
    }
)


def tell(output: Output, value: Mapping[str, Any]) -> None:
    """Show a result: unchanged with --json, else with names in both languages, readable times and joined lists."""
    if output.as_json:
        output.emit(value)
        return
    output.emit({f"{name} {_LABELS.get(name, '')}".strip(): _told(name, one) for name, one in value.items()})


def _told(name: str, value: Any) -> Any:
    from creditchain.times import moment

    if name in _TIMES and isinstance(value, int):
        return moment(value) if value else "–"
    if isinstance(value, Mapping):
        return "; ".join(f"{inner} {_told(inner, one)}" for inner, one in value.items())
    if isinstance(value, list):
        return ", ".join(str(_told("", one)) for one in value) or "–"
    return "0x" + value.hex() if isinstance(value, bytes) else "–" if value is None else value
