"""Which values each kind of item is found by, and its bytes: the one place where items meet the stores.

A kind that is not named here is found by the fields of LISTABLE read as attributes, so a new type needs no entry.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, get_args

import msgspec

from stream.backends.retention import is_forgettable
from stream.core.cases import Judgement
from stream.core.codec import Item
from stream.core.documents import Post
from stream.core.intervals import SHANGHAI
from stream.ports import LISTABLE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
NEVER = 1 << 62
"""`due` of an item that has no `due_at`: after everything, so that one index serves timers and lists."""
_COMPRESS_FROM = 256
"""Bodies from this size on are compressed: a post holds its text twice (text and newest version). Measured, deflate
at level 1 with `_KNOWN`: a 2 KB post 6.1 → 1.7 KB in 57 µs, a title 1.6 → 0.3 KB in 18 µs (without it 2.1 and 0.7)."""
# What JSON bodies have in common. Stored bodies need these very bytes: never change them, add a second dictionary.
_KNOWN = (
    b'{"type":"incident","state":"open","merged_into":null,"closed_at":null,"first_public":{"interval":{"earliest":"'
    b'"latest":""precision":"second","source":"row"},"mention":"},"regions":["topics":["bodies":["emergencies":[],'
    b'"occurred":[],"figures":[],"responses":[],"decisions":[],"hot":[],"heat":{"posts":"peak":"peak_at":"hourly":[['
    b'{"type":"judgement","severity":{"grade":null,"basis":"mentions":[],"history":[]},"gate":null,"responsible":[{'
    b'"body":"rule":"rule_version":"modality":"must","clock":"strict","start":{"basis":"due":{"earliest":"latest":'
    b'"verdict":"pending","reason":"satisfied_by":null,"elapsed_s":null,"evidence":[],"provisional":false},'
    b'{"type":"assignment","incident":"i-","duplicate_of":null,"reason":"'
    b'{"type":"post","id":"","collected_at":"2025-01-01T00:00:00+08:00","schema":1,"mention":{"type":"mention","id":"'
    b'","source":null,"url":"https://www.","account":null,"kind":"post","title":"","quote":"","published":{"earliest":'
    b'"latest":"precision":"second","source":"row"},"heat":null,"answers":null,"removed_at":null,"relevant":true,'
    b'"topics":[{"topic":"","score":0.5}],"emergency":{"is_emergency":false,"type":null,"subtype":null,"in_china":null},'
    b'"figures":{"deaths":null,"serious_injuries":null,"injuries":null,"missing":null,"ill":null,"loss_yuan":null},'
    b'"severity":null,"occurred":null,"regions":["440300"],"bodies":[],"response":null,"content_sha256":"'
    b'"model_version":"1","fingerprint":[],"simhash":0,"is_new_content":true,"capture":null},"text":"","author":"'
    b'"site":null,"versions":[{"collected_at":"2025-01-01T00:00:00+08:00","content_sha256":"","title":"","text":""}],'
    b'"observations":[]}'
)
_DEFLATED = b"\x01"


def _judged_bodies(judgement: Judgement) -> Iterable[str | None]:
    yield from (one.body for one in judgement.responsible)
    yield from (one.body for one in judgement.obligations)


def _verdicts(judgement: Judgement) -> Iterable[str]:
    return (one.verdict for one in judgement.obligations)


def _topics(post: Post) -> Iterable[str]:
    return (one.topic for one in post.mention.topics)


_SINGULAR: Mapping[tuple[str, str], Callable[[Any], str | None]] = {
    ("post", "source"): attrgetter("mention.source"),
    ("post", "forgettable"): lambda post: "yes" if is_forgettable(post) else None,
    ("decision", "incident"): attrgetter("incident_of"),
    ("entry", "incident"): attrgetter("subject"),
}
_EXTRA: Mapping[str, list[str]] = {"post": ["forgettable"]}
_PLURAL: Mapping[tuple[str, str], Callable[[Any], Iterable[str | None]]] = {
    ("post", "topic"): _topics,
    ("post", "region"): attrgetter("mention.regions"),
    ("post", "body"): attrgetter("mention.bodies"),
    ("incident", "topic"): attrgetter("topics"),
    ("incident", "region"): attrgetter("regions"),
    ("incident", "body"): attrgetter("bodies"),
    ("judgement", "topic"): attrgetter("topics"),
    ("judgement", "body"): _judged_bodies,
    ("judgement", "verdict"): _verdicts,
}
# A post's incident stands in the assignment.
_ELSEWHERE = frozenset({("post", "incident")})


class Kind:
    """One item type: the fields it is found by (`singular` hold one value or none, `plural` several), its bytes."""

    def __init__(self, item: type[Item]) -> None:
        self.tag = str(item.__struct_config__.tag)
        self.has_due = "due_at" in item.__struct_fields__
        fields = [*sorted(LISTABLE.get(self.tag, frozenset())), *_EXTRA.get(self.tag, [])]
        self.plural = [one for one in fields if (self.tag, one) in _PLURAL]
        self.singular = [one for one in fields if (self.tag, one) not in {*_PLURAL, *_ELSEWHERE}]
        self._getters = [_SINGULAR.get((self.tag, one), attrgetter(one)) for one in self.singular]
        self._decoder = msgspec.json.Decoder(item)

    def values(self, item: Item) -> list[str | None]:
        """The value of every singular field."""
        return [get(item) for get in self._getters]

    def labels(self, item: Item) -> list[tuple[str, str]]:
        """(field, value) of every plural field, each once, in order."""
        pairs = {(one, value) for one in self.plural for value in _PLURAL[self.tag, one](item) if value is not None}
        return sorted(pairs)

    def unpack(self, body: bytes) -> Any:
        """The item."""
        if body[:1] == _DEFLATED:
            body = zlib.decompressobj(-15, _KNOWN).decompress(memoryview(body)[1:])
        return self._decoder.decode(body)


def pack(item: Item) -> bytes:
    """JSON, compressed when that pays; a leading 1 says so, JSON of an object starts with a brace."""
    body = msgspec.json.encode(item)
    if len(body) < _COMPRESS_FROM:
        return body
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15, zdict=_KNOWN)
    return _DEFLATED + deflate.compress(body) + deflate.flush()


def instant(at: datetime) -> int:
    """Microseconds since 1970 UTC; exact, where a float is not. TypeError for a naive time."""
    return (at - _EPOCH) // _MICROSECOND


def at_instant(us: int) -> datetime:
    """The instant of so many microseconds since 1970, in Asia/Shanghai."""
    return (_EPOCH + us * _MICROSECOND).astimezone(SHANGHAI)


def due_of(item: Item) -> int:
    """`due_at` as an instant, NEVER when there is none."""
    due_at: datetime | None = getattr(item, "due_at", None)
    return NEVER if due_at is None else instant(due_at)


KINDS: Mapping[type[Any], Kind] = {item: Kind(item) for item in get_args(Item)}
