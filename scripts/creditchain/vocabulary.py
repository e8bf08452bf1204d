"""Numbers with names: roles, statuses, lives, disputes and kinds as the chain has them (docs/format.md section 5)."""

from __future__ import annotations

from enum import IntEnum, IntFlag


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
        return self._name_.lower()  # `name` takes a detour, and a report asks for a hundred labels


class EntryKind(Named):
    """What an entry of the region log says."""

    NODE = 1, "成员"
    TAG_KEY_EPOCH = 2, "标签密钥期"
    ANCHOR = 3, "锚定"
    STATUS = 4, "记录状态"
    DISPUTE = 5, "异议"
    AUDIT = 6, "审计"
    BROKEN = 7, "失效"
    CONSENT = 8, "授权"
    REVOCATION = 9, "撤销授权"
    QUERIES = 10, "查询计量"
    LOANS = 11, "贷款"
    SIGNERS = 12, "检查点签署方"
    SEALED = 13, "封存"
    WRITER = 14, "写入方"
    LIMITS = 15, "限额"
    REGION = 16, "区域"
    AUTHORITY = 17, "治理合约"
    ANSWER = 18, "异议答复"
    PRODUCT = 19, "产品"
    BOOK = 20, "总账"
    ANNULLED = 21, "作废"
    CLOSED = 22, "停止展示"
    PAUSE = 23, "暂停授权"
    COMPROMISE = 24, "密钥泄露"
    ANSWERER = 25, "代为答复"
    ACCESS = 26, "权限"
    OPERATION = 27, "待执行操作"
    EXCEPTION = 28, "号码例外"


class Space(Named):
    """What the cells of a space of the region log hold."""

    LOG = 0, "日志"
    NODE = 1, "成员"
    KEY = 2, "成员密钥"
    EPOCH = 3, "标签密钥期"
    BOOK = 4, "总账"
    AUDIT = 5, "审计"
    PRODUCT = 6, "产品"
    PUBLISHER = 7, "发布节点"
    RECORD = 8, "记录"
    DISPUTE = 9, "异议"
    CONSENT = 10, "授权"
    PAUSE = 11, "暂停授权"
    NONCE = 12, "查询序号"
    LOAN = 13, "贷款"
    LIMIT = 14, "限额"
    ACCESS = 15, "权限"
    MEMBER = 17, "成员资格"
    TERM = 18, "成员资格历史"
    COMPROMISE = 19, "密钥泄露"
    COUNT = 20, "成员数量"
    BALANCE = 21, "授权数量"
    SIGNER = 22, "检查点签署方"
    EXCEPTION = 23, "号码例外"


class Role(Named):
    """What a node is."""

    REGULATOR = 1, "监管部门"
    PLATFORM = 2, "地方征信平台"
    BUREAU = 3, "征信机构"
    SOURCE = 4, "数据源单位"
    INSTITUTION = 5, "金融机构"


class InstitutionKind(Named):
    """What kind of institution a member is; its profile says so."""

    BANK = 1, "银行"
    INSURER = 2, "保险公司"
    FUND = 3, "基金"
    LESSOR = 4, "融资租赁公司"
    MICROLENDER = 5, "小额贷款公司"


#: Roles that may anchor batches.
PUBLISHING = frozenset({Role.PLATFORM, Role.BUREAU, Role.SOURCE})


class AccessRole(Named):
    """Roles of governance."""

    ADMIN = 0, "管理员"
    GOVERNOR = 1, "治理者"
    CANCELLER = 2, "否决者"


class AccessChange(Named):
    """What an entry of governance changes."""

    GRANTED = 1, "授予角色"
    REVOKED = 2, "撤销角色"
    ROLE_ADMIN = 3, "角色管理者"
    ROLE_GUARDIAN = 4, "角色监护者"
    GRANT_DELAY = 5, "授予延时"
    FUNCTION_ROLE = 6, "函数角色"
    TARGET_DELAY = 7, "合约延时"
    TARGET_CLOSED = 8, "合约停用"
    AUTHORITY = 9, "治理合约"


class Progress(Named):
    """What became of an operation that has to wait."""

    SCHEDULED = 1, "等待中"
    DONE = 2, "已执行"
    CANCELLED = 3, "已取消"


class NodeStatus(Named):
    """Whether a node may act. Retired is final."""

    ACTIVE = 1, "活动"
    SUSPENDED = 2, "暂停"
    RETIRED = 3, "退出"


class ProductState(Named):
    """Whether batches of a product may be anchored. Withdrawn is final."""

    NONE = 0, "未上线"
    LAUNCHED = 1, "已上线"
    WITHDRAWN = 2, "已下线"


class Fault(Named):
    """What is wrong with a broken batch or book."""

    DISORDER = 1, "乱序"
    OMISSION = 2, "遗漏"
    REPEAT = 3, "重复"


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


class Revoker(Named):
    """Who revoked, paused or resumed a consent."""

    KEY = 1, "企业密钥"
    PLATFORM = 2, "背书平台"
    GOVERNORS = 3, "治理方"


class Limit(Named):
    """What governors set a limit for."""

    OPEN_DOMAINS = 1, "免授权数据域"
    DELIVERY_AGE = 2, "交付最长时限"


class GapReason(Named):
    """Why a report lacks the part of a publisher."""

    NO_ADDRESS = 1, "地址未知"  #: whoever collected the report does not know where to ask
    NO_ANSWER = 2, "未答复"  #: nobody answered in time
    REFUSED = 3, "拒绝提供"
    UNFIT = 4, "所提供部分未通过核验"  #: what was answered does not hold


class Finding(Named):
    """What judging a delivery found. Up to OVERDRAWN it is metered; what follows is rejected and consumes nothing."""

    FITS = 0, "符合授权"
    WITHOUT_CONSENT = 1, "无须授权"
    OVERDRAWN = 2, "超出授权次数"
    IN_FUTURE = 3, "交付时间晚于当前"
    METER_BY = 4, "计量期限不合规"
    NOT_ISSUED = 5, "早于请求时间"
    PAST_DEADLINE = 6, "晚于请求截止时间"
    REPLAYED = 7, "序号已用"
    INSTITUTION = 8, "请求方不是有效的金融机构"
    PROVIDER = 9, "提供方不是有效的平台或征信机构"
    REQUEST_SIGNATURE = 10, "请求签名无效"
    RECEIPT_SIGNATURE = 11, "回执签名无效"
    CONSENT_UNKNOWN = 12, "没有该授权"
    CONSENT_INSTITUTION = 13, "授权给了其他机构"
    CONSENT_PURPOSE = 14, "用途不符"
    CONSENT_SECTIONS = 15, "信息类别超出授权"
    CONSENT_DOMAINS = 16, "数据域超出授权"
    CONSENT_NOT_YET_VALID = 17, "授权尚未生效"
    CONSENT_EXPIRED = 18, "授权已到期"
    CONSENT_REVOKED = 19, "授权已撤销"
    SCOPE = 20, "未请求信息类别、数据域或用途"
    BROKER = 21, "经办方不是有效的平台"
    BROKER_SIGNATURE = 22, "经办方签名无效"

    @property
    def metered(self) -> bool:
        """Whether such a delivery is written to the ledger."""
        return self <= Finding.OVERDRAWN


class MeterFlag(IntFlag):
    """What the ledger noted beside a metered delivery."""

    OVERDRAWN = 1
    LATE = 2
    OPEN = 4
    OLD = 8
    PAUSED = 16
