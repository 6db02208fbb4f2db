"""Every type that travels or is kept, and its bytes."""

from __future__ import annotations

import msgspec

from stream.core.cases import Alert, Assignment, CaseFile, Incident, Judgement, Reminder, SourceCoverage, TopicHeat
from stream.core.documents import Article, Coverage, Decision, Entry, Mark, Mention, Message, Page, Post
from stream.core.records import AuditEntry, AuditHead, Clock, Delivery, Fetched, Journal, Progress, Rejected

Travelling = (
    Page | Coverage | Decision | Entry | Mark | Article | Mention | Incident | TopicHeat | Judgement | Alert | Rejected
)
Item = (
    Post | Assignment | Incident | TopicHeat | Judgement | Alert | Reminder | CaseFile | Coverage | SourceCoverage
    | Decision | Entry | AuditEntry | AuditHead | Clock | Progress | Fetched | Delivery | Rejected | Journal
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
