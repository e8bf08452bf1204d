"""Words for synthetic text. Every name contains 示例 (sample), so nobody takes it for a real enterprise."""

from __future__ import annotations

MARK = "示例"

#: Places of the Taiwan region, for which GB/T 2260 has no divisions.
TAIWAN_CITIES = ("台北市", "新北市", "桃园市", "台中市", "台南市", "高雄市", "基隆市", "新竹市", "嘉义市")

#: Pairs of these characters make a trade name 字号 of two or four characters.
TRADE = (
    "云岚泽晟瀚宸曜霖锦澜颢翊铭煜昊骏嘉禾瑞丰恒远博雅卓越启航鼎盛华茂永信天成明德弘毅景和安泰康宁"
    "清源润达宏图新创智联凌峰星海青松沃野"
)

INDUSTRIES = (
    "科技", "电子科技", "信息技术", "智能装备", "机械制造", "精密模具", "新材料", "生物科技", "医疗器械", "医药",
    "食品", "农业发展", "纺织", "服饰", "家居", "建筑工程", "装饰工程", "市政工程", "物流", "供应链管理",
    "国际贸易", "商贸", "电子商务", "新能源", "光伏科技", "电力设备", "环保科技", "化工", "塑胶制品", "五金制品",
    "汽车零部件", "航空科技", "海洋科技", "文化传媒", "广告", "教育科技", "餐饮管理", "酒店管理", "物业服务",
)  # fmt: skip


ROADS = (
    "中山",
    "人民",
    "解放",
    "建设",
    "和平",
    "长江",
    "黄河",
    "创新",
    "科技",
    "工业",
    "文化",
    "学院",
    "滨江",
    "迎宾",
    "园区",
    "环城",
)

#: Templates of text by the field's name: `{city}` is the division's name, `{number}` a house or serial number.
TEMPLATES: dict[str, str] = {
    "address": "{city}{mark}{road}路{number}号",
    "location": "{city}{mark}{road}路{number}号",
    "authority": "{city}{mark}市场监督管理局",
    "court": "{city}{mark}人民法院",
    "supplier": "{city}{mark}供应公司",
    "operator": "{city}{mark}通信公司",
    "agency": "{city}{mark}经办中心",
    "customs_office": "{mark}海关驻{city}办事处",
    "auditor": "{city}{mark}会计师事务所",
    "verifier": "{city}{mark}核查有限公司",
    "exchange": "{city}{mark}环境交易所",
    "guarantor": "{city}{mark}{trade}融资担保有限公司",
    "title": "{mark}{industry}事项{number}",
    "content": "{mark}：{industry}相关业务，编号{number}",
    "summary": "{mark}：当事人就{industry}业务发生争议，摘要{number}",
    "factor": "{mark}因素{number}",
}
FALLBACK = "{mark}{title}{number}"
