"""Who leads where several regions are concerned, and the department above that alone may publish; real provinces."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stream.core.authorities import Authorities, Registry, region_above
from stream.core.intervals import SHANGHAI
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import load_yaml
from tests.core.verdict_scenes import RULES

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


@pytest.mark.parametrize(
    ("regions", "event_type", "topics", "expected"),
    [
        (["370783", "370102"], "自然灾害", [], ("山东省应急管理厅", "common_superior")),
        (["370783", "410102"], "自然灾害", [], ("应急管理部", "common_superior")),
        (["370783", "410102"], "公共卫生", [], ("国家卫生健康委员会", "common_superior")),
        (["370783", "370102"], None, ["教育"], ("山东省教育厅", "common_superior")),
        (["370783", "370102"], None, [], ("山东省人民政府", "common_superior")),
        (["370783", "410102"], None, [], ("寿光市人民政府", "territorial")),
        # An accident follows the place where it happened.
        (["370783", "410102"], "事故灾难", [], ("寿光市应急管理局", "event:事故灾难")),
        (["370783", "370704"], "自然灾害", [], ("寿光市应急管理局", "event:自然灾害")),
        (["370783", "999999"], "自然灾害", [], ("寿光市应急管理局", "event:自然灾害")),
    ],
)
def test_the_common_superior_leads(
    registry: Registry, regions: list[str], event_type: Any, topics: list[str], expected: tuple[str, str]
) -> None:
    found = registry.responsible(topics, regions, [], event_type, AT)
    assert (found[0].body, found[0].rule) == expected
    assert found[-1].body == "寿光市人民政府"


def test_it_leads_before_those_named_and_stands_once(registry: Registry) -> None:
    found = registry.responsible([], ["370783", "370102"], ["寿光市公安局", "山东省应急管理厅"], "自然灾害", AT)
    assert [(one.body, one.rule) for one in found] == [
        ("山东省应急管理厅", "common_superior"),
        ("寿光市公安局", "named"),
        ("寿光市应急管理局", "event:自然灾害"),
        ("寿光市人民政府", "territorial"),
    ]


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
