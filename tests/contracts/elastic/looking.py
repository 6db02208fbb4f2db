"""Where the store put things, seen past it."""

from __future__ import annotations

from elasticsearch import Elasticsearch

from stream.backends.elastic_store import ElasticStore


def found_in(server: Elasticsearch, store: ElasticStore) -> dict[str, list[str]]:
    """Where the posts are, by id."""
    names = store.names
    hits = server.search(index=names.posts, size=100, source_includes=["id"])["hits"]["hits"]
    found: dict[str, list[str]] = {}
    for hit in hits:
        found.setdefault(hit["_source"]["id"], []).append(str(names.tag(hit["_index"])))
    return found
