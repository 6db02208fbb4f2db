"""What becomes known later, case by case: it changes what is ruled from then on, and nothing before."""

from __future__ import annotations

from msgspec.structs import replace

from stream.core.cases import FirstPublicFact, Incident, NamedFact
from stream.core.intervals import exactly
from stream.core.knowledge import as_known
from stream.core.moves import known_since, merged, without
from stream.steps.shards import days_of
from tests.core.verdict_scenes import HOUR, NOON, an_incident, at, decided, figure, judge, path, said, verdict

OPINION, STRICT = ("CN-5H-AUTH", "opinion"), ("CN-5H-AUTH", "strict")


def first(mention: str, published: float, known: float) -> FirstPublicFact:
    return FirstPublicFact(interval=at(published), mention=mention, known_at=NOON + known * HOUR)


def due_at(incident: Incident, hours: float) -> object:
    [row] = [one for one in judge(incident, hours).obligations if (one.rule, one.clock) == OPINION]
    assert row.due is not None
    return row.due.latest


def test_an_earlier_first_post_found_later_moves_no_earlier_deadline() -> None:
    incident = an_incident(
        first_public=replace(an_incident().first_public, interval=at(0.1), mention="p0"),
        first_publics=[first("p1", 0.2, 0.2), first("p0", 0.1, 3)],
    )
    assert [due_at(incident, hours) for hours in (2, 4)] == [NOON + 5.2 * HOUR, NOON + 5.1 * HOUR]
    assert as_known(incident, NOON + 2 * HOUR).first_public.mention == "p1"


def test_the_first_post_taken_out_leaves_the_next_one() -> None:
    incident = an_incident(first_publics=[first("p1", 0.2, 0.2), first("p2", 0.4, 0.5)])
    after = without(incident, [("p1", NOON)], NOON + 4 * HOUR)
    assert after.first_public.mention == "p2"
    assert due_at(after, 3) == NOON + 5.2 * HOUR
    assert as_known(after, NOON + 3 * HOUR).first_public.mention == "p1"


def test_a_rejected_answer_was_an_answer_until_it_was_rejected() -> None:
    incident = an_incident(responses=[said("r1", at(2))], decisions=[decided("reject", 9, "r1")])
    rejected = without(incident, [("r1", NOON + 2 * HOUR)], NOON + 9 * HOUR)
    assert path(judge(rejected, 30)) == ["pending", "met", "breached"]
    assert verdict(judge(rejected, 8)) == ("met", "statement_in_time")
    [alone] = [one for one in judge(rejected, 30).automatic if (one.rule, one.clock) == STRICT]
    assert alone.verdict == "met"


def test_attached_again_it_counts_again_from_then_on() -> None:
    incident = an_incident(
        responses=[said("r1", at(2))], decisions=[decided("reject", 9, "r1"), decided("attach", 20, "r1")]
    )
    rejected = without(incident, [("r1", NOON + 2 * HOUR)], NOON + 9 * HOUR)
    back = known_since(replace(rejected, responses=[said("r1", at(2))]), "r1", NOON + 20 * HOUR, rejected)
    assert path(judge(back, 30)) == ["pending", "met", "breached", "met"]
    assert [one.known_at for one in judge(back, 30).changes if (one.rule, one.clock) == STRICT] == [
        NOON + hours * HOUR for hours in (0.2, 2, 9, 20)
    ]


def test_a_figure_taken_out_graded_until_then() -> None:
    incident = an_incident(figures=[figure(2), figure(31, 3, "p2")])
    after = without(incident, [("p2", NOON + 3 * HOUR)], NOON + 6 * HOUR)
    assert [judge(after, hours).severity.grade for hours in (2, 4, 7)] == ["IV", "I", "IV"]


def test_what_a_merge_brings_is_known_since_the_merge() -> None:
    occurred = decided("occurred", 3, (NOON - HOUR).isoformat())
    source = an_incident(id="i-2", responses=[said("r1", at(2))], decisions=[occurred])
    grown, gone = merged(an_incident(), source, NOON + 20 * HOUR)
    assert path(judge(grown, 30)) == ["pending", "breached", "met"]
    assert verdict(judge(grown, 19)) == ("breached", "no_statement")
    assert judge(grown, 19).occurred == judge(an_incident(), 19).occurred
    assert path(judge(gone, 30)) == ["pending", "met", "not_applicable"]
    assert as_known(grown, NOON + 19 * HOUR).responses == []


def test_without_people_a_merge_brought_nothing() -> None:
    source = an_incident(id="i-2", responses=[said("r1", at(2))], regions=["440303"])
    target = an_incident(decisions=[decided("merge", 20, "p2")])
    judged = judge(merged(target, source, NOON + 20 * HOUR)[0], 30)
    [alone] = [one for one in judged.automatic if (one.rule, one.clock) == STRICT]
    assert (alone.verdict, alone.reason) == ("breached", "no_statement")


def test_the_newer_grade_stands_over_one_that_a_merge_brings() -> None:
    source = an_incident(id="i-2", decisions=[decided("severity", 3, "II")])
    target = an_incident(decisions=[decided("severity", 5, "IV")])
    grown, _ = merged(target, source, NOON + 9 * HOUR)
    assert [judge(grown, hours).severity.grade for hours in (4, 6, 10)] == ["II", "IV", "IV"]


def test_a_place_learnt_later_makes_a_local_rule_hold_from_then_on() -> None:
    learnt = NamedFact(kind="region", name="340199", known_at=NOON + 2 * HOUR)
    incident = an_incident(regions=["340199"], named=[learnt])
    assert [
        any(one.rule == "LOCAL-AH-5H" for one in judge(incident, hours).obligations) for hours in (1, 3)
    ] == [False, True]  # fmt: skip
    known = [one.known_at for one in judge(incident, 3).changes if one.rule == "LOCAL-AH-5H"]
    assert known and min(known) == NOON + 2 * HOUR


def test_an_answer_to_what_was_the_first_post_counts_while_it_is() -> None:
    incident = an_incident(
        first_public=replace(an_incident().first_public, interval=exactly(NOON, "row"), mention="p0"),
        first_publics=[first("p1", 0.2, 0.2), first("p0", 0, 9)],
        responses=[said("r1", at(2), answers="p1")],
    )
    assert path(judge(incident, 30)) == ["pending", "met", "breached"]
    assert verdict(judge(incident, 8)) == ("met", "statement_in_time")


def test_coverage_is_looked_up_from_the_first_post_that_was_ever_known() -> None:
    """Taken out, it still started the clock of what was ruled until then."""
    incident = an_incident(occurred=[], first_publics=[first("p1", 0.2, 0.2), first("p2", 80, 81)])
    after = without(incident, [("p1", NOON)], NOON + 90 * HOUR)
    assert after.first_public.mention == "p2"
    assert days_of(after, NOON + 99 * HOUR)[0] == days_of(incident, NOON + 99 * HOUR)[0] == NOON.date()
