"""Posts per topic and hour: counted by Elasticsearch while they are there, kept as counts when their day is dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from stream.backends.elastic_client import Operation
from stream.backends.elastic_documents import id_of
from stream.backends.elastic_faults import refused
from stream.backends.elastic_indices import Indices
from stream.backends.kinds import at_instant, instant
from stream.errors import OutsideFailed
from stream.ports import TopicCount

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_BUCKETS = 5000

Bucket = dict[str, Any]
_HOUR = {"hour": {"histogram": {"field": "at", "interval": _HOUR_US}}}
_TOPIC = {"topic": {"terms": {"field": "topic"}}}


class HourCounts:
    """Counts of topics."""

    def __init__(self, indices: Indices) -> None:
        self._indices = indices
        self._names = indices.names
        self._client = indices.client

    def topic_counts(self, since: datetime, until: datetime) -> list[TopicCount]:
        """Whole hours that begin in [since, until). A day that is dropped meanwhile is counted once: its index has an
        identity of its own, and its kept counts name it."""
        low, high = instant(since), instant(until)
        identities = self._identities()
        counts: Counter[tuple[int, str]] = Counter()
        counted: set[str | None] = set()
        for key, posts in self._live(low, high):
            counts[int(key["hour"]), key["topic"]] += posts
            counted.add(identities.get(key["index"]))
        for key, posts in self._kept(low, high):
            if key["day"] not in counted:
                counts[int(key["hour"]), key["topic"]] += posts
        return [
            TopicCount(hour=at_instant(hour), topic=topic, posts=posts)
            for (hour, topic), posts in sorted(counts.items())
            if low <= hour < high
        ]

    def keep(self, index: str) -> None:
        """Writes down the counts of a day that nobody writes to any more. The same again changes nothing."""
        identity = self._identities().get(index)
        if identity is None:
            return
        operations = []
        for bucket in self._buckets(index, {"match_all": {}}, [_HOUR, _TOPIC]):
            hour, topic = int(bucket["key"]["hour"]), bucket["key"]["topic"]
            body = {"day": identity, "hour": hour, "topic": topic, "posts": bucket["doc_count"]}
            id = id_of(f"{identity}|{hour}|{topic}")
            operations.append(Operation("index", self._names.hour, id, msgspec.json.encode(body)))
        if not operations:
            return
        self._indices.ensure([self._names.hour])
        for outcome in self._client.bulk(operations):
            if not outcome.is_done:
                reason = refused(outcome.status, outcome.kind, outcome.reason)
                raise OutsideFailed(f"Elasticsearch {self._client.address}（{self._names.hour}）{reason}")
        self._client.ask(lambda es: es.indices.refresh(index=self._names.hour))

    def _identities(self) -> dict[str, str]:
        """Index names and what tells an index from a later one of the same name."""
        found = self._client.ask(
            lambda es: es.indices.get_settings(index=self._names.posts, name="index.uuid", ignore_unavailable=True)
        )
        return {name: one["settings"]["index"]["uuid"] for name, one in found.items()}

    def _live(self, low: int, high: int) -> Iterator[tuple[dict[str, Any], int]]:
        # Whole days, so that the question stays the same for a day and the answer of a closed day is remembered.
        times = {"gte": low - low % _DAY_US, "lt": high + -high % _DAY_US}
        query = {"bool": {"filter": [{"range": {"at": times}}], "must_not": [{"term": {"_index": self._names.kept}}]}}
        sources: list[dict[str, Any]] = [{"index": {"terms": {"field": "_index"}}}, _HOUR, _TOPIC]
        for bucket in self._buckets(self._names.posts, query, sources):
            yield bucket["key"], bucket["doc_count"]

    def _kept(self, low: int, high: int) -> Iterator[tuple[dict[str, Any], int]]:
        query = {"range": {"hour": {"gte": low, "lt": high}}}
        sources: list[dict[str, Any]] = [{one: {"terms": {"field": one}}} for one in ("day", "hour", "topic")]
        for bucket in self._buckets(self._names.hour, query, sources, {"posts": {"sum": {"field": "posts"}}}):
            yield bucket["key"], int(bucket["posts"]["value"])

    def _buckets(
        self, index: str, query: dict[str, Any], sources: list[dict[str, Any]], sums: dict[str, Any] | None = None
    ) -> Iterator[Bucket]:
        """All buckets, however many."""
        composite: dict[str, Any] = {"size": _BUCKETS, "sources": sources}
        while True:
            counts = {"counts": {"composite": composite, "aggs": sums or {}}}
            answer = self._client.ask(
                lambda es, counts=counts: es.search(  # type: ignore[misc]
                    index=index, query=query, aggs=counts, size=0, request_cache=True, ignore_unavailable=True,
                    allow_partial_search_results=False,
                )
            )  # fmt: skip
            found = answer.get("aggregations", {}).get("counts", {"buckets": []})
            yield from found["buckets"]
            if len(found["buckets"]) < _BUCKETS:
                return
            composite = composite | {"after": found["after_key"]}
