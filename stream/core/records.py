"""What the service keeps for itself beside posts and incidents: clock, progress, fetches, deliveries, rejects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from stream.core.documents import Message, Value


class Clock(Message, frozen=True, tag="clock", kw_only=True):
    """The pipeline's clock (id "pipeline"): `collected_at` is its now; at wall time `wall_at` it ran at `speed`.
    With the id of a lane of the last step: up to when that lane is done."""

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


class AuditEntry(Message, frozen=True, tag="audit_entry", kw_only=True):
    """One link of the chain over everything that people decided or put on record (id = the id of what it is about,
    `of`). `collected_at` is the instant of the deed. `of_sha256`: of the canonical bytes of that decision or entry;
    `sha256`: of this link's own canonical bytes with `sha256` empty; `previous`: of the link with `seq` - 1 (the first
    one: 64 zeros). `before`, `after`: what stood, and what stands, of the thing decided."""

    seq: int
    of: str
    of_type: Literal["decision", "entry"]
    of_sha256: str
    who: str
    what: str
    subject: str
    why: str
    incident: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous: str
    sha256: str


class AuditHead(Message, frozen=True, tag="audit_head", kw_only=True):
    """The newest link of the chain (id "head")."""

    seq: int
    sha256: str


class Rejected(Message, frozen=True, tag="rejected", kw_only=True):
    """A message no step could use, with the reason; `payload` is what it was (bounded), for `huiying rejected`."""

    step: str
    reason: str
    file: str | None = None
    line: int | None = None
    of: str | None = None
    payload: str | None = None


class Intent(Value, frozen=True, kw_only=True):
    """One save of a batch: the encoded item and the revision it expects (see stream.ports.Save)."""

    item: msgspec.Raw
    expected: int | None


class Sent(Value, frozen=True, kw_only=True):
    """One message of a batch, encoded (see stream.ports.Outgoing)."""

    body: msgspec.Raw
    key: str | None
    partition: int | None


class Journal(Message, frozen=True, tag="journal", kw_only=True):
    """The last batch of one lane of an ordered step, as computed (id = `step|lane`): what was begun is finished by
    whoever takes the lane over. Kept only where bus and store are apart."""

    topic: str
    saves: list[Intent]
    outgoing: list[Sent]
    rejected: list[Rejected]
    offsets: list[tuple[str, int, int]]
