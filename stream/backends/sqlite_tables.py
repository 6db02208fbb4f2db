"""The tables of the kinds: `key`, `id`, `revision`, `at` (collected_at), `due` where the type has `due_at`, one column
for each singular field, `body`. Plural fields stand in one labels table per kind; a post's are words of the index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stream.backends.kinds import KINDS, Kind, due_of, instant, pack
from stream.core.codec import Item
from stream.core.documents import Post


class Table:
    """The table of one kind."""

    def __init__(self, kind: Kind, *, has_labels: bool) -> None:
        self.kind = kind
        self.tag = kind.tag
        self.columns = kind.singular
        self.plural = kind.plural if has_labels else []
        due = ["due"] if kind.has_due else []
        self.stored = ["id", "revision", "at", *due, *self.columns, "labels", "body"]

    def schema(self) -> list[str]:
        """CREATE statements. Every column's index ends in (at, id), the order of the lists."""
        due = "due INTEGER NOT NULL, " if self.kind.has_due else ""
        columns = "".join(f"{column} TEXT, " for column in self.columns)
        statements = [
            f"""CREATE TABLE {self.tag} (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
            at INTEGER NOT NULL, {due}{columns}labels TEXT, body BLOB NOT NULL)""",
            f"CREATE INDEX {self.tag}_at ON {self.tag} (at, id)",
        ]
        if self.kind.has_due:
            statements.append(f"CREATE INDEX {self.tag}_due ON {self.tag} (due, id)")
        statements += [
            f"CREATE INDEX {self.tag}_{column} ON {self.tag} ({column}, at, id) WHERE {column} IS NOT NULL"
            for column in self.columns
        ]
        if self.kind.has_due and "state" in self.columns:
            statements.append(f"CREATE INDEX {self.tag}_state_due ON {self.tag} (state, due, id)")
        if self.plural:
            statements.append(
                f"""CREATE TABLE {self.tag}_labels (field TEXT NOT NULL, value TEXT NOT NULL, key INTEGER NOT NULL,
                PRIMARY KEY (field, value, key)) WITHOUT ROWID"""
            )
        return statements

    def row(self, item: Item, revision: int, labels: str | None) -> tuple[Any, ...]:
        """The values of `stored`."""
        due = (due_of(item),) if self.kind.has_due else ()
        return (item.id, revision, instant(item.collected_at), *due, *self.kind.values(item), labels, pack(item))


TABLES: Mapping[type[Any], Table] = {item: Table(kind, has_labels=item is not Post) for item, kind in KINDS.items()}
