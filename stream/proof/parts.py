"""The parts of an evidence file: their names, their types, and the one way in which each is written.

A part is read by its type and written again; other bytes than those are refused, so nothing can stand in it unread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar

import msgspec

from stream.core.documents import PostKind, Value
from stream.core.intervals import Interval
from stream.proof.archive import Fault, Refused

FORMAT = 1

README, MANIFEST, VERSIONS = "README.txt", "manifest.json", "versions.json"
INCIDENT, JUDGEMENT, COMPUTATION = "incident.json", "judgement.json", "computation.txt"
MENTIONS, COVERAGE, AUDIT, CAPTURES = "mentions.jsonl", "coverage.jsonl", "audit.jsonl", "captures.json"
RULES, AUTHORITIES, CHANNELS = "rules.yaml", "authorities.yaml", "channels.json"
NAMES = frozenset((
    README, MANIFEST, VERSIONS, INCIDENT, JUDGEMENT, COMPUTATION, MENTIONS, COVERAGE, AUDIT, CAPTURES, RULES,
    AUTHORITIES, CHANNELS,
))  # fmt: skip
CAPTURE_NAME = re.compile(r"captures/([0-9a-f]{64})\.warc\.gz", re.A)

T = TypeVar("T")


class Part(Value, frozen=True, kw_only=True):
    """One part; `sha256` in hex, of its bytes."""

    name: str
    size: int
    sha256: str


class Manifest(Value, frozen=True, kw_only=True):
    """Every part but itself. `as_of`: what was known and ruled at that instant; `coverage`: whether silence was judged
    by polls or taken for evidence (replay --assume-covered)."""

    format: int
    incident: str
    as_of: datetime
    coverage: Literal["polled", "assumed"]
    parts: list[Part]


class Versions(Value, frozen=True, kw_only=True):
    """What judged and read. `judging_sha256`, `reading_sha256`: of the programs that did (stream.proof.programs)."""

    software: str
    judging_sha256: str
    reading_sha256: str
    rules: str
    models: list[str]


class Wording(Value, frozen=True, kw_only=True):
    """One wording of a post as observed. `quote`: at most 200 characters, personal data masked. `capture_sha256`: of
    the bytes fetched."""

    collected_at: datetime
    published: Interval | None
    title: str
    quote: str
    content_sha256: str
    capture_sha256: str | None


class Told(Value, frozen=True, kw_only=True):
    """A post that a fact rests on, and for what it is cited. A person's post is told by quote and hash alone: no
    account, address or title; never an author. `kind` None: the post is not kept any more."""

    id: str
    cited_for: list[str]
    kind: PostKind | None
    source: str | None
    account: str | None
    url: str | None
    wordings: list[Wording]


class Polled(Value, frozen=True, kw_only=True):
    """One row of the fetch log: the channel was polled throughout, or was not; known since `known_at`."""

    source: str
    from_at: datetime
    to_at: datetime
    known_at: datetime
    reachable: bool
    reason: str | None


class Captured(Value, frozen=True, kw_only=True):
    """The bytes that one wording was read from. `part`: where they stand in this file, or None and `why` not:
    `hash_only`, `not_an_authority`, `not_in_vault`, `altered`. `published`, `content_sha256`: what the page gives when
    it is read again."""

    mention: str
    collected_at: datetime
    sha256: str
    part: str | None
    why: Literal["hash_only", "not_an_authority", "not_in_vault", "altered"] | None
    url: str | None = None
    fetched_at: datetime | None = None
    status: int | None = None
    encoding: str | None = None
    published: Interval | None = None
    content_sha256: str | None = None


def sha256(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()


def document(value: Any) -> bytes:
    """JSON to be read by people too: indented, keys of mappings sorted, one line feed at the end."""
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=1) + b"\n"


def lines(values: Sequence[Any]) -> bytes:
    """One JSON line each."""
    return b"".join(msgspec.json.encode(one, order="deterministic") + b"\n" for one in values)


def read_document(name: str, content: bytes, kind: type[T]) -> T:
    """A part written by `document`. Raises Refused."""
    value = _decoded(name, content, kind)
    if document(value) != content:
        raise _not_canonical(name)
    return value


def read_lines(name: str, content: bytes, kind: type[T]) -> list[T]:
    """A part written by `lines`. Raises Refused."""
    values = [_decoded(name, line, kind) for line in content.split(b"\n")[:-1]]
    if lines(values) != content:
        raise _not_canonical(name)
    return values


def _decoded(name: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        fault = Fault(part=name, what=f"读不懂（{str(error)[:200]}）", remedy="请向出具方重新索取原文件")
        raise Refused(fault) from None


def _not_canonical(name: str) -> Refused:
    return Refused(Fault(part=name, what="写法不是本系统的写法，可能夹带内容", remedy="请向出具方重新索取原文件"))
