"""A routine notice of the responsible body is no answer to an emergency of its town: names alone connect nothing."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stream.assembly import make_reader
from stream.core import incidents
from stream.core.documents import Article, PostKind
from stream.core.intervals import SHANGHAI, exactly
from stream.core.matching import OpenIncidents
from stream.settings import Settings
from stream.steps.gather import Gather

NOON = datetime(2030, 3, 1, 12, tzinfo=SHANGHAI)
READER = make_reader(Settings(folder=Path(__file__).parents[2] / "config"))
ACCIDENT = "杭州余杭区一化工厂发生爆炸 已致12人死亡"
OFFICE = "杭州市余杭区应急管理局"


def article(title: str, text: str, kind: PostKind, minutes: int) -> Article:
    at = NOON + timedelta(minutes=minutes)
    return Article(
        id=title, collected_at=at, source=None, url=None, account=OFFICE if kind == "authority" else None, kind=kind,
        title=title, text=text, published=exactly(at, "row"), author=None, site=None, region=None, heat=None,
        answers=None, removed_at=None, content_sha256="",
    )  # fmt: skip


def open_accident() -> OpenIncidents:
    first = READER.read(article(ACCIDENT, ACCIDENT, "news", 0))
    found = OpenIncidents(Gather().rules.weights)
    found.put(incidents.with_facts(incidents.with_mention(incidents.opened(first, NOON), first), first, None, None))
    return found


@pytest.mark.parametrize(
    ("title", "text", "is_answer"),
    [
        ("情况通报", "今日11时许，余杭区一化工厂发生爆炸，造成12人死亡，事故原因正在调查。", True),
        ("余杭区应急管理局通报化工厂爆炸：已致13人死亡", "", True),
        ("关于开展有限空间作业安全检查的通告", "为加强安全生产，余杭区应急管理局决定开展安全检查。", False),
        ("余杭区应急管理局召开一季度安全生产会议", "会议要求抓好春季防火工作。", False),
    ],
)
def test_only_what_speaks_of_the_event_answers_it(title: str, text: str, is_answer: bool) -> None:
    found = open_accident().match(READER.read(article(title, text, "authority", 30)))
    assert (found.incident is not None) is is_answer, found


@pytest.mark.parametrize(
    ("title", "kind", "is_relevant"),
    [
        ("我局组织开展消防应急演练", "authority", False),
        ("2030年公开招聘工作人员公示", "authority", False),
        ("余杭区2029年政府信息公开工作年度报告", "authority", False),
        ("关于网传某小学食堂问题的情况通报", "authority", True),
        ("余杭区政府新闻办召开新闻发布会 通报检查情况", "authority", True),
        ("化工厂检查时发生爆炸，1人死亡", "authority", True),
    ],
)
def test_daily_business_opens_no_incident(title: str, kind: PostKind, is_relevant: bool) -> None:
    assert READER.read(article(title, "", kind, 0)).relevant is is_relevant


@pytest.mark.parametrize(
    ("title", "is_same"),
    [
        ("余杭区化工厂爆炸现场浓烟滚滚", True),
        ("余杭区一化工厂今晨爆炸，12人遇难", True),
        ("杭州余杭区一客车与货车相撞 3人受伤", False),
        ("杭州临平区一化工厂发生爆炸 已致2人受伤", True),  # the text alone cannot tell two counties of one city apart
        ("宁波海曙区一化工厂发生爆炸 已致12人死亡", False),
    ],
)
def test_one_accident_of_a_place_and_those_of_others(title: str, is_same: bool) -> None:
    found = open_accident().match(READER.read(article(title, "", "post", 12)))
    assert (found.incident is not None) is is_same, found
