"""The types of an incident's life: gathered facts, what was ruled on them, what was told.

Every instant is aware, Asia/Shanghai.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from stream.core.documents import Decision, Emergency, EventType, Form, Grade, IssuerKind, Level, Message, Value
from stream.core.intervals import Elapsed, Interval, StatedInterval


class Placement(Value, frozen=True, kw_only=True):
    """Where a post stood until a person moved it at `until`; `reason` None: it stood nowhere."""

    incident: str | None
    duplicate_of: str | None
    reason: str | None
    until: datetime


class Assignment(Message, frozen=True, tag="assignment", kw_only=True):
    """The immutable answer to "which incident is this post of"; its id is the post's id. Only a person's decision
    gives another one; `was` keeps what stood before, oldest first."""

    incident: str | None
    duplicate_of: str | None
    reason: str
    was: list[Placement] = field(default_factory=list)


class FirstPublic(Value, frozen=True, kw_only=True):
    interval: Interval
    mention: str


class FirstPublicFact(Value, frozen=True, kw_only=True):
    """One of the earliest posts of an incident; `is_answer`: it holds a response itself."""

    interval: Interval
    mention: str
    known_at: datetime
    is_answer: bool = False


class NamedFact(Value, frozen=True, kw_only=True):
    """A region (code), topic or body that an incident came to name after it was opened."""

    kind: Literal["region", "topic", "body"]
    name: str
    known_at: datetime


class OccurredFact(Value, frozen=True, kw_only=True):
    interval: StatedInterval
    mention: str
    known_at: datetime


class KnownFact(Value, frozen=True, kw_only=True):
    """When the authority learnt of the incident, as its own text states it (12时57分接到报警)."""

    interval: StatedInterval
    mention: str
    known_at: datetime


class FigureFact(Value, frozen=True, kw_only=True):
    """One figure as one post gave it; `issuer` when that post speaks for an authority; `published`: that post's."""

    name: str
    value: int
    mention: str
    known_at: datetime
    issuer: str | None = None
    published: Interval | None = None


class EmergencyFact(Value, frozen=True, kw_only=True):
    emergency: Emergency
    mention: str
    known_at: datetime


class Response(Value, frozen=True, kw_only=True):
    """A response of an incident. `answers` = the answered post, else None (then it answers the incident)."""

    mention: str
    answers: str | None
    answered: Interval | None
    published: Interval
    form: Form
    issuer: str | None
    issuer_kind: IssuerKind
    level: Level | None
    is_authoritative: bool
    known_at: datetime
    title: str
    source: str | None = None
    url: str | None = None
    removed_at: datetime | None = None
    removal_known_at: datetime | None = None
    is_new_fact: bool = False
    answered_known_at: datetime | None = None


class Departure(Value, frozen=True, kw_only=True):
    """Facts that counted until a person took their posts out of the incident at `at`; from then on they do not."""

    at: datetime
    emergencies: list[EmergencyFact] = field(default_factory=list)
    occurred: list[OccurredFact] = field(default_factory=list)
    known: list[KnownFact] = field(default_factory=list)
    figures: list[FigureFact] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    first_publics: list[FirstPublicFact] = field(default_factory=list)


class Joining(Value, frozen=True, kw_only=True):
    """What a merge at `at` brought, known here since then: posts its facts rest on, decisions by id, new names."""

    at: datetime
    posts: list[str]
    decisions: list[str]
    names: list[str]


class Turn(Value, frozen=True, kw_only=True):
    """Since when an incident was in a state; before the first it was open."""

    state: Literal["open", "closed", "dismissed", "merged"]
    at: datetime


class HotFact(Value, frozen=True, kw_only=True):
    """The spike test's finding: at `at`, `count` posts in the window against `baseline`."""

    at: datetime
    count: int
    baseline: float
    reason: str


class Heat(Value, frozen=True, kw_only=True):
    """Distinct assigned posts by hour: derived from assignments, never incremented by redelivery."""

    posts: int
    peak: int
    peak_at: datetime | None
    hourly: list[tuple[datetime, int]]


class Print(Value, frozen=True, kw_only=True):
    """The simhash of one distinct text and the first post that had it: what reprints are told by."""

    simhash: int
    mention: str


class Incident(Message, frozen=True, tag="incident", kw_only=True):
    """Append-only facts of one incident; `collected_at` is its newest fact's. What a person takes out goes to `left`;
    since when first post, places and state are known: `first_publics`, `named`, `turns`. Members are in assignments."""

    title: str
    opened_at: datetime
    state: Literal["open", "closed", "dismissed", "merged"]
    merged_into: str | None
    closed_at: datetime | None
    first_public: FirstPublic
    regions: list[str]
    topics: list[str]
    bodies: list[str]
    emergencies: list[EmergencyFact]
    occurred: list[OccurredFact]
    figures: list[FigureFact]
    responses: list[Response]
    decisions: list[Decision]
    hot: list[HotFact]
    heat: Heat
    terms: list[int]
    due_at: datetime | None = None
    prints: list[Print] = field(default_factory=list)
    known: list[KnownFact] = field(default_factory=list)
    first_publics: list[FirstPublicFact] = field(default_factory=list)
    named: list[NamedFact] = field(default_factory=list)
    left: list[Departure] = field(default_factory=list)
    joined: list[Joining] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)


class TopicHeat(Message, frozen=True, tag="topic_heat", kw_only=True):
    """Posts by hour of one topic (optionally in one region), with the spikes found. Its id is `topic|region`."""

    topic: str
    region: str | None
    hourly: list[tuple[datetime, int]]
    hot: list[HotFact]


# --- judged -----------------------------------------------------------------------------------------------------------

Verdict = Literal[
    "pending", "met", "met_then_retracted", "breached", "breached_but_fair_clock_met", "indeterminate",
    "not_applicable", "exempt_claimed", "unknown_coverage_gap",
]  # fmt: skip


class SeverityStep(Value, frozen=True, kw_only=True):
    grade: Grade | None
    known_at: datetime
    mention: str | None


class SeverityView(Value, frozen=True, kw_only=True):
    grade: Grade | None
    basis: str
    mentions: list[str]
    history: list[SeverityStep]


class Responsible(Value, frozen=True, kw_only=True):
    """A body that owes an answer, and the rule of attribution (topic, region, named, issuer level …)."""

    body: str
    rule: str


class Due(Value, frozen=True, kw_only=True):
    earliest: datetime | None
    latest: datetime


class Obligation(Value, frozen=True, kw_only=True):
    """One rule on one incident by one clock: when it is due, the verdict, why, and by which facts."""

    rule: str
    rule_version: str
    modality: Literal["must", "in_principle", "advisory"]
    body: str | None
    clock: str
    start: Interval | None
    basis: str
    due: Due | None
    verdict: Verdict
    reason: str
    satisfied_by: str | None
    elapsed_s: Elapsed | None
    evidence: list[str]
    provisional: bool = False


class VerdictChange(Value, frozen=True, kw_only=True):
    """`at` is the instant the verdict holds from (the deadline, the publication); `known_at` when we knew."""

    id: str
    at: datetime
    known_at: datetime
    incident: str
    rule: str
    body: str | None
    clock: str
    before: Verdict | None
    after: Verdict
    reason: str


class CoverageSpan(Value, frozen=True, kw_only=True):
    source: str
    from_at: datetime
    to_at: datetime
    reachable: bool
    reason: str | None


class BodyStanding(Value, frozen=True, kw_only=True):
    """One rule, strict clock, seen for one body alone: what its own statements (and those made in its name) give.
    `role` is the rule of attribution, or "answered" for a body that answered without being responsible."""

    body: str
    role: str
    rule: str
    verdict: Verdict
    reason: str
    satisfied_by: str | None
    elapsed_s: Elapsed | None


class StatedFigure(Value, frozen=True, kw_only=True):
    issuer: str
    value: int
    mention: str
    known_at: datetime
    published: Interval | None


class Conflict(Value, frozen=True, kw_only=True):
    """Authorities that give different figures of one name at once; `resolved_at`: when they came to agree again."""

    name: str
    stated: list[StatedFigure]
    known_at: datetime
    resolved_at: datetime | None


class CoverageGap(Value, frozen=True, kw_only=True):
    """A stretch of a clock's window in which a watched channel of the responsible body was not seen; `share` of the
    window, in thousandths. `counts`: long enough (rules.yaml, coverage.gap_share) that silence proves nothing."""

    rule: str
    clock: str
    body: str
    source: str
    from_at: datetime
    to_at: datetime
    reason: str
    share: int
    counts: bool


class Judgement(Message, frozen=True, tag="judgement", kw_only=True):
    """What was ruled on one incident; its id is the incident's. A pure function of facts, rules and now."""

    title: str
    region: str | None
    topics: list[str]
    state: Literal["open", "closed", "dismissed", "merged"]
    incident_revision: int
    opened_at: datetime
    is_emergency: bool
    event_type: EventType | None
    occurred: Interval | None
    severity: SeverityView
    figures: list[FigureFact]
    gate: str | None
    responsible: list[Responsible]
    obligations: list[Obligation]
    changes: list[VerdictChange]
    coverage: list[CoverageSpan]
    hot: list[HotFact]
    versions: dict[str, str]
    due_at: datetime | None = None
    by_body: list[BodyStanding] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    gaps: list[CoverageGap] = field(default_factory=list)
    automatic: list[Obligation] = field(default_factory=list)
    """The rows as they would stand without people's decisions: those alone that differ from `obligations`."""


class PollSpan(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One coverage row as kept: known only from `known_at` on."""

    from_at: datetime
    to_at: datetime
    known_at: datetime
    reachable: bool
    reason: str | None = None


class SourceCoverage(Message, frozen=True, tag="source_coverage", kw_only=True):
    """The coverage rows of one source that touch one day (id `source|YYYY-MM-DD`; rows of many days: `source|long`)."""

    source: str
    spans: list[PollSpan]


class CaseFile(Message, frozen=True, tag="case_file", kw_only=True):
    """An incident as the judge last received it (id = the incident's): gathering runs ahead of judging, and what it
    learnt meanwhile must not reach a verdict before its time."""

    incident: Incident


class Alert(Message, frozen=True, tag="alert", kw_only=True):
    """Who is told, when, once. `id` is the sent-log key (incident or topic, rule, rung); `collected_at` = `at`."""

    at: datetime
    incident: str | None
    topic: str | None
    region: str | None
    rule: str | None
    rung: str | None
    kind: Literal["opened", "ladder", "hot", "verdict", "dead_man", "duty"]
    title: str
    text: str


class Reminder(Message, frozen=True, tag="reminder", kw_only=True):
    """The alert step's memory of one incident (id = the incident's): what is still to be reminded of, and when next."""

    judgement_at: datetime
    obligations: list[Obligation]
    title: str
    region: str | None
    sent: list[str]
    acknowledged_by: str | None = None
    due_at: datetime | None = None
