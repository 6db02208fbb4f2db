"""What is kept of a message that a step could not use."""

from __future__ import annotations

import hashlib
from datetime import datetime

from stream.core.codec import encode
from stream.core.documents import Message, Page
from stream.core.records import Rejected
from stream.ports import Record
from stream.reading.privacy import mask

# Enough to put nearly every post back as it was, little enough to keep.
PAYLOAD_LIMIT = 16_000
# No time can be read from what cannot be decoded.
NO_TIME = datetime.fromisoformat("1970-01-01T08:00:00+08:00")


def rejected_message(step: str, message: Message, reason: str) -> Rejected:
    """Says which message, by its origin where it has one."""
    origin = getattr(message, "origin", None)
    file, _, line = (origin or "").rpartition(":")
    payload = encode(message)[:PAYLOAD_LIMIT].decode("utf-8", "replace")
    if isinstance(message, Page):
        # Nobody has read it yet, so nobody has masked it.
        payload = mask(payload)
    return Rejected(
        id=f"{step}:{message.id}", collected_at=message.collected_at, step=step, reason=reason, of=message.id,
        file=file or None, line=int(line) if line.isdigit() else None, payload=payload,
    )  # fmt: skip


def undecodable(step: str, record: Record) -> Rejected:
    """Says which bytes, by their hash: the same bytes again are the same reject."""
    digest = hashlib.sha256(record.body).hexdigest()[:16]
    return Rejected(
        id=f"{step}:{record.topic}:{digest}", collected_at=NO_TIME, step=step, reason="undecodable",
        payload=record.body[:PAYLOAD_LIMIT].decode("utf-8", "replace"),
    )  # fmt: skip
