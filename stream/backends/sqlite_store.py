"""The store in the SQLite file: items by kind and id with compare-and-set, lists, timers, search."""

# ruff: noqa: S608 - the names put into SQL are those of our own tables and columns; every value is a parameter.

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from stream.backends.filters import is_answerable, write_cursor
from stream.backends.kinds import KINDS, NEVER, instant
from stream.backends.retention import forgotten
from stream.backends.sqlite_file import SqliteFile
from stream.backends.sqlite_listing import Conditions, conditions, labels_wanted, statement
from stream.backends.sqlite_posts import SCHEMA as POSTS_SCHEMA
from stream.backends.sqlite_posts import Change, PostTables
from stream.backends.sqlite_search import Asked, PostReader
from stream.backends.sqlite_tables import TABLES, Table
from stream.backends.sqlite_words import Wanted
from stream.backends.words import is_storable, words_in
from stream.core.codec import Item
from stream.core.documents import Post
from stream.ports import EVERYTHING, Filter, Found, Listing, Order, Save, Saved, Search, Stored, TopicCount

T = TypeVar("T", bound=Item)

SCHEMA = (*(statement for table in TABLES.values() for statement in table.schema()), *POSTS_SCHEMA)
_SLICE = 100
"""Saves in one transaction unless the caller holds one: 100 posts of 2 KB take 0.04 s, so others get their turn."""


class _Row(Struct, frozen=True):
    """What stands in the table before a save."""

    key: int
    revision: int
    labels: str | None


# One statement for many ids: each statement of its own takes the file's read lock once more.
_AMONG = 250


class SqliteStore:
    """Keeps items; every public method is one statement or one transaction (joined to `together()` when inside)."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._posts = PostTables(file)
        self._reader = PostReader(file)

    def refresh(self) -> None:
        """Nothing to do: a save is found as soon as it is made."""

    def close(self) -> None:
        """Nothing to do: the file is closed by whoever opened it."""

    def get_many(self, kind: type[T], ids: Sequence[str]) -> dict[str, Stored]:
        table = TABLES[kind]
        found: dict[str, Stored] = {}
        for some in _among(ids):
            sql = f"SELECT id, revision, body FROM {table.tag} WHERE id IN {_marks(some)}"
            for id, revision, body in self._file.read(sql, some):
                found[id] = Stored(item=table.kind.unpack(body), revision=revision)
        return found

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        results: list[Saved] = []
        size = len(saves) if self._file.is_writing() else _SLICE
        for start in range(0, len(saves), size or 1):
            with self._file.writing():
                results += self._save_slice(saves[start : start + size])
        return results

    def _save_slice(self, saves: Sequence[Save]) -> list[Saved]:
        before = self._rows(saves)
        revisions = {place: row.revision for place, row in before.items()}
        newest: dict[type[Item], dict[str, tuple[Item, int]]] = defaultdict(dict)
        results = []
        for save in saves:
            kind, id = type(save.item), save.item.id
            found = revisions.get((kind, id), 0)
            ok = save.expected is None or save.expected == found
            if ok:
                revisions[kind, id] = found = found + 1
                newest[kind][id] = save.item, found
            results.append(Saved(ok=ok, revision=found))
        for kind, items in newest.items():
            self._write(kind, items, {id: row for (of, id), row in before.items() if of is kind})
        return results

    def _rows(self, saves: Sequence[Save]) -> dict[tuple[type[Item], str], _Row]:
        wanted: dict[type[Item], list[str]] = defaultdict(list)
        for save in saves:
            wanted[type(save.item)].append(save.item.id)
        found = {}
        for kind, ids in wanted.items():
            for some in _among(ids):
                sql = f"SELECT id, key, revision, labels FROM {KINDS[kind].tag} WHERE id IN {_marks(some)}"
                for id, *row in self._file.read(sql, some):
                    found[kind, id] = _Row(*row)
        return found

    def _write(self, kind: type[Item], items: Mapping[str, tuple[Item, int]], before: Mapping[str, _Row]) -> None:
        """The last state of each item of one kind."""
        if kind is Post:
            self._write_posts(items, before)
            return
        table = TABLES[kind]
        labels = {id: table.kind.labels(item) for id, (item, _) in items.items()} if table.plural else {}
        texts = {id: json.dumps(pairs, ensure_ascii=False) for id, pairs in labels.items()}
        rows = [table.row(item, revision, texts.get(id)) for id, (item, revision) in items.items()]
        self._file.write_many(_upsert(table), rows)
        for id, pairs in labels.items():
            self._write_labels(table, id, pairs, before.get(id), texts[id])

    def _write_labels(
        self, table: Table, id: str, pairs: list[tuple[str, str]], before: _Row | None, text: str
    ) -> None:
        old = set() if before is None or before.labels is None else {(f, v) for f, v in json.loads(before.labels)}
        if before is not None and before.labels == text:
            return
        key = before.key if before else self._file.read(f"SELECT key FROM {table.tag} WHERE id = ?", (id,))[0][0]
        gone = [(field, value, key) for field, value in sorted(old - set(pairs))]
        come = [(field, value, key) for field, value in pairs if (field, value) not in old]
        self._file.write_many(f"DELETE FROM {table.tag}_labels WHERE field = ? AND value = ? AND key = ?", gone)
        self._file.write_many(f"INSERT INTO {table.tag}_labels VALUES (?, ?, ?)", come)

    def _write_posts(self, items: Mapping[str, tuple[Item, int]], before: Mapping[str, _Row]) -> None:
        table = TABLES[Post]
        changes = []
        for id, (item, _) in items.items():
            assert isinstance(item, Post)
            row = before.get(id)
            old = None if row is None else self.get_many(Post, [id])[id].item
            assert old is None or isinstance(old, Post)
            changes.append(Change(post=item, before=old, key_before=row.key if row else None))
        self._posts.place(changes)
        rows = [(one.key, *table.row(one.post, items[one.post.id][1], None)) for one in changes]
        self._file.write_many(_upsert(table, "key"), rows)
        self._posts.follow(changes)

    def listing(
        self,
        kind: type[T],
        where: Filter = EVERYTHING,
        *,
        order: Order = "id",
        limit: int = 100,
        cursor: str | None = None,
    ) -> Listing:
        table = TABLES[kind]
        found = conditions(table, where)
        if not is_answerable(where) or limit < 1:
            return Listing(items=[], cursor=None)
        wanted = labels_wanted(where) if kind is Post else Wanted()
        if wanted.match() and order in ("newest", "oldest"):
            asked = Asked(wanted=wanted, where=where, limit=limit, newest=order == "newest", cursor=cursor)
            posts, following = self._reader.page(asked, found)
            return Listing(items=[Stored(item=post, revision=n) for post, n in posts], cursor=following)
        _add_match(found, wanted)
        sql, parameters = statement(table, found, order, cursor, limit)
        rows = self._file.read(sql, parameters)
        items = [Stored(item=table.kind.unpack(row[2]), revision=row[1]) for row in rows[:limit]]
        return Listing(items=items, cursor=write_cursor(rows[limit - 1][3:]) if len(rows) > limit else None)

    def due(self, kind: type[T], at: datetime, limit: int = 1000) -> list[Stored]:
        table = TABLES[kind]
        if not table.kind.has_due:
            raise ValueError(f"{table.tag} has no due_at")
        found = Conditions(["due <= ?", "due < ?"], [instant(at), NEVER])
        sql, parameters = statement(table, found, "due", None, limit)
        rows = self._file.read(sql, parameters)[:limit]
        return [Stored(item=table.kind.unpack(row[2]), revision=row[1]) for row in rows]

    def count(self, kind: type[T], where: Filter = EVERYTHING) -> int:
        table = TABLES[kind]
        found = conditions(table, where)
        if not is_answerable(where):
            return 0
        wanted = labels_wanted(where) if kind is Post else Wanted()
        if wanted.match():
            return self._reader.count(Asked(wanted=wanted, where=where, limit=0), found)
        if kind is Post and not found.sql:
            return self._posts.count()
        sql = f"SELECT count(*) FROM {table.tag} WHERE {found.where()}"
        return int(self._file.read(sql, found.parameters)[0][0])

    def search(self, search: Search) -> Found:
        words = words_in(search.text)
        where = Filter(
            topic=search.topic, region=search.region, body=search.body, since=search.since, until=search.until
        )
        if not is_storable(words) or not is_answerable(where) or search.limit < 1:
            return Found(posts=[], cursor=None)
        wanted = Wanted(words=words, topic=search.topic, region=search.region, body=search.body)
        if not wanted.match():
            page = self.listing(Post, where, order="newest", limit=search.limit, cursor=search.cursor)
            return Found(posts=[one.item for one in page.items if isinstance(one.item, Post)], cursor=page.cursor)
        asked = Asked(wanted=wanted, where=where, limit=search.limit, cursor=search.cursor)
        posts, cursor = self._reader.page(asked, conditions(TABLES[Post], where))
        return Found(posts=[post for post, _ in posts], cursor=cursor)

    def topic_counts(self, since: datetime, until: datetime) -> list[TopicCount]:
        return self._posts.topic_counts(since, until)

    def forget_posts(self, before: datetime, limit: int) -> int:
        done = 0
        while done < limit:
            with self._file.writing():
                some = self._forgettable(before, min(_SLICE, limit - done))
                self._save_slice([Save(item=forgotten(post)) for post in some])
            if not some:
                break
            done += len(some)
        return done

    def _forgettable(self, before: datetime, limit: int) -> list[Post]:
        rows = self._file.read(
            "SELECT body FROM post WHERE forgettable = 'yes' AND at < ? ORDER BY at, id LIMIT ?",
            (instant(before), limit),
        )
        return [KINDS[Post].unpack(row[0]) for row in rows]


def _upsert(table: Table, *first: str) -> str:
    columns = [*first, *table.stored]
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns if column != "id")
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.tag} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changed}"


def _add_match(found: Conditions, wanted: Wanted) -> None:
    if match := wanted.match():
        found.add("key IN (SELECT rowid FROM post_words WHERE post_words MATCH ?)", match)


def _among(ids: Sequence[str]) -> Iterator[list[str]]:
    """Distinct ids by the statement; one that UTF-8 cannot hold is nowhere."""
    known = [id for id in dict.fromkeys(ids) if is_storable((id,))]
    for start in range(0, len(known), _AMONG):
        yield known[start : start + _AMONG]


def _marks(ids: Sequence[str]) -> str:
    return f"({', '.join('?' * len(ids))})"
