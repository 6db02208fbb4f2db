"""Lists, timers, counts and search: pages by key set, so that they stay whole while others write.

No point in time is held open: a page of a desk may be turned hours later, and a key set costs nothing meanwhile.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from stream.backends.elastic_client import Client
from stream.backends.elastic_documents import stored
from stream.backends.elastic_indices import Names
from stream.backends.elastic_queries import Query, all_of, among, conditions, sort_by
from stream.backends.elastic_reading import Known, Memory
from stream.backends.filters import is_answerable, ordered_by, read_cursor, write_cursor
from stream.backends.kinds import KINDS, Kind
from stream.backends.words import holds, is_storable
from stream.core.cases import Assignment
from stream.core.documents import Post
from stream.ports import Filter, Listing, Order, Stored

_LARGEST_PAGE = 1000
_EXAMINED = 5000
"""A page of a search looks at so many posts at most; then it ends early, with a cursor to go on from. Only words whose
pairs all stand in many posts that do not hold the word itself come near this."""
_IDS_AT_ONCE = 60_000
"""Elasticsearch takes 65,536 terms in one query."""

Hit = dict[str, Any]


class Asked(Struct, frozen=True, kw_only=True):
    """A page wanted of one kind."""

    kind: Kind
    where: Filter
    order: Order
    limit: int
    cursor: str | None = None
    words: tuple[str, ...] = ()
    also: tuple[Query, ...] = ()


class Lister:
    """Pages and counts."""

    def __init__(self, client: Client, names: Names, memory: Memory) -> None:
        self._client = client
        self._names = names
        self._memory = memory

    def page(self, asked: Asked) -> Listing:
        """Items in order, and the next cursor. ValueError for what the kind does not have."""
        columns = ordered_by(asked.kind, asked.order)
        after = None if asked.cursor is None else read_cursor(asked.cursor, columns)
        wanted = [*conditions(asked.kind, asked.where, asked.words), *asked.also]
        if not is_answerable(asked.where) or not is_storable(asked.words) or asked.limit < 1:
            return Listing(items=[], cursor=None)
        hits = self._hits(asked, wanted, columns, after)
        found: list[Stored] = []
        last: list[Any] | None = None
        for examined, hit in enumerate(hits):
            if len(found) == asked.limit or (examined == _EXAMINED and asked.words):
                return Listing(items=found, cursor=None if last is None else write_cursor(tuple(last)))
            last = hit["sort"]
            one = stored(asked.kind, hit["_source"])
            if isinstance(one.item, Post) and not holds(one.item, asked.words):
                continue
            self._remember(asked.kind, hit, one)
            found.append(one)
        return Listing(items=found, cursor=None)

    def count(self, kind: Kind, where: Filter) -> int:
        """How many. Of posts by labels only: words would need the texts."""
        found = conditions(kind, where)
        if not is_answerable(where):
            return 0
        index = self._index(kind)
        total = 0
        for some in self._restricted(kind, where):
            query = all_of([*found, *some])
            total += self._count(index, query)
        return total

    def _count(self, index: str, query: Query) -> int:
        answer = self._client.ask(lambda es: es.count(index=index, query=query, ignore_unavailable=True))
        return int(answer["count"])

    def _hits(
        self, asked: Asked, wanted: list[Query], columns: tuple[str, ...], after: list[Any] | None
    ) -> Iterator[Hit]:
        """Everything that fits, in order."""
        streams = [
            self._stream(asked, [*wanted, *some], columns, after) for some in self._restricted(asked.kind, asked.where)
        ]
        if len(streams) == 1:
            return streams[0]
        return heapq.merge(*streams, key=lambda hit: hit["sort"], reverse=asked.order == "newest")

    def _stream(
        self, asked: Asked, found: Sequence[Query], columns: tuple[str, ...], after: list[Any] | None
    ) -> Iterator[Hit]:
        query, sort = all_of(found), sort_by(columns, newest=asked.order == "newest")
        size = min(asked.limit + 1, _LARGEST_PAGE)
        while True:
            hits = self._search(asked.kind, query, sort, size, after)
            yield from hits
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def _search(
        self, kind: Kind, query: Query, sort: list[dict[str, Any]], size: int, after: list[Any] | None
    ) -> list[Hit]:
        index = self._index(kind)
        answer = self._client.ask(
            lambda es: es.search(
                index=index, query=query, sort=sort, size=size, search_after=after,
                source_includes=["item", "revision"], seq_no_primary_term=True, track_total_hits=False,
                ignore_unavailable=True, allow_partial_search_results=False,
            )
        )  # fmt: skip
        hits: list[Hit] = answer["hits"]["hits"]
        return hits

    def _index(self, kind: Kind) -> str:
        return self._names.posts if kind is KINDS[Post] else self._names.of(kind.tag)

    def _restricted(self, kind: Kind, where: Filter) -> list[list[Query]]:
        """The ids asked for, in as many queries as it takes; one query without any where no ids are asked for."""
        ids = None if where.ids is None else sorted(set(where.ids))
        if kind is KINDS[Post] and where.incident is not None:
            assigned = self._assigned(where.incident)
            ids = sorted(assigned if ids is None else assigned.intersection(ids))
        if ids is None:
            return [[]]
        return [[among(ids[start : start + _IDS_AT_ONCE])] for start in range(0, len(ids), _IDS_AT_ONCE)]

    def _assigned(self, incident: str) -> set[str]:
        """The posts of an incident: their assignments say so."""
        kind = KINDS[Assignment]
        asked = Asked(kind=kind, where=Filter(incident=incident), order="id", limit=_LARGEST_PAGE)
        hits = self._hits(asked, conditions(kind, asked.where), ("id",), None)
        return {stored(kind, hit["_source"]).item.id for hit in hits}

    def _remember(self, kind: Kind, hit: Hit, one: Stored) -> None:
        known = Known(revision=one.revision, seq=hit["_seq_no"], term=hit["_primary_term"], index=hit["_index"])
        self._memory.put((kind.tag, one.item.id), known)
