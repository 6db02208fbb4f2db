"""Reading posts through the word index: search, and lists filtered by topic, region or body."""

# ruff: noqa: S608 - the names put into SQL are those of our own tables and columns; every value is a parameter.

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from itertools import groupby
from typing import Any

from msgspec import Struct

from stream.backends.sqlite_file import SqliteFile
from stream.backends.sqlite_kinds import KINDS, instant
from stream.backends.sqlite_listing import Conditions, read_cursor, write_cursor
from stream.backends.sqlite_posts import first_key, millisecond_of
from stream.backends.sqlite_words import Wanted
from stream.core.documents import Post
from stream.ports import Filter

_POST = KINDS[Post]
_EXAMINED = 5000
"""A page looks at so many posts at most (0.3 s); then it ends early, with a cursor to go on from. Only words whose
pairs all stand in many posts that do not hold the word itself come near this."""


class Asked(Struct, frozen=True, kw_only=True):
    """A page wanted of posts, in order of time."""

    wanted: Wanted
    where: Filter
    limit: int
    newest: bool = True
    cursor: str | None = None


class PostReader:
    """Pages and counts of posts by the word index."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def page(self, asked: Asked, others: Conditions) -> tuple[list[tuple[Post, int]], str | None]:
        """(post, revision) in order of (collected_at, id), and the next cursor."""
        found: list[tuple[Post, int]] = []
        last: tuple[int, str] | None = None
        with closing(self._places(asked, others)) as places:
            for examined, (at, id, key) in enumerate(places):
                if len(found) == asked.limit or examined == _EXAMINED:
                    return found, None if last is None else write_cursor(last)
                last = at, id
                # Gone or moved by another process since the index was read: it will be met again at its new place.
                for revision, body in self._file.read(
                    "SELECT revision, body FROM post WHERE key = ? AND id = ?", (key, id)
                ):
                    post = _POST.unpack(body)
                    if asked.wanted.holds(post):
                        found.append((post, revision))
        return found, None

    def _places(self, asked: Asked, others: Conditions) -> Generator[tuple[int, str, int], None, None]:
        """(at, id, key) in exact order: keys give the millisecond, `at` and `id` the order within it."""
        after = None if asked.cursor is None else tuple(read_cursor(asked.cursor, ("at", "id")))
        low, high = _bounds(asked, after)
        direction = "DESC" if asked.newest else "ASC"
        sql = f"""SELECT p.at, p.id, p.key FROM post_words w CROSS JOIN post p ON p.key = w.rowid
            WHERE post_words MATCH ? AND w.rowid >= ? AND w.rowid < ? AND {others.where()}
            ORDER BY w.rowid {direction}"""
        parameters = [asked.wanted.match(), low, high, *others.parameters]
        with closing(self._file.read_each(sql, parameters)) as rows:
            for _, group in groupby(rows, key=lambda row: millisecond_of(row[2])):
                for at, id, key in sorted(group, reverse=asked.newest):
                    if after is None or ((at, id) < after if asked.newest else (at, id) > after):
                        yield at, id, key

    def count(self, wanted: Wanted, others: Conditions) -> int:
        """How many; labels only (words would need the texts)."""
        if not others.sql:
            sql = "SELECT count(*) FROM post_words WHERE post_words MATCH ?"
        else:
            sql = f"""SELECT count(*) FROM post_words w CROSS JOIN post p ON p.key = w.rowid
                WHERE post_words MATCH ? AND {others.where()}"""
        return int(self._file.read(sql, [wanted.match(), *others.parameters])[0][0])


def _bounds(asked: Asked, after: tuple[Any, ...] | None) -> tuple[int, int]:
    """The range of keys; coarse by a millisecond, the conditions are exact."""
    low, high = 0, (1 << 63) - 1
    if asked.where.since is not None:
        low = first_key(instant(asked.where.since))
    if asked.where.until is not None:
        high = first_key(instant(asked.where.until) + 1000)
    if after is not None and asked.newest:
        high = min(high, first_key(after[0] + 1000))
    elif after is not None:
        low = max(low, first_key(after[0]))
    return low, high
