"""Names that place an event outside mainland and greater China, each with its usual UTC offset in hours.

The offset turns "local time" of a foreign event into Shanghai time. It is the standard time of the capital (or of the
city named); summer time is not tracked, so a foreign clock may be an hour off. Obligations arise at home only.
"""

from __future__ import annotations

import re

from stream.reading.scan import Words

_BY_OFFSET: dict[float, str] = {
    -10: "夏威夷",
    -8: "洛杉矶 旧金山 西雅图 加州 加利福尼亚 拉斯维加斯 温哥华 阿拉斯加",
    -7: "犹他州 亚利桑那",
    -6: "墨西哥 危地马拉 萨尔瓦多 洪都拉斯 尼加拉瓜 马那瓜 哥斯达黎加 圣何塞 芝加哥 得克萨斯 得州 休斯敦",
    -5: "美国 美军 美媒 美方 美警 美一 美男 美女子 纽约 华盛顿 波士顿 佛罗里达 加拿大 多伦多 古巴 海地 巴拿马 牙买加 "
    "哥伦比亚 波哥大 秘鲁 利马 厄瓜多尔 特朗普 拜登 FBI 白宫 五角大楼",
    -4: "智利 圣地亚哥 玻利维亚 委内瑞拉 加拉加斯 巴拉圭 多米尼加 波多黎各 圭亚那",
    -3: "巴西 里约 圣保罗 阿根廷 乌拉圭 苏里南",
    0: "英国 伦敦 英格兰 苏格兰 北爱尔兰 爱尔兰 葡萄牙 里斯本 冰岛 摩洛哥 加纳 多哥 洛美 马里 塞内加尔 利比里亚 "
    "塞拉利昂 几内亚 科特迪瓦 布基纳法索 冈比亚",
    1: "法国 巴黎 德国 柏林 慕尼黑 意大利 罗马 米兰 西班牙 马德里 巴塞罗那 荷兰 比利时 布鲁塞尔 瑞士 奥地利 维也纳 "
    "瑞典 斯德哥尔摩 挪威 丹麦 波兰 华沙 捷克 匈牙利 斯洛伐克 斯洛文尼亚 克罗地亚 塞尔维亚 科索沃 波黑 阿尔巴尼亚 "
    "马耳他 北马其顿 黑山 阿尔及利亚 突尼斯 尼日利亚 阿布贾 尼日尔 乍得 喀麦隆 加蓬 安哥拉 刚果 贝宁 赤道几内亚 "
    "卢森堡 摩纳哥 "
    "梵蒂冈",
    2: "希腊 雅典 芬兰 罗马尼亚 保加利亚 乌克兰 基辅 爱沙尼亚 拉脱维亚 立陶宛 摩尔多瓦 塞浦路斯 埃及 开罗 "
    "利比亚 以色列 "
    "以军 以方 耶路撒冷 特拉维夫 巴勒斯坦 加沙 哈马斯 黎巴嫩 贝鲁特 约旦 安曼 叙利亚 南非 津巴布韦 赞比亚 莫桑比克 "
    "博茨瓦纳 纳米比亚 卢旺达 布隆迪 马拉维 苏丹 南苏丹",
    3: "俄罗斯 俄军 俄方 俄媒 莫斯科 圣彼得堡 车臣 克里米亚 白俄罗斯 土耳其 伊斯坦布尔 安卡拉 伊拉克 巴格达 沙特 "
    "科威特 卡塔尔 多哈 巴林 也门 肯尼亚 内罗毕 埃塞俄比亚 索马里 坦桑尼亚 乌干达 马达加斯加 厄立特里亚 吉布提",
    3.5: "伊朗 德黑兰",
    4: "阿联酋 迪拜 阿布扎比 阿曼 格鲁吉亚 亚美尼亚 阿塞拜疆 毛里求斯 塞舌尔",
    4.5: "阿富汗 喀布尔 坎大哈 塔利班",
    5: "巴基斯坦 伊斯兰堡 卡拉奇 白沙瓦 塔吉克斯坦 土库曼斯坦 乌兹别克斯坦 哈萨克斯坦 马尔代夫",
    5.5: "印度 孟买 新德里 斯里兰卡 科伦坡",
    5.75: "尼泊尔 加德满都",
    6: "孟加拉国 达卡 不丹 吉尔吉斯斯坦",
    6.5: "缅甸 仰光 妙瓦底",
    7: "泰国 曼谷 普吉岛 芭提雅 清迈 越南 河内 胡志明市 老挝 万象 柬埔寨 金边 西港 印尼 印度尼西亚 雅加达 爪哇 "
    "苏门答腊",
    8: "菲律宾 马尼拉 马来西亚 吉隆坡 新加坡 文莱 巴厘岛 蒙古国 乌兰巴托",
    9: "日本 东京 大阪 福岛 京都 北海道 冲绳 韩国 首尔 釜山 韩媒 韩军 朝鲜 平壤 东帝汶 帕劳",
    10: "澳大利亚 澳洲 悉尼 墨尔本 堪培拉 巴布亚新几内亚",
    11: "所罗门群岛 新喀里多尼亚 瓦努阿图",
    12: "新西兰 奥克兰 斐济 苏瓦 基里巴斯 汤加 萨摩亚",
}

OFFSETS = {name: hours for hours, names in _BY_OFFSET.items() for name in names.split()}

_HOME_NAMES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 "
    "贵州 云南 "
    "陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 我国 我省 我市 我县 我区 "
    "石家庄 唐山 保定 邯郸 太原 大同 呼和浩特 包头 鄂尔多斯 赤峰 沈阳 大连 鞍山 长春 哈尔滨 大庆 南京 苏州 无锡 "
    "常州 徐州 "
    "南通 扬州 杭州 宁波 温州 绍兴 台州 金华 嘉兴 湖州 合肥 芜湖 蚌埠 阜阳 福州 厦门 泉州 漳州 南昌 赣州 九江 "
    "上饶 济南 "
    "青岛 烟台 潍坊 临沂 淄博 济宁 郑州 洛阳 开封 南阳 信阳 商丘 周口 武汉 宜昌 襄阳 荆州 黄石 长沙 株洲 衡阳 "
    "岳阳 常德 "
    "广州 深圳 东莞 佛山 珠海 汕头 湛江 惠州 中山 南宁 桂林 柳州 贵港 海口 三亚 成都 绵阳 攀枝花 泸州 宜宾 自贡 汶川 "
    "贵阳 遵义 毕节 昆明 大理 丽江 瑞丽 拉萨 西安 咸阳 宝鸡 榆林 兰州 天水 西宁 银川 乌鲁木齐 喀什 和田 伊犁 "
    "吐鲁番 哈密"
)
HOME = tuple(_HOME_NAMES.split())


_FOREIGN_NAMES = tuple(OFFSETS)
_FOREIGN = Words(_FOREIGN_NAMES)
_HOME = Words(HOME)

# What follows a foreign name without placing anything there: 印度洋, 美国地质勘探局测定, 日本料理, 英国籍, 威海地震.
_NOT_A_PLACE = (
    *("地质勘探局", "地质调查局", "料理", "留学", "签证", "进口", "洋", "籍", "车", "斗牛犬"),
    *("豆腐", "品牌", "族", "震", "兰", "红"),
)


# A headline's one-character country: 俄两座桥梁遭袭, 美一男子 (but 美女, 美食, 日照).
_CURT = re.compile(
    r"^(?:俄|美(?=[一两国军警媒总政议联航小]|\d)|英(?=[国军警媒特首])|韩(?=[国军警媒总一])|日(?=[军警媒一]))"
)


def is_curtly_abroad(headline: str) -> bool:
    """Whether a headline begins with the one-character name of a foreign country."""
    return _CURT.match(headline) is not None


_OUR_PEOPLE = ("驻", "公民", "游客", "使馆", "领馆", "外交部", "留学生")  # 我国驻泰国使馆 stands in Thailand


def foreign_names(text: str) -> list[tuple[int, str]]:
    """(offset, name) of every name in `text` that lies abroad, in order; overlapping names keep the longest."""
    found: list[tuple[int, str]] = []
    for number, start, end in _FOREIGN.find(text):
        name = _FOREIGN_NAMES[number]
        if text.startswith(_NOT_A_PLACE, end) or _is_split(text, start, name):
            continue
        while found and found[-1][0] >= start:
            found.pop()
        if not (found and start < found[-1][0] + len(found[-1][1])):
            found.append((start, name))
    return found


def _is_split(text: str, start: int, name: str) -> bool:
    """5日本报讯 holds 日本 only by accident."""
    return name == "日本" and start > 0 and text[start - 1].isdigit()


def home_names(text: str) -> list[tuple[int, str]]:
    """(offset, name) of every name in `text` that lies in China, in order."""
    return [
        (start, HOME[number])
        for number, start, end in _HOME.find(text)
        if not (HOME[number] == "我国" and text.startswith(_OUR_PEOPLE, end))
    ]
