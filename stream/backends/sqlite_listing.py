"""Lists of one kind: a Filter and an Order as SQL, cursors by key set (they stay valid while others write)."""

# ruff: noqa: S608 - the names put into SQL are those of our own tables and columns; every value is a parameter.

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct

from stream.backends.sqlite_kinds import Kind, instant
from stream.backends.sqlite_words import Wanted, is_storable
from stream.ports import LISTABLE, Filter, Order

_FIELDS = ("state", "topic", "region", "body", "incident", "verdict", "source")
_AFTER_ALL = "\U0010ffff"
_ORDERS: dict[Order, tuple[tuple[str, ...], str, str]] = {
    "id": (("id",), "ASC", ">"),
    "oldest": (("at", "id"), "ASC", ">"),
    "newest": (("at", "id"), "DESC", "<"),
    "due": (("due", "id"), "ASC", ">"),
}


class Conditions(Struct):
    """SQL conditions on the columns of one kind's table, and their parameters."""

    sql: list[str]
    parameters: list[Any]

    def add(self, sql: str, *parameters: Any) -> None:
        self.sql.append(sql)
        self.parameters.extend(parameters)

    def where(self) -> str:
        """The WHERE clause."""
        return " AND ".join(self.sql) or "1"


def conditions(kind: Kind, where: Filter) -> Conditions:
    """What of `where` is decided in the kind's table. ValueError for a field the kind cannot be filtered by."""
    found = Conditions([], [])
    if where.ids is not None:
        found.add(f"id IN ({', '.join('?' * len(where.ids))})", *where.ids)
    if where.since is not None:
        found.add("at >= ?", instant(where.since))
    if where.until is not None:
        found.add("at < ?", instant(where.until))
    for field in _FIELDS:
        value = getattr(where, field)
        if value is None:
            continue
        if field not in LISTABLE.get(kind.tag, frozenset()):
            raise ValueError(f"{kind.tag} has no {field} to filter by")
        _add_field(found, kind, field, value)
    return found


def _add_field(found: Conditions, kind: Kind, field: str, value: str) -> None:
    compared, values = "= ?", [value]
    if field == "region":
        compared, values = ">= ? AND {} < ?", [value, value + _AFTER_ALL]
    if field in kind.columns:
        found.add(f"{field} {compared.format(field)}", *values)
    elif field in kind.plural:
        labels = f"SELECT key FROM {kind.tag}_labels WHERE field = ? AND value {compared.format('value')}"
        found.add(f"key IN ({labels})", field, *values)
    elif field == "incident":
        found.add("id IN (SELECT id FROM assignment WHERE incident = ?)", value)


def labels_wanted(where: Filter) -> Wanted:
    """What of a filter on posts the word index decides."""
    return Wanted(topic=where.topic, region=where.region, body=where.body)


def statement(kind: Kind, where: Conditions, order: Order, cursor: str | None, limit: int) -> tuple[str, list[Any]]:
    """SELECT of id, revision, body and the ordering columns. Bodies are read for the page only, not for the sort."""
    columns, direction, beyond = _ORDERS[order]
    if order == "due" and not kind.has_due:
        raise ValueError(f"{kind.tag} has no due_at to order by")
    if cursor is not None:
        where.add(f"({', '.join(columns)}) {beyond} ({', '.join('?' * len(columns))})", *read_cursor(cursor, columns))
    by = ", ".join(f"{column} {direction}" for column in columns)
    keys = f"SELECT key FROM {kind.tag} WHERE {where.where()} ORDER BY {by} LIMIT ?"
    outer = ", ".join(f"t.{column} {direction}" for column in columns)
    named = ", ".join(f"t.{column}" for column in columns)
    joined = f"({keys}) k CROSS JOIN {kind.tag} t ON t.key = k.key"
    return f"SELECT t.id, t.revision, t.body, {named} FROM {joined} ORDER BY {outer}", [*where.parameters, limit + 1]


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
    if not isinstance(values, list) or [type(value) for value in values] != wanted:
        raise ValueError(f"not a cursor of this order: {cursor[:80]}")
    return values


def is_answerable(where: Filter) -> bool:
    """Whether SQLite can hold the filter's values: a lone surrogate equals nothing stored."""
    values = [getattr(where, field) for field in _FIELDS]
    return is_storable([*(value for value in values if value is not None), *(where.ids or ())])
