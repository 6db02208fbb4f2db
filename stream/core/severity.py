"""Grades of incidents, derived from figures by published tables; never from adjectives in headlines.

`severity` (I-IV) is one thing; warning colours and response levels are others and never enter here. Where no table
exists (disasters without a scale, public health, 社会安全事件) the grade is None: unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from stream.core.documents import EventType, Figures, Grade

GRADES: tuple[Grade, ...] = ("I", "II", "III", "IV")


class Threshold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One grade of a scale: reached by any one criterion, each "以上" including the number itself. Loss in yuan."""

    grade: Grade
    deaths: int | None = None
    deaths_and_missing: int | None = None
    serious_injuries: int | None = None
    poisoned_or_serious: int | None = None
    loss_yuan: int | None = None
    note: str = ""


class SeverityScale(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A published table for one event type; `subtypes` = words of the subtype it is for (empty: every subtype).

    `source` and `verify` say where the table stands and how it was checked. Thresholds run from the gravest down.
    """

    id: str
    event_type: EventType
    subtypes: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...]
    source: str
    verify: Literal["statute", "gov_text", "press", "seed", "memory"]


# The same tables as config/rules.yaml ships (a test compares them), so that a single text can be graded without rules.
STATUTE: tuple[SeverityScale, ...] = (
    SeverityScale(
        id="accident_production",
        event_type="事故灾难",
        source="生产安全事故报告和调查处理条例第三条",
        verify="statute",
        thresholds=(
            Threshold(grade="I", deaths=30, serious_injuries=100, loss_yuan=100_000_000),
            Threshold(grade="II", deaths=10, serious_injuries=50, loss_yuan=50_000_000),
            Threshold(grade="III", deaths=3, serious_injuries=10, loss_yuan=10_000_000),
            Threshold(grade="IV", deaths=0, serious_injuries=0, loss_yuan=0),
        ),
    ),
    SeverityScale(
        id="environment",
        event_type="事故灾难",
        subtypes=("环境", "污染"),
        source="国家突发环境事件应急预案（2014版口径）",
        verify="press",
        thresholds=(
            Threshold(grade="I", deaths=30, poisoned_or_serious=100, loss_yuan=100_000_000),
            Threshold(grade="II", deaths=10, poisoned_or_serious=50, loss_yuan=20_000_000),
            Threshold(grade="III", deaths=3, poisoned_or_serious=10, loss_yuan=5_000_000),
        ),
    ),
    SeverityScale(
        id="earthquake",
        event_type="自然灾害",
        subtypes=("地震",),
        source="国家地震应急预案(2012)",
        verify="press",
        thresholds=(
            Threshold(grade="I", deaths_and_missing=300),
            Threshold(grade="II", deaths_and_missing=50),
            Threshold(grade="III", deaths_and_missing=10),
        ),
    ),
)


def grade(
    event_type: EventType | None,
    subtype: str | None,
    figures: Figures,
    scales: Sequence[SeverityScale] = STATUTE,
) -> Grade | None:
    """The gravest grade that any applicable table gives for these figures; None where no table or figure decides."""
    found = [
        one
        for scale in scales
        if scale.event_type == event_type and is_for_subtype(scale, subtype)
        if (one := grade_by(scale, figures)) is not None
    ]
    return min(found, key=GRADES.index, default=None)


def is_for_subtype(scale: SeverityScale, subtype: str | None) -> bool:
    """Whether the scale is for this subtype: every one, or those that hold one of its words."""
    return not scale.subtypes or any(word in (subtype or "") for word in scale.subtypes)


def grade_by(scale: SeverityScale, figures: Figures) -> Grade | None:
    """The gravest threshold that one figure reaches."""
    return next((one.grade for one in scale.thresholds if _is_reached(one, figures)), None)


def _is_reached(threshold: Threshold, figures: Figures) -> bool:
    """Any one criterion suffices. Missing persons count only in the earthquake scale ("含失踪")."""
    if (
        _is_at_least(figures.deaths, threshold.deaths)
        or _is_at_least(figures.serious_injuries, threshold.serious_injuries)
        or _is_at_least(figures.loss_yuan, threshold.loss_yuan)
    ):
        return True
    if threshold.deaths_and_missing is not None:
        known = [one for one in (figures.deaths, figures.missing) if one is not None]
        return bool(known) and sum(known) >= threshold.deaths_and_missing
    # "中毒或重伤": one person may be counted under both words, so the larger figure, never the sum.
    least = threshold.poisoned_or_serious
    return _is_at_least(figures.ill, least) or _is_at_least(figures.serious_injuries, least)


def _is_at_least(value: int | None, least: int | None) -> bool:
    return value is not None and least is not None and value >= least
