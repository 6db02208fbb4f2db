"""Whether the bus takes a row as one message (`max_page_bytes`)."""

from __future__ import annotations

from stream.core.codec import encode
from stream.core.documents import Coverage, Decision, Page
from stream.core.records import Rejected
from stream.intake.cells import SHORT_CHARS
from stream.intake.rejects import PAYLOAD_CHARS, Flaw

ESCAPED_BYTES = 6
"""The most that one character takes in a message (`\\u0001`)."""
OTHERS_BYTES = 8 * SHORT_CHARS * ESCAPED_BYTES
"""The most that everything takes beside title and text."""
STAMPED_BYTES = 20
"""A crawler gives the instant when it publishes, with microseconds."""


def is_carried(row: Page | Coverage | Decision | Rejected, limit: int) -> bool:
    """Whether the message has at most `limit` bytes. Encoding each to see would slow reading down: one that is short
    enough even if every character were escaped is let through."""
    if isinstance(row, Page):
        chars = len(row.row.title or "") + len(row.row.text or "")
        if chars * ESCAPED_BYTES + OTHERS_BYTES < limit:
            return True
    return isinstance(row, Rejected) or len(encode(row)) + STAMPED_BYTES <= limit


def too_large(row: Page | Coverage | Decision | Rejected) -> Flaw:
    """The flaw of such a row; of what it says only the beginning is told."""
    told = (row.row.title or row.row.text or "")[:PAYLOAD_CHARS] if isinstance(row, Page) else ""
    return Flaw(reason="too_large", raw=told, of=row.id)
