"""Filters and cursors, the same in every store: cursors are key sets, so they stay valid while others write. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from stream.backends.kinds import Kind
from stream.backends.words import is_storable
from stream.ports import LISTABLE, Filter, Order

_FIELDS = ("state", "topic", "region", "body", "incident", "verdict", "source")
ORDERED_BY: dict[Order, tuple[str, ...]] = {
    "id": ("id",),
    "oldest": ("at", "id"),
    "newest": ("at", "id"),
    "due": ("due", "id"),
}
_LARGEST = (1 << 63) - 1


def asked_fields(kind: Kind, where: Filter) -> Iterator[tuple[str, str]]:
    """(field, value) of what `where` gives beside ids, since, until. ValueError for a field the kind cannot be filtered
    by."""
    for field in _FIELDS:
        value = getattr(where, field)
        if value is None:
            continue
        if field not in LISTABLE.get(kind.tag, frozenset()):
            raise ValueError(f"{kind.tag} has no {field} to filter by")
        yield field, value


def ordered_by(kind: Kind, order: Order) -> tuple[str, ...]:
    """What an order sorts by. ValueError where the kind does not have it."""
    if order == "due" and not kind.has_due:
        raise ValueError(f"{kind.tag} has no due_at to order by")
    return ORDERED_BY[order]


def write_cursor(values: tuple[Any, ...]) -> str:
    """The place of the last item of a page."""
    return json.dumps(values, ensure_ascii=True, separators=(",", ":"))


def read_cursor(cursor: str, columns: tuple[str, ...]) -> list[Any]:
    """Its values again; ValueError when it is not a cursor of this order."""
    try:
        values = json.loads(cursor)
    except ValueError:
        raise ValueError(f"not a cursor: {cursor[:80]}") from None
    wanted = [str if column == "id" else int for column in columns]
    if not isinstance(values, list) or [type(value) for value in values] != wanted or not _fit(values):
        raise ValueError(f"not a cursor of this order: {cursor[:80]}")
    return values


def _fit(values: list[Any]) -> bool:
    """Whether a store can compare with them."""
    return all(is_storable((one,)) if isinstance(one, str) else abs(one) <= _LARGEST for one in values)


def is_answerable(where: Filter) -> bool:
    """Whether a store can hold the filter's values: a lone surrogate equals nothing stored."""
    values = [getattr(where, field) for field in _FIELDS]
    return is_storable([*(value for value in values if value is not None), *(where.ids or ())])
