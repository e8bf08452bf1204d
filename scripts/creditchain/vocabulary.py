"""Numbers with names: roles, statuses, lives, disputes and kinds as the chain has them (docs/format.md section 5)."""

from __future__ import annotations

from enum import IntEnum


class Named(IntEnum):
    """An IntEnum whose members carry a Chinese name."""

    _zh: str

    def __new__(cls, value: int, zh: str = "") -> Named:  # a default, so that Role(2) type-checks
        member = int.__new__(cls, value)
        member._value_ = value
        member._zh = zh
        return member

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return self._zh

    @property
    def label(self) -> str:
        """The name in documents, files and tables: the member's in lower case."""
        return self.name.lower()


class EntryKind(Named):
    """What an entry of the region log says."""

    NODE = 1, "成员"
    TAG_KEY_EPOCH = 2, "标签密钥期"
    ANCHOR = 3, "锚定"
    STATUS = 4, "记录状态"
    DISPUTE = 5, "异议"
    AUDIT = 6, "审计"
    BROKEN = 7, "乱序"
    CONSENT = 8, "授权"
    REVOCATION = 9, "撤销授权"
    QUERIES = 10, "查询计量"
    LOANS = 11, "贷款"
    SIGNERS = 12, "检查点签署方"
    SEALED = 13, "封存"
    WRITER = 14, "写入方"


class Role(Named):
    """What a node is."""

    REGULATOR = 1, "监管部门"
    PLATFORM = 2, "地方征信平台"
    BUREAU = 3, "征信机构"
    SOURCE = 4, "数据源单位"
    INSTITUTION = 5, "金融机构"


#: Roles that may anchor batches.
PUBLISHING = frozenset({Role.PLATFORM, Role.BUREAU, Role.SOURCE})


class NodeStatus(Named):
    """Whether a node may act. Retired is final."""

    ACTIVE = 1, "活动"
    SUSPENDED = 2, "暂停"
    RETIRED = 3, "退出"


class BatchKind(Named):
    """Whether a batch adds to its series or restates all of it."""

    DELTA = 0, "增量"
    FULL = 1, "全量"


class Life(Named):
    """What became of a record; only a live one counts."""

    LIVE = 0, "现行"
    SUPERSEDED = 1, "已被取代"
    REVOKED = 2, "已撤销"
    ERASED = 3, "已删除"


class DisputeState(Named):
    """Where an objection to a record stands."""

    NONE = 0, "无异议"
    OPEN = 1, "处理中"
    CORRECTED = 2, "已更正"
    UPHELD = 3, "维持原记录"
    UNRESOLVED = 4, "未能核实"
