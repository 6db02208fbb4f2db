"""Lists of one kind: a Filter and an Order as SQL, cursors by key set."""

# ruff: noqa: S608 - the names put into SQL are those of our own tables and columns; every value is a parameter.

from __future__ import annotations

from typing import Any

from msgspec import Struct

from stream.backends.filters import asked_fields, ordered_by, read_cursor
from stream.backends.kinds import instant
from stream.backends.sqlite_tables import Table
from stream.backends.sqlite_words import Wanted
from stream.ports import Filter, Order

_AFTER_ALL = "\U0010ffff"


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


def conditions(table: Table, where: Filter) -> Conditions:
    """What of `where` is decided in the kind's table. ValueError for a field the kind cannot be filtered by."""
    found = Conditions([], [])
    if where.ids is not None:
        found.add(f"id IN ({', '.join('?' * len(where.ids))})", *where.ids)
    if where.since is not None:
        found.add("at >= ?", instant(where.since))
    if where.until is not None:
        found.add("at < ?", instant(where.until))
    for field, value in asked_fields(table.kind, where):
        _add_field(found, table, field, value)
    return found


def _add_field(found: Conditions, table: Table, field: str, value: str) -> None:
    compared, values = "= ?", [value]
    if field == "region":
        compared, values = ">= ? AND {} < ?", [value, value + _AFTER_ALL]
    if field in table.columns:
        found.add(f"{field} {compared.format(field)}", *values)
    elif field in table.plural:
        labels = f"SELECT key FROM {table.tag}_labels WHERE field = ? AND value {compared.format('value')}"
        found.add(f"key IN ({labels})", field, *values)
    elif field == "incident":
        found.add("id IN (SELECT id FROM assignment WHERE incident = ?)", value)


def labels_wanted(where: Filter) -> Wanted:
    """What of a filter on posts the word index decides."""
    return Wanted(topic=where.topic, region=where.region, body=where.body)


def statement(table: Table, where: Conditions, order: Order, cursor: str | None, limit: int) -> tuple[str, list[Any]]:
    """SELECT of id, revision, body and the ordering columns. Bodies are read for the page only, not for the sort."""
    columns = ordered_by(table.kind, order)
    direction, beyond = ("DESC", "<") if order == "newest" else ("ASC", ">")
    if cursor is not None:
        where.add(f"({', '.join(columns)}) {beyond} ({', '.join('?' * len(columns))})", *read_cursor(cursor, columns))
    by = ", ".join(f"{column} {direction}" for column in columns)
    keys = f"SELECT key FROM {table.tag} WHERE {where.where()} ORDER BY {by} LIMIT ?"
    outer = ", ".join(f"t.{column} {direction}" for column in columns)
    named = ", ".join(f"t.{column}" for column in columns)
    joined = f"({keys}) k CROSS JOIN {table.tag} t ON t.key = k.key"
    return f"SELECT t.id, t.revision, t.body, {named} FROM {joined} ORDER BY {outer}", [*where.parameters, limit + 1]
