"""Laws of verdicts whatever the facts: later is never better, vaguer never surer, the past stays, order is nothing.

The cases are those of the oracle; what is compared here is the code with itself under a change of facts.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stream.core.cases import Incident, Judgement, PollSpan
from stream.core.coverage import in_order
from stream.core.intervals import Interval
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml
from tests.core.oracle_cases import Case, Maker, Register, rules_of
from tests.core.oracle_verdicts import LAWS, MINUTE

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
CLOCKED = {law.id for law in LAWS}
LONG_CASES = 2_000
# From worst to best, where all windows are over and silence is evidence.
RANK = ["breached", "breached_but_fair_clock_met", "indeterminate", "met_then_retracted", "met"]
DEFINITE = ("met", "breached", "breached_but_fair_clock_met", "met_then_retracted")
Rows = dict[tuple[str, str], str]


def judged(case: Case, incident: Incident, until: datetime, spans: Any = None) -> Judgement:
    watching = case.watching
    return judge_incident(
        incident, watching.spans if spans is None else spans, rules_of(case, RULES), Register(watching), until,
        watching.everything,
    )  # fmt: skip


def at_last(case: Case, incident: Incident) -> Rows:
    """The final verdicts, silence being evidence."""
    found = judge_incident(incident, {}, RULES, Register(case.watching), case.untils[-1], True).obligations
    return {(one.rule, one.clock): one.verdict for one in found if one.rule in CLOCKED}


def with_response(incident: Incident, place: int, published: Interval) -> Incident:
    responses = list(incident.responses)
    responses[place] = replace(responses[place], published=published)
    return replace(incident, responses=responses)


# --- the laws ---------------------------------------------------------------------------------------------------------


def a_later_publication_is_never_better(case: Case, draw: random.Random) -> None:
    incident = case.incident
    if not incident.responses:
        return
    place = draw.randrange(len(incident.responses))
    published = incident.responses[place].published
    assert published.earliest is not None
    by = draw.choice([1, 2, 3, 60, 300, 1500]) * MINUTE
    later = replace(published, earliest=published.earliest + by, latest=published.latest + by)
    before, after = at_last(case, incident), at_last(case, with_response(incident, place, later))
    for key, verdict in after.items():
        # An acknowledgement starts the clock of knowledge: that start, too, is later then.
        if key[1] != "known" and verdict in RANK and before[key] in RANK:
            assert RANK.index(verdict) <= RANK.index(before[key]), (key, before[key], verdict)


def a_wider_interval_makes_nothing_definite(case: Case, draw: random.Random) -> None:
    incident = case.incident
    wider = widened(incident, draw)
    before, after = at_last(case, incident), at_last(case, wider)
    for key in before.keys() & after.keys():
        assert before[key] != "indeterminate" or after[key] not in DEFINITE, (key, after[key])
        assert {before[key], after[key]} != {"met", "breached"}, key


def widened(incident: Incident, draw: random.Random) -> Incident:
    """One publication or one stated occurrence less precise, by either end."""
    earlier, later = (draw.choice([0, 1, 30, 120]) * MINUTE for _ in range(2))

    def wide(one: Any) -> Any:
        first = None if one.earliest is None else one.earliest - earlier
        precision = one.precision if not earlier and not later else "unknown"
        return replace(one, earliest=first, latest=one.latest + later, precision=precision)

    places = [("responses", index) for index in range(len(incident.responses))]
    places += [("occurred", index) for index in range(len(incident.occurred))]
    if not places:
        return incident
    name, index = draw.choice(places)
    if name == "responses":
        return with_response(incident, index, wide(incident.responses[index].published))
    facts = list(incident.occurred)
    facts[index] = replace(facts[index], interval=wide(facts[index].interval))
    return replace(incident, occurred=facts)


def what_is_learnt_later_edits_no_history(case: Case, draw: random.Random) -> None:
    """As of T the same, whether later facts lie there already or not; and what followed only adds."""
    for until in case.untils:
        then = max(until, case.incident.opened_at)
        whole, spans = judged(case, case.incident, then), known_spans(case, then)
        bare = judged(case, known_by(case.incident, then), then, spans)
        assert comparable(whole) == comparable(bare)
        later = judged(case, case.incident, case.untils[-1])
        assert whole.changes == [one for one in later.changes if one.known_at <= then]


def known_by(incident: Incident, then: datetime) -> Incident:
    """The incident as it lay there at `then`."""
    decisions = [one for one in incident.decisions if one.collected_at <= then]
    responses = [
        one if one.removal_known_at is None or one.removal_known_at <= then
        else replace(one, removed_at=None, removal_known_at=None)
        for one in incident.responses if one.known_at <= then
    ]  # fmt: skip
    return replace(
        incident, responses=responses, decisions=decisions,
        state="dismissed" if any(one.what == "dismiss" for one in decisions) else "open",
        **{
            name: [one for one in getattr(incident, name) if one.known_at <= then]
            for name in ("emergencies", "occurred", "figures")
        },
    )  # fmt: skip


def known_spans(case: Case, then: datetime) -> dict[str, list[PollSpan]]:
    return {name: [one for one in rows if one.known_at <= then] for name, rows in case.watching.spans.items()}


def comparable(judgement: Judgement) -> dict[str, Any]:
    names = ("occurred", "severity", "gate", "responsible", "obligations", "changes", "by_body", "conflicts",
             "gaps", "automatic", "coverage", "due_at")  # fmt: skip
    figures = sorted((one.mention, one.name, one.value) for one in judgement.figures)
    return {"figures": figures} | {name: getattr(judgement, name) for name in names}


def the_order_of_arrival_decides_nothing(case: Case, draw: random.Random) -> None:
    """The same facts, listed otherwise, told twice, or having become known at other times: the same final verdicts."""
    incident, spans = shuffled(case.incident, draw), case.watching.spans
    again = {name: in_order([*reversed(rows), *rows]) for name, rows in spans.items()}
    assert comparable(judged(case, incident, case.untils[-1], again)) == comparable(
        judged(case, case.incident, case.untils[-1])
    )
    before, after = at_last(case, case.incident), at_last(case, otherwise_known(case, draw))
    ran = {key for key in before.keys() | after.keys() if before.get(key, "not_applicable") != "not_applicable"}
    assert {key: before[key] for key in ran} == {key: after.get(key) for key in ran}


def shuffled(incident: Incident, draw: random.Random) -> Incident:
    changed: dict[str, Any] = {}
    for name in ("emergencies", "occurred", "figures", "responses", "decisions"):
        facts = list(getattr(incident, name))
        draw.shuffle(facts)
        changed[name] = facts
    return replace(incident, **changed)


def otherwise_known(case: Case, draw: random.Random) -> Incident:
    """Every fact known at some other instant, some hours after the incident was opened."""
    incident = case.incident

    def known(one: Any) -> Any:
        return replace(one, known_at=incident.opened_at + timedelta(minutes=draw.randint(0, 3000)))

    changed = {name: [known(one) for one in getattr(incident, name)] for name in ("emergencies", "occurred", "figures")}
    responses = [
        known(one) if one.removal_known_at is None else one for one in incident.responses
    ]  # a withdrawal is known after what it withdraws
    return replace(incident, responses=responses, **changed)


def told_twice_is_told_once(case: Case, draw: random.Random) -> None:
    """Facts delivered again leave every verdict and the whole history as they are."""
    incident = case.incident
    doubled = replace(
        incident, responses=[*incident.responses, *incident.responses],
        occurred=[*incident.occurred, *incident.occurred], figures=[*incident.figures, *incident.figures],
    )  # fmt: skip
    one, other = judged(case, incident, case.untils[-1]), judged(case, doubled, case.untils[-1])
    assert one.changes == other.changes
    assert [(row.rule, row.clock, row.verdict, row.due) for row in one.obligations] == [
        (row.rule, row.clock, row.verdict, row.due) for row in other.obligations
    ]
    assert judged(case, incident, case.untils[-1]) == one


PROPERTIES: list[Callable[[Case, random.Random], None]] = [
    a_later_publication_is_never_better,
    a_wider_interval_makes_nothing_definite,
    what_is_learnt_later_edits_no_history,
    the_order_of_arrival_decides_nothing,
    told_twice_is_told_once,
]


@pytest.mark.parametrize("law", PROPERTIES, ids=lambda law: law.__name__)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(draw=st.randoms(use_true_random=False))
def test_law(law: Callable[[Case, random.Random], None], draw: random.Random) -> None:
    law(Maker(draw).case(), draw)


@pytest.mark.parametrize("law", PROPERTIES, ids=lambda law: law.__name__)
def test_law_in_seeded_cases(law: Callable[[Case, random.Random], None]) -> None:
    for seed in range(40):
        draw = random.Random(seed)
        law(Maker(draw).case(), draw)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("law", PROPERTIES, ids=lambda law: law.__name__)
def test_law_in_very_many_cases(law: Callable[[Case, random.Random], None]) -> None:
    for seed in range(LONG_CASES):
        draw = random.Random(5_000_000 + seed)
        law(Maker(draw).case(), draw)
    print(f"{law.__name__}: {LONG_CASES} cases")
