"""Properties of the whole judgement: arrival order decides nothing, knowledge only adds, as-of views agree."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    OccurredFact,
    PollSpan,
    Response,
    Responsible,
)
from stream.core.coverage import in_order
from stream.core.documents import Decision, Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval
from stream.core.judgement import judge_incident
from stream.core.reasons import REASONS
from stream.core.rules import Rules
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
START = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
END = START + timedelta(hours=80)
minutes = st.integers(-120, 72 * 60)


class Channel(Struct, frozen=True):
    source: str
    poll_minutes: int = 30


class Register:
    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body="澄江区应急管理局", rule="territorial")]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Channel]:
        return [Channel("a"), Channel("b")]


def instant(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    first = draw(minutes)
    length = draw(st.sampled_from([0, 1, 60, 360]))
    precision = "minute" if length == 1 else "unknown"
    last = instant(first + length) - timedelta(seconds=1 if length == 1 else 0)
    return Interval(earliest=instant(first), latest=last, precision=precision, source="text")


@st.composite
def responses(draw: st.DrawFn) -> Response:
    number, published = draw(st.integers(0, 99)), draw(intervals())
    gone = draw(st.none() | minutes)
    return Response(
        mention=f"r{number:02d}", answers=None, answered=None, published=published,
        form=draw(st.sampled_from(["statement", "update", "conference_held", "acknowledgement", "briefing"])),
        issuer="澄江区应急管理局", issuer_kind="government", level="county", is_authoritative=draw(st.booleans()),
        known_at=max(published.latest, instant(draw(minutes))), title="通报",
        removed_at=None if gone is None else instant(gone),
        removal_known_at=None if gone is None else instant(gone + 5),
        is_new_fact=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def figures(draw: st.DrawFn) -> FigureFact:
    published = draw(st.none() | intervals())
    known = instant(draw(minutes))
    return FigureFact(
        name=draw(st.sampled_from(["deaths", "missing", "injuries", "loss_yuan"])), value=draw(st.integers(0, 40)),
        mention=f"p{draw(st.integers(0, 9))}", known_at=known if published is None else max(known, published.latest),
        issuer=draw(st.sampled_from([None, "澄江区应急管理局"])), published=published,
    )  # fmt: skip


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    what, value = draw(
        st.sampled_from(
            [("severity", "I"), ("severity", None), ("severity", "IV"), ("gate", "vital_interest"), ("reject", "r05"),
             ("exempt", "EX-SECRET"), ("occurred", "2024-03-05T11:00"), ("occurred", 7), ("conference_held", {})]
        )
    )  # fmt: skip
    number = draw(st.integers(0, 99))
    return Decision(
        id=f"d{number:02d}", collected_at=instant(draw(minutes)), who="甲", what=what, incident_of="p0", value=value,
        why="据",
    )  # type: ignore[arg-type]  # fmt: skip


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    occurred = draw(st.lists(st.tuples(intervals(), minutes), max_size=3))
    seen = draw(st.lists(st.tuples(st.booleans(), st.sampled_from([None, True, False]), minutes), max_size=4))
    first = draw(intervals())
    return Incident(
        id="i-1", collected_at=END, title="澄江区一仓库起火", opened_at=first.latest, state="open", merged_into=None,
        closed_at=None, first_public=FirstPublic(interval=first, mention="p0"), regions=["340199"], topics=["安全生产"],
        bodies=[], hot=[], terms=[], heat=Heat(posts=1, peak=1, peak_at=None, hourly=[]),
        emergencies=[
            EmergencyFact(
                emergency=Emergency(is_emergency=yes, type="事故灾难", in_china=where), mention=f"p{index}",
                known_at=instant(known),
            )
            for index, (yes, where, known) in enumerate(seen)
        ],
        occurred=[
            OccurredFact(
                interval=StatedInterval(
                    earliest=one.earliest, latest=one.latest, precision=one.precision, source="text", text="当日"
                ),
                mention=f"p{index}", known_at=instant(known),
            )
            for index, (one, known) in enumerate(occurred)
        ],
        figures=draw(st.lists(figures(), max_size=6)),
        responses=draw(st.lists(responses(), max_size=6, unique_by=lambda one: one.mention)),
        decisions=draw(st.lists(decisions(), max_size=3, unique_by=lambda one: one.id)),
    )  # fmt: skip


@st.composite
def coverage(draw: st.DrawFn) -> dict[str, list[PollSpan]]:
    found: dict[str, list[PollSpan]] = {}
    for source in ("a", "b"):
        edges = sorted({-240, *draw(st.lists(minutes, max_size=6)), 79 * 60})
        rows = [
            PollSpan(instant(first), instant(last), instant(last + draw(st.integers(0, 300))), draw(st.booleans()))
            for first, last in itertools.pairwise(edges)
        ]
        found[source] = in_order(rows)
    return found


def judged(incident: Incident, spans: dict[str, list[PollSpan]], until: datetime, assume: bool) -> Judgement:
    return judge_incident(incident, spans, RULES, Register(), until, assume)


@settings(max_examples=50, deadline=None)
@given(incidents(), coverage(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(incident: Incident, spans: Any, assume: bool, random: Any) -> None:
    changed: dict[str, Any] = {}
    for name in ("emergencies", "occurred", "figures", "responses", "decisions"):
        changed[name] = list(getattr(incident, name))
        random.shuffle(changed[name])
    shuffled = msgspec.structs.replace(incident, **changed)
    one, other = judged(incident, spans, END, assume), judged(shuffled, spans, END, assume)
    assert one.changes == other.changes
    assert one.severity == other.severity
    assert [(o.rule, o.clock, o.verdict, o.reason, o.due) for o in one.obligations] == [
        (o.rule, o.clock, o.verdict, o.reason, o.due) for o in other.obligations
    ]


@settings(max_examples=50, deadline=None)
@given(incidents(), coverage(), st.booleans(), st.integers(0, 79 * 60))
def test_the_past_as_known_then_is_the_beginning_of_the_history(
    incident: Incident, spans: Any, assume: bool, minute: int
) -> None:
    """What was known at an instant stays in the history: later knowledge adds changes and overwrites none."""
    then = max(instant(minute), incident.opened_at)
    early, late = judged(incident, spans, then, assume), judged(incident, spans, END, assume)
    assert early.changes == [one for one in late.changes if one.known_at <= then]


@settings(max_examples=50, deadline=None)
@given(incidents(), coverage(), st.booleans())
def test_history_ends_in_the_verdicts_shown(incident: Incident, spans: Any, assume: bool) -> None:
    judgement = judged(incident, spans, END, assume)
    last = {(one.rule, one.clock): one.after for one in judgement.changes}
    assert last == {(one.rule, one.clock): one.verdict for one in judgement.obligations}
    assert len({one.id for one in judgement.changes}) == len(judgement.changes)
    for one in judgement.obligations:
        assert one.reason in REASONS
        assert not (one.provisional and "breached" in one.verdict)
        assert not (one.modality == "advisory" and "breached" in one.verdict)
        if one.verdict == "breached_but_fair_clock_met":
            assert one.clock == "strict"


@settings(max_examples=40, deadline=None)
@given(incidents(), coverage())
def test_between_two_timers_time_alone_changes_nothing(incident: Incident, spans: Any) -> None:
    """`due_at` names the next instant at which time alone matters; facts and coverage wake the step themselves."""
    base = judged(incident, spans, incident.opened_at, False)
    facts_at = sorted(
        {one.known_at for rows in spans.values() for one in rows}
        | {one.known_at for one in (*incident.figures, *incident.emergencies, *incident.occurred, *incident.responses)}
        | {one.removal_known_at for one in incident.responses if one.removal_known_at}
        | {one.collected_at for one in incident.decisions}
    )
    until = min([END, *(at for at in [base.due_at, *facts_at] if at is not None and at > base.collected_at)])
    later = judged(incident, spans, until - timedelta(seconds=1), False)
    assert later.changes == base.changes


@settings(max_examples=40, deadline=None)
@given(incidents(), responses())
def test_a_further_timely_statement_never_makes_it_worse(incident: Incident, response: Response) -> None:
    rank = ["breached", "indeterminate", "pending", "met"]
    before = judged(incident, {}, END, True)
    more = msgspec.structs.replace(
        response, mention="r-extra", removed_at=None, removal_known_at=None, form="statement"
    )
    after = judged(msgspec.structs.replace(incident, responses=[*incident.responses, more]), {}, END, True)
    then = {(one.rule, one.clock): one.verdict for one in before.obligations}
    for one in after.obligations:
        was = then.get((one.rule, one.clock))
        if one.rule != "CN-CONT-UPDATE" and was in rank and one.verdict in rank:
            assert rank.index(one.verdict) >= rank.index(was)
