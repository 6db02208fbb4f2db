"""The authority register and the names of bodies in texts."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from stream.core.authorities import Authorities, Body, Channel, Department, Former, Registry
from stream.core.intervals import SHANGHAI
from stream.core.register_checks import problems
from stream.reading.bodies import bodies
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import load_yaml

AT = datetime(2025, 9, 10, 12, tzinfo=SHANGHAI)
BEFORE_REFORM = datetime(2016, 5, 1, tzinfo=SHANGHAI)
CONFIG = Path(__file__).parents[2] / "config" / "authorities.yaml"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(load_yaml(CONFIG, Authorities), names_by_code(), codes_by_name())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("平安寿光", "寿光市公安局"),
        ("寿光市监局", "寿光市市场监督管理局"),
        ("寿光市工商行政管理局", "寿光市市场监督管理局"),
        ("北京市教委", "北京市教育委员会"),
        ("山东省教育厅", "山东省教育厅"),
        ("北京市朝阳区教育局", "北京市朝阳区教育局"),
        ("健康北京", "北京市卫生健康委员会"),
        ("深圳发布", "深圳市人民政府"),
        ("国家卫计委", "国家卫生健康委员会"),
        ("朝阳公安", "朝阳公安"),
        ("最高法", "最高人民法院"),
    ],
)
def test_names_and_accounts_resolve(registry: Registry, written: str, name: str) -> None:
    body = registry.resolve(written, AT)
    assert body is not None
    assert body.name == name


def test_levels_kinds_and_regions(registry: Registry) -> None:
    police, court = registry.resolve("平安寿光", AT), registry.resolve("寿光市人民法院", AT)
    assert police is not None
    assert court is not None
    assert (police.kind, police.level, police.region) == ("police", "county", "370783")
    assert court.kind == "court_procuratorate"
    shared = registry.resolve("朝阳公安", AT)
    assert shared is not None
    assert (shared.region, shared.level) == (None, None)


def test_what_is_no_public_body_does_not_resolve(registry: Registry) -> None:
    assert [registry.resolve(name, AT) for name in ("某某科技", "北京日报", "", "市监局")] == [None] * 4


def test_before_its_end_an_old_name_is_a_body_of_its_own(registry: Registry) -> None:
    body = registry.resolve("寿光市工商行政管理局", BEFORE_REFORM)
    assert body is not None
    assert body.name == "寿光市工商行政管理局"


def test_responsible_by_topic_event_and_territory(registry: Registry) -> None:
    found = registry.responsible(["食品药品"], ["370783", "370700"], [], None, AT)
    assert [(one.body, one.rule) for one in found] == [
        ("寿光市市场监督管理局", "topic:食品药品"),
        ("寿光市人民政府", "territorial"),
    ]
    event = registry.responsible([], ["110105"], ["朝阳区市监局", "北京市朝阳区市监局"], "事故灾难", AT)
    assert [(one.body, one.rule) for one in event] == [
        ("北京市朝阳区市场监督管理局", "named"),
        ("北京市朝阳区应急管理局", "event:事故灾难"),
        ("北京市朝阳区人民政府", "territorial"),
    ]


def test_without_a_region_nothing_is_guessed(registry: Registry) -> None:
    assert registry.responsible(["教育"], [], [], "社会安全", AT) == []
    named = registry.responsible(["教育"], [], ["市监局", "寿光市监局"], None, AT)
    assert [one.body for one in named] == ["寿光市市场监督管理局"]


@pytest.fixture
def small() -> Registry:
    body = Body(
        name="寿光市市场监督管理局",
        level="county",
        region="370783",
        accounts=["寿光食安"],
        former=[Former(name="寿光市食药监局", until=date(2019, 1, 1))],
        channels=[
            Channel(source="old-site", until=date(2020, 1, 1)),
            Channel(source="new-site", poll_minutes=30, since=date(2020, 1, 1)),
        ],
    )
    department = Department(name="市场监督管理局", topics=["食品药品"], aliases=["市监局"])
    return Registry(Authorities(departments=[department], bodies=[body]), names_by_code(), codes_by_name())


def test_channels_hold_for_their_time(small: Registry) -> None:
    named = [small.channels("寿光市市场监督管理局", at) for at in (BEFORE_REFORM, AT)]
    assert [[channel.source for channel in one] for one in named] == [["old-site"], ["new-site"]]
    assert small.channels("寿光市监局", AT)[0].poll_minutes == 30
    assert small.channels("青州市市场监督管理局", AT) == []


def test_the_verified_owner_of_an_account_comes_first(small: Registry) -> None:
    body = small.resolve("寿光食安", AT)
    assert body is not None
    assert body.region == "370783"


def test_problems_are_named(registry: Registry) -> None:
    assert problems(registry) == []
    bad = Authorities(
        departments=[Department(name="市监局", topics=["占卜"], accounts=["市监"])],
        bodies=[
            Body(name="甲局", aliases=["乙局"], region="999999"),
            Body(name="乙局", channels=[Channel(source="nowhere")]),
        ],
    )
    found = "\n".join(problems(Registry(bad, names_by_code(), codes_by_name()), ["教育"], ["gov"]))
    assert all(word in found for word in ("占卜", "{place}", "999999", "nowhere", "“乙局”同时属于"))


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("南昌警方通报", "", ["南昌市公安局"]),
        ("情况通报", "江西上饶市市场监督管理局通报：已立案。", ["上饶市市场监督管理局"]),
        ("情况通报", "北京市朝阳区城管委回应称已清理。", ["北京市朝阳区城市管理局"]),
        ("教育部消息", "国务院教育部门要求", ["教育部", "国务院"]),
        ("商场消防通道被堵", "公安提醒大家", []),
    ],
)
def test_bodies_named_in_a_text(registry: Registry, title: str, text: str, expected: list[str]) -> None:
    assert bodies(title, text, registry, AT) == expected


@pytest.mark.parametrize("title", ["北京" * 5000 + "公安局通报", "警方等将" * 5000, "北京市朝阳区" * 3000 + "市监局"])
def test_hostile_names_take_bounded_time(registry: Registry, title: str) -> None:
    assert len(bodies(title, "", registry, AT)) <= 8
    assert registry.resolve(title, AT) is None
