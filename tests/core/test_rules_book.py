"""config/rules.yaml as shipped, which version is in force when, and every cross-field fault with its remedy."""

from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from stream.core.calendars import explain, occurrences
from stream.core.intervals import SHANGHAI
from stream.core.rules import (
    Jurisdiction,
    Rule,
    Rules,
    Start,
    Window,
    is_in_force,
    is_in_jurisdiction,
    is_numbered,
    is_on,
    modality_at,
    problems,
    rule_named,
    version_of,
)
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)


def on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=SHANGHAI)


def shipped(id: str) -> Rule:
    rule = rule_named(RULES, id)
    assert rule is not None
    return rule


def with_rule(id: str, **changes: object) -> Rules:
    rules = tuple(msgspec.structs.replace(one, **changes) if one.id == id else one for one in RULES.rules)
    return msgspec.structs.replace(RULES, rules=rules)


def test_a_sound_book_ships() -> None:
    assert len(RULES.rules) == 86
    assert problems(RULES) == []


FOUNDING = {
    "KT": ("000", "654003", 20), "JQ": ("001", "620900", 6), "SG": ("002", "370783", 18), "AH": ("003", "340000", 4),
    "LN": ("004", "621200", 8),
}  # fmt: skip


@pytest.mark.parametrize("place", FOUNDING)
def test_the_duties_of_each_founding_document(place: str) -> None:
    number, region, count = FOUNDING[place]
    duties = [one for one in RULES.rules if one.id.startswith(f"SEED-{place}-")]
    assert len(duties) == count
    for duty in duties:
        assert (duty.judged, duty.source.document[:3]) == ("ledger", number), duty.id
        assert duty.jurisdiction is not None
        assert duty.jurisdiction.region == region
        assert duty.demand, duty.id
        assert duty.source.quote, duty.id
        assert "seed" in duty.source.verify


def test_the_founding_documents_name_who_must_act() -> None:
    unnamed = {one.id for one in RULES.rules if one.id.startswith("SEED-") and not one.bodies}
    assert unnamed == {"SEED-KT-TRAIN-Y", "SEED-KT-WEIGHT-4PCT"}  # the document names nobody for these two


def test_a_task_of_document_002_has_its_four_columns() -> None:
    task = shipped("SEED-SG-CATALOG-AUG")
    assert task.text == "8月底前制定更新主动公开基本目录、指南"
    assert task.demand.endswith("制定更新主动公开基本目录、指南")
    assert (task.bodies, task.deadline) == (("市直各有关部门", "各镇(街区)"), "8月底前")


@pytest.mark.parametrize("rule", RULES.rules, ids=lambda rule: rule.id)
def test_a_rule_without_a_number_can_never_be_breached(rule: Rule) -> None:
    explanation = explain(rule, on(2024, 5, 6), grade="I")
    dated = [one.due for one in occurrences(rule, date(2000, 1, 1), date(2026, 12, 31))]
    if is_numbered(rule):
        assert explanation.due is not None or rule.window.unit in ("tier", "percent_min", "count_min")
    else:
        assert rule.judged != "clock"
        assert (explanation.due, explanation.reason) == (None, "no_number")
        assert set(dated) <= {None}


def test_five_hours_began_on_the_day_of_circular_80() -> None:
    rule = shipped("CN-5H-AUTH")
    assert not is_in_force(rule, on(2016, 11, 9))
    assert is_in_force(rule, datetime(2016, 11, 10, 0, 0, tzinfo=SHANGHAI))
    assert version_of(rule) == "2016-11-10"


def test_a_rule_of_which_only_the_year_is_known_starts_after_that_year() -> None:
    rule = shipped("LOCAL-AH-5H")
    assert not is_in_force(rule, on(2020, 12, 31))
    assert is_in_force(rule, on(2021, 1, 1))


def test_an_ended_rule_is_out_of_force_on_the_next_day() -> None:
    rule = shipped("SEED-KT-FISCAL-M")
    assert is_in_force(rule, on(2017, 12, 31))
    assert not is_in_force(rule, on(2018, 1, 1))


def test_the_conference_is_in_principle_since_the_plan_of_2025() -> None:
    rule = shipped("CN-24H-PRESSER")
    assert modality_at(rule, on(2025, 2, 24)) == "must"
    assert modality_at(rule, on(2025, 2, 25)) == "in_principle"


def test_an_unchecked_rule_is_off() -> None:
    assert not is_on(shipped("LOCAL-GZ-3H"))
    assert is_on(shipped("CN-5H-AUTH"))


@pytest.mark.parametrize(
    ("regions", "expected"), [(["340100"], True), (["440300", "340000"], False), ([], False), (["340000"], True)]
)
def test_local_rules_hold_where_they_were_made(regions: list[str], expected: bool) -> None:
    assert is_in_jurisdiction(shipped("LOCAL-AH-5H"), regions) is expected


@pytest.mark.parametrize(
    ("regions", "expected"),
    [([], True), (["440300"], True), (["659001"], True), (["710000"], False), (["810000"], False), (["820000"], False),
     (["440300", "810000"], True), (["810000", "440300"], False)],
)  # fmt: skip
def test_a_national_rule_holds_where_its_document_binds(regions: list[str], expected: bool) -> None:
    assert is_in_jurisdiction(shipped("CN-5H-AUTH"), regions) is expected


@pytest.mark.parametrize(
    ("broken", "place", "remedy"),
    [
        (msgspec.structs.replace(RULES, version=" "), "$.version", "2025.1"),
        (msgspec.structs.replace(RULES, rules=RULES.rules + RULES.rules[:1]), "有效期重叠", "effective_to"),
        (msgspec.structs.replace(RULES, gates=RULES.gates[:2]), "$.gates", "by_itself"),
        (msgspec.structs.replace(RULES, gates=RULES.gates + RULES.gates[:1]), "重复", "改名"),
        (with_rule("CN-5H-AUTH", effective_from=None), "effective_from", "effective_year"),
        (with_rule("CN-5H-AUTH", effective_to=date(2016, 1, 1)), "effective_to", "改正"),
        (with_rule("CN-5H-AUTH", check_in_force=True), "enabled", "核实"),
        (with_rule("CN-5H-AUTH", window=Window(unit="clock_hour")), "window.value", "正整数"),
        (with_rule("CN-5H-AUTH", window=Window(unit="working_day", value=5)), "judged", "ledger"),
        (with_rule("CN-5H-AUTH", window=Window(unit="none")), "judged", "advisory"),
        (with_rule("CN-CLARIFY", window=Window(unit="promptly", value=2)), "window.value", "删去数值"),
        (with_rule("SEED-SG-AIR-M", start=Start(day=date(2019, 7, 9))), "start.day", "删去"),
        (with_rule("CN-FOI-AR-GOV", window=Window(unit="annual_date", date="02-30")), "window.date", "MM-DD"),
        (with_rule("CN-FOI-AR-GOV", window=Window(unit="annual_date")), "window.date", "MM-DD"),
        (with_rule("SEED-SG-AIR-M", window=Window(unit="recurring")), "window.recurs", "every_month"),
        (with_rule("LOCAL-AH-5H", jurisdiction=Jurisdiction(name="某省", region="34")), "region", "6 位"),
    ],
)
def test_each_fault_names_its_place_and_remedy(broken: Rules, place: str, remedy: str) -> None:
    (problem,) = problems(broken)
    assert place in problem
    assert remedy in problem
