"""Who leads where several regions are concerned, and the department above that alone may publish; real provinces."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stream.core.authorities import Authorities, Registry
from stream.core.intervals import SHANGHAI
from stream.core.responsibility import Kind, has_jurisdiction, region_above
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import load_yaml
from tests.core.verdict_scenes import HOUR, NOON, RULES, an_emergency, an_incident, figure, judge

AT = datetime(2025, 9, 10, 12, tzinfo=SHANGHAI)
CONFIG = Path(__file__).parents[2] / "config" / "authorities.yaml"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(load_yaml(CONFIG, Authorities), names_by_code(), codes_by_name())


@pytest.mark.parametrize(
    ("regions", "above"),
    [
        ([], None),
        (["370783"], None),
        (["370783", "370700", "370000"], None),  # one inside the other
        (["370783", "370704"], None),  # one prefecture
        (["370783", "370102"], "370000"),
        (["370783", "410100"], ""),
        (["370000", "410000"], ""),
        (["110105", "110228", "110000"], None),  # a municipality is one city
        (["110105", "120101"], ""),
    ],
)
def test_what_lies_above_several_regions(regions: list[str], above: str | None) -> None:
    assert region_above(regions) == above


SHOUGUANG, JINAN, ZHENGZHOU = "寿光市应急管理局", "济南市应急管理局", "郑州市应急管理局"
CLINICS = ["潍坊市卫健委", "济南市卫健委"]


@pytest.mark.parametrize(
    ("regions", "kind", "named", "expected"),
    [
        # Several prefectures whose own departments act: the department above them.
        (["370783", "370102"], Kind("自然灾害"), [SHOUGUANG, JINAN], ("山东省应急管理厅", "common_superior")),
        (["370783", "410102"], Kind("自然灾害"), [SHOUGUANG, ZHENGZHOU], ("应急管理部", "common_superior")),
        (["370783", "370102"], Kind("公共卫生"), CLINICS, ("山东省卫生健康委员会", "common_superior")),
        # Places that texts merely name, a department of one of them, or of a place where nothing happened: no evidence.
        (["370783", "410102"], Kind("自然灾害"), [], (SHOUGUANG, "event:自然灾害")),
        (["370783", "410102"], Kind("自然灾害"), [SHOUGUANG], (SHOUGUANG, "named")),
        (["370783", "370102"], Kind("自然灾害"), [SHOUGUANG, ZHENGZHOU], (SHOUGUANG, "named")),
        (["370783", "370704"], Kind("自然灾害"), [SHOUGUANG, "潍坊市应急管理局"], (SHOUGUANG, "named")),
        (["370783", "999999"], Kind("自然灾害"), [], (SHOUGUANG, "event:自然灾害")),
        # An accident follows the place where it happened; a crime and a policy do, too.
        (["370783", "410102"], Kind("事故灾难"), [SHOUGUANG, ZHENGZHOU], (SHOUGUANG, "named")),
        (["370783", "410102"], Kind("社会安全"), ["寿光市公安局", "郑州市公安局"], ("寿光市公安局", "named")),
        (["370783", "410102"], None, [], ("寿光市人民政府", "territorial")),
    ],
)  # fmt: skip
def test_the_common_superior_leads_where_several_act(
    registry: Registry, regions: list[str], kind: Kind | None, named: list[str], expected: tuple[str, str]
) -> None:
    found = registry.responsible([], regions, named, kind, AT)
    assert (found[0].body, found[0].rule) == expected
    assert found[-1].body == "寿光市人民政府"


def test_it_leads_before_those_named_and_stands_once(registry: Registry) -> None:
    named = [SHOUGUANG, "山东省应急管理厅", JINAN]
    found = registry.responsible([], ["370783", "370102"], named, Kind("自然灾害"), AT)
    assert [(one.body, one.rule) for one in found] == [
        ("山东省应急管理厅", "common_superior"),
        (SHOUGUANG, "named"),
        ("寿光市人民政府", "territorial"),
    ]


@pytest.mark.parametrize("region", ["710000", "810000", "820000"])
def test_regions_with_laws_of_their_own_have_no_such_body(registry: Registry, region: str) -> None:
    named = [registry.region_name(region) or "", "香港警务处"]
    assert registry.responsible(["教育"], [region, "440300"], named, Kind("自然灾害"), AT) == []
    assert registry.superior("province", region, AT, "教育") is None
    if (police := registry.resolve(f"{registry.region_name(region)}警方", AT)) is not None:
        assert police.region is None
        assert "公安局" not in police.name


@pytest.mark.parametrize(
    ("kind", "topics", "expected"),
    [
        (Kind("事故灾难", "交通事故"), [], ["寿光市公安局"]),
        (Kind("事故灾难", "火灾"), [], [SHOUGUANG]),
        (Kind("事故灾难", "环境污染"), [], ["寿光市生态环境局"]),
        (Kind("公共卫生", "食物中毒"), [], ["寿光市市场监督管理局", "寿光市卫生健康委员会"]),
        (Kind("公共卫生", "传染病"), [], ["寿光市卫生健康委员会"]),
        (Kind("公共卫生", "动物疫情"), [], ["寿光市农业农村局"]),
        (Kind("社会安全", "坠楼"), ["教育"], ["寿光市公安局", "寿光市教育局"]),
        (Kind("自然灾害", "台风"), ["教育"], [SHOUGUANG, "寿光市教育局"]),
        (None, ["教育"], ["寿光市教育局"]),
    ],
)
def test_the_department_of_the_kind_of_event(
    registry: Registry, kind: Kind | None, topics: list[str], expected: list[str]
) -> None:
    found = registry.responsible(topics, ["370783"], [], kind, AT)
    assert [one.body for one in found] == [*expected, "寿光市人民政府"]


@pytest.mark.parametrize(
    ("regions", "kind", "owes"),
    [
        (["370000"], Kind("事故灾难", "火灾"), False),  # somewhere in the province: whose?
        (["370000"], Kind("社会安全"), False),
        (["370000"], Kind("事故灾难", "火灾", is_grave=True), True),
        (["370000"], Kind("自然灾害", "台风"), True),
        (["370000"], None, True),
        (["110000"], Kind("事故灾难", "火灾"), True),  # a municipality is a city
        ([], Kind("事故灾难", "火灾"), False),
    ],
)
def test_a_place_too_wide_to_tell_a_body(
    registry: Registry, regions: list[str], kind: Kind | None, *, owes: bool
) -> None:
    assert bool(registry.responsible(["教育"], regions, [], kind, AT)) is owes


@pytest.mark.parametrize(
    ("named", "regions", "kind", "expected"),
    [
        ("寿光市公安局", ["370783"], Kind("社会安全"), "named"),
        ("寿光市公安局", ["370000"], Kind("社会安全"), "named"),
        ("潍坊市教育局", ["370783"], None, "named"),
        ("山东省教育厅", ["370783"], None, "named"),
        ("济南市教育局", ["370783"], None, None),  # of another place
        ("郑州市教育局", ["370783"], None, None),
        ("教育部", ["370783"], None, None),  # cited
        ("教育部", [], None, "named"),  # its own policy
        ("应急管理部", [], Kind("事故灾难"), None),
        ("寿光市人民法院", ["370783"], Kind("社会安全"), None),  # bound by other laws
        ("寿光市人民检察院", ["370783"], None, None),
        ("寿光市气象局", ["370783"], Kind("自然灾害"), None),  # observes
        ("中国地震台网中心", ["370783"], Kind("自然灾害"), None),
        ("寿光市某某科技", ["370783"], None, None),
    ],
)
def test_who_is_named_owes_only_what_is_its_own(
    registry: Registry, named: str, regions: list[str], kind: Kind | None, expected: str | None
) -> None:
    found = {one.body: one.rule for one in registry.responsible([], regions, [named], kind, AT)}
    assert found.get(named) == expected


def test_a_department_above_stands_behind_the_place(registry: Registry) -> None:
    found = registry.responsible(["教育"], ["370783"], ["山东省教育厅", "寿光市公安局"], None, AT)
    assert [one.body for one in found] == ["寿光市公安局", "寿光市教育局", "寿光市人民政府", "山东省教育厅"]


@pytest.mark.parametrize(
    ("region", "subtype", "deaths", "expected"),
    [
        ("370783", "交通事故", 1, "寿光市公安局"),
        ("370783", "爆炸", 1, SHOUGUANG),
        ("370000", "爆炸", 12, "山东省应急管理厅"),
        ("370000", "爆炸", 1, None),
        ("810000", "爆炸", 12, None),
    ],
)
def test_a_judgement_asks_by_kind_and_gravity(
    registry: Registry, region: str, subtype: str, deaths: int, expected: str | None
) -> None:
    seen = NOON + 0.2 * HOUR
    what = an_incident(
        regions=[region], topics=[], emergencies=[an_emergency(seen, subtype=subtype)], figures=[figure(deaths)]
    )
    found = judge(what, 30, register=registry)
    assert next((one.body for one in found.responsible), None) == expected
    assert {one.body for one in found.obligations} <= {expected}


@pytest.mark.parametrize(
    ("issuer", "regions", "responsible", "expected"),
    [
        ("西安市公安局", ["621122"], [], False),
        ("西安市公安局", ["621122", "610100"], [], True),
        ("陕西省公安厅", ["621122"], [], False),
        ("西安市公安局", ["621122"], ["西安市公安局"], True),
        ("西安市公安局", [], [], True),  # nobody knows where it happened
        ("甘肃省公安厅", ["621122"], [], True),
        ("兰州市公安局", ["621122"], [], True),  # the province stands above both
        ("应急管理部", ["621122"], [], True),
        ("警方", ["621122"], [], True),  # whose?
        ("朝阳公安", ["621122"], [], True),
    ],
)
def test_who_may_answer(
    registry: Registry, issuer: str, regions: list[str], responsible: list[str], *, expected: bool
) -> None:
    assert has_jurisdiction(registry.resolve(issuer, AT), regions, responsible) is expected


@pytest.mark.parametrize(
    ("level", "region", "topic", "body", "expected"),
    [
        ("province", "370783", "食品药品", None, "山东省市场监督管理局"),
        ("national", "370783", "食品药品", None, "国家市场监督管理总局"),
        ("province", "370783", None, "药品监督管理局", "山东省药品监督管理局"),
        ("province", "110105", None, "药品监督管理局", "北京市药品监督管理局"),
        ("national", None, None, "农业农村局", "农业农村部"),
        ("province", None, "食品药品", None, None),
        ("province", "990000", "食品药品", None, None),
        ("city", "370783", "教育", None, "潍坊市教育局"),
        ("national", "370783", "没有的主题", "没有的部门", None),
        ("national", "370783", None, None, None),
    ],
)
def test_the_department_above(
    registry: Registry, level: Any, region: str | None, topic: str | None, body: str | None, expected: str | None
) -> None:
    assert registry.superior(level, region, AT, topic, body) == expected


def test_every_entry_of_unified_publication_names_a_department(registry: Registry) -> None:
    assert {one.id for one in RULES.unified} == {"FOOD", "DRUG", "ANIMAL"}
    for one in RULES.unified:
        assert registry.superior(one.level, "370783", AT, one.topic, one.body) is not None
        assert registry.superior("national", "370783", AT, one.topic, one.body) is not None
