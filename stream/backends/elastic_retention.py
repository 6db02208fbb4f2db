"""Retention: a day whose time is over is closed, what must outlive it is moved, then the day is dropped as a whole.

Every step may be repeated, so a run that is killed anywhere is finished by the next: the day takes no writes from the
first step on (a post that is saved nevertheless moves itself, see elastic_saving.py), a copy is made only where there
is none, places are changed only after the copies are there, and the day is dropped last.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from stream.backends.elastic_client import Operation
from stream.backends.elastic_documents import document, id_of, stored
from stream.backends.elastic_faults import refused
from stream.backends.elastic_hours import HourCounts
from stream.backends.elastic_indices import Indices
from stream.backends.elastic_reading import Reader
from stream.backends.elastic_saving import Saver
from stream.backends.kinds import KINDS, instant
from stream.backends.retention import forgotten, is_forgettable
from stream.core.documents import Post
from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed
from stream.ports import Save, Stored

_AT_ONCE = 500
_POST = KINDS[Post]


class Forgetter:
    """Drops days."""

    def __init__(self, indices: Indices, reader: Reader, saver: Saver, hours: HourCounts) -> None:
        self._indices = indices
        self._names = indices.names
        self._client = indices.client
        self._reader = reader
        self._saver = saver
        self._hours = hours
        self._closed: str | None = None
        self._after: list[Any] | None = None

    def forget(self, before: datetime, limit: int) -> int:
        """How many posts were dropped or shortened; about `limit`, then the next call goes on."""
        done = self._shorten(before, limit)
        for index in self._over(before):
            while done < limit:
                some = self._move(index, min(_AT_ONCE, limit - done))
                done += some
                if self._closed is None:
                    break
        return done

    def _over(self, before: datetime) -> list[str]:
        """Days that ended by `before`, oldest first."""
        found = self._client.ask(
            lambda es: es.options(ignore_status=404).indices.get_alias(name=self._names.posts, ignore_unavailable=True)
        )
        return sorted(index for index in found if self._names.is_day(index) and _end_of(index) <= before)

    def _shorten(self, before: datetime, limit: int) -> int:
        """Texts that came after their day was dropped, or of accounts that are no authority any more."""
        query = {"bool": {"filter": [{"term": {"forgettable": "yes"}}, {"range": {"at": {"lt": instant(before)}}}]}}
        found = self._page(f"{self._names.kept},{self._names.authority}", query, min(limit, _AT_ONCE), None)
        posts = [stored(_POST, hit["_source"]) for hit in found]
        saves = [Save(item=_forgotten(one), expected=one.revision) for one in posts]
        return sum(saved.ok for saved in self._saver.save_many(saves))

    def _move(self, index: str, size: int) -> int:
        """The next posts of a day; the day itself when there are no more."""
        if self._closed != index:
            self._client.ask(lambda es: es.indices.add_block(index=index, block="write", ignore_unavailable=True))
            self._client.ask(lambda es: es.indices.refresh(index=index, ignore_unavailable=True))
            self._closed, self._after = index, None
        hits = self._page(index, {"match_all": {}}, size, self._after)
        if hits:
            self._move_posts([stored(_POST, hit["_source"]) for hit in hits], index)
            self._after = hits[-1]["sort"]
        if len(hits) < size:
            self._hours.keep(index)
            self._client.ask(lambda es: es.indices.delete(index=index, ignore_unavailable=True))
            self._indices.forget(index)
            self._closed = None
        return len(hits)

    def _move_posts(self, posts: list[Stored], index: str) -> None:
        """Facts of what concerns us to what is kept; then their places, and those of the others away."""
        stays = {one.item.id: one for one in posts if _outlives(one)}
        copies = [
            Operation("create", self._names.kept, id_of(id), document(_POST, _forgotten(one), one.revision + 1))
            for id, one in stays.items()
        ]
        self._send(copies)
        place = self._names.place
        body = msgspec.json.encode({"index": self._names.kept})
        moved = [Operation("index", place, id_of(id), body) for id in stays]
        seen = self._reader.placed([one.item.id for one in posts if one.item.id not in stays])
        gone = [
            Operation("delete", place, id_of(id), None, one.seq, one.term)
            for id, one in seen.items()
            if one.index == index
        ]
        self._send([*moved, *gone])

    def _send(self, operations: list[Operation]) -> None:
        """A conflict is another's work, done already."""
        if not operations:
            return
        self._indices.ensure(operation.index for operation in operations)
        for operation, outcome in zip(operations, self._client.bulk(operations), strict=True):
            if not outcome.is_done and outcome.status not in (404, 409):
                reason = refused(outcome.status, outcome.kind, outcome.reason)
                raise OutsideFailed(f"Elasticsearch {self._client.address}（{operation.index}）{reason}")

    def _page(self, index: str, query: dict[str, Any], size: int, after: list[Any] | None) -> list[dict[str, Any]]:
        answer = self._client.ask(
            lambda es: es.search(
                index=index, query=query, size=size, search_after=after, source_includes=["item", "revision"],
                sort=[{"id": {"order": "asc", "unmapped_type": "keyword"}}], track_total_hits=False,
                ignore_unavailable=True, allow_partial_search_results=False,
            )
        )  # fmt: skip
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits


def _end_of(index: str) -> datetime:
    """When the day of an index is over, in Shanghai."""
    return datetime.strptime(index[-8:], "%Y%m%d").replace(tzinfo=SHANGHAI) + timedelta(days=1)


def _outlives(one: Stored) -> bool:
    assert isinstance(one.item, Post)
    return one.item.mention.relevant or one.item.mention.kind == "authority"


def _forgotten(one: Stored) -> Post:
    assert isinstance(one.item, Post)
    return forgotten(one.item) if is_forgettable(one.item) else one.item
