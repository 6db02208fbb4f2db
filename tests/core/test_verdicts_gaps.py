"""Coverage as evidence: how much of a window may go unseen, and which channel was not seen, when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stream.core.coverage import Stretch, uncovered
from stream.core.rules import problems
from tests.core.verdict_scenes import (
    BUREAU,
    CITY,
    HOUR,
    NOON,
    RULES,
    an_incident,
    at,
    judge,
    polls,
    said,
    verdict,
)

FULL = polls((-1, 29, True))


def spans(*rows: tuple[float, float, bool], city: Any = FULL, late: float = 0.0) -> dict[str, Any]:
    return {"bureau": polls(*rows, late=late), "city": city}


def gaps(judgement: Any, rule: str = "CN-5H-AUTH") -> list[tuple[Any, ...]]:
    return [
        (
            one.source,
            round((one.from_at - NOON) / HOUR, 3),
            round((one.to_at - NOON) / HOUR, 3),
            one.reason,
            one.share,
            one.counts,
        )
        for one in judgement.gaps
        if one.rule == rule
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        # 5 % of 5 h = 15 minutes; a poll every 30 minutes reaches back 30.
        (((-1, 2, True), (2.75, 6, True)), "breached"),  # 15 minutes: not more than the share
        (((-1, 2, True), (2.76, 6, True)), "unknown_coverage_gap"),
        (((-1, 1, True), (1.6, 3, True), (3.6, 6, True)), "breached"),  # 6 + 6 minutes
        (((-1, 1, True), (1.6, 2, True), (2.6, 3, True), (3.6, 6, True)), "unknown_coverage_gap"),  # they add up: 18
        (((-1, 2, True), (2, 2.1, False), (2.1, 6, True)), "breached"),  # one failed poll of six minutes
        (((-1, 2, True), (2, 2.3, False), (2.3, 6, True)), "unknown_coverage_gap"),
        (((0.2, 6, True),), "breached"),  # the first poll reaches back to before the start
        (((0.8, 6, True),), "unknown_coverage_gap"),
    ],
)
def test_only_more_than_the_share_of_a_window_unseen_leaves_silence_without_weight(rows: Any, expected: str) -> None:
    found = verdict(judge(an_incident(), 30, spans(*rows)))
    assert found is not None
    assert found[0] == expected


def test_each_channel_is_measured_alone_and_one_is_enough() -> None:
    """12 minutes on each of two channels are no 24; 18 on the second one alone are too many."""
    small, large = [(-1, 2, True), (2.7, 29, True)], [(-1, 2, True), (2.8, 29, True)]
    assert verdict(judge(an_incident(), 30, spans(*small, city=polls(*small)))) == ("breached", "no_statement")
    assert verdict(judge(an_incident(), 30, spans((-1, 29, True), city=polls(*large)))) == (
        "unknown_coverage_gap",
        "coverage_gap",
    )


def test_the_share_is_a_setting() -> None:
    rows = spans((-1, 2, True), (3, 6, True))
    for share, expected in ((99, "unknown_coverage_gap"), (100, "breached")):
        coverage = msgspec.structs.replace(RULES.coverage, gap_share=share)
        rules = msgspec.structs.replace(RULES, coverage=coverage)
        found = verdict(judge(an_incident(), 30, rows, rules=rules))
        assert found is not None
        assert found[0] == expected


@pytest.mark.parametrize(("share", "is_sound"), [(0, True), (50, True), (1000, True), (-1, False), (1001, False)])
def test_a_share_that_is_none_is_told_by_the_check(share: int, is_sound: bool) -> None:
    coverage = msgspec.structs.replace(RULES.coverage, gap_share=share)
    found = problems(msgspec.structs.replace(RULES, coverage=coverage))
    assert (found == []) == is_sound


def test_a_long_window_bears_a_longer_gap() -> None:
    rows = spans((-1, 2, True), (3.4, 29, True))  # 54 minutes: more than 5 % of 5 h, less than 5 % of 24 h
    judged = judge(an_incident(), 30, rows)
    assert verdict(judged) == ("unknown_coverage_gap", "coverage_gap")
    assert verdict(judged, "CN-24H-PRESSER") == ("breached", "no_statement")
    assert gaps(judged) == [("bureau", 2.0, 2.9, "coverage_gap", 180, True)]
    assert gaps(judged, "CN-24H-PRESSER") == [("bureau", 2.0, 2.9, "coverage_gap", 37, False)]


def test_silence_still_needs_a_poll_at_or_after_the_deadline() -> None:
    """Seen up to two minutes before the deadline: far below the share, and still nobody looked afterwards."""
    rows = spans((-1, 4.97, True), city=polls((-1, 4.97, True)))
    assert verdict(judge(an_incident(), 10.9, rows)) == ("pending", "awaiting_coverage")
    after = judge(an_incident(), 11, rows)
    assert verdict(after) == ("unknown_coverage_gap", "never_polled_past_deadline")
    assert gaps(after) == [
        ("bureau", 4.97, 5.0, "never_polled_past_deadline", 6, True),
        ("city", 4.97, 5.0, "never_polled_past_deadline", 6, True),
    ]


def test_a_statement_found_late_over_an_unseen_stretch_is_unknown() -> None:
    late = an_incident(responses=[said("r1", at(7))])
    assert verdict(judge(late, 30, spans((-1, 2, True), (2.6, 8, True)))) == ("breached", "statement_late")
    assert verdict(judge(late, 30, spans((-1, 2, True), (3, 8, True)))) == ("unknown_coverage_gap", "coverage_gap")
    told = judge(an_incident(responses=[said("r1", at(3))]), 30, spans((-1, 2, True), (3, 8, True)))
    assert verdict(told) == ("met", "statement_in_time")
    assert gaps(told) == []  # what was answered in time asks nothing of the channels


def test_a_running_window_shows_what_is_known_and_not_what_is_still_to_come() -> None:
    rows = spans((-1, 1, True), (1, 1.5, False), (1.5, 2, True), city=polls((-1, 2, True)))
    assert gaps(judge(an_incident(), 1.2, rows)) == []
    # Half an hour of five: too much already, whatever follows.
    assert gaps(judge(an_incident(), 3, rows)) == [("bureau", 1.0, 1.5, "channel_unreachable", 100, True)]
    assert gaps(judge(an_incident(), 3, {})) == []


def test_gaps_name_the_body_whose_channel_it_is_and_only_what_was_known_then() -> None:
    rows = spans((-1, 1, True), (2, 29, True), city=polls((-1, 3, True), (4, 29, True), late=2))
    judged = judge(an_incident(), 40, rows)
    assert {(one.body, one.source) for one in judged.gaps} == {(BUREAU, "bureau"), (CITY, "city")}
    assert {
        one.source for one in judge(an_incident(), 30, rows).gaps if one.counts and one.to_at < NOON + 3 * HOUR
    } == {"bureau"}


def test_of_very_many_gaps_those_that_count_are_kept() -> None:
    seldom = [(one * 0.53, one * 0.53 + 0.01, True) for one in range(-3, 60)]  # a minute unseen between any two
    rows = {"bureau": polls((-1, 1, True), (1, 3, False), (3, 29, True)), "city": polls(*seldom)}
    judged = judge(an_incident(), 33, rows)
    assert len(judged.gaps) == 50
    assert ("bureau", 1.0, 3.0, "channel_unreachable", 400, True) in gaps(judged)
    assert [one.from_at for one in judged.gaps] == sorted(one.from_at for one in judged.gaps)


def hours_of(found: list[Stretch]) -> list[tuple[float, float, str]]:
    return [(round((one.from_at - NOON) / HOUR, 2), round((one.to_at - NOON) / HOUR, 2), one.reason) for one in found]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [(0, 10, "coverage_gap")]),
        ([(-3, -2, True)], [(0, 10, "coverage_gap")]),
        ([(-3, 12, True)], []),
        ([(2, 3, True)], [(0, 1.5, "coverage_gap"), (3, 10, "coverage_gap")]),
        ([(-1, 11, True), (2, 3, False), (2.5, 4, False)], [(2, 4, "channel_unreachable")]),
        (
            [(0, 2, True), (3, 4, False), (6, 10, True)],
            [(2, 3, "coverage_gap"), (3, 4, "channel_unreachable"), (4, 5.5, "coverage_gap")],
        ),
        # Where it was said to be out of reach, the poll afterwards does not vouch for it.
        ([(0, 2, True), (2, 3, False), (3, 10, True)], [(2, 3, "channel_unreachable")]),
        ([(0, 10, True), (-5, 0, False), (10, 12, False), (4, 4, False)], []),
        ([(0, 1, True), (1, 20, False)], [(1, 10, "channel_unreachable")]),
    ],
)
def test_what_of_a_window_was_not_seen(rows: Any, expected: list[tuple[float, float, str]]) -> None:
    found = uncovered(sorted(polls(*rows), key=lambda one: one.from_at), 0.5 * HOUR, NOON, NOON + 10 * HOUR)
    assert hours_of(found) == expected
