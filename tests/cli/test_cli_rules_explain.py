"""Due dates step by step: the golden values of the domain's calendar, and what cannot be counted."""

import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from stream.commands.rule_words import provisional_text
from stream.core.intervals import SHANGHAI
from stream.core.rules import Rules, rule_named
from stream.core.workdays import LAST_YEAR
from stream.settings import load_yaml

ROOT = Path(__file__).parents[2]
Huiying = Callable[..., Any]


@pytest.mark.parametrize(
    ("rule", "start", "more", "due"),
    [
        ("CN-PI-20WD", "2017-07-21", (), "2017-08-18"),
        ("CN-FOI-20WD", "2026-02-11", (), "2026-03-17"),
        ("CN-FOI-20WD", "2026-02-11", ("--extend", "20"), "2026-04-15"),
        ("SEED-KT-INTERP-3WD", "2026-09-30", (), "2026-10-10"),
        ("CN-FOI-CORRECT-7WD", "2026-02-13", (), "2026-03-02"),
        ("CN-5H-AUTH", "2026-02-17T22:30:00", (), "2026-02-18T03:30:00+08:00"),
        ("CN-24H-PRESSER", "2026-02-17T22:30:00", (), "2026-02-18T22:30:00+08:00"),
    ],
)
def test_golden_values(rule: str, start: str, more: tuple[str, ...], due: str, huiying: Huiying) -> None:
    told = huiying("rules", "explain", rule, "--start", start, *more, "--json")
    assert told.code == 0, told.err
    [line] = told.lines
    assert list(line) == [
        "rule", "start", "due", "steps", "reason", "version", "in_force", "modality", "source", "region",
    ]  # fmt: skip
    assert (line["rule"], line["due"], line["reason"]) == (rule, due, None)
    assert line["start"].startswith(start)


def test_the_steps_are_the_days(huiying: Huiying) -> None:
    [line] = huiying("rules", "explain", "SEED-KT-INTERP-3WD", "--start", "2026-09-30", "--json").lines
    assert all(list(step) == ["date", "counted", "why"] for step in line["steps"])
    assert [step["date"] for step in line["steps"] if step["counted"]] == ["2026-10-08", "2026-10-09", "2026-10-10"]
    make_up = line["steps"][-1]["why"]  # a Saturday that is worked
    assert "调休" in make_up or "上班" in make_up


def test_suspended_days_are_not_counted(huiying: Huiying) -> None:
    words = ("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11", "--json")
    [plain] = huiying(*words).lines
    [held] = huiying(*words, "--suspend", "2026-03-02/2026-03-03").lines
    assert (plain["due"], held["due"]) == ("2026-03-17", "2026-03-19")


def test_beyond_the_published_calendar_nothing_is_guessed(huiying: Huiying) -> None:
    [line] = huiying("rules", "explain", "CN-FOI-20WD", "--start", "2090-01-05", "--json").lines
    assert (line["due"], line["reason"]) == (None, "calendar_unpublished")


def explained(huiying: Huiying, *words: str) -> dict[str, Any]:
    told = huiying("rules", "explain", *words, "--json")
    assert told.code == 0, told.err
    [line] = told.lines
    return dict(line)


def test_a_corrected_application_counts_anew(huiying: Huiying) -> None:
    line = explained(huiying, "CN-FOI-20WD", "--start", "2026-02-11", "--restart", "2026-03-02")
    assert (line["start"], line["due"]) == ("2026-02-11", "2026-03-30")
    assert [step["date"] for step in line["steps"]][:3] == ["2026-02-11", "2026-03-02", "2026-03-03"]
    assert "补正" in line["steps"][0]["why"]
    assert sum(step["counted"] for step in line["steps"]) == 20


def test_a_window_by_grade_asks_for_it(huiying: Huiying) -> None:
    words = ("CN-ACC-APPROVE", "--start", "2024-03-01")
    assert explained(huiying, *words)["reason"] == "grade_needed"
    assert explained(huiying, *words, "--grade", "II")["due"] == "2024-03-18"
    # 30 days end on a Sunday, 60 on a Tuesday: the extension counts on, and only the end rolls.
    assert explained(huiying, *words, "--grade", "I")["due"] == "2024-04-01"
    assert explained(huiying, *words, "--grade", "I", "--extend", "30")["due"] == "2024-04-30"


def test_natural_days_roll_over_rest_but_not_over_make_up_workdays(huiying: Huiying) -> None:
    line = explained(huiying, "CN-PETITION-15D", "--start", "2024-09-16")
    assert line["due"] == "2024-10-08"
    assert [step["why"] for step in line["steps"][-7:]] == ["末日为休息日（法定节假日或调休），顺延"] * 7
    assert explained(huiying, "CN-PETITION-15D", "--start", "2024-04-13")["due"] == "2024-04-28"  # a worked Sunday


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("CN-FOI-20WD", "--start", "2026-02-11", "--extend", "21"), "至多延长 20"),
        (("CN-PI-20WD", "--start", "2026-02-11", "--extend", "1"), "不可延长"),
        (("CN-ACC-APPROVE", "--start", "2024-03-01", "--grade", "II", "--extend", "5"), "只有 I 级可以延长"),
        (("CN-PI-20WD", "--start", "2026-02-11", "--restart", "2026-02-12"), "没有写明可以重新起算"),
        (("CN-FOI-20WD", "--start", "2026-02-11", "--restart", "2026-02-10"), "早于首次起算日"),
        (("CN-PI-20WD", "--start", "2026-02-11", "--suspend", "2026-02-12/2026-02-13"), "没有写明可以中止"),
        (("CN-FOI-20WD", "--start", "2026-02-11", "--suspend", "2026-02-13/2026-02-12"), "末日早于首日"),
        (("CN-FOI-20WD", "--start", "近日"), "不是日期或时刻"),
        (("CN-FOI-20WD", "--start", "2026-02-11", "--grade", "V"), "I、II、III、IV"),
        (("CN-FOI-20WD", "--start", "2026-02-11", "--region", "999999"), "不是行政区划代码"),
        (("CN-NONE", "--start", "2026-02-11"), "没有规则 CN-NONE"),
    ],
)
def test_what_the_rule_does_not_allow_is_refused(words: tuple[str, ...], why: str, huiying: Huiying) -> None:
    told = huiying("rules", "explain", *words)
    assert told.code == 2
    assert why in told.err


@pytest.fixture
def closed_on_wednesday(tmp_path: Path) -> Path:
    """The shipped configuration, with a day off that one made-up notice gives to 广西."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    (folder / "holidays.yaml").write_text(
        'entries: [{region: "450000", name: 试节, days: [2024-03-06], source: 试, verify: gov_text}]', encoding="utf-8"
    )
    return folder / "embedded.yaml"


def test_a_region_has_days_off_of_its_own(closed_on_wednesday: Path, huiying: Huiying) -> None:
    words = ("rules", "explain", "CN-FOI-CORRECT-7WD", "--start", "2024-03-01")
    [nation] = huiying(*words, "--json", config=closed_on_wednesday).lines
    [local] = huiying(*words, "--region", "450100", "--json", config=closed_on_wednesday).lines
    assert (nation["due"], nation["region"]) == ("2024-03-12", None)
    assert (local["due"], local["region"]) == ("2024-03-13", "450100")
    assert "地方法定假日（试节）" in huiying(*words, "--region", "450100", config=closed_on_wednesday).out


def test_an_unchecked_day_off_cannot_be_on(closed_on_wednesday: Path, huiying: Huiying) -> None:
    path = closed_on_wednesday.parent / "holidays.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("gov_text", "memory"), encoding="utf-8")
    told = huiying("check", config=closed_on_wednesday)
    assert told.code == 2
    assert "holidays.yaml：$.entries[0]（试节）.enabled" in told.err
    assert "凭记忆" in told.err


def test_without_the_file_there_are_no_local_days_off(closed_on_wednesday: Path, huiying: Huiying) -> None:
    (closed_on_wednesday.parent / "holidays.yaml").unlink()
    words = ("rules", "explain", "CN-FOI-CORRECT-7WD", "--start", "2024-03-01", "--region", "450100", "--json")
    [line] = huiying(*words, config=closed_on_wednesday).lines
    assert line["due"] == "2024-03-12"


def test_the_rule_behind_the_date_is_told(huiying: Huiying) -> None:
    line = explained(huiying, "CN-24H-PRESSER", "--start", "2026-02-17T22:30:00")
    assert (line["version"], line["in_force"], line["modality"]) == ("2016-07-30", True, "in_principle")
    assert line["source"]["document"].startswith("国办发〔2016〕61号三")
    assert line["source"]["verify"] == ["press", "gov_text"]
    told = huiying("rules", "explain", "CN-5H-AUTH", "--start", "2016-11-09T10:00:00").out
    assert "原文：“最迟要在5小时内发布权威信息" in told
    assert "核实方式：新闻或政府网页引用" in told
    assert "起点 2016-11-09 不在有效期内" in told


def test_a_local_rule_counts_in_its_own_region(huiying: Huiying) -> None:
    assert explained(huiying, "SEED-KT-INTERP-3WD", "--start", "2017-06-01")["region"] == "654003"


@pytest.mark.parametrize(
    ("rule", "start", "words"),
    [
        ("CN-FOI-20WD", "2026-02-11", "到期 2026-03-17"),
        ("CN-FOI-20WD", f"{LAST_YEAR}-12-20", "升级 chinesecalendar 再算"),
        ("CN-CONT-UPDATE", "2026-02-11", "不会判超时"),
        ("CN-ACC-APPROVE", "2026-02-11", "请加 --grade"),
        ("SEED-SG-STAFF-1", "2019-08-01", "数量要求，没有到期日"),
        ("LOCAL-BJ-12345-4TIER", "2024-03-01", "分级处置（2h、24h、7d、15d）"),
        ("CN-ACC-FOLLOWUP-1Y", "2024-03-02", "到期 2025-03-03"),
        ("SEED-KT-PRICE-W", "2017-06-01", "到期 2017-06-04"),
        ("CN-FOI-AR-DEPT", "2024-02-01", "到期 2025-01-31"),
    ],
)
def test_for_people(rule: str, start: str, words: str, huiying: Huiying) -> None:
    assert words in huiying("rules", "explain", rule, "--start", start).out


@pytest.mark.parametrize(
    ("rule", "due", "told"),
    [
        ("CN-FOI-20WD", date(LAST_YEAR, 12, 30), True),
        ("CN-PETITION-15D", date(LAST_YEAR, 12, 31), True),
        ("CN-FOI-20WD", date(LAST_YEAR, 12, 28), False),
        ("CN-FOI-20WD", date(LAST_YEAR - 1, 12, 30), False),
        ("CN-5H-AUTH", datetime(LAST_YEAR, 12, 30, 12, tzinfo=SHANGHAI), False),
        ("SEED-JQ-PLAN-Y", date(LAST_YEAR, 12, 31), False),
    ],
)
def test_the_next_notice_may_move_the_last_days_of_a_year(rule: str, due: date, told: bool) -> None:
    found = rule_named(load_yaml(ROOT / "config" / "rules.yaml", Rules), rule)
    assert found is not None
    assert (provisional_text(found, due) is not None) is told


def test_the_list_says_what_is_on_and_why_not(huiying: Huiying) -> None:
    rows = {cells[1].strip(): " ".join(cells) for line in huiying("rules", "list").out.splitlines()
            if len(cells := line.split("│")) > 3}  # fmt: skip
    assert len([name for name in rows if name]) == 86
    assert "停用：效力待核" in rows["LOCAL-GZ-3H"]
    assert "贵州省（520000）" in rows["LOCAL-GZ-3H"]
    assert "48 小时" in rows["CN-48H-OTHER"]
    assert "2016-07-30 起" in rows["CN-48H-OTHER"]
    assert "每月" in rows["SEED-KT-FISCAL-M"]
    assert "原则上" in rows["CN-DECISION-30D"]
