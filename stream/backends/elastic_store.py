"""The store in Elasticsearch: items by kind and id with compare-and-set, lists, timers, search.

Reading by id is never stale; what searches sees what was saved before the last refresh, and the rest within seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from stream.backends.elastic_client import Client
from stream.backends.elastic_hours import HourCounts
from stream.backends.elastic_indices import Indices
from stream.backends.elastic_listing import Asked, Lister
from stream.backends.elastic_queries import due_by
from stream.backends.elastic_reading import Memory, Reader
from stream.backends.elastic_retention import Forgetter
from stream.backends.elastic_saving import Saver
from stream.backends.kinds import KINDS, instant
from stream.backends.words import is_storable, words_in
from stream.core.codec import Item
from stream.core.documents import Post
from stream.ports import EVERYTHING, Filter, Found, Listing, Order, Save, Saved, Search, Stored, TopicCount
from stream.settings import Settings

T = TypeVar("T", bound=Item)


class ElasticStore:
    """Keeps items in the indices of the settings' namespace. Opening it asks nothing of the server."""

    def __init__(self, settings: Settings) -> None:
        self._indices = Indices(Client(settings.elastic), settings)
        self._client = self._indices.client
        self.names = names = self._indices.names
        memory = Memory()
        self._reader = Reader(self._client, names, memory)
        self._saver = Saver(self._indices, self._reader, memory)
        self._lister = Lister(self._client, names, memory)
        self._hours = HourCounts(self._indices)
        self._forgetter = Forgetter(self._indices, self._reader, self._saver, self._hours)

    def refresh(self) -> None:
        everything = self._indices.names.all
        self._client.ask(lambda es: es.indices.refresh(index=everything, ignore_unavailable=True))

    def close(self) -> None:
        self._client.close()

    def get_many(self, kind: type[T], ids: Sequence[str]) -> dict[str, Stored]:
        known = [id for id in dict.fromkeys(ids) if is_storable((id,))]
        return self._reader.items(KINDS[kind], known) if known else {}

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        return self._saver.save_many(saves)

    def listing(
        self,
        kind: type[T],
        where: Filter = EVERYTHING,
        *,
        order: Order = "id",
        limit: int = 100,
        cursor: str | None = None,
    ) -> Listing:
        asked = Asked(kind=KINDS[kind], where=where, order=order, limit=limit, cursor=cursor)
        return self._lister.page(asked)

    def due(self, kind: type[T], at: datetime, limit: int = 1000) -> list[Stored]:
        asked = Asked(kind=KINDS[kind], where=EVERYTHING, order="due", limit=limit, also=(due_by(instant(at)),))
        return self._lister.page(asked).items

    def count(self, kind: type[T], where: Filter = EVERYTHING) -> int:
        return self._lister.count(KINDS[kind], where)

    def search(self, search: Search) -> Found:
        words = words_in(search.text)
        where = Filter(
            topic=search.topic, region=search.region, body=search.body, since=search.since, until=search.until
        )
        asked = Asked(
            kind=KINDS[Post], where=where, order="newest", limit=search.limit, cursor=search.cursor, words=words
        )
        page = self._lister.page(asked)
        return Found(posts=[one.item for one in page.items if isinstance(one.item, Post)], cursor=page.cursor)

    def topic_counts(self, since: datetime, until: datetime) -> list[TopicCount]:
        return self._hours.topic_counts(since, until)

    def forget_posts(self, before: datetime, limit: int) -> int:
        return self._forgetter.forget(before, limit)
