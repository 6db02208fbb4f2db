"""What the tests of verdicts build incidents from: an explosion in a fictional city, its register and its channels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from stream.core.cases import (
    BodyStanding,
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    OccurredFact,
    PollSpan,
    Response,
    Responsible,
)
from stream.core.documents import Decision, Emergency
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
HOUR = timedelta(hours=1)
NOON = datetime(2024, 3, 5, 12, 0, tzinfo=SHANGHAI)
BUREAU, CITY = "云泽市应急管理局", "云泽市人民政府"


class Channel(Struct, frozen=True):
    source: str
    poll_minutes: int = 30


class Register:
    """The bureau and the city's government; each has one channel unless told otherwise."""

    def __init__(self, channels: dict[str, Sequence[str]] | None = None, bodies: Sequence[Responsible] = ()) -> None:
        self._channels = {BUREAU: ("bureau",), CITY: ("city",)} if channels is None else channels
        self._bodies = list(bodies) or [
            Responsible(body=BUREAU, rule="event:事故灾难"),
            Responsible(body=CITY, rule="territorial"),
        ]

    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return self._bodies

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Channel]:
        return [Channel(one) for one in self._channels.get(body, ())]

    def superior(
        self, level: Any, region: str | None, at: datetime, topic: str | None = None, body: str | None = None
    ) -> str | None:
        return f"{level}|{region}|{topic or body}"


def at(hours: float) -> Interval:
    """`hours` after NOON, to the second."""
    return exactly(NOON + timedelta(hours=hours), "row")


def between(first: datetime, last: datetime) -> Interval:
    return Interval(earliest=first, latest=last, precision="part_of_day", source="text")


def stated(interval: Interval) -> StatedInterval:
    return StatedInterval(
        earliest=interval.earliest, latest=interval.latest, precision=interval.precision, source="text", text="当日"
    )


def an_emergency(known_at: datetime, **changes: Any) -> EmergencyFact:
    given: dict[str, Any] = {"is_emergency": True, "type": "事故灾难", "subtype": "爆炸", "in_china": True}
    return EmergencyFact(emergency=Emergency(**(given | changes)), mention="p1", known_at=known_at)


def figure(value: int, known: float = 0.2, mention: str = "p1", name: str = "deaths", **more: Any) -> FigureFact:
    given: dict[str, Any] = {"published": at(known), "known_at": NOON + timedelta(hours=known)}
    return FigureFact(name=name, value=value, mention=mention, **(given | more))


def said(mention: str, published: Interval, issuer: str | None = BUREAU, **more: Any) -> Response:
    given: dict[str, Any] = {
        "mention": mention, "answers": None, "answered": None, "published": published, "form": "statement",
        "issuer": issuer, "issuer_kind": "government", "level": "city", "is_authoritative": True,
        "known_at": published.latest, "title": "情况通报",
    }  # fmt: skip
    return Response(**(given | more))


def decided(what: str, hours: float, value: Any = None, why: str = "有据", who: str = "值班长") -> Decision:
    return Decision(
        id=f"d-{what}-{hours}", collected_at=NOON + timedelta(hours=hours), who=who, what=what,  # type: ignore[arg-type]
        incident_of="p1", value=value, why=why,
    )  # fmt: skip


def an_incident(**changes: Any) -> Incident:
    """An explosion at NOON (to the second) with 12 dead, public 12 minutes later."""
    opened_at = changes.get("opened_at", NOON + 0.2 * HOUR)
    given: dict[str, Any] = {
        "id": "i-1", "collected_at": opened_at + 100 * HOUR, "title": "云泽一厂房爆炸", "opened_at": opened_at,
        "state": "open", "merged_into": None, "closed_at": None, "regions": ["440399"], "topics": ["安全生产"],
        "bodies": [], "responses": [], "decisions": [], "hot": [], "terms": [],
        "first_public": FirstPublic(interval=exactly(opened_at, "row"), mention="p1"),
        "emergencies": [an_emergency(opened_at)],
        "occurred": [OccurredFact(interval=stated(at(0)), mention="p1", known_at=opened_at)],
        "figures": [figure(12)], "heat": Heat(posts=1, peak=1, peak_at=None, hourly=[]),
    }  # fmt: skip
    return Incident(**(given | changes))


def polls(*spans: tuple[float, float, bool], late: float = 0.0) -> list[PollSpan]:
    """Coverage rows as hours after NOON, known at their end and `late` hours after it."""
    return [
        PollSpan(NOON + first * HOUR, NOON + last * HOUR, NOON + (last + late) * HOUR, ok) for first, last, ok in spans
    ]


def judge(incident: Incident, hours: float, spans: Any = None, register: Any = None, rules: Rules = RULES) -> Judgement:
    """As known `hours` after NOON; silence is evidence unless coverage is given."""
    until = NOON + timedelta(hours=hours)
    return judge_incident(incident, spans or {}, rules, register or Register(), until, assume_covered=spans is None)


def row(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> Obligation | None:
    return next((one for one in judgement.obligations if (one.rule, one.clock) == (rule, clock)), None)


def verdict(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> tuple[str, str] | None:
    found = row(judgement, rule, clock)
    return None if found is None else (found.verdict, found.reason)


def path(judgement: Judgement, rule: str = "CN-5H-AUTH", clock: str = "strict") -> list[str]:
    return [one.after for one in judgement.changes if (one.rule, one.clock) == (rule, clock)]


def standing(judgement: Judgement, body: str, rule: str = "CN-5H-AUTH") -> BodyStanding | None:
    return next((one for one in judgement.by_body if (one.body, one.rule) == (body, rule)), None)
