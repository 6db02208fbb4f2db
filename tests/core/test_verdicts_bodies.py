"""The view by body beside the headline that any of them satisfies; figures on which authorities differ."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stream.core.bodies import speaker_of
from stream.core.cases import Responsible
from tests.core.verdict_scenes import (
    BUREAU,
    CITY,
    HOUR,
    NOON,
    RULES,
    Register,
    an_emergency,
    an_incident,
    at,
    decided,
    figure,
    judge,
    polls,
    said,
    standing,
    verdict,
)

PROVINCE = "南岭省应急管理厅"


def of(judgement: Any, body: str, rule: str = "CN-5H-AUTH") -> tuple[str, str, str] | None:
    found = standing(judgement, body, rule)
    return None if found is None else (found.role, found.verdict, found.reason)


def test_a_superiors_release_meets_the_duty_and_shows_who_kept_silent() -> None:
    judged = judge(an_incident(responses=[said("r1", at(2), PROVINCE, level="province")]), 30)
    assert verdict(judged) == ("met", "statement_in_time")
    assert of(judged, PROVINCE) == ("answered", "met", "statement_in_time")
    assert of(judged, BUREAU) == ("event:事故灾难", "breached", "no_statement")
    assert of(judged, CITY) == ("territorial", "breached", "no_statement")


def test_a_body_without_the_duty_is_listed_only_for_what_it_answered() -> None:
    """A bulletin is no conference: nobody who owed none is called late with it."""
    judged = judge(an_incident(responses=[said("r1", at(2), PROVINCE)]), 30)
    assert of(judged, PROVINCE, "CN-24H-PRESSER") is None
    assert of(judged, BUREAU, "CN-24H-PRESSER") == ("event:事故灾难", "breached", "no_statement")


@pytest.mark.parametrize(
    "issuer", ["云泽市人民政府新闻办公室", "云泽市政府新闻办", "云泽市“3·5”爆炸事故现场指挥部", "事故救援指挥部"]
)
def test_a_press_office_and_a_command_speak_for_the_territorial_government(issuer: str) -> None:
    judged = judge(an_incident(responses=[said("r1", at(2), issuer)]), 30)
    found = standing(judged, CITY)
    assert found is not None
    assert (found.verdict, found.satisfied_by) == ("met", "r1")
    assert found.elapsed_s is not None
    assert found.elapsed_s.min == found.elapsed_s.max == 7200
    assert of(judged, BUREAU) == ("event:事故灾难", "breached", "no_statement")
    assert standing(judged, issuer) is None


@pytest.mark.parametrize(
    ("issuer", "territorial", "speaker"),
    [
        ("南岭省人民政府新闻办公室", CITY, "南岭省人民政府"),
        ("南岭省防汛抗旱指挥部", CITY, "南岭省人民政府"),
        ("国务院新闻办公室", CITY, "国务院新闻办公室"),
        ("国家防汛抗旱总指挥部", CITY, "国家防汛抗旱总指挥部"),
        ("云泽市公安局", CITY, "云泽市公安局"),
        ("抗震救灾指挥部", None, "抗震救灾指挥部"),
        ("", CITY, ""),
    ],
)
def test_who_speaks_in_whose_name(issuer: str, territorial: str | None, speaker: str) -> None:
    assert speaker_of(issuer, territorial) == speaker


def test_a_release_without_an_issuer_is_that_of_the_body_first_in_duty() -> None:
    seen = an_incident(decisions=[decided("conference_held", 22, "2024-03-06T09:00:00+08:00")])
    judged = judge(seen, 30)
    assert of(judged, BUREAU, "CN-24H-PRESSER") == ("event:事故灾难", "met", "statement_in_time")
    assert of(judged, CITY, "CN-24H-PRESSER") == ("territorial", "breached", "no_statement")


def test_the_silence_of_a_body_is_seen_on_its_own_channels_only() -> None:
    """The city's channel was down: the city cannot be called silent, the bureau can."""
    spans = {"bureau": polls((-1, 29, True)), "city": polls((-1, 1, True), (1, 4, False), (4, 29, True))}
    judged = judge(an_incident(), 30, spans)
    assert verdict(judged) == ("unknown_coverage_gap", "channel_unreachable")
    assert of(judged, BUREAU) == ("event:事故灾难", "breached", "no_statement")
    assert of(judged, CITY) == ("territorial", "unknown_coverage_gap", "channel_unreachable")
    unwatched = judge(an_incident(), 30, spans, Register({BUREAU: ("bureau",)}))
    assert of(unwatched, CITY) == ("territorial", "unknown_coverage_gap", "unwatched")


def test_a_pending_body_is_looked_at_again_though_the_headline_is_met() -> None:
    covered = {"bureau": polls((-1, 90, True)), "city": polls((-1, 90, True))}
    judged = judge(an_incident(responses=[said("r1", at(1), PROVINCE, form="conference_held")]), 2, covered)
    assert {one.verdict for one in judged.obligations if one.clock == "strict" and one.due} == {"met"}
    assert of(judged, BUREAU) == ("event:事故灾难", "pending", "awaiting_statement")
    assert judged.due_at == NOON + 5 * HOUR
    later = judge(an_incident(responses=[said("r1", at(1), PROVINCE, form="conference_held")]), 91, covered)
    assert later.due_at is None


def test_the_fair_clock_and_an_exemption_reach_each_body() -> None:
    grown = [figure(2), figure(12, known=3, mention="p2")]
    late = judge(an_incident(figures=grown, responses=[said("r1", at(7))]), 30)
    assert of(late, BUREAU) == ("event:事故灾难", "breached_but_fair_clock_met", "fair_clock_met")
    assert of(late, CITY) == ("territorial", "breached", "no_statement")
    claimed = an_incident(responses=[said("r1", at(1))], decisions=[decided("exempt", 2, "EX-SECRET")])
    assert of(judge(claimed, 30), BUREAU) == ("event:事故灾难", "met", "statement_in_time")
    assert of(judge(claimed, 30), CITY) == ("territorial", "exempt_claimed", "exempt_by_person")


def test_what_ceased_to_apply_has_no_view_by_body() -> None:
    judged = judge(an_incident(decisions=[decided("severity", 1, "III")]), 30)
    assert standing(judged, BUREAU) is None
    assert standing(judged, BUREAU, "CN-48H-OTHER") is not None


# --- unified publication ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "regions", "expected"),
    [
        ("云泽通报一起食品安全事故", ["440399"], "province|440399|食品药品"),
        ("两省同日出现食品安全事故", ["440399", "350199"], "national|440399|食品药品"),
        ("云泽通报一起食品安全事故", ["440399", "350199"], "province|440399|食品药品"),
        ("云泽一养殖场确诊非洲猪瘟", ["440399"], "national|440399|农业农村局"),
        ("云泽一学校数名学生食物中毒", ["440399"], None),
    ],
)
def test_unified_publication_moves_the_expected_issuer_up(title: str, regions: list[str], expected: str | None) -> None:
    judged = judge(an_incident(title=title, regions=regions), 30)
    first = judged.responsible[0]
    assert (first.body if first.rule.startswith("unified:") else None) == expected
    assert {one.body for one in judged.obligations} == {expected or BUREAU}
    silent = ("not_applicable", "unified_publication") if expected else ("breached", "no_statement")
    assert of(judged, BUREAU) == ("event:事故灾难", *silent)


def test_the_kind_of_emergency_tells_it_too_and_only_since_the_law() -> None:

    sick = an_incident(emergencies=[an_emergency(NOON, type="公共卫生", subtype="动物疫情")])
    assert judge(sick, 1).responsible[0].rule.startswith("unified:")
    later = tuple(msgspec.structs.replace(one, since=(NOON + 48 * HOUR).date()) for one in RULES.unified)
    assert judge(sick, 1, rules=msgspec.structs.replace(RULES, unified=later)).responsible[0].body == BUREAU


# --- conflicting figures ----------------------------------------------------------------------------------------------


def told(value: int, known: float, issuer: str, **more: Any) -> Any:
    return figure(value, known, f"m{known}", issuer=issuer, **more)


def conflicts_of(*figures: Any, hours: float = 30, responses: Any = ()) -> list[tuple[Any, ...]]:
    judged = judge(an_incident(figures=list(figures), responses=list(responses)), hours)
    return [
        (
            one.name,
            [(stated.issuer, stated.value) for stated in one.stated],
            (one.known_at - NOON) / HOUR,
            None if one.resolved_at is None else (one.resolved_at - NOON) / HOUR,
        )
        for one in judged.conflicts
    ]


def test_two_authorities_with_different_figures_conflict_until_they_agree() -> None:
    police, bureau = told(11, 2, "云泽市公安局"), told(13, 3, BUREAU)
    assert conflicts_of(police, bureau, hours=2.5) == []
    open_one = ("deaths", [("云泽市公安局", 11), (BUREAU, 13)], 3.0, None)
    assert conflicts_of(police, bureau) == [open_one]
    agreed = told(13, 6, "云泽市公安局")
    assert conflicts_of(police, bureau, agreed) == [(*open_one[:3], 6.0)]
    assert conflicts_of(police, bureau, agreed, hours=5) == [open_one]
    again = told(14, 9, BUREAU)
    assert conflicts_of(police, bureau, agreed, again)[1] == ("deaths", [("云泽市公安局", 13), (BUREAU, 14)], 9.0, None)


@pytest.mark.parametrize(
    "figures",
    [
        [told(11, 2, BUREAU), told(13, 3, BUREAU)],  # a revision
        [told(11, 2, CITY), told(13, 3, "云泽市人民政府新闻办公室")],  # its press office: the same government
        [told(11, 2, BUREAU), figure(13, 3, "x")],  # no authority's figure
        [told(11, 2, BUREAU), told(13, 3, "云泽市公安局", name="injuries")],  # another figure
        [told(11, 2, BUREAU), told(11, 3, "云泽市公安局")],  # they agree
    ],
)
def test_what_is_no_conflict(figures: list[Any]) -> None:
    assert conflicts_of(*figures) == []


def test_a_withdrawn_figure_stands_no_longer() -> None:
    wrong = told(11, 2, "云泽市公安局")
    gone = said("m2", at(2), "云泽市公安局", removed_at=NOON + 4 * HOUR, removal_known_at=NOON + 5 * HOUR)
    found = conflicts_of(wrong, told(13, 3, BUREAU), responses=[gone])
    assert found == [("deaths", [("云泽市公安局", 11), (BUREAU, 13)], 3.0, 5.0)]


def test_an_older_text_found_later_is_not_the_newest_figure() -> None:
    old = told(9, 5, "云泽市公安局", published=at(1))
    assert conflicts_of(told(12, 2, "云泽市公安局"), told(12, 3, BUREAU), old) == []


def test_no_responsible_body_still_shows_who_answered() -> None:
    class Nobody(Register):
        def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: Any) -> Any:
            return list[Responsible]()

    judged = judge(an_incident(responses=[said("r1", at(1))]), 30, register=Nobody())
    assert of(judged, BUREAU) == ("answered", "met", "statement_in_time")
