"""How a person's decision comes on record, from the command line and from the pages alike: checked, kept, never
overwritten. The pipeline takes it up (stream/desk.py), and gathering links it into the chain."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote

import msgspec
from msgspec import Struct

from stream.clock import clock_now, wall_now
from stream.core.deciding import LARGEST_ATTACHMENT, Attachment, Held, decision_id, problem_of
from stream.core.documents import Decision, DecisionKind
from stream.core.records import Clock
from stream.core.rules import Rules
from stream.errors import UsageError
from stream.ports import Backends, Evidence, Exchange, Save, Store

LONGEST_FILE_NAME = 120
_NO_NAME = "附件"
# A web address, or readers of WARC files take the record for no exchange; `.invalid` is nobody's (RFC 2606).
ATTACHED = "https://attachment.invalid/"


class Draft(Struct, frozen=True, kw_only=True):
    """A decision as a person enters it; `post` names the incident by one of its posts."""

    what: DecisionKind
    post: str
    who: str
    why: str
    value: Any = None


def now(store: Store) -> datetime:
    """The pipeline's clock, so that a decision has its place among the facts; the wall's where none ever ran."""
    found = store.get_many(Clock, ["pipeline"])
    clock = found["pipeline"].item if found else None
    return clock_now(clock, wall_now()) if isinstance(clock, Clock) else wall_now()


def record(backends: Backends, draft: Draft, rules: Rules, at: datetime | None = None) -> str:
    """Keeps the decision and returns its id; `at`: its instant (None: now). Raises UsageError where it would decide
    nothing."""
    decision = Decision(
        id="", collected_at=at or now(backends.store), who=draft.who.strip(), what=draft.what,
        incident_of=draft.post.strip(), value=draft.value, why=draft.why.strip(),
    )  # fmt: skip
    problem = problem_of(decision, rules)
    if problem is not None:
        raise UsageError(f"{draft.what}：{problem}")
    decision = msgspec.structs.replace(decision, id=decision_id(decision))
    backends.store.save_many([Save(item=decision, expected=0)])
    return decision.id


def with_attachment(value: Any, name: str, body: bytes, at: datetime, evidence: Evidence) -> Any:
    """An objection's value with a file, kept verbatim in the evidence vault: what a body hands in in its own defence is
    its official word, not a citizen's. Raises UsageError."""
    if not isinstance(value, dict):
        raise UsageError('附件须与异议一起：--value {"body": …, "text": …}')
    if len(body) > LARGEST_ATTACHMENT:
        raise UsageError(f"附件过大（{len(body)} 字节），最多 {LARGEST_ATTACHMENT} 字节")
    if not body:
        raise UsageError("附件是空的")
    clean = file_name(name)
    exchange = Exchange(
        url=ATTACHED + quote(clean), fetched_at=at, status=200, body=body, is_authority=True,
        headers=(("content-type", "application/octet-stream"),),
    )  # fmt: skip
    capture = evidence.keep(exchange)
    held = Held(sha256=capture.sha256, file=capture.file, offset=capture.offset)
    attached = Attachment(name=clean, size=len(body), sha256=capture.sha256, capture=held)
    return {**cast("dict[str, Any]", value), "attachment": msgspec.to_builtins(attached)}


def file_name(name: str) -> str:
    """The last part of a path, of letters, digits and `._-` alone, not hidden, not too long."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode()))[-1]
    clean = re.sub(r"[^\w.-]+", "_", last).strip("._-")
    stem, dot, end = clean.rpartition(".")
    if dot and len(end) <= 10:
        return f"{stem[: LONGEST_FILE_NAME - len(end) - 1]}.{end}"
    return clean[:LONGEST_FILE_NAME] or _NO_NAME
