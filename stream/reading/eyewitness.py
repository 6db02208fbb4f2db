"""How people tell an emergency before anybody counted the hurt: a thing that broke, burned or fell, and what they see.

News carries figures and offices; a first report carries neither. It names a concrete thing as the subject of the
trigger word (化工园发生爆炸), marks it as done (透水了), or says what is seen and heard around it (有人往外跑).
"""

from __future__ import annotations

import re

from stream.core.documents import EventType
from stream.reading.triggers import Trigger, found

# Things and places that can burn, burst, flood or fall: what stands before the trigger word of a real event.
_THING = (
    r"(?:[厂矿井库楼房店馆院校园室堂宿舍塔桥路街巷村镇乡寨湾坝堤河江湖海山坡沟峪谷岭港站车船艇罐棚仓栋号]"
    r"|菜场|停车场|农场|养殖场|采石场|工地|渡口|高架|隧道|匝道|高速|国道|省道|路段|路口|小区|公寓|大厦|广场|商场|市场|商城|商贸城|超市|食堂|网吧|车间"
    r"|锅炉|管道|煤气|燃气|天然气|液化气|电瓶|电池|充电桩|电梯|阳台|厨房|庙会|景区|码头|机场|客机|飞机|直升机"
    r"|门面|商铺|单元|家里|家属院|[省市县区州])"
)
_THING_BEFORE = re.compile(rf"{_THING}[^，。！？；:,!?;\s]{{0,6}}$")
_BEGUN = re.compile(r"(?:发生|突发|突然|刚刚|刚才|又)[^，。！？；]{0,4}$")
_DONE = re.compile(r"了(?!吗|么|没|怎|解|不得|就|要)")
_ABOUT = re.compile(r"(?:事故)?[^，。！？\s]{0,2}?(?:最新|后续|伤者|伤亡|原因|遇难|救援|致|造成|多人|居民|村民|浓烟)")

# What witnesses see, hear and do. No figures, no offices.
_WITNESSED = re.compile(
    r"有(?:人|工人|孩子|学生|老人|游客|司机)[^，。！？]{0,4}(?:伤|倒|困|埋|压|落水|晕|昏|流血|喊|呼救|跳|卡|没|被|死|烧)"
    r"|喊(?:救命|救人|人)|救命啊|快来(?:人|救)|快跑|赶紧跑|快躲|别靠近|别过来|绕行|(?:往|向|朝)(?:楼)?[外下上]?[^，。！？]{0,2}[跑跳逃冲烧冒]"
    r"|都?跑(?:下|出)[来楼去]|大家都在(?:跑|逃)|在撤|撤离|逃(?:出|生)|抬(?:出|走|上)|砸窗"
    r"|送(?:去|进|到|往)?(?:了)?医院?|送医|(?:躺|倒|摔)在?[^，。！？]{0,3}地|倒地|摔倒|浑身|满[身脸地]是?[^，。！？]{0,2}(?:血|玻璃)"
    r"|全是血|没动静|没呼吸|没救过来|救护车|消防车|拉了?警戒|警察(?:把|拉|来|赶|都|在)|特警"
    r"|[浓黑白]烟(?!囱)|火光|火苗|烟都|火(?:特别|非常|很|好|太|越来越)?大(?!家)|烧(?:黑|起来|塌|穿|光|得|了[一半整])|没灭"
    r"|震(?:碎|裂|塌)|玻璃[^，。！？]{0,3}碎|墙[^，。！？]{0,2}裂|巨响|晃得|[灯楼床房]{1,2}[^，。！？]{0,2}晃"
    r"|压[到住着塌扁]|被压|砸(?:到|中|在|坏|穿|下来)|埋了|被埋|底下[困压埋]|冲(?:断|走|垮|毁|塌|进|没)|淹了|漫进|堵死|堵塞|卡在"
    r"|(?:没|未)(?:有)?[^，。！？]{0,3}(?:上来|出来|联系上|找到)|捞上来|里面(?:还)?有[^，。！？]{0,4}[人学生]|困在|被困|落水"
    r"|家属都?[^，。！？]{0,4}[等哭]|在哭|出不去|睁不开眼|[油水]流了一地|停水|掀[了翻]|隔离|全拉走|打起来|动了刀|翻[进下沟]|在救"
)

# The plain word for it, where its subject is a thing that does so: 船翻了 is an accident, 翻了翻书 is not.
_VEHICLE = r"(?:车|大巴|中巴|摩托|拖拉机|三轮)"
_BUILT = rf"(?:(?![坝堤]){_THING}|墙|屋顶|天花板|脚手架|塔吊|舞台|支架|雨棚|棚子|体育馆)"
_SOMEBODY = r"(?:人|孩|工友|师傅|[男女]子|老人|学生|[男女]生|[男女]的)"

# The plain word for it, where its subject is a thing that does so: 船翻了 is an accident, 翻了翻书 is not.
_PLAIN: tuple[tuple[EventType, str, tuple[str, ...]], ...] = (
    (
        "事故灾难",
        "爆炸",
        (rf"{_THING}(?:突然)?(?:爆)?炸(?:了|开了?|飞)(?!锅)|(?:煤气|液化气|燃气|锅炉|[罐管瓶]|电池|电瓶|轮胎)爆了",),
    ),
    (
        "事故灾难",
        "火灾",
        (rf"(?![河江湖海]){_THING}[^，。！？的]{{0,3}}烧(?:起来|着了|了(?!钱|烤|一?壶))|{_THING}冒火",),
    ),
    (
        "事故灾难",
        "交通事故",
        (
            rf"{_VEHICLE}[^，。！？的]{{0,6}}翻(?:了(?!一?[番倍翻]|新)|进|到|下|沟)",
            rf"{_VEHICLE}[^，。！？的]{{0,6}}撞[了飞到倒翻](?!脸|衫|色|名|个满怀|个脸)",
            rf"{_VEHICLE}撞(?:电线|树|墙|护栏|隔离|桥|人|[小货客轿公电三摩大]|[一几两]|店|进)",
            rf"{_VEHICLE}[^，。！？的]{{0,6}}(?:冲[进下出到]|掉[进下]|卷[进入])(?!去年)",
        ),
    ),
    ("事故灾难", "水上事故", (r"(?:船|艇|轮渡|竹筏|皮划艇)(?:突然|在[^，。！？]{1,6})?(?:翻|沉)了",)),
    ("事故灾难", "航空事故", (r"(?:飞机|客机|航班|直升机)[^，。！？]{0,3}(?:冲出|掉[了下进到]|坠|冒烟|着火)",)),
    (
        "自然灾害",
        "洪涝",
        (
            r"[堤坝][^，。！？]{0,2}(?:决口|溃了|垮了)",
            r"(?:雨|水)[^，。！？]{0,2}把[^，。！？]{1,10}淹了",
            r"(?:地铁|车厢|隧道|车库|商场|村[里子]?|地下室|半个城)[^，。！？]{0,3}(?:进水|被?淹)了",
        ),
    ),
    (
        "事故灾难",
        "建筑坍塌",
        (rf"{_BUILT}[^，。！？的价市]{{0,2}}(?:[塌垮]了|倒了(?!闭))", r"压塌了?|[大二三小]?桥[^，。！？的]{0,2}断了"),
    ),
    (
        "事故灾难",
        "安全事故",
        (
            rf"(?:{_SOMEBODY}|工|电梯|吊篮)[^，。！？]{{0,2}}(?:从[^，。！？]{{1,6}})?[掉摔坠](?:下[来去]|到底)|井[^。！？]{{0,12}}没上来|被电[到倒死击]",
        ),
    ),
    (
        "事故灾难",
        "溺水",
        (
            rf"{_SOMEBODY}[^，。！？]{{0,3}}(?:(?:掉|滑|落)(?:进|到|入)?了?[河江湖水塘]|跳(?:进|入)?了?[河江湖塘])|{_SOMEBODY}[^，。！？]{{0,2}}被[^，。！？]{{0,3}}[冲卷]走",
        ),
    ),
    ("事故灾难", "泄漏", (r"(?<!没)漏了?(?:出[来了])?[^，。！？]{0,2}(?:氯气|氨气|煤气|燃气|毒气|酸)(?!灶|费)",)),
    (
        "事故灾难",
        "环境污染",
        (
            r"(?:水源|河水|江水|自来水|水库)[^，。！？]{0,3}被?污染|(?:河|江|湖|溪)水?[^，。！？]{0,2}变[红黑]|鱼[全都]死",
        ),
    ),
    ("自然灾害", "地质灾害", (r"山[^，。！？的]{0,2}(?:塌[了下]|垮[了下])",)),
    ("自然灾害", "台风", (r"被[大狂]?风[^，。！？]{0,2}[刮吹掀][倒翻飞塌走]",)),
    ("自然灾害", "森林火灾", (r"引[着燃]了?[^，。！？]{0,4}山",)),
    ("自然灾害", "雷击", (r"被雷[劈击]",)),
    (
        "公共卫生",
        "食物中毒",
        (
            r"(?:吃|食堂|饭店|宴|聚餐)[^。！？]{0,16}[人生孩娃全都][^。！？]{0,6}(?:上吐下泻|又吐又拉|拉肚子|呕吐|[进送]了?医院)",
        ),
    ),
    (
        "社会安全",
        "暴力袭击",
        (r"人[^，。！？]{0,2}被[捅砍]了|打群架|[拿持提拎]着?刀[^，。！？]{0,3}(?:[砍捅刺]|乱|追)",),
    ),
    ("社会安全", "坠楼", (rf"{_SOMEBODY}[^，。！？]{{0,6}}跳楼(?!价|机|甩)",)),
)
_PLAIN_FORMS = tuple((re.compile("|".join(forms)), (kind, subtype)) for kind, subtype, forms in _PLAIN)

# Habit and grievance, wherever they stand; fear and memory, where they stand before the word: it did not happen now.
_NOT_NOW = re.compile(
    r"经常|频频|屡次|时常|常常|常有|动不动|天天|每天|每年|每到|每次|一声声|几次|建议|今天是|烟囱|测试|试验(?!列车)|飞车表演"
    r"|希望(?:能|装|加|修|桥|有关|相关|领导|尽快|早日|清理)|(?:没|无)人(?:修|管|清|理|扶)|[个]月(?:没|了|无)"
)
_NOT_YET = re.compile(
    r"差点|险些|早晚|迟早|[真生]怕|担心|万一|一旦|有可能|才会|会不会|想起|小时候|几年前|多年前|当年|如果|假如"
)
_WRECKED = re.compile(
    r"冲(?:断|走|垮|毁|塌|进|没)|卷走|淹|漫进|埋|砸|塌|掀|困|落水|泡了|进[城村屋水]|有人受伤|压[住着扁]|倒灌|吹[翻倒飞]|刮[翻倒飞]"
)
_ROADLESS = re.compile(r"^[^车路司沟坡崖]*翻车[^车路司沟坡崖]*$")  # an idol, a brand: nothing that drives
_PERSONAL = frozenset({"确诊", "呕吐", "腹泻"})  # one person's illness, unless the plain form tells of a meal
_WEATHER = frozenset({"洪涝", "台风", "雪灾", "冰雹", "干旱", "沙尘暴"})


def plain_trigger(head: str) -> tuple[EventType, str] | None:
    """Type and subtype of the event that a headline or first sentence tells in plain words, or None."""
    for form, kind in _PLAIN_FORMS:
        told = form.search(head)
        if told is not None and not _NOT_YET.search(head, 0, told.end()):
            return kind
    return None


def is_told(head: str, lead: str) -> bool:
    """Whether a headline or first sentence tells an event as having happened; `lead` may add what was seen."""
    if _NOT_NOW.search(head):
        return False
    if plain_trigger(head) is not None:
        return True
    if _ROADLESS.search(head):
        return False
    is_seen, is_wrecked = _WITNESSED.search(lead) is not None, _WRECKED.search(lead) is not None
    return any(
        is_wrecked if _is_ordinary(one) else _is_asserted(head, end, one, is_seen)
        for end, one in found(head)
        if one.type is not None and one.weight >= 2 and one.word not in _PERSONAL and not _NOT_YET.search(head, 0, end)
    )


def _is_ordinary(one: Trigger) -> bool:
    """Rain and storms are ordinary until they harm."""
    return one.weight < 3 and one.subtype in _WEATHER


def _is_plain(one: Trigger) -> bool:
    """Whether the word is the plain one for its event, so that 了 makes it a report."""
    return one.word == "地震" or one.weight >= 3


def _is_asserted(head: str, end: int, one: Trigger, is_seen: bool) -> bool:
    """Seen by somebody, or said of a concrete thing as done; 燃爆了 alone is praise."""
    if is_seen:
        return True
    if one.word == "燃爆" or (one.type == "社会安全" and one.weight < 3 and one.subtype != "坠楼"):
        return False
    start = end - len(one.word) + 1
    before, after = head[max(0, start - 12) : start], head[end + 1 : end + 9]
    if _ABOUT.match(after) or _BEGUN.search(before) or (_is_plain(one) and _DONE.match(after)):
        return True
    return one.subtype != "刑事案件" and _THING_BEFORE.search(before) is not None
