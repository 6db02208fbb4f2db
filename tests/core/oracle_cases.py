"""Random incidents for the verdict oracle: every instant on one grid, near the deadlines, with all that people decide.

`draw` is a seeded `random.Random`, or Hypothesis's own (then a failing case shrinks).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from msgspec.structs import replace

from stream.core.authorities import Channel
from stream.core.cases import (
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    OccurredFact,
    PollSpan,
    Response,
    Responsible,
)
from stream.core.coverage import in_order
from stream.core.documents import Decision, Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval
from stream.core.rules import CoveragePolicy, Rules
from tests.core.oracle_verdicts import HOUR, MINUTE, Watching

LONG_CASES = 100_000
BODY = "云泽市应急管理局"
# Before 61号, before 80号, after it, since the local plan, since the plan of 2025.
DAYS = [(2016, 7, 20), (2016, 11, 5), (2016, 11, 20), (2020, 6, 1), (2024, 3, 5), (2024, 3, 5), (2025, 6, 3)]
STEPS = [MINUTE, 30 * MINUTE, 30 * MINUTE, HOUR]
FORMS = ["statement"] * 4 + ["update", "conference_held", "conference_held", "briefing", "acknowledgement",
                             "conference_announced", "interview", "clarification", "result"]  # fmt: skip


DECIDED = ["severity", "severity", "occurred", "reject", "restate", "gate", "gate", "exempt", "exempt", "dismiss"]


@dataclass(frozen=True)
class Case:
    incident: Incident
    watching: Watching
    step: timedelta
    untils: tuple[datetime, ...]


class Maker:
    """Draws one case."""

    def __init__(self, draw: Random) -> None:
        self.draw, self.step = draw, draw.choice(STEPS)
        year, month, day = draw.choice(DAYS)
        self.noon = datetime(year, month, day, 12, 0, tzinfo=SHANGHAI)
        self.end = self.noon + 140 * HOUR
        self.anchors: list[datetime] = [self.noon]

    def case(self) -> Case:
        first = self.first_public()
        occurred = self.occurred(first)
        emergencies = self.emergencies(first)
        responses = self.responses()
        opened_at, mention = first.latest, "p0"
        if responses and self.draw.random() < 0.1:  # the authority itself was the first to speak
            mention, told = "r0", responses[0]
            responses[0] = replace(told, published=first, known_at=max(told.known_at, first.latest))
        figures = self.figures(first, responses)
        incident = Incident(
            id="i-1", collected_at=self.end, title="云泽一厂房爆炸", opened_at=opened_at, state="open",
            merged_into=None, closed_at=None, first_public=FirstPublic(interval=first, mention=mention),
            regions=[self.draw.choice(["440399", "340199"])], topics=["安全生产"], bodies=[], hot=[], terms=[],
            heat=Heat(posts=1, peak=1, peak_at=None, hourly=[]), emergencies=emergencies, occurred=occurred,
            figures=figures, responses=responses, decisions=[],
        )  # fmt: skip
        incident = self.decided(incident)
        watching = self.watching()
        return Case(incident, watching, self.step, self.untils(incident))

    # --- instants -----------------------------------------------------------------------------------------------------

    def near(self, at: datetime, spread: int = 3) -> datetime:
        return at + self.draw.randint(-spread, spread) * self.step

    def delay(self) -> timedelta:
        return self.draw.choice([0, 0, 1, 2, 5]) * self.step + self.draw.choice([0, 0, 0, 7, 30]) * HOUR

    def interval(self, first: datetime, longest: int = 3) -> Interval:
        """A second, a minute, or some steps of the grid."""
        kind = self.draw.choice(["second", "minute", "minute", "part_of_day"])
        last = first
        if kind == "minute":
            last = first + timedelta(seconds=59)
        elif kind == "part_of_day":
            last = first + self.draw.randint(1, longest) * self.step
        return Interval(earliest=first, latest=last, precision=kind, source="text")  # type: ignore[arg-type]

    # --- facts --------------------------------------------------------------------------------------------------------

    def first_public(self) -> Interval:
        found = self.interval(self.noon)
        self.anchors += [self.noon, found.latest.replace(second=0)]
        return found

    def occurred(self, first: Interval) -> list[OccurredFact]:
        found = []
        for number in range(self.draw.choice([0, 1, 1, 1, 2])):
            begun = self.noon - self.draw.randint(0, 12) * self.step
            interval = self.interval(begun, 5)
            stated = StatedInterval(
                earliest=None if self.draw.random() < 0.05 else interval.earliest, latest=interval.latest,
                precision=interval.precision, source="text", text="当日",
            )  # fmt: skip
            self.anchors += [begun, min(first.latest, interval.latest).replace(second=0)]
            found.append(OccurredFact(interval=stated, mention=f"p{number}", known_at=first.latest + self.delay()))
        return found

    def emergencies(self, first: Interval) -> list[EmergencyFact]:
        kind = Emergency(is_emergency=True, type="事故灾难", subtype="爆炸", in_china=self.draw.random() < 0.95)
        known = [first.latest + self.delay() for _ in range(self.draw.choice([0, 1, 1, 1, 1, 2]))]
        return [EmergencyFact(emergency=kind, mention=f"p{index}", known_at=at) for index, at in enumerate(known)]

    def figures(self, first: Interval, responses: list[Response]) -> list[FigureFact]:
        """The dead as posts told them, some of these posts the authority's answers themselves."""
        found = []
        for number in range(self.draw.choice([0, 1, 1, 2, 3])):
            value = self.draw.choice([0, 2, 5, 12, 12, 15, 31])
            if responses and self.draw.random() < 0.3:
                told = self.draw.choice(responses)
                found.append(self.figure(told.mention, value, told.published, told.known_at, BODY))
                continue
            since = self.near(self.noon, 2) + self.draw.choice([0, 0, 1, 3, 20]) * HOUR
            published = self.interval(since, self.draw.choice([3, 9]))
            self.anchors += [published.latest.replace(second=0)]
            known = max(first.latest, published.latest) + self.delay()
            found.append(self.figure(f"p{number}", value, published, known, None))
        return list({one.mention: one for one in found}.values())

    def figure(self, mention: str, value: int, published: Interval, known: datetime, issuer: str | None) -> FigureFact:
        return FigureFact(
            name="deaths", value=value, mention=mention, known_at=known, published=published, issuer=issuer
        )

    def responses(self) -> list[Response]:
        return [self.response(number) for number in range(self.draw.choice([0, 1, 1, 2, 2, 3]))]

    def response(self, number: int) -> Response:
        anchor = self.draw.choice(self.anchors) + self.draw.choice([0, 5, 5, 5, 24, 24, 48]) * HOUR
        published = self.interval(self.near(anchor), self.draw.choice([3, 3, 9]))
        known = max(published.latest, self.noon + HOUR) + self.delay()
        gone = known + self.delay() + self.step if self.draw.random() < 0.2 else None
        return Response(
            mention=f"r{number}", answers=None, answered=None, published=published, form=self.draw.choice(FORMS),
            issuer=BODY, issuer_kind="government", level="city", is_authoritative=self.draw.random() < 0.93,
            known_at=known, title="情况通报", removed_at=gone,
            removal_known_at=None if gone is None else gone + self.draw.choice([0, 1]) * HOUR,
        )  # fmt: skip

    # --- people -------------------------------------------------------------------------------------------------------

    def decided(self, incident: Incident) -> Incident:
        decisions = [self.decision(number, incident) for number in range(self.draw.choice([0, 0, 0, 1, 1, 2]))]
        state = "dismissed" if any(one.what == "dismiss" for one in decisions) else "open"
        return replace(incident, decisions=decisions, state=state)

    def decision(self, number: int, incident: Incident) -> Decision:
        what = self.draw.choice(
            ["severity", "severity", "occurred", "reject", "restate", "gate", "gate", "exempt", "exempt", "dismiss"]
        )
        at = incident.opened_at + self.draw.randint(0, 60) * HOUR
        who = self.draw.choice(["值班长", "值班长", " "]) if what == "exempt" else "值班长"
        return Decision(
            id=f"d{number}", collected_at=at, who=who, what=what, incident_of="p0", value=self.value(what, incident),
            why="依据条例第十四条",
        )  # type: ignore[arg-type]  # fmt: skip

    def value(self, what: str, incident: Incident) -> Any:
        mention = f"r{self.draw.randint(0, 2)}"
        if what == "severity":
            return self.draw.choice(["III", "IV", None])
        if what == "gate":
            return self.draw.choice(["vital_interest", "moral_line"])
        if what == "exempt":
            ground = self.draw.choice(["EX-SECRET", "EX-SECRET", "EX-INVESTIGATION"])
            return {"ground": ground} | self.draw.choice([{}, {"rule": "CN-5H-AUTH"}])
        if what == "reject":
            return mention
        at = self.noon - self.draw.randint(0, 6) * self.step if what == "occurred" else self.near(self.noon + 5 * HOUR)
        return self.written(at) | ({"mention": mention} if what == "restate" else {})

    def written(self, at: datetime) -> dict[str, str]:
        """As a person writes a time: a minute, or from … to …"""
        if self.draw.random() < 0.5:
            return {"at": at.strftime("%Y-%m-%dT%H:%M")}
        last = at + self.draw.randint(0, 2) * self.step
        return {"earliest": at.strftime("%Y-%m-%dT%H:%M:%S"), "latest": last.strftime("%Y-%m-%dT%H:%M:%S")}

    # --- coverage -----------------------------------------------------------------------------------------------------

    def watching(self) -> Watching:
        if self.draw.random() < 0.4:
            return Watching({}, {}, everything=True)
        sources = ["a", "b"][: self.draw.choice([0, 1, 1, 2, 2])]
        polls, spans = dict.fromkeys(sources, 30 * MINUTE), {one: self.polls() for one in sources}
        return Watching(polls, spans, self.draw.choice([0, 6, 12]) * HOUR, self.draw.choice([0, 50, 200]))

    def polls(self) -> list[PollSpan]:
        """Seen from long before, up to somewhere; in between holes, failures, and looks that are told late."""
        at, last = self.noon - 100 * HOUR, self.noon + self.draw.choice([3, 6, 30, 60, 130]) * HOUR
        rows = [self.poll(at, self.near(self.noon, 12))]
        holes = self.draw.choice([0, 0, 2, 6])
        while rows[-1].to_at < last:
            at = rows[-1].to_at + (
                self.draw.randint(0, 3) * self.step if self.draw.randint(0, 9) < holes else timedelta()
            )
            rows.append(self.poll(at, at + self.draw.choice([self.step, 3 * self.step, 5 * HOUR, 20 * HOUR]), holes))
        return in_order(rows)

    def poll(self, first: datetime, last: datetime, holes: int = 0) -> PollSpan:
        late = self.draw.choice([0, 0, 0, 1, 9]) * HOUR
        return PollSpan(first, last, last + late, self.draw.randint(0, 19) >= holes)

    def untils(self, incident: Incident) -> tuple[datetime, ...]:
        """Near a deadline, anywhere, and when all is over."""
        near = self.near(self.draw.choice(self.anchors) + self.draw.choice([0, 5, 24, 48]) * HOUR)
        return near, incident.opened_at + self.draw.randint(0, 80) * HOUR, self.end


def rules_of(case: Case, book: Rules) -> Rules:
    """The rule book with the case's own patience and tolerance of gaps."""
    watching = case.watching
    return replace(book, coverage=CoveragePolicy(grace_hours=watching.grace // HOUR, gap_share=watching.gap_share))


class Register:
    """One responsible body with the case's channels."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body=BODY, rule="territorial")]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Any]:
        return [Channel(source=one, poll_minutes=every // MINUTE) for one, every in self._watching.polls.items()]
