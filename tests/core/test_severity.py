"""domain.md "Severity": the table of 生产安全事故 (以上含, 以下不含), the other scales, and what has none."""

from pathlib import Path

import msgspec
import pytest

from stream.core.documents import Figures
from stream.core.rules import Rules
from stream.core.severity import STATUTE, grade
from stream.settings import load_yaml


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (Figures(deaths=30), "I"),
        (Figures(deaths=29), "II"),
        (Figures(deaths=10), "II"),
        (Figures(deaths=9), "III"),
        (Figures(deaths=3), "III"),
        (Figures(deaths=2), "IV"),
        (Figures(deaths=0), "IV"),
        (Figures(serious_injuries=100), "I"),
        (Figures(serious_injuries=50), "II"),
        (Figures(serious_injuries=10), "III"),
        (Figures(serious_injuries=9), "IV"),
        (Figures(loss_yuan=100_000_000), "I"),
        (Figures(loss_yuan=99_999_999), "II"),
        (Figures(loss_yuan=50_000_000), "II"),
        (Figures(loss_yuan=10_000_000), "III"),
        (Figures(loss_yuan=9_999_999), "IV"),
        (Figures(deaths=1, loss_yuan=100_000_000), "I"),
        # Missing are not deaths, and light injuries are no criterion.
        (Figures(deaths=2, missing=40), "IV"),
        (Figures(missing=40), None),
        (Figures(injuries=200), None),
        (Figures(), None),
    ],
)
def test_the_production_table_grades_every_accident(figures: Figures, expected: str | None) -> None:
    assert grade("事故灾难", "交通事故", figures) == expected


@pytest.mark.parametrize(
    ("event_type", "subtype", "figures", "expected"),
    [
        ("自然灾害", "地震", Figures(deaths=200, missing=100), "I"),
        ("自然灾害", "地震", Figures(deaths=49, missing=1), "II"),
        ("自然灾害", "地震", Figures(missing=10), "III"),
        ("自然灾害", "地震", Figures(deaths=9), None),
        ("自然灾害", "洪涝", Figures(deaths=80), None),
        ("公共卫生", "食物中毒", Figures(deaths=40, ill=400), None),
        ("社会安全", "爆炸", Figures(deaths=40), None),
        ("事故灾难", "环境污染", Figures(loss_yuan=20_000_000), "II"),
        ("事故灾难", "环境污染", Figures(ill=60, serious_injuries=45), "II"),
        ("事故灾难", "环境污染", Figures(deaths=1), "IV"),
        (None, None, Figures(deaths=40), None),
    ],
)
def test_other_scales_and_none_where_there_is_no_scale(event_type, subtype, figures, expected) -> None:  # type: ignore[no-untyped-def]
    assert grade(event_type, subtype, figures) == expected


def test_the_shipped_rule_book_holds_the_same_tables() -> None:
    rules = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
    shipped = [
        msgspec.structs.replace(
            scale, thresholds=tuple(msgspec.structs.replace(one, note="") for one in scale.thresholds)
        )
        for scale in rules.severity
    ]
    assert shipped == list(STATUTE)
