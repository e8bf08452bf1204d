"""Trades of synthetic enterprises: what one of each earns, uses, pays, makes, and needs a licence for.

Codes are of GB/T 4754-2017. The figures are rough orders of magnitude, chosen so that those of an enterprise agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["factory", "office", "shop", "farm"]


@dataclass(frozen=True, slots=True)
class Sector:
    """A trade.

    word: how a name says it. share: of 1,000 enterprises. head: yearly revenue for each of the staff, in 10,000 yuan.
    wage: yuan a month. vat, margin: VAT due and profit, in 1/10,000 of revenue. power: kWh for 10,000 yuan of revenue.
    fuel: direct emissions, in 1/100 of those of the power. abroad: exports in 1/100 of revenue. goods: HS headings.
    season: a name in SEASONS. carbon: the industry's name in carbon records. things: what its patents are about.
    """

    word: str
    code: str
    share: int
    head: int
    wage: int
    vat: int
    margin: int
    power: int
    place: Place
    licences: tuple[str, ...]
    season: str = "works"
    fuel: int = 15
    abroad: int = 0
    goods: tuple[str, ...] = ()
    carbon: str = "other"
    technology: bool = False
    things: tuple[str, ...] = ("便携式工具箱", "货架", "包装盒", "防护装置", "除尘装置")


#: Parts of a year's revenue by month, in 1/1,000 of the average: Spring Festival is in January or February.
SEASONS: dict[str, tuple[int, ...]] = {
    "works": (960, 740, 1030, 1020, 1010, 1020, 990, 1000, 1040, 990, 1060, 1140),
    "even": (970, 900, 1000, 1000, 1000, 1010, 1000, 1000, 1020, 1000, 1030, 1070),
    "shops": (1150, 1020, 900, 900, 950, 1010, 930, 940, 1010, 1050, 1160, 980),
    "guests": (930, 1080, 920, 1000, 1060, 960, 1090, 1110, 950, 1120, 890, 890),
    "building": (700, 480, 950, 1060, 1100, 1130, 1060, 1050, 1120, 1130, 1140, 1080),
    "harvest": (760, 800, 860, 960, 1120, 1200, 1150, 1100, 1150, 1120, 940, 840),
}

#: Power for a given revenue by month, in 1/1,000: cooling in summer, heating in winter.
POWER_SEASON = (1040, 1050, 960, 940, 960, 1020, 1090, 1100, 1010, 930, 940, 960)

#: Years of a licence without end.
UNLIMITED = 999

#: Licences: letters of the number, category, the authority's name after the city's, and years of validity.
LICENCES: dict[str, tuple[str, str, str, int]] = {
    "排污许可证": ("PW", "general", "生态环境局", 5),
    "城镇污水排入排水管网许可证": ("PS", "general", "水务局", 5),
    "安全生产许可证": ("AQ", "approval", "应急管理局", 3),
    "危险化学品安全生产许可证": ("WH", "approval", "应急管理局", 3),
    "医疗器械生产许可证": ("YX", "approval", "药品监督管理局", 5),
    "药品生产许可证": ("YP", "approval", "药品监督管理局", 5),
    "食品生产许可证": ("SC", "general", "市场监督管理局", 5),
    "食品经营许可证": ("JY", "general", "市场监督管理局", 5),
    "公共场所卫生许可证": ("WS", "general", "卫生健康委员会", 4),
    "特种行业许可证（旅馆业）": ("TX", "special", "公安局", 5),
    "建筑业企业资质证书": ("JZ", "verification", "住房和城乡建设局", 5),
    "道路运输经营许可证": ("DL", "special", "交通运输局", 4),
    "增值电信业务经营许可证": ("ZX", "approval", "通信管理局", 5),
    "取水许可证": ("QS", "special", "水务局", 5),
    "电力业务许可证": ("DW", "special", "能源局", 20),
    "全国工业产品生产许可证": ("XK", "general", "市场监督管理局", 5),
    "户外广告设置许可": ("GG", "general", "城市管理局", 2),
    "对外贸易经营者备案登记": ("WM", "registration", "商务局", UNLIMITED),
    "农药经营许可证": ("NY", "general", "农业农村局", 5),
    "检验检测机构资质认定证书": ("JC", "verification", "市场监督管理局", 6),
}

_WASTE, _SEWER, _SAFE = "排污许可证", "城镇污水排入排水管网许可证", "安全生产许可证"
_FOOD, _BORDER, _WEB = "食品经营许可证", "对外贸易经营者备案登记", "增值电信业务经营许可证"

SECTORS: tuple[Sector, ...] = (
    Sector("汽车零部件", "C3670", 60, 92, 8200, 310, 620, 520, "factory", (_WASTE, _SEWER, _BORDER), abroad=22,
           goods=("8708", "8482", "7326"), technology=True,
           things=("转向节", "制动盘散热结构", "轮毂轴承", "减振器支架", "电子驻车执行器", "座椅骨架")),
    Sector("精密机械", "C3484", 60, 76, 8600, 340, 700, 430, "factory", (_WASTE, _SEWER, _BORDER), abroad=18,
           goods=("8466", "8483"), technology=True,
           things=("数控车床夹具", "主轴冷却装置", "齿轮箱密封结构", "刀具磨损检测装置", "导轨防护罩")),
    Sector("精密模具", "C3525", 45, 62, 8800, 360, 760, 480, "factory", (_WASTE, _SEWER, _BORDER), abroad=15,
           goods=("8480",), technology=True,
           things=("注塑模具顶出机构", "压铸模具冷却水路", "冲压模具导向结构", "热流道分流板", "模具快速换型装置")),
    Sector("电子科技", "C3989", 60, 98, 9200, 290, 650, 360, "factory", (_WASTE, _SEWER, _BORDER), abroad=38,
           goods=("8542", "8504", "8536"), carbon="electronics", technology=True,
           things=("电路板检测治具", "连接器端子", "电源模块散热结构", "传感器标定装置", "贴片机供料机构")),
    Sector("智能装备", "C3491", 40, 88, 9800, 330, 820, 260, "factory", (_WASTE, _SEWER, _BORDER), abroad=16,
           goods=("8479", "8428"), technology=True,
           things=("工业机器人末端夹爪", "视觉定位系统", "自动上下料装置", "柔性输送线", "装配工位防错装置")),
    Sector("光伏科技", "C3825", 22, 135, 8900, 260, 540, 780, "factory", (_WASTE, _SEWER, _BORDER), abroad=42,
           goods=("8541",), carbon="electronics", technology=True,
           things=("光伏组件边框", "电池片串焊装置", "光伏支架跟踪机构", "硅片分选装置")),
    Sector("新能源", "C3841", 22, 128, 9400, 270, 560, 860, "factory", (_WASTE, _SEWER, _BORDER), abroad=26,
           goods=("8507",), carbon="electronics", technology=True,
           things=("锂电池极片涂布装置", "电池包液冷板", "电芯防爆阀", "电池管理系统采样电路")),
    Sector("医疗器械", "C3584", 28, 80, 9600, 420, 1300, 210, "factory", ("医疗器械生产许可证", _SEWER, _BORDER),
           abroad=20, goods=("9018", "9021"), technology=True,
           things=("输液泵管路固定装置", "内窥镜清洗装置", "手术缝合器", "血样采集器", "康复训练支架")),
    Sector("医药", "C2710", 16, 112, 9200, 520, 1250, 520, "factory", ("药品生产许可证", _WASTE, _SEWER), fuel=40,
           abroad=12, goods=("3004", "2941"), carbon="chemicals", technology=True,
           things=("药物中间体合成反应釜", "片剂包衣装置", "原料药结晶装置", "溶剂回收装置")),
    Sector("化工", "C2669", 24, 165, 9000, 330, 680, 1150, "factory",
           ("危险化学品安全生产许可证", _WASTE, "取水许可证"), fuel=90, abroad=14, goods=("3824", "3402"),
           carbon="chemicals", technology=True,
           things=("水性涂料分散装置", "反应釜尾气吸收装置", "助剂连续混合装置", "精馏塔填料")),
    Sector("新材料", "C3985", 24, 105, 9300, 330, 860, 690, "factory", (_WASTE, _SEWER, _BORDER), abroad=24,
           goods=("3920", "7019"), technology=True,
           things=("复合材料铺层装置", "导热胶膜", "陶瓷基板烧结工装", "石墨片模切装置")),
    Sector("塑胶制品", "C2929", 45, 66, 7200, 300, 520, 880, "factory", (_WASTE, _SEWER), abroad=20,
           goods=("3926", "3923"), things=("注塑件取出装置", "吹塑瓶坯定位结构", "周转箱", "塑料管件接头")),
    Sector("五金制品", "C3351", 45, 58, 7300, 290, 500, 540, "factory", (_WASTE, _SEWER), abroad=24,
           goods=("8302", "7318"), things=("铰链缓冲结构", "门锁执手", "螺栓防松结构", "冲压件去毛刺装置")),
    Sector("钢铁", "C3130", 8, 420, 9800, 210, 380, 2600, "factory", (_WASTE, "取水许可证", _SAFE), fuel=160,
           abroad=8, goods=("7210",), carbon="steel", things=("轧辊冷却装置", "钢卷吊具", "加热炉余热回收装置")),
    Sector("水泥", "C3011", 6, 260, 8600, 260, 560, 1900, "factory",
           ("全国工业产品生产许可证", _WASTE, "取水许可证"), fuel=420, season="building", carbon="cement"),
    Sector("纸业", "C2221", 8, 180, 8000, 250, 460, 1500, "factory", (_WASTE, "取水许可证", _SEWER), fuel=110,
           abroad=6, goods=("4810",), carbon="paper"),
    Sector("热电", "D4412", 4, 240, 11200, 300, 520, 380, "factory", ("电力业务许可证", _WASTE, "取水许可证"),
           fuel=900, season="even", carbon="power"),
    Sector("纺织", "C1711", 35, 60, 6800, 250, 420, 1050, "factory", (_WASTE, _SEWER, _BORDER), abroad=30,
           goods=("5205", "5208"), carbon="textile", things=("纱线张力调节装置", "织机除尘装置", "染色机循环装置")),
    Sector("服饰", "C1819", 35, 36, 6600, 280, 480, 130, "factory", (_SEWER, _BORDER), abroad=34,
           goods=("6203", "6204"), carbon="textile", things=("服装裁剪定位装置", "缝纫机送料结构", "防风外套")),
    Sector("食品", "C1419", 35, 64, 6700, 310, 580, 420, "factory", ("食品生产许可证", _WASTE, _SEWER), fuel=45,
           season="shops", abroad=6, goods=("1905",), things=("烘焙生产线输送装置", "食品包装封口装置", "和面机")),
    Sector("家居", "C2110", 28, 48, 7100, 280, 500, 240, "factory", (_WASTE, _SEWER, _BORDER), abroad=36,
           goods=("9403",), things=("抽屉滑轨", "餐桌升降结构", "板材封边装置", "床架连接件")),
    Sector("建筑工程", "E4710", 45, 118, 7800, 280, 330, 42, "office", ("建筑业企业资质证书", _SAFE),
           season="building", things=("装配式墙板连接节点", "脚手架连墙件", "基坑降水装置")),
    Sector("装饰工程", "E5011", 30, 72, 7400, 270, 420, 38, "office", ("建筑业企业资质证书", _SAFE),
           season="building"),
    Sector("国际贸易", "F5181", 45, 360, 8600, 90, 230, 9, "office", (_BORDER, _FOOD), season="even", abroad=72,
           goods=("6302", "8517", "9405", "3926")),
    Sector("建材", "F5165", 40, 250, 6900, 120, 260, 14, "shop", (_BORDER, "农药经营许可证"), season="building"),
    Sector("商贸", "F5229", 45, 160, 6300, 150, 300, 46, "shop", (_FOOD, _BORDER), season="shops"),
    Sector("电子商务", "F5292", 40, 190, 7900, 160, 360, 22, "office", (_FOOD, _WEB), season="shops", abroad=12,
           goods=("9503", "6109"), technology=True, things=("订单处理系统软件", "快递面单打印装置", "商品拍摄转台")),
    Sector("物流", "G5431", 45, 74, 7600, 310, 420, 48, "office", ("道路运输经营许可证",), fuel=420, season="even",
           things=("货车尾板", "托盘堆垛装置", "货物固定装置")),
    Sector("酒店管理", "H6110", 16, 30, 5900, 330, 560, 520, "shop",
           ("特种行业许可证（旅馆业）", "公共场所卫生许可证", _FOOD), fuel=30, season="guests"),
    Sector("餐饮管理", "H6210", 35, 26, 5700, 220, 540, 410, "shop", (_FOOD, "公共场所卫生许可证", _SEWER), fuel=60,
           season="guests"),
    Sector("软件", "I6513", 45, 58, 16200, 420, 1050, 42, "office", (_WEB,), season="even", abroad=5,
           goods=("8523",), technology=True,
           things=("数据处理系统软件", "生产管理系统软件", "图像识别方法", "数据同步方法", "权限管理系统软件")),
    Sector("信息技术", "I6531", 35, 76, 14600, 380, 820, 46, "office", (_WEB,), season="even", technology=True,
           things=("机房监控系统软件", "网络流量分析方法", "信息系统集成平台软件", "服务器机柜散热结构")),
    Sector("物业服务", "K7020", 24, 17, 5200, 320, 420, 310, "office", (_SEWER, "公共场所卫生许可证"),
           season="even"),
    Sector("文化传媒", "L7259", 24, 54, 8800, 260, 560, 24, "office", ("户外广告设置许可",), season="even"),
    Sector("检测技术", "M7452", 20, 46, 11800, 340, 980, 120, "office", ("检验检测机构资质认定证书",),
           season="even", technology=True, things=("样品前处理装置", "拉力试验机夹具", "环境检测采样器")),
    Sector("环保科技", "N7722", 20, 70, 9400, 320, 760, 90, "office", (_SAFE, _WASTE), technology=True,
           things=("废气活性炭吸附装置", "污水曝气装置", "脱硫塔喷淋结构", "粉尘收集装置")),
    Sector("蔬菜种植", "A0141", 16, 20, 4600, 20, 640, 190, "farm", ("农药经营许可证", "取水许可证"),
           season="harvest", things=("大棚卷膜机构", "滴灌装置", "育苗盘")),
    Sector("果品", "A0151", 12, 22, 4700, 20, 700, 150, "farm", ("农药经营许可证", "取水许可证"),
           season="harvest", things=("果树修剪装置", "水果分选装置", "冷库通风装置")),
)  # fmt: skip

#: Trades of Taiwan's enterprises: word in the name, code of the business item, HS heading.
TAIWAN_SECTORS: tuple[tuple[str, str, str], ...] = (
    ("电子", "CC01080", "8542"),
    ("半导体材料", "F119010", "8541"),
    ("电脑设备", "F113050", "8471"),
    ("资讯", "I301010", "8523"),
    ("工业设计", "I501010", "8479"),
    ("精密工业", "CB01010", "8466"),
    ("化学工业", "C802120", "3824"),
    ("实业", "ZZ99999", "3926"),
)
