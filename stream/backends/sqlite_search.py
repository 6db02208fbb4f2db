"""Reading posts through the word index: search, and lists filtered by topic, region or body."""

# ruff: noqa: S608 - the names put into SQL are those of our own tables and columns; every value is a parameter.

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from typing import Any

from msgspec import Struct

from stream.backends.filters import read_cursor, write_cursor
from stream.backends.kinds import KINDS, instant
from stream.backends.sqlite_file import SqliteFile
from stream.backends.sqlite_listing import Conditions
from stream.backends.sqlite_posts import SLOTS, second_of
from stream.backends.sqlite_words import Wanted
from stream.core.documents import Post
from stream.ports import Filter

Place = tuple[int, str, int]
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

    def _places(self, asked: Asked, others: Conditions) -> Generator[Place, None, None]:
        """(at, id, key) in exact order. Keys give it by the second, and a few lie up to `spill` seconds too late: what
        may still be overtaken waits in a heap."""
        after = None if asked.cursor is None else tuple(read_cursor(asked.cursor, ("at", "id")))
        spill = self._spill()
        low, high = _bounds(asked, after, spill)
        direction = "DESC" if asked.newest else "ASC"
        sql = f"""SELECT p.at, p.id, p.key FROM post_words w CROSS JOIN post p ON p.key = w.rowid
            WHERE post_words MATCH ? AND w.rowid >= ? AND w.rowid < ? AND {others.where()}
            ORDER BY w.rowid {direction}"""
        parameters = [asked.wanted.match(), low, high, *others.parameters]
        with closing(self._file.read_each(sql, parameters)) as rows:
            for place in _sorted(rows, asked.newest, spill):
                if after is None or (place[:2] < after if asked.newest else place[:2] > after):
                    yield place

    def count(self, asked: Asked, others: Conditions) -> int:
        """How many; labels only (words would need the texts). Rows are looked at only where the key leaves it open."""
        spill = self._spill()
        low, high = _bounds(asked, None, spill)
        where = asked.where
        if (where.ids, where.source, where.incident) != (None, None, None):
            return self._count_rows(asked, others, low, high)
        edge = (spill + 1) * SLOTS
        sure_from = low if where.since is None else low + edge
        sure_to = high if where.until is None else high - edge
        if sure_from >= sure_to:
            return self._count_rows(asked, others, low, high)
        sql = "SELECT count(*) FROM post_words WHERE post_words MATCH ? AND rowid >= ? AND rowid < ?"
        sure = int(self._file.read(sql, [asked.wanted.match(), sure_from, sure_to])[0][0])
        edges = self._count_rows(asked, others, low, sure_from) + self._count_rows(asked, others, sure_to, high)
        return sure + edges

    def _count_rows(self, asked: Asked, others: Conditions, low: int, high: int) -> int:
        """How many of the keys in [low, high) fit exactly."""
        if low >= high:
            return 0
        sql = f"""SELECT count(*) FROM post_words w CROSS JOIN post p ON p.key = w.rowid
            WHERE post_words MATCH ? AND w.rowid >= ? AND w.rowid < ? AND {others.where()}"""
        return int(self._file.read(sql, [asked.wanted.match(), low, high, *others.parameters])[0][0])

    def _spill(self) -> int:
        """How many seconds a key may lie after its post at most."""
        return int(self._file.read("SELECT coalesce(max(seconds), 0) FROM spill")[0][0])


def _sorted(rows: Iterable[Place], newest: bool, spill: int) -> Iterator[Place]:
    """Rows by key as rows by (at, id). A post's second lies in [second of its key - spill, second of its key]."""
    waiting: list[Place] = []
    seen: int | None = None
    for row in rows:
        second = row[2] // SLOTS
        if second != seen and waiting:
            waiting.sort(reverse=not newest)
            while waiting and _is_settled(second_of(waiting[-1][0]), second, newest, spill):
                yield waiting.pop()
        seen = second
        waiting.append(row)
    yield from sorted(waiting, reverse=newest)


def _is_settled(second: int, reached: int, newest: bool, spill: int) -> bool:
    """Whether nothing that follows the key second `reached` can come before a post of `second`."""
    return second > reached if newest else second < reached - spill


def _bounds(asked: Asked, after: tuple[Any, ...] | None, spill: int) -> tuple[int, int]:
    """The range of keys; too wide by a second and the spill, the conditions are exact."""
    low, high = 0, (1 << 62) // SLOTS
    if asked.where.since is not None:
        low = second_of(instant(asked.where.since))
    if asked.where.until is not None:
        high = second_of(instant(asked.where.until)) + 1 + spill
    if after is not None and asked.newest:
        high = min(high, second_of(after[0]) + 1 + spill)
    elif after is not None:
        low = max(low, second_of(after[0]))
    return low * SLOTS, high * SLOTS
