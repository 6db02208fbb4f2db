"""The travelling types: the name says how far the data has come.

`Page` → `Article` → `Mention` → `Incident` → `Judgement` → `Alert`. `Coverage`, `Decision` and `Mark` travel the same
way unchanged. Every message has an `id` and a `collected_at`; (`collected_at`, `id`) is the order everywhere.
All instants are aware, Asia/Shanghai.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from stream.core.intervals import Elapsed, Interval, StatedInterval

SCHEMA = 1

PostKind = Literal["news", "post", "hotlist", "complaint", "authority"]
Grade = Literal["I", "II", "III", "IV"]
EventType = Literal["自然灾害", "事故灾难", "公共卫生", "社会安全"]
Form = Literal[
    "statement", "update", "clarification", "result", "acknowledgement",
    "conference_announced", "conference_held", "briefing", "interview",
]  # fmt: skip
IssuerKind = Literal[
    "government", "police", "court_procuratorate", "state_media_quoting_authority", "state_media", "company",
    "school", "hospital", "association", "celebrity", "self_media", "foreign", "other",
]  # fmt: skip
Level = Literal["national", "province", "city", "county", "town"]
DecisionKind = Literal[
    "confirm", "dismiss", "merge", "split", "severity", "occurred", "attach", "reject", "conference_held", "exempt",
    "restate", "gate", "acknowledge",
]  # fmt: skip


class Value(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of a message: immutable, strict, keyword-only."""


class Message(Value, frozen=True, tag_field="type", kw_only=True):
    """What travels: an identity, an order, a schema version."""

    id: str
    collected_at: datetime
    schema: int = SCHEMA


# --- in ---------------------------------------------------------------------------------------------------------------


class Row(Value, frozen=True, kw_only=True):
    """What the source itself said in columns; `author` is a pseudonym already (never a name)."""

    title: str | None = None
    text: str | None = None
    published: Interval | None = None
    author: str | None = None
    region: str | None = None
    heat: float | None = None
    answers: str | None = None
    removed_at: datetime | None = None


class Capture(Value, frozen=True, kw_only=True):
    """Where the fetched bytes lie in the evidence vault, and their SHA-256 (hex)."""

    sha256: str
    file: str | None = None
    offset: int | None = None


class Page(Message, frozen=True, tag="page", kw_only=True):
    """One thing fetched or read: a row of columns, an HTML page, or a page with what its feed said of it."""

    source: str | None = None
    url: str | None = None
    account: str | None = None
    kind: PostKind = "post"
    row: Row = Row()
    html: bytes | None = None
    encoding: str | None = None
    capture: Capture | None = None
    origin: str | None = None


class Coverage(Message, frozen=True, tag="coverage", kw_only=True):
    """A watched channel was polled successfully throughout [from_at, to_at], or was not."""

    source: str
    from_at: datetime
    to_at: datetime
    reachable: bool
    reason: str | None = None


class Decision(Message, frozen=True, tag="decision", kw_only=True):
    """A person decided; append-only. `incident_of` is a post id; `value` depends on `what` (docs/formats.md)."""

    who: str
    what: DecisionKind
    incident_of: str
    value: Any = None
    why: str = ""


class Mark(Message, frozen=True, tag="mark", kw_only=True):
    """`publisher` promises: everything it publishes from here on has `collected_at` ≥ this mark's."""

    publisher: str


# --- extracted --------------------------------------------------------------------------------------------------------


class Article(Message, frozen=True, tag="article", kw_only=True):
    """A post as text: body, time, pseudonym, personal data masked."""

    source: str | None
    url: str | None
    account: str | None
    kind: PostKind
    title: str
    text: str
    published: Interval | None
    author: str | None
    site: str | None
    region: str | None
    heat: float | None
    answers: str | None
    removed_at: datetime | None
    content_sha256: str
    capture: Capture | None = None
    origin: str | None = None


# --- read -------------------------------------------------------------------------------------------------------------


class TopicScore(Value, frozen=True, kw_only=True):
    topic: str
    score: float


class Emergency(Value, frozen=True, kw_only=True):
    """Whether a text reports a concrete event (no drill, anniversary, fiction, advice or statistics), and which."""

    is_emergency: bool
    type: EventType | None = None
    subtype: str | None = None
    in_china: bool | None = None


class Figures(Value, frozen=True, kw_only=True):
    """Figures of the reported incident; injuries include the serious ones; approximate figures take the floor."""

    deaths: int | None = None
    serious_injuries: int | None = None
    injuries: int | None = None
    missing: int | None = None
    ill: int | None = None
    loss_yuan: int | None = None


class Answer(Value, frozen=True, kw_only=True):
    """In which form, and by whom, this post responds. `issuer` is the body's name as registered, else as written."""

    form: Form
    issuer: str | None
    issuer_kind: IssuerKind
    level: Level | None
    is_authoritative: bool


class Mention(Message, frozen=True, tag="mention", kw_only=True):
    """Everything that one post alone tells. `quote` is at most 200 characters; the full text stays in the post."""

    source: str | None
    url: str | None
    account: str | None
    kind: PostKind
    title: str
    quote: str
    published: Interval | None
    heat: float | None
    answers: str | None
    removed_at: datetime | None
    relevant: bool
    topics: list[TopicScore]
    emergency: Emergency
    figures: Figures
    severity: Grade | None
    occurred: StatedInterval | None
    regions: list[str]
    bodies: list[str]
    response: Answer | None
    content_sha256: str
    model_version: str
    fingerprint: list[int] = field(default_factory=list)
    simhash: int = 0
    is_new_content: bool = True
    capture: Capture | None = None


class Version(Value, frozen=True, kw_only=True):
    """One observed wording of a post."""

    collected_at: datetime
    content_sha256: str
    title: str
    text: str


class Observation(Value, frozen=True, kw_only=True):
    collected_at: datetime
    heat: float | None


class Post(Message, frozen=True, tag="post", kw_only=True):
    """A post as it is kept and searched: the newest reading, every wording, every observation."""

    mention: Mention
    text: str
    author: str | None
    site: str | None
    versions: list[Version]
    observations: list[Observation]


# --- gathered ---------------------------------------------------------------------------------------------------------


class Assignment(Message, frozen=True, tag="assignment", kw_only=True):
    """The immutable answer to "which incident is this post of"; its id is the post's id."""

    incident: str | None
    duplicate_of: str | None
    reason: str


class FirstPublic(Value, frozen=True, kw_only=True):
    interval: Interval
    mention: str


class OccurredFact(Value, frozen=True, kw_only=True):
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
    """Append-only facts of one incident; `collected_at` is its newest fact's. Members stand in assignments."""

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
    kind: Literal["opened", "ladder", "hot", "verdict", "dead_man"]
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


# --- kept beside ------------------------------------------------------------------------------------------------------


class Clock(Message, frozen=True, tag="clock", kw_only=True):
    """The pipeline's clock (id "pipeline"): `collected_at` is its now; at wall time `wall_at` it ran at `speed`."""

    wall_at: datetime
    speed: float
    watermark: datetime | None = None


class Progress(Message, frozen=True, tag="progress", kw_only=True):
    """How far a publisher has come (id = its name)."""

    done: int
    of: int | None = None


class Fetched(Message, frozen=True, tag="fetched", kw_only=True):
    """What a crawler remembers of one URL: validators for conditional requests, hash of what it saw."""

    source: str
    url: str
    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None


class Delivery(Message, frozen=True, tag="delivery", kw_only=True):
    """The outbox entry of one alert on one channel (id = `alert|channel`); due_at None once it is final."""

    alert: str
    channel: str
    state: Literal["waiting", "sent", "failed", "silenced"]
    attempts: int
    reason: str | None = None
    due_at: datetime | None = None


class Rejected(Message, frozen=True, tag="rejected", kw_only=True):
    """A message no step could use, with the reason; `payload` is what it was (bounded), for `huiying rejected`."""

    step: str
    reason: str
    file: str | None = None
    line: int | None = None
    of: str | None = None
    payload: str | None = None


Travelling = Page | Coverage | Decision | Mark | Article | Mention | Incident | TopicHeat | Judgement | Alert | Rejected
Item = (
    Post | Assignment | Incident | TopicHeat | Judgement | Alert | Reminder | CaseFile | Coverage | SourceCoverage
    | Decision | Clock | Progress | Fetched | Delivery | Rejected
)  # fmt: skip

_encoder = msgspec.json.Encoder()
_travelling: msgspec.json.Decoder[Travelling] = msgspec.json.Decoder(Travelling)
_item: msgspec.json.Decoder[Item] = msgspec.json.Decoder(Item)


def encode(message: Message) -> bytes:
    """JSON bytes, the same on every machine."""
    return _encoder.encode(message)


def decode(body: bytes) -> Travelling:
    """The message in `body`; raises msgspec.ValidationError where it does not fit its type."""
    return _travelling.decode(body)


def decode_item(body: bytes) -> Item:
    """The kept item in `body`."""
    return _item.decode(body)


def in_order(message: Message) -> tuple[datetime, str]:
    """The order everywhere."""
    return message.collected_at, message.id
