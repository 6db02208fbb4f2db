"""Filters, words and orders as Elasticsearch queries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from stream.backends.elastic_documents import LONGEST, term_of
from stream.backends.filters import asked_fields
from stream.backends.kinds import NEVER, Kind, instant
from stream.backends.words import asked_of
from stream.ports import Filter

Query = dict[str, Any]


def conditions(kind: Kind, where: Filter, words: Iterable[str] = ()) -> list[Query]:
    """What of `where` stands in the documents, and the words' pairs. ValueError for a field the kind cannot be filtered
    by. Ids, and a post's incident, come by `among`."""
    found = [_field(field, value) for field, value in asked_fields(kind, where) if not _is_elsewhere(kind, field)]
    limits = {"gte": where.since, "lt": where.until}
    times = {name: instant(at) for name, at in limits.items() if at is not None}
    if times:
        found.append({"range": {"at": times}})
    return found + [_pair(asked) for asked in asked_of(words)]


def among(ids: Sequence[str]) -> Query:
    """Only these."""
    return {"terms": {"id": [term_of(id) for id in ids]}}


def due_by(at_us: int) -> Query:
    """What has a timer that rings until then."""
    return {"range": {"due": {"lte": min(at_us, NEVER - 1)}}}


def all_of(found: Sequence[Query]) -> Query:
    """Nothing is scored: only whether it fits."""
    return {"bool": {"filter": list(found)}} if found else {"match_all": {}}


def sort_by(columns: Sequence[str], *, newest: bool) -> list[dict[str, Any]]:
    """The order of a list; an index where nothing was saved yet has no such field."""
    order = "desc" if newest else "asc"
    kinds = {"id": "keyword"}
    return [{one: {"order": order, "unmapped_type": kinds.get(one, "long")}} for one in columns]


def _is_elsewhere(kind: Kind, field: str) -> bool:
    return field not in kind.singular and field not in kind.plural


def _field(field: str, value: str) -> Query:
    if field == "region":
        return {"prefix": {"region": value[: LONGEST - 100]}} if value else {"exists": {"field": "region"}}
    return {"term": {field: term_of(value)}}


def _pair(asked: str) -> Query:
    return {"prefix": {"words": asked}} if len(asked) == 1 else {"term": {"words": asked}}
