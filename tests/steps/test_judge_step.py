"""The step judge: what it puts and yields, timers, coverage, redelivery, stale revisions, rebuilding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from stream.core.cases import (
    CaseFile,
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    OccurredFact,
    Response,
    Responsible,
    TopicHeat,
)
from stream.core.documents import Coverage, Emergency, Mark
from stream.core.intervals import SHANGHAI, StatedInterval, exactly
from stream.core.rules import Rules
from stream.ports import Filter
from stream.settings import load_yaml
from stream.steps.judge import Judge
from stream.steps.shards import Shards

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
KIND = Emergency(is_emergency=True, type="事故灾难", in_china=True)


class Channel(Struct, frozen=True):
    source: str
    poll_minutes: int = 30


class Register:
    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body="云泽市应急管理局", rule="territorial")]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Channel]:
        return [Channel("yz")]


class Kept:
    """A State over dictionaries: puts are seen at once, as in a batch."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], Any] = {}
        self.gets: list[tuple[type, str]] = []

    def get(self, kind: type, id: str) -> Any:
        self.gets.append((kind, id))
        return self.items.get((kind, id))

    def put(self, item: Any) -> None:
        self.items[type(item), item.id] = item

    def revision(self, kind: type, id: str) -> int:
        return int((kind, id) in self.items)

    def listing(self, kind: type, where: Filter, *, order: str = "id", limit: int = 1000) -> list[Any]:
        found = [item for (one, _), item in sorted(self.items.items(), key=lambda pair: pair[0][1]) if one is kind]
        if where.state is not None:
            found = [item for item in found if item.state == where.state]
        if where.verdict is not None:
            found = [item for item in found if any(one.verdict == where.verdict for one in item.obligations)]
        return found[:limit]

    def each(self, kind: type, where: Filter) -> Any:
        return iter(self.listing(kind, where, limit=10**9))


def an_incident(id: str = "i-1", hours: float = 0, **changes: Any) -> Incident:
    """An explosion at NOON + hours with 12 dead, public at once."""
    at = NOON + hours * HOUR
    stated = StatedInterval(earliest=at, latest=at, precision="second", source="text", text="12时")
    given: dict[str, Any] = {
        "id": id, "collected_at": at, "title": "云泽一厂房爆炸", "opened_at": at, "state": "open", "merged_into": None,
        "closed_at": None, "first_public": FirstPublic(interval=exactly(at, "row"), mention="p1"),
        "regions": ["440399"], "topics": ["安全生产"], "bodies": [], "responses": [], "decisions": [], "hot": [],
        "emergencies": [EmergencyFact(emergency=KIND, mention="p1", known_at=at)],
        "occurred": [OccurredFact(interval=stated, mention="p1", known_at=at)],
        "figures": [FigureFact(name="deaths", value=12, mention="p1", known_at=at, published=exactly(at, "row"))],
        "heat": Heat(posts=1, peak=1, peak_at=None, hourly=[]), "terms": [],
    }  # fmt: skip
    return Incident(**(given | changes))


def a_response(hours: float) -> Response:
    at = NOON + hours * HOUR
    return Response(
        mention="r1", answers=None, answered=None, published=exactly(at, "row"), form="statement",
        issuer="云泽市应急管理局", issuer_kind="government", level="city", is_authoritative=True, known_at=at,
        title="通报",
    )  # fmt: skip


def answered(incident: Incident, hours: float) -> Incident:
    return msgspec.structs.replace(
        incident, collected_at=NOON + hours * HOUR, responses=[*incident.responses, a_response(hours)]
    )


def a_row(first: float, last: float, reachable: bool = True, source: str = "yz") -> Coverage:
    at = NOON + last * HOUR
    return Coverage(
        id=f"{source}-{first}-{last}", collected_at=at, source=source, from_at=NOON + first * HOUR, to_at=at,
        reachable=reachable,
    )  # fmt: skip


def deliver(step: Judge, state: Kept, *messages: Any) -> list[Any]:
    """The messages one after another, coverage kept before as gather does; what was yielded."""
    made: list[Any] = []
    for message in messages:
        if isinstance(message, Coverage):
            Shards().keep(message, state)
        made += step.handle(message, state)
    return made


def everything(_id: str) -> bool:
    return True


def ring(step: Judge, state: Kept, id: str = "i-1") -> list[Any]:
    judgement = state.items[Judgement, id]
    return list(step.tick(judgement, judgement.due_at, state))


def strict(judgement: Judgement, rule: str = "CN-5H-AUTH") -> str:
    return next(one.verdict for one in judgement.obligations if (one.rule, one.clock) == (rule, "strict"))


@pytest.fixture
def state() -> Kept:
    return Kept()


@pytest.fixture
def step() -> Judge:
    return Judge(RULES, Register())


def test_an_incident_becomes_a_judgement_with_the_next_deadline(step: Judge, state: Kept) -> None:
    (judged,) = deliver(step, state, an_incident())
    assert state.items[Judgement, "i-1"] == judged
    assert (strict(judged), judged.due_at) == ("pending", NOON + 5 * HOUR)


def test_a_message_seen_again_yields_the_same_and_news_without_effect_nothing(step: Judge, state: Kept) -> None:
    incident = an_incident()
    first = deliver(step, state, incident)
    assert deliver(step, state, incident) == first
    hotter = msgspec.structs.replace(
        incident, collected_at=NOON + HOUR, heat=msgspec.structs.replace(incident.heat, posts=9)
    )
    assert deliver(step, state, hotter) == []
    assert state.items[Judgement, "i-1"] == first[0]


def test_an_older_revision_seen_again_does_not_undo(step: Judge, state: Kept) -> None:
    incident = an_incident()
    newer = answered(incident, 2)
    (_, met) = deliver(step, state, incident, newer)
    assert strict(met) == "met"
    again = list(step.handle(incident, state))
    assert again == [met]
    assert state.items[Judgement, "i-1"] == met


def test_timers_rule_on_silence_and_always_move_on() -> None:
    step, state = Judge(RULES, Register(), assume_covered=True), Kept()
    deliver(step, state, an_incident())
    (late,) = ring(step, state)
    assert strict(late) == "breached"
    assert late.due_at == NOON + 24 * HOUR
    rung = late.due_at
    (later,) = ring(step, state)
    assert strict(later, "CN-24H-PRESSER") == "breached"
    assert later.due_at is None or later.due_at > rung


def test_without_coverage_silence_waits_for_its_grace(step: Judge, state: Kept) -> None:
    deliver(step, state, an_incident())
    (waiting,) = ring(step, state)
    assert strict(waiting) == "pending"
    assert waiting.due_at == NOON + (5 + RULES.coverage.grace_hours) * HOUR
    (unknown,) = ring(step, state)
    assert strict(unknown) == "unknown_coverage_gap"


def test_the_poll_past_the_deadline_turns_silence_into_a_breach(step: Judge, state: Kept) -> None:
    deliver(step, state, an_incident(), a_row(-1, 3), a_row(3, 4.9))
    ring(step, state)
    (late,) = deliver(step, state, a_row(4.9, 5.1))
    assert strict(late) == "breached"
    change = next(one for one in late.changes if one.after == "breached" and one.clock == "strict")
    assert (change.at, change.known_at) == (NOON + 5 * HOUR, NOON + 5.1 * HOUR)


def test_a_poll_soon_after_the_deadline_that_is_told_late_still_reaches_back(step: Judge, state: Kept) -> None:
    deliver(step, state, an_incident(), a_row(-1, 4.5))
    (unknown,) = deliver(step, state, a_row(6.9, 7.0))
    assert strict(unknown) == "unknown_coverage_gap"
    told_late = msgspec.structs.replace(a_row(5.2, 5.3), collected_at=NOON + 8 * HOUR)
    (late,) = deliver(step, state, told_late)
    assert strict(late) == "breached"
    assert [(one.from_at, one.counts) for one in late.gaps if one.rule == "CN-5H-AUTH"] == [(NOON + 4.5 * HOUR, False)]


@pytest.mark.parametrize("last", [(4.9, 5.1), (5.1, 5.2)])
def test_coverage_seen_again_changes_nothing_and_yields_the_same(step: Judge, state: Kept, last: Any) -> None:
    deliver(step, state, an_incident(), a_row(-1, 4.9))
    ring(step, state)
    first = deliver(step, state, a_row(*last))
    assert [strict(one) for one in first] == ["breached"]
    before = dict(state.items)
    assert deliver(step, state, a_row(*last)) == first
    assert state.items == before


def test_a_row_looks_only_at_incidents_whose_deadline_it_passes(step: Judge, state: Kept) -> None:
    many = [an_incident(f"i-{number}", hours=number) for number in range(40)]
    deliver(step, state, *many)
    state.gets.clear()
    deliver(step, state, a_row(4.9, 5.1))
    assert {id for kind, id in state.gets if kind is CaseFile} == {"i-0"}
    state.gets.clear()
    deliver(step, state, a_row(4.9, 5.1, source="elsewhere"), a_row(4.0, 4.5))
    assert not [id for kind, id in state.gets if kind is CaseFile and id != "i-0"]


def test_a_restarted_step_knows_what_it_waits_for(state: Kept) -> None:
    deliver(Judge(RULES, Register()), state, an_incident(), a_row(-1, 4.9))
    again = Judge(RULES, Register())
    again.rebuild(state, everything)
    (late,) = deliver(again, state, a_row(4.9, 5.1))
    assert strict(late) == "breached"


def test_one_batch_and_message_by_message_give_the_same(step: Judge, state: Kept) -> None:
    messages = [an_incident(), a_row(-1, 3), a_row(3, 5.1), a_row(5.1, 25)]
    deliver(step, state, *messages)
    other = Kept()
    for message in messages:
        fresh = Judge(RULES, Register())
        fresh.rebuild(other, everything)
        deliver(fresh, other, message, message)
    assert other.items == state.items


def test_one_long_row_covers_too(step: Judge, state: Kept) -> None:
    deliver(step, state, an_incident())
    ring(step, state)
    (late,) = deliver(step, state, a_row(-24, 24 * 30))
    assert strict(late) == "breached"


def test_topic_heat_passes_and_marks_do_not(step: Judge, state: Kept) -> None:
    heat = TopicHeat(id="安全生产|", collected_at=NOON, topic="安全生产", region=None, hourly=[], hot=[])
    assert deliver(step, state, heat) == [heat]
    assert deliver(step, state, Mark(id="m", collected_at=NOON, publisher="x")) == []


def test_a_timer_whose_incident_is_gone_is_silenced(step: Judge, state: Kept) -> None:
    (judged,) = deliver(step, state, an_incident())
    del state.items[CaseFile, "i-1"]
    assert ring(step, state) == []
    assert state.items[Judgement, "i-1"] == msgspec.structs.replace(judged, due_at=None)


def test_what_gather_learnt_meanwhile_reaches_no_verdict_before_its_time(step: Judge, state: Kept) -> None:
    deliver(step, state, an_incident(), a_row(-1, 4.9))
    state.put(answered(an_incident(), 4))
    (late,) = deliver(step, state, a_row(4.9, 5.1))
    assert strict(late) == "breached"


def kinds(step: Judge, message: Any) -> Iterable[type]:
    return [kind for kind, _ in step.looks_at(message)]


def test_it_names_what_it_will_look_at(step: Judge) -> None:
    assert kinds(step, an_incident()) == [Judgement, CaseFile]
    assert kinds(step, a_row(0, 1)) == []
