"""Verdicts against an oracle that judges every concrete world: golden cases, random cases, and very many of them."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stream.core.cases import EmergencyFact, FirstPublic, Judgement, OccurredFact
from stream.core.documents import Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml
from tests.core import oracle_calendars
from tests.core.oracle_cases import BODY, LONG_CASES, Case, Maker, Register, rules_of
from tests.core.oracle_verdicts import HOUR, LAWS, Oracle, Ruling, Said, Watching, When, every_world, outcome, walk

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
CLOCKED = {law.id for law in LAWS}
NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
MINUTE = timedelta(minutes=1)
EXPLOSION = Emergency(is_emergency=True, type="事故灾难", subtype="火灾", in_china=True)
Rulings = dict[tuple[str, str], Ruling]


def judged(case: Case, until: datetime) -> Judgement:
    watching = case.watching
    return judge_incident(
        case.incident, watching.spans, rules_of(case, RULES), Register(watching), until, watching.everything
    )


def found_in(judgement: Judgement) -> dict[tuple[str, str], tuple[str, bool, str | None]]:
    return {
        (one.rule, one.clock): (one.verdict, one.provisional, one.satisfied_by)
        for one in judgement.obligations
        if one.rule in CLOCKED
    }


def disagreements(case: Case) -> list[str]:
    """What code and oracle see differently, at every instant of knowledge that the case asks for."""
    found = []
    for until in case.untils:
        rows, rulings = found_in(judged(case, until)), Oracle(case.incident, case.watching, until, case.step).rulings()
        for key in sorted({*rows, *rulings}):
            if not agrees(key, rows, rulings):
                found.append(f"{key} as of {until}: {rows.get(key)}, oracle {rulings.get(key)}")
    return found


def agrees(key: tuple[str, str], rows: dict[tuple[str, str], tuple[str, bool, str | None]], rulings: Rulings) -> bool:
    """The same verdict, provisional alike; what is named as having met it did so in every world."""
    row, ruling = rows.get(key), rulings.get(key)
    if key[1] in ("known", "severity_evident"):
        # Whether an alternate that starts no more is shown as ceased is the listing's matter, not the law's.
        gone = (None, "not_applicable")
        if (row and row[0]) in gone and (ruling and ruling.verdict) in gone:
            return True
    if row is None or ruling is None or row[0] != ruling.verdict:
        return False
    if ruling.verdict == "met" and row[2] not in ruling.sure:
        return False
    return ruling.verdict == "not_applicable" or row[1] == ruling.provisional


@pytest.mark.parametrize(
    ("published", "worlds"),
    [
        ((5 * 60, 0), {True}),  # exactly on the deadline
        ((5 * 60, 59 / 60), {True, False}),
        ((4 * 60, 60), {True}),
        ((4 * 60, 61), {True, False}),
        ((5 * 60 + 1, 30), {False}),
    ],
)
def test_the_oracle_knows_the_golden_intervals(published: tuple[float, float], worlds: set[bool]) -> None:
    start = When((NOON,))
    first = NOON + published[0] * MINUTE
    interval = Interval(earliest=first, latest=first + published[1] * MINUTE, precision="unknown", source="text")
    said = [Said("r1", walk(interval, MINUTE), "statement")]
    assert outcome({"": start}, said, 5 * HOUR) == every_world(start, said, 5 * HOUR) == worlds


def test_the_oracle_holds_equal_minutes_for_on_time() -> None:
    minute = Interval(earliest=NOON, latest=NOON + timedelta(seconds=59), precision="minute", source="text")
    later = Interval(
        earliest=NOON + 5 * HOUR, latest=NOON + 5 * HOUR + timedelta(seconds=59), precision="minute", source="text"
    )
    said = [Said("r1", walk(later, MINUTE), "statement")]
    assert outcome({"": walk(minute, MINUTE)}, said, 5 * HOUR) == {True}
    assert outcome({"": When((NOON,))}, said, 5 * HOUR) == {True, False}


def test_the_hospital_fire_of_2023() -> None:
    """长峰医院: 12:50; a bulletin with figures "截至18时" in the evening, a briefing at 中午 of the next day.

    The bulletin is strictly late, though no time after itself; whether the conference was in time cannot be told."""

    def day(number: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2023, 4, number, hour, minute, tzinfo=SHANGHAI)

    def between(first: datetime, last: datetime, precision: Any = "part_of_day") -> Interval:
        return Interval(earliest=first, latest=last, precision=precision, source="text")

    maker = Maker(random.Random(0))
    begun = between(day(18, 12, 50), day(18, 12, 50) + timedelta(seconds=59), "minute")
    evening, noon = between(day(18, 18), day(19, 0)), between(day(19, 11), day(19, 13))
    answer = replace(maker.response(1), form="statement", is_authoritative=True, removed_at=None, removal_known_at=None)
    fire = replace(
        next(one.incident for one in map(a_case, range(99)) if one.incident.emergencies and not one.incident.decisions),
        first_public=FirstPublic(interval=exactly(day(18, 13), "row"), mention="p0"), opened_at=day(18, 13),
        regions=["110106"], figures=[maker.figure("r1", 21, evening, day(19, 0), BODY)],
        emergencies=[EmergencyFact(emergency=EXPLOSION, mention="p0", known_at=day(18, 13))],
        occurred=[OccurredFact(interval=stated(begun), mention="r1", known_at=day(19, 0))],
        responses=[
            replace(answer, mention="r1", published=evening, known_at=day(19, 0)),
            replace(answer, mention="r2", form="conference_held", published=noon, known_at=day(19, 13)),
        ],
    )  # fmt: skip
    case = Case(fire, Watching({}, {}, everything=True), 10 * MINUTE, (day(20, 12),))
    assert disagreements(case) == []
    found = {key: one[0] for key, one in found_in(judged(case, day(20, 12))).items()}
    assert found["CN-5H-AUTH", "strict"] == "breached_but_fair_clock_met"
    assert found["CN-24H-PRESSER", "strict"] == "indeterminate"


def stated(one: Interval) -> StatedInterval:
    return StatedInterval(
        earliest=one.earliest, latest=one.latest, precision=one.precision, source=one.source, text="12时50分许"
    )


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(-6, 3), min_size=1, max_size=4),
    st.lists(st.lists(st.integers(292, 303), min_size=1, max_size=4), max_size=3),
    st.booleans(),
)
def test_the_oracles_shortcut_is_every_combination_of_instants(
    starts: list[int], said: list[list[int]], minute: bool
) -> None:
    """Given the start, statements are independent: judging them one by one equals judging all combinations."""
    start = When(tuple(NOON + one * MINUTE for one in sorted(starts)), minute)
    found = [
        Said(f"r{index}", When(tuple(NOON + one * MINUTE for one in sorted(points)), minute), "statement")
        for index, points in enumerate(said)
    ]
    assert outcome({"": start}, found, 5 * HOUR) == every_world(start, found, 5 * HOUR)


def test_what_compares_can_tell_a_wrong_verdict() -> None:
    """A case in which every row is turned into another one disagrees in every row."""
    case = next(one for one in map(a_case, range(100)) if found_in(judged(one, one.untils[-1])))
    rulings = Oracle(case.incident, case.watching, case.untils[-1], case.step).rulings()
    rows = {key: ("breached" if one.verdict == "met" else "met", False, None) for key, one in rulings.items()}
    assert not any(agrees(key, rows, rulings) for key in rulings)


def a_case(seed: int) -> Case:
    return Maker(random.Random(seed)).case()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.randoms(use_true_random=False))
def test_verdicts_agree_with_judging_every_world(draw: random.Random) -> None:
    assert disagreements(Maker(draw).case()) == []


@pytest.mark.parametrize("seed", range(0, 150, 50))
def test_verdicts_agree_in_seeded_cases(seed: int) -> None:
    assert [one for number in range(seed, seed + 50) for one in disagreements(a_case(number))] == []


def test_the_random_cases_see_every_verdict() -> None:
    """Else agreement would say little: each verdict comes up, on strict and alternate clocks."""
    found = Counter(
        one.verdict for case in map(a_case, range(150)) for one in judged(case, case.untils[-1]).obligations
    )
    assert {
        "met", "met_then_retracted", "breached", "breached_but_fair_clock_met", "indeterminate", "not_applicable",
        "exempt_claimed", "unknown_coverage_gap",
    } <= set(found)  # fmt: skip


@pytest.mark.long
def test_the_long_run_is_long_enough() -> None:
    assert LONG_CASES + oracle_calendars.LONG_CASES >= 200_000


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_verdicts_agree_in_very_many_cases() -> None:
    began, found, verdicts = time.monotonic(), [], 0
    for seed in range(LONG_CASES):
        case = a_case(1_000_000 + seed)
        verdicts += len(case.untils)
        found += [f"seed {1_000_000 + seed}: {one}" for one in disagreements(case)]
    took = time.monotonic() - began
    print(
        f"verdict oracle: {LONG_CASES} cases, {verdicts} judgements, {len(found)} disagreements, "
        f"{LONG_CASES / took:.0f} cases/s"
    )
    assert found[:5] == []
