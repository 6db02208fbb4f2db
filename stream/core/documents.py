"""The travelling types: the name says how far the data has come.

`Page` → `Article` → `Mention` (here) → `Incident` → `Judgement` → `Alert` (stream/core/cases.py). `Coverage`,
`Decision` and `Mark` travel the same way unchanged. Every message has an `id` and a `collected_at`;
(`collected_at`, `id`) is the order everywhere. All instants are aware, Asia/Shanghai.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from stream.core.intervals import Interval, StatedInterval

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
    "restate", "gate", "acknowledge", "objection",
]  # fmt: skip
EntryKind = Literal[
    "duty_open", "duty_extend", "duty_suspend", "duty_restart", "duty_prove", "duty_withdraw", "duty_review",
    "evidence_issued",
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


class Entry(Message, frozen=True, tag="entry", kw_only=True):
    """What a person put on record beside the decisions on incidents; append-only. `subject`: a duty of the ledger, or
    the incident whose evidence was issued; `value` depends on `what` (docs/formats.md)."""

    who: str
    what: EntryKind
    subject: str
    rule: str | None = None
    value: Any = None
    why: str = ""


class Mark(Message, frozen=True, tag="mark", kw_only=True):
    """`publisher` promises: everything it publishes from here on has `collected_at` ≥ this mark's. `is_last`: the
    publisher leaves: nothing follows, nobody waits for it any more."""

    publisher: str
    is_last: bool = False


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
    held: StatedInterval | None = None
    """When the conference that the post reports actually started, where the text says so."""


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
    known: StatedInterval | None = None
    """When an authority learnt of it, where the text says so: 12时57分接到报警."""


class Version(Value, frozen=True, kw_only=True):
    """One observed wording of a post. `published` and `capture`: what this very reading said, and the bytes it was read
    from, which a later reading of the same wording must not take the place of."""

    collected_at: datetime
    content_sha256: str
    title: str
    text: str
    published: Interval | None = None
    capture: Capture | None = None


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


def in_order(message: Message) -> tuple[datetime, str]:
    """The order everywhere."""
    return message.collected_at, message.id
