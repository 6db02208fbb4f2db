"""Due dates step by step: the golden values of the domain's calendar, and what cannot be counted."""

from collections.abc import Callable
from typing import Any

import pytest

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
    assert list(line) == ["rule", "start", "due", "steps", "reason"]
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


def test_for_people(huiying: Huiying) -> None:
    told = huiying("rules", "explain", "CN-FOI-20WD", "--start", "2026-02-11")
    assert "到期 2026-03-17" in told.out
    listed = huiying("rules", "list")
    assert "CN-48H-OTHER" in listed.out
