"""The words by which a text reports an incident: one Aho-Corasick pass tells an ordinary text from one worth reading.

Weight 3: says by itself that something happened (车祸). Weight 2: usually so, but needs company in a short
title (爆炸). Weight 1: counts only beside others (受伤).
"""

from __future__ import annotations

from msgspec import Struct

from stream.core.documents import EventType
from stream.reading.scan import Words


class Trigger(Struct, frozen=True):
    """A word, the kind of event it speaks of (None: any), and how much it says alone."""

    word: str
    type: EventType | None
    subtype: str | None
    weight: int


_KINDS: tuple[tuple[EventType | None, str | None, int, str], ...] = (
    ("自然灾害", "地震", 3, "级地震 级强震 地震灾区 震感强烈 强烈震感 明显震感 震感明显 地震造成 地震致 "
        "发生地震 强烈地震 余震 抗震救灾"),
    ("自然灾害", "地震", 2, "地震 强震 震感 震源深度"),
    ("自然灾害", "海啸", 2, "海啸"),
    ("自然灾害", "地质灾害", 3, "山体滑坡 泥石流 山体塌方 山体崩塌 岩体崩塌 地面塌陷"),
    ("自然灾害", "地质灾害", 2, "滑坡 塌方 雪崩 火山喷发 崩塌"),
    ("自然灾害", "洪涝", 3, "山洪 洪灾 洪涝 决堤 溃堤 溃坝 特大暴雨 特大洪水 内涝"),
    ("自然灾害", "洪涝", 2, "暴雨 水灾 洪水 洪峰 强降雨 汛情 大暴雨 积水"),
    ("自然灾害", "台风", 2, "台风 风灾 龙卷风 强对流"),
    ("自然灾害", "台风", 3, "台风登陆 超强台风 强台风"),
    ("自然灾害", "雪灾", 3, "雪灾 冰冻灾害 暴雪灾害"),
    ("自然灾害", "雪灾", 1, "暴雪 寒潮 大雪"),
    ("自然灾害", "冰雹", 2, "冰雹 雹灾"),
    ("自然灾害", "干旱", 2, "旱灾 旱情"),
    ("自然灾害", "沙尘暴", 2, "沙尘暴"),
    ("自然灾害", "雷击", 2, "遭雷击 被雷击 雷击致"),
    ("自然灾害", "森林火灾", 3, "森林火灾 山林火灾 草原火灾 山火 林火 森林大火"),
    ("自然灾害", "森林火灾", 1, "过火面积 护林防火"),
    ("事故灾难", "交通事故", 3, "交通事故 车祸 追尾 相撞 侧翻 连环撞 撞死 坠崖 坠河 坠入 坠桥 翻车 冲进人群 "
        "冲撞人群 撞向人群 脱轨 "
     "肇事逃逸 肇事车 撞亡 被撞身亡 失控撞 连撞 碾压 肇事司机 撞伤"),
    ("事故灾难", "交通事故", 2, "碰撞 撞上 翻入 翻下 翻滚 撞倒 驾车撞 撞坏 相擦 擦碰 相刮 压扁 剐蹭 撞到 车辆追 "
        "撞护栏 肇事"),
    ("事故灾难", "水上事故", 3, "沉船 翻船 船只倾覆 翻覆 倾覆 沉没 侧翻沉没 轮船相撞 游船倾覆"),
    ("事故灾难", "航空事故", 3, "坠机 飞机坠毁 客机坠毁 直升机坠毁 飞机失事 坠毁 直升机坠落 飞机坠落"),
    ("事故灾难", "火灾", 3, "火灾 失火 起火 发生大火 突发大火 大火扑灭 大火致 火灾致 突发火情 火势 明火扑灭 "
        "引发大火 着火"),
    ("事故灾难", "火灾", 2, "大火 自燃 火情 浓烟 明火 火场"),
    ("事故灾难", "爆炸", 3, "爆炸事故 燃爆 闪爆 瓦斯爆炸 燃气爆炸 爆燃 粉尘爆炸 煤气爆炸 液化气爆炸 烟花爆炸 "
        "突发爆炸"),
    ("事故灾难", "爆炸", 2, "爆炸 巨响"),
    ("事故灾难", "矿难", 3, "矿难 透水 瓦斯突出 冲击地压 煤矿事故 矿井 井下被困 矿震 矿工被困 冒顶 "
        "矿难救援"),
    ("事故灾难", "建筑坍塌", 3, "坍塌 垮塌 倒塌事故 塌楼 楼房倒塌 塔吊倒塌 脚手架倒塌"),
    ("事故灾难", "踩踏", 3, "踩踏"),
    ("事故灾难", "安全事故", 3, "安全事故 生产事故 发生事故 事故致 中毒窒息 一氧化碳 烧煤取暖 电梯坠落 坠落事故 "
        "高处坠落 触电身亡"),
    ("事故灾难", "安全事故", 2, "触电 坠亡 坠井 煤气中毒 砸伤 砸死 事故 砸中 蜇伤 咬死 撕咬 咬伤"),
    ("事故灾难", "溺水", 3, "溺亡 溺水身亡 溺水"),
    ("事故灾难", "泄漏", 3, "化学品泄漏 氨气泄漏 燃气泄漏 泄漏事故 毒气泄漏 氯气泄漏 危化品泄漏"),
    ("事故灾难", "泄漏", 2, "泄漏 泄露事故"),
    ("事故灾难", "环境污染", 3, "水污染事件 污染事故 环境污染事件 停水事件"),
    ("公共卫生", "食物中毒", 3, "食物中毒 食品中毒 集体中毒 疑似中毒 中毒事件 亚硝酸盐中毒 假酒中毒 误食中毒 "
        "集体呕吐 集体腹泻"),
    ("公共卫生", "食物中毒", 2, "呕吐腹泻 腹痛呕吐 呕吐 腹泻 中毒症状 致中毒 中毒"),
    ("公共卫生", "传染病", 3, "霍乱 鼠疫 禽流感病例 确诊病例 疫情暴发 聚集性疫情 本土病例 甲流疫情 输入性病例 "
        "登革热 诺如病毒感染 例霍乱"),
    ("公共卫生", "传染病", 2, "疫情 确诊 集体感染 诺如 手足口病 基孔肯雅热 炭疽 布病 狂犬病"),
    ("公共卫生", "动物疫情", 3, "非洲猪瘟 口蹄疫 动物疫情 高致病性禽流感"),
    ("社会安全", "恐怖袭击", 3, "恐怖袭击 暴恐 暴力恐怖 恐怖爆炸 自杀式 炸弹袭击 爆炸袭击 汽车炸弹 恐袭 恐怖事件"),
    ("社会安全", "爆炸", 3, "连环爆炸 爆炸案 人体炸弹 自杀性爆炸"),
    ("社会安全", "爆炸", 2, "引爆 炸弹"),
    ("社会安全", "恐怖袭击", 2, "恐怖分子 武装分子 武装人员 恐怖组织 恐怖主义"),
    ("社会安全", "暴力袭击", 3, "砍人 砍杀 持刀伤人 持刀行凶 捅死 捅伤 砍死 砍伤 枪击 枪杀 持械 持刀砍 "
        "枪击案 遭枪击 刺死 刺伤 行凶 "
     "伤人案 无差别 空袭 暗杀 打死"),
    ("社会安全", "暴力袭击", 2, "持刀 袭警 遭伏击 袭击 遇袭 遭袭 群殴 殴打 斗殴"),
    ("社会安全", "劫持人质", 3, "劫持 人质 绑架"),
    ("社会安全", "刑事案件", 3, "杀人案 命案 灭门 投毒 纵火 故意杀人 被杀害 虐待致死 虐死 分尸 杀害 遇害 焚尸"),
    ("社会安全", "刑事案件", 2, "被害 抢劫"),
    ("社会安全", "坠楼", 2, "坠楼身亡 坠楼"),
    ("社会安全", "群体性事件", 3, "群体性事件 骚乱 打砸抢 聚众闹事 暴乱"),
    ("社会安全", "群体性事件", 2, "示威 游行 罢工 围堵 暴力冲突 武装冲突 交火"),
    (None, None, 2, "遇难 身亡 丧生 罹难 死亡 人死 死伤 伤亡 人亡 人伤 重伤 双亡 被埋 失联 失踪 被困 当场死 不治"),
    (None, None, 1, "受伤 轻伤 救援 抢救 送医 事发 疏散 消防 交警 伤者 死者 灾情 警方 送往医院 入院 接警 "
        "应急预案 救治 扑救 遗体"),
)  # fmt: skip

WORDS = {
    word: Trigger(word, kind, subtype, weight) for kind, subtype, weight, words in _KINDS for word in words.split()
}

CASUALTY = frozenset(word for word, one in WORDS.items() if one.type is None and one.weight == 2)


_TRIGGERS = tuple(WORDS.values())
_WORDS = Words(WORDS)
# Plain words for what broke, burned or fell; they tell an event only with their subject (see `eyewitness`).
_PLAIN = [
    word
    for line in (
        "炸了 炸开 炸飞 爆了 烧起来 烧着了 烧了 引着 引燃 冒火 翻了 翻进 翻到 翻下 翻沟 车撞",
        "撞了 撞飞 撞到 撞倒 撞翻 冲进 冲下 冲出 冲到 卷进 卷入 沉了 塌了 塌下 压塌 倒了 垮了",
        "垮下 断了 掉下 摔下 坠下 掉到 摔到 坠到 掉河 掉江 掉湖 掉水 掉进 掉入 掉了 跳河 跳江",
        "跳湖 跳塘 跳进 跳入 滑进 滑入 落水 落入 冲走 卷走 没上来 被电 漏氯 漏氨 漏煤气 漏燃气",
        "漏毒气 漏了 漏出 污染 变红 变黑 鱼全 鱼都 决口 溃了 淹了 进水 刮倒 刮翻 吹倒 吹翻",
        "刮走 吹走 掀翻 雷劈 上吐下泻 又吐又拉 拉肚子 医院 被捅 被砍 拿刀 持刀 提刀 着刀 打群架",
        "跳楼",
    )
    for word in line.split()
]
_SIGNS = Words([*(word for word, trigger in WORDS.items() if trigger.weight >= 2), *_PLAIN])


def may_report(text: str) -> bool:
    """Whether `text` holds a word that could report an event at all (weight 2 or more)."""
    return bool(_SIGNS.find(text))


def found(text: str) -> list[tuple[int, Trigger]]:
    """(offset of the word's last character, trigger) of every trigger word in `text`, in order; the longest of nested
    words."""
    kept: list[tuple[int, Trigger]] = []
    for number, start, after in _WORDS.find(text):
        end = after - 1
        while kept and kept[-1][0] - len(kept[-1][1].word) + 1 >= start:
            kept.pop()
        if not (kept and kept[-1][0] >= start and kept[-1][0] == end):
            kept.append((end, _TRIGGERS[number]))
    return kept
