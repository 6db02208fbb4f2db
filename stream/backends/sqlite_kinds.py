"""Which columns and labels each kind of item is found by: the one place where items meet the tables.

Every kind has a table of its own: `key`, `id`, `revision`, `at` (collected_at), `due` where the type has `due_at`, one
column for each singular field of LISTABLE, `body`. Plural fields stand in one labels table per kind. A kind that is not
named here gets its columns from LISTABLE by attribute name, so a new type needs no entry.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, get_args

import msgspec

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


def is_forgettable(post: Post) -> bool:
    """Whether retention applies (no authority's own words) and there is still text to drop."""
    texts = (post.text, post.mention.title, post.mention.quote, *(one.text or one.title for one in post.versions))
    return post.mention.kind != "authority" and any(texts)


def _verdicts(judgement: Judgement) -> Iterable[str]:
    return (one.verdict for one in judgement.obligations)


_SINGULAR: Mapping[tuple[str, str], Callable[[Any], str | None]] = {
    ("post", "source"): attrgetter("mention.source"),
    ("post", "forgettable"): lambda post: "yes" if is_forgettable(post) else None,
    ("decision", "incident"): attrgetter("incident_of"),
}
_EXTRA: Mapping[str, list[str]] = {"post": ["forgettable"]}
_PLURAL: Mapping[tuple[str, str], Callable[[Any], Iterable[str | None]]] = {
    ("incident", "topic"): attrgetter("topics"),
    ("incident", "region"): attrgetter("regions"),
    ("incident", "body"): attrgetter("bodies"),
    ("judgement", "topic"): attrgetter("topics"),
    ("judgement", "body"): _judged_bodies,
    ("judgement", "verdict"): _verdicts,
}
# A post's topics, regions and bodies are words of the search index; its incident stands in the assignment.
_ELSEWHERE = frozenset({("post", "topic"), ("post", "region"), ("post", "body"), ("post", "incident")})


class Kind:
    """One item type: its table, its columns, its body."""

    def __init__(self, item: type[Item]) -> None:
        self.tag = str(item.__struct_config__.tag)
        fields = sorted(LISTABLE.get(self.tag, frozenset()))
        self.has_due = "due_at" in item.__struct_fields__
        fields += _EXTRA.get(self.tag, [])
        self.columns = [one for one in fields if (self.tag, one) not in _PLURAL and (self.tag, one) not in _ELSEWHERE]
        self.plural = [one for one in fields if (self.tag, one) in _PLURAL]
        self._getters = [_SINGULAR.get((self.tag, one), attrgetter(one)) for one in self.columns]
        self._decoder = msgspec.json.Decoder(item)
        self.stored = ["id", "revision", "at", *(["due"] if self.has_due else []), *self.columns, "labels", "body"]

    def schema(self) -> list[str]:
        """CREATE statements. Every column's index ends in (at, id), the order of the lists."""
        due = "due INTEGER NOT NULL, " if self.has_due else ""
        columns = "".join(f"{column} TEXT, " for column in self.columns)
        statements = [
            f"""CREATE TABLE {self.tag} (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
            at INTEGER NOT NULL, {due}{columns}labels TEXT, body BLOB NOT NULL)""",
            f"CREATE INDEX {self.tag}_at ON {self.tag} (at, id)",
        ]
        if self.has_due:
            statements.append(f"CREATE INDEX {self.tag}_due ON {self.tag} (due, id)")
        statements += [
            f"CREATE INDEX {self.tag}_{column} ON {self.tag} ({column}, at, id) WHERE {column} IS NOT NULL"
            for column in self.columns
        ]
        if self.has_due and "state" in self.columns:
            statements.append(f"CREATE INDEX {self.tag}_state_due ON {self.tag} (state, due, id)")
        if self.plural:
            statements.append(
                f"""CREATE TABLE {self.tag}_labels (field TEXT NOT NULL, value TEXT NOT NULL, key INTEGER NOT NULL,
                PRIMARY KEY (field, value, key)) WITHOUT ROWID"""
            )
        return statements

    def row(self, item: Item, revision: int, labels: str | None) -> tuple[Any, ...]:
        """The values of `stored`."""
        due = (due_of(item),) if self.has_due else ()
        values = (get(item) for get in self._getters)
        return (item.id, revision, instant(item.collected_at), *due, *values, labels, pack(item))

    def labels(self, item: Item) -> list[tuple[str, str]]:
        """(field, value) of every plural field, each once."""
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
