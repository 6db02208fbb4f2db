"""emergency and read_event: concrete events told from everything that uses the same words."""

import time

import pytest

from stream.core.documents import Figures
from stream.core.intervals import Interval
from stream.reading.emergency import NOT_ONE, emergency
from stream.reading.events import NO_EVENT, read_event
from stream.reading.times import parse_published

REPORTS = (
    # title, text, type, subtype
    ("云川一化工厂发生爆炸 致3死8伤", "5月9日22时许，云川市一化工厂发生爆炸。", "事故灾难", "爆炸"),
    ("两车追尾致2人受伤", "", "事故灾难", "交通事故"),
    ("高架桥突然坍塌", "10日7时许，北岭高架桥引桥突然坍塌，造成1人死亡。", "事故灾难", "建筑坍塌"),
    ("运动会发生踩踏 3人受伤", "", "事故灾难", "踩踏"),
    ("交易市场起火 消防已到场", "", "事故灾难", "火灾"),
    ("两车追尾起火 火势已扑灭 2人受伤", "", "事故灾难", "交通事故"),
    ("煤矿冲击地压引发3.5级地震 9人遇难", "", "事故灾难", "矿难"),
    ("煤矿发生透水事故", "当班下井37人，8人被困，救援正在进行。", "事故灾难", "矿难"),
    ("渔船在海上沉没 12人失踪", "", "事故灾难", "水上事故"),
    ("云川发生3.6级地震", "", "自然灾害", "地震"),
    ("北岭县发生山体滑坡", "受强降雨影响，北岭县发生山体滑坡，3户7人被埋。", "自然灾害", "地质灾害"),
    ("山林火灾明火扑灭", "29日，北岭山坡发生森林火灾，过火面积约200亩。", "自然灾害", "森林火灾"),
    ("台风“青石”在沿海登陆", "", "自然灾害", "台风"),
    ("幼儿园多名儿童呕吐腹泻", "昨天，26名幼儿陆续出现呕吐、腹泻症状，被送往医院。", "公共卫生", "食物中毒"),
    ("云川通报1例霍乱病例", "", "公共卫生", "传染病"),
    ("男子持刀伤人已被控制", "昨晚，一男子持刀伤人，造成2人受伤。", "社会安全", "暴力袭击"),
    ("车站发生恐怖袭击 5人遇难", "", "社会安全", "恐怖袭击"),
    ("车祸致3死 肇事司机被判定全责", "", "事故灾难", "交通事故"),
    ("命案现场2人死亡 警方再审查监控", "", "社会安全", "刑事案件"),
    ("警方破获一起故意杀人案", "5月6日，云川警方破获一起故意杀人案，致2人死亡。", "社会安全", "刑事案件"),
)


@pytest.mark.parametrize(("title", "text", "kind", "subtype"), REPORTS)
def test_concrete_events(title: str, text: str, kind: str, subtype: str) -> None:
    read = emergency(title, text)
    assert (read.is_emergency, read.type, read.subtype, read.in_china) == (True, kind, subtype, True)


OTHERS = (
    ("某市开展地震应急演练", "消防支队组织地震应急演练，模拟楼房倒塌，造成多人被困。"),
    ("大地震十五周年", "十五年前，这里发生8.0级地震，造成重大人员伤亡。"),
    ("夏季如何预防食物中毒", "食物中毒多发，专家提醒市民注意饮食卫生。"),
    ("电影《烈火》今日上映", "影片讲述消防员扑救火灾的故事，一场爆炸造成多人牺牲。"),
    ("小说里的爆炸案", "小说里，一场爆炸案造成12人死亡。"),
    ("去年火灾起数同比下降", "去年共发生火灾80万起，死亡1900人，同比下降5%。"),
    ("某县发布暴雨红色预警", "预计未来3小时降雨量将达100毫米以上，请注意防范。"),
    ("蓝队战胜红队", "比赛第30分钟发生冲突，两名球员受伤下场。"),
    ("新皮肤上线 玩家热度爆炸", "游戏更新。"),
    ("股市大爆发", ""),
    ("朋友圈被雪景刷屏 评论区爆炸", ""),
    ("地铁因设备故障延误", "列车延误20分钟，未造成人员伤亡。"),
    ("楼道堆放杂物存火灾隐患", "楼道长期堆放杂物，一旦发生火灾后果不堪设想，希望有关部门尽快清理。"),
    ("安全部门第一季度挫败恐怖袭击19起", "安全部门表示，第一季度成功阻止恐怖袭击19起。"),
    ("2022年度十大交通事故案例公布", "交警部门公布十大典型交通事故案例，提醒广大司机注意安全。"),
    ("警方辟谣：网传商场砍人系谣言", "网传某商场发生砍人事件，致3人死亡。经核实系谣言。"),
    ("手足口病疫情平稳", "今年1至4月，全省累计报告手足口病病例2.3万例，死亡5例。"),
    ("主持人综艺翻车现场", ""),
    ("歌手现身山呼海啸", ""),
    ("女子醉驾撞死3人案将开庭", ""),
    ("女子醉驾撞死3人案今日开庭", "9月3日上午，云川市法院开庭审理一起醉驾致3人死亡案。"),
    ("男子捅死邻居被判死刑", ""),
    ("强奸故意杀人案再审宣判", "云川市法院对强奸、故意杀人一案公开宣判。"),
    ("女孩跳江身亡 酒友被判赔9千", ""),
    ("少年驾车撞死老太 雇主获刑", ""),
    ("上海暴雨", ""),
    ("", ""),
)


@pytest.mark.parametrize(("title", "text"), OTHERS)
def test_what_uses_the_same_words_is_no_event(title: str, text: str) -> None:
    assert emergency(title, text) == NOT_ONE
    assert read_event(title, text, None) == NO_EVENT


@pytest.mark.parametrize(
    ("title", "text", "at_home"),
    [
        ("埃及发生爆炸致5人死亡", "", False),
        ("俄一仓库发生火灾致3死", "", False),
        ("货车侧翻致2人死亡", "新华社云川电 当地时间9日，日本东京一货车侧翻，造成2人死亡。", False),
        ("印度发生6.8级地震", "地震波及我国西藏，当地有感。", False),
        ("我国驻泰国使馆确认两名公民车祸遇难", "", False),
        ("美一男子持枪袭击致2死", "", False),
        ("美食街起火致2人受伤", "", True),
        ("威海地震 震感强烈", "我省发生4.3级地震。", True),
        ("据美国地质勘探局测定 云南发生5.0级地震", "", True),
        ("两车相撞3人受伤", "5月5日本报讯 北岭两车相撞，3人受伤。", True),
    ],
)
def test_where_it_happened(title: str, text: str, at_home: bool) -> None:
    assert emergency(title, text).in_china is at_home


@pytest.fixture
def report() -> Interval | None:
    return parse_published("2023-05-10 09:30", "row")


def test_one_reading_gives_all(report: Interval | None) -> None:
    read = read_event("化工厂爆炸致3死8伤", "5月9日22时18分许，云川一化工厂发生爆炸，造成3人死亡、8人受伤。", report)
    assert read.figures == Figures(deaths=3, injuries=8)
    assert read.severity == "III"
    assert read.occurred is not None and read.occurred.text == "5月9日22时18分许"


def test_the_grade_comes_from_figures_not_from_adjectives(report: Interval | None) -> None:
    read = read_event("云川发生特大交通事故", "昨天，两车相撞发生特大交通事故，1人死亡。", report)
    assert (read.severity, read.figures.deaths) == ("IV", 1)


def test_poisoned_people_of_an_accident_are_ill(report: Interval | None) -> None:
    read = read_event("化工厂氯气泄漏", "昨日下午，北岭化工厂发生氯气泄漏，10名工人中毒入院。", report)
    assert (read.emergency.subtype, read.figures.ill) == ("泄漏", 10)


def test_a_kind_without_a_scale_has_no_grade(report: Interval | None) -> None:
    assert read_event("男子持刀伤人致40人受伤", "", report).severity is None


def test_a_foreign_clock_is_moved(report: Interval | None) -> None:
    read = read_event("埃及发生列车相撞事故致9死", "当地时间9日10时，埃及两列火车相撞，造成9人死亡。", report)
    assert read.occurred is not None and read.occurred.earliest is not None
    assert read.occurred.earliest.hour == 16


HOSTILE = (
    "火灾" * 5_000_000, "火灾\x00\ud800造成3人死亡", "（记者" * 2000 + "火灾", "火灾" + "，其中" * 2000,
    "日电" * 2000 + "火灾",
    "火灾 " + "1:" * 3000, "5月" * 3000 + "火灾", "[(（" * 2000 + "火灾", "台风" * 2000 + "登陆",
    "火灾，损失" + "9" * 9000 + "万亿元",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_take_bounded_time(text: str, report: Interval | None) -> None:
    started = time.perf_counter()
    read_event(text[:300], text, report)
    assert time.perf_counter() - started < 1


def test_a_reading_is_the_same_every_time(report: Interval | None) -> None:
    once = [read_event(title, text, report) for title, text, *_ in REPORTS]
    assert once == [read_event(title, text, report) for title, text, *_ in REPORTS]
