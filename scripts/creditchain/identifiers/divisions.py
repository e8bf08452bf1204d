"""GB/T 2260 divisions, province and prefecture level, of the regions served: 京津冀, 长三角, 珠三角, Fujian, Taiwan.

The table is data in the package; nothing is read from disk. GB/T 2260 gives no divisions inside Taiwan (710000), and
none of prefecture level inside the four municipalities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from creditchain.errors import InputError

#: Provinces (first two digits) that each region's chain covers, by region code.
REGION_PROVINCES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {"JJJ": (11, 12, 13), "YRD": (31, 32, 33, 34), "PRD": (35, 44, 71)}
)

_TABLE = """
110000 北京市 Beijing
120000 天津市 Tianjin
130000 河北省 Hebei
130100 石家庄市 Shijiazhuang
130200 唐山市 Tangshan
130300 秦皇岛市 Qinhuangdao
130400 邯郸市 Handan
130500 邢台市 Xingtai
130600 保定市 Baoding
130700 张家口市 Zhangjiakou
130800 承德市 Chengde
130900 沧州市 Cangzhou
131000 廊坊市 Langfang
131100 衡水市 Hengshui
310000 上海市 Shanghai
320000 江苏省 Jiangsu
320100 南京市 Nanjing
320200 无锡市 Wuxi
320300 徐州市 Xuzhou
320400 常州市 Changzhou
320500 苏州市 Suzhou (Jiangsu)
320600 南通市 Nantong
320700 连云港市 Lianyungang
320800 淮安市 Huai'an
320900 盐城市 Yancheng
321000 扬州市 Yangzhou
321100 镇江市 Zhenjiang
321200 泰州市 Taizhou (Jiangsu)
321300 宿迁市 Suqian
330000 浙江省 Zhejiang
330100 杭州市 Hangzhou
330200 宁波市 Ningbo
330300 温州市 Wenzhou
330400 嘉兴市 Jiaxing
330500 湖州市 Huzhou
330600 绍兴市 Shaoxing
330700 金华市 Jinhua
330800 衢州市 Quzhou
330900 舟山市 Zhoushan
331000 台州市 Taizhou (Zhejiang)
331100 丽水市 Lishui
340000 安徽省 Anhui
340100 合肥市 Hefei
340200 芜湖市 Wuhu
340300 蚌埠市 Bengbu
340400 淮南市 Huainan
340500 马鞍山市 Ma'anshan
340600 淮北市 Huaibei
340700 铜陵市 Tongling
340800 安庆市 Anqing
341000 黄山市 Huangshan
341100 滁州市 Chuzhou
341200 阜阳市 Fuyang
341300 宿州市 Suzhou (Anhui)
341500 六安市 Lu'an
341600 亳州市 Bozhou
341700 池州市 Chizhou
341800 宣城市 Xuancheng
350000 福建省 Fujian
350100 福州市 Fuzhou
350200 厦门市 Xiamen
350300 莆田市 Putian
350400 三明市 Sanming
350500 泉州市 Quanzhou
350600 漳州市 Zhangzhou
350700 南平市 Nanping
350800 龙岩市 Longyan
350900 宁德市 Ningde
440000 广东省 Guangdong
440100 广州市 Guangzhou
440200 韶关市 Shaoguan
440300 深圳市 Shenzhen
440400 珠海市 Zhuhai
440500 汕头市 Shantou
440600 佛山市 Foshan
440700 江门市 Jiangmen
440800 湛江市 Zhanjiang
440900 茂名市 Maoming
441200 肇庆市 Zhaoqing
441300 惠州市 Huizhou
441400 梅州市 Meizhou
441500 汕尾市 Shanwei
441600 河源市 Heyuan
441700 阳江市 Yangjiang
441800 清远市 Qingyuan
441900 东莞市 Dongguan
442000 中山市 Zhongshan
445100 潮州市 Chaozhou
445200 揭阳市 Jieyang
445300 云浮市 Yunfu
710000 台湾省 Taiwan
"""


@dataclass(frozen=True, slots=True)
class Division:
    """A division of GB/T 2260: its six-digit code (fits uint24) and its names."""

    code: int
    name_zh: str
    name_en: str

    @property
    def province(self) -> int:
        """The code of its province-level division, its own if it is one."""
        return self.code // 10_000 * 10_000


class DivisionError(InputError):
    """A division code that the table does not hold."""


def _read_table() -> dict[int, Division]:
    rows = (line.split(" ", 2) for line in _TABLE.strip().splitlines())
    return {int(code): Division(int(code), name_zh, name_en) for code, name_zh, name_en in rows}


#: Every division by code, ascending.
DIVISIONS: Mapping[int, Division] = MappingProxyType(_read_table())


def division(code: int) -> Division:
    """The division with exactly this code. Raises DivisionError."""
    found = DIVISIONS.get(code)
    if found is None:
        raise DivisionError(
            "the division is not in the table",
            expected="a six-digit GB/T 2260 code of province or prefecture level in the regions served",
            found=str(code),
        )
    return found


def enclosing_division(code: int) -> Division | None:
    """The narrowest division of the table that contains a six-digit code, such as a county's; None if none does."""
    for candidate in (code, code // 100 * 100, code // 10_000 * 10_000):
        if candidate in DIVISIONS:
            return DIVISIONS[candidate]
    return None


def divisions_of(region: str) -> tuple[Division, ...]:
    """The divisions of one region ("JJJ", "YRD", "PRD"), ascending by code. Raises DivisionError."""
    provinces = REGION_PROVINCES.get(region)
    if provinces is None:
        raise DivisionError("the region has no divisions here", expected=" or ".join(REGION_PROVINCES), found=region)
    return tuple(entry for code, entry in DIVISIONS.items() if code // 10_000 in provinces)
