"""Codes of products' fields in words: products name the codes, and people read what they mean.

A field of one name may have other codes in another product, so a code that means different things stands under the
field's name too. A code that is not listed is shown as it is, its words apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from creditchain.verification.verdict import Text

_LISTED: Final = """
active 有效
advanced 高级认证企业
agricultural 农业用电
allowance 碳排放配额
approval 认可
attention 关注
aviation 航空
bill_discount 票据贴现
bonded 保税
branch 分支机构
brand 品牌
breaks_settlement 拒不履行和解协议
cancelled 注销
ccer 国家核证自愿减排量
cement 水泥
chemicals 化工
cleared 已结清
commercial 商业用电
compensated 已代偿
confiscation 没收
consumption 消费税
cooperative 农民专业合作社
copyright 著作权
corporate_income 企业所得税
credit 信用
cross_border 跨境电商
deep_green 深绿
defendant 被告
deferred 缓缴
design 外观设计
discredited 失信企业
dissolved 解散
doubtful 可疑
electronics 电子
enterprise 企业
evades 规避执行
expired 过期
export 出口
factor 排放因子法
factory 厂房
fine 罚款
fixed_asset 固定资产贷款
foreign 外商投资企业
gas 燃气
general 普通
general_guarantee 一般保证
government_fund 政府增信基金
green 绿
guarantee 保证
guarantee_company 担保公司
guideline 核算指南法
heat 热力
hides_property 隐匿转移财产
high 高风险
high_tech 高新技术企业
import 进口
inclusive 普惠贷款
inclusive_credit 碳普惠
individual 自然人
industrial 一般工业用电
injury 工伤保险
instalments 分期缴纳
insurance 保险
insurer 保险公司
invalidated 宣告无效
invention 发明专利
joint_guarantee 连带责任保证
land 土地使用权
land_use 城镇土地使用税
lapsed 失效
large_industrial 大工业用电
leasing 融资租赁
licensed 已许可
light_green 浅绿
limited 有限责任公司
little_giant 专精特新“小巨人”
loss 损失
lost 败诉
low 低风险
maternity 生育保险
measured 实测法
medical 医疗保险
mixed 组合担保
mortgage 抵押
moved_out 迁出
municipal 市级
national 国家级
normal 正常
office 办公
operating 存续（在营）
other 其他
overdraft 透支
owing 欠缴
paper 造纸
partly 部分支持
partnership 合伙企业
pass 正常
pending 审理中
pension 养老保险
plaintiff 原告
pledge 质押
pledged 已质押
power 电力
processing 加工贸易
property 房产税
provincial 省级
quality_award 质量奖
red 红
refuses 有能力履行而拒不履行
regional_credit 地方减排量
registered 注册登记企业
registration 登记
released 已解除
representative 代表机构
residence 住宅
restricted 受限
revocation 吊销许可
revoked 吊销
scope1 范围一
scope2 范围二
scope3 范围三
sealed 封存
settled 调解或和解
shop 商铺
small 小规模纳税人
software 软件著作权
sole 个人独资企业
special 特许
special_mention 关注
specialised_new 专精特新
stamp 印花税
steel 钢铁
stock 股份有限公司
stopped 停机
substandard 次级
suspended 停业
suspension 责令停产停业
technology_sme 科技型中小企业
textile 纺织
third_party 第三人
trade_finance 贸易融资
trademark 商标
unemployment 失业保险
urban_construction 城市维护建设税
utility_model 实用新型
valid 有效
vat 增值税
verification 核准
violates_limits 违反限制消费令
violates_report 违反财产报告制度
warehouse 仓储
warning 警告
water 自来水
withdrawn 撤销
won 胜诉
working_capital 流动资金贷款
yellow 黄
arrears 欠缴
unlimited 长期
zh-Hant 繁体中文
zh-Hans 简体中文
en 英文
level:warning 预警
mode:general 一般贸易
reason:no_address 地址未知
reason:no_answer 未答复
reason:refused 拒绝提供
reason:unfit 所提供部分未通过核验
taxpayer:general 一般纳税人
category:general 普通许可
outcome:withdrawn 撤诉
status:suspended 停业或暂停
"""
_ZH: Final[Mapping[str, str]] = dict(line.split(" ", 1) for line in _LISTED.strip().splitlines())
_EN: Final[Mapping[str, str]] = {
    "vat": "VAT",
    "ccer": "CCER",
    "technology_sme": "technology SME",
    "zh-Hant": "Chinese (traditional)",
    "zh-Hans": "Chinese (simplified)",
    "en": "English",
}


def code_text(name: str, code: str) -> Text:
    """What a code of the field `name` means. The code itself if nobody has said."""
    chinese = _ZH.get(f"{name}:{code}") or _ZH.get(code)
    if chinese is None:
        return Text(code, code)
    return Text(_EN.get(code, code.replace("_", " ")), chinese)
