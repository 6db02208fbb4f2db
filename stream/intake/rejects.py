"""Why a row cannot be used: one list of reasons, and the `Rejected` that carries one."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct

from stream.core.intervals import SHANGHAI
from stream.core.records import Rejected
from stream.reading.privacy import mask

Reason = Literal[
    "broken_json",  # not JSON, or not an object
    "broken_table",  # a CSV row that no reader can parse
    "broken_file",  # the file ends or is damaged here; nothing after it can be read
    "wrong_encoding",  # bytes that are not of the file's encoding
    "no_text",  # neither title nor text
    "unreadable_text",  # nothing but control characters, NUL, lone surrogates
    "too_long",  # a row or text over the limit
    "too_large",  # more bytes, once encoded, than the bus takes in one message (max_page_bytes)
    "wrong_type",  # a list or object where text is expected
    "formula",  # a spreadsheet formula without a stored value; formulas are never evaluated
    "no_time",  # neither published_at nor collected_at (replay only)
    "absurd_date",  # before 1990, or more than a day after it was collected (replay only)
    "bad_coverage",  # a coverage row without source, from, to, reachable
    "bad_decision",  # a decision row without at, who, what, incident_of, or with an unknown `what`
]

NEVER = datetime(1970, 1, 1, tzinfo=UTC).astimezone(SHANGHAI)
"""`collected_at` of what has no time at all (`read` prints null)."""

PAYLOAD_CHARS = 500
_AUTHOR = re.compile(r"(\"author\"\s{0,4}:\s{0,4})\"[^\"\n]{0,200}\"?")


class Place(Struct, frozen=True, kw_only=True):
    """Where a row stands; `line` counts from 1 (of an XLSX sheet: its row)."""

    file: str
    line: int | None


class Flaw(Struct, frozen=True, kw_only=True):
    """What is wrong with a row, and of it as much as may be kept: `raw` is masked before it is."""

    reason: Reason
    raw: str | dict[str, Any] = ""
    of: str | None = None


class RowFlawed(Exception):
    """Raised inside intake when a row cannot be used."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def rejected(place: Place, flaw: Flaw, collected_at: datetime = NEVER) -> Rejected:
    """The reject of one row; its id is derived, so that a second run finds the same."""
    known_by = f"{place.file}|{place.line}|{flaw.of}|{flaw.reason}"
    return Rejected(
        id="r-" + hashlib.sha256(known_by.encode("utf-8", "replace")).hexdigest()[:16],
        collected_at=collected_at,
        step="intake",
        reason=flaw.reason,
        file=place.file,
        line=place.line,
        of=flaw.of,
        payload=_payload(flaw.raw),
    )


def _payload(raw: str | dict[str, Any]) -> str | None:
    """At most PAYLOAD_CHARS of the row, without its author, personal data masked."""
    if isinstance(raw, dict):
        cells = {key: _short(value) for key, value in raw.items() if key != "author"}
        raw = msgspec.json.encode(cells).decode()
    text = raw[: PAYLOAD_CHARS * 2].encode("utf-8", "replace").decode()
    return mask(_AUTHOR.sub(r"\1null", text))[:PAYLOAD_CHARS] or None


def _short(value: object) -> str:
    return str(value)[:PAYLOAD_CHARS].encode("utf-8", "replace").decode()
