"""What posts need beyond other kinds: keys in order of time, a row in the word index, counts per topic and hour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from stream.backends.kinds import at_instant, instant
from stream.backends.sqlite_file import SqliteFile
from stream.backends.sqlite_words import TOKENIZER, words_of
from stream.core.documents import Post
from stream.ports import TopicCount

# No second copy of the text (content=''). automerge stays at its default: deferred merges pause for up to 18 s.
SCHEMA = (
    f"""CREATE VIRTUAL TABLE post_words USING fts5(
        words, content='', detail=none, columnsize=0, tokenize="{TOKENIZER}")""",
    # A batch of 250 posts of 2 KB in one segment: with 1 MB it is several, and a post costs 30 % more.
    "INSERT INTO post_words (post_words, rank) VALUES ('hashsize', 4194304)",
    """CREATE TABLE topic_hours (hour INTEGER NOT NULL, topic TEXT NOT NULL, posts INTEGER NOT NULL,
        PRIMARY KEY (hour, topic)) WITHOUT ROWID""",
    "CREATE TABLE spill (seconds INTEGER NOT NULL)",
)
SLOTS = 1 << 11
"""Keys in a second. The index stores differences of keys, 7 bits a byte: keys of milliseconds and 21 bits made it
5.3 KB a 2 KB post, seconds and 6 bits 3.0 KB. 2,048 a second is more than can be written, so live keys do not spill."""
_LATEST_S = (1 << 51) - 1
_HOUR_US = 3_600_000_000
_ANY = ""
"""Stands in the counts for every post, whatever its topics."""


class Change(Struct, kw_only=True):
    """A post to be written and what it replaces; `key` is found by `place`."""

    post: Post
    before: Post | None = None
    key_before: int | None = None
    key: int = 0

    def is_moved(self) -> bool:
        """Whether it needs a new key."""
        return self.before is None or self.before.collected_at != self.post.collected_at


def second_of(at_us: int) -> int:
    """The second of an instant (microseconds since 1970), as keys hold it."""
    return min(max(at_us // 1_000_000, 0), _LATEST_S)


class PostTables:
    """Keeps word index and counts in step with the table of posts; every call inside `writing()`."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    def place(self, changes: Sequence[Change]) -> None:
        """Gives each its key: a slot in its second, or, where that is full (many posts of one instant), in a later one.

        How far at most is kept in `spill`, so that a reader in order of time knows how far to look ahead.
        """
        last: dict[int, int] = {}
        spilled = 0
        for change in sorted(changes, key=lambda one: (one.post.collected_at, one.post.id)):
            if change.key_before is not None and not change.is_moved():
                change.key = change.key_before
                continue
            second = wanted = second_of(instant(change.post.collected_at))
            step = 1
            while (slot := self._last_slot(second, last) + 1) >= SLOTS:
                # Ever longer leaps, so that a million posts of one instant do not look at every full second again.
                second, step = second + step, step * 2
            last[second] = slot
            spilled = max(spilled, second - wanted)
            change.key = second * SLOTS + slot
        if spilled:
            self._file.write(
                "INSERT INTO spill SELECT ? WHERE ? > (SELECT coalesce(max(seconds), 0) FROM spill)", (spilled, spilled)
            )

    def _last_slot(self, second: int, last: dict[int, int]) -> int:
        """The last slot taken in a second; -1 when it is empty. `last` remembers what this batch knows."""
        if second not in last:
            low = second * SLOTS
            sql = "SELECT max(key) FROM post WHERE key >= ? AND key < ?"
            key = self._file.read(sql, (low, low + SLOTS))[0][0]
            last[second] = -1 if key is None else key - low
        return last[second]

    def follow(self, changes: Sequence[Change]) -> None:
        """Brings word index and counts up to the changes."""
        gone: list[tuple[int | None, str]] = []
        come: list[tuple[int, str]] = []
        counts: Counter[tuple[int, str]] = Counter()
        for change in changes:
            words = words_of(change.post)
            counts.update(_hours(change.post))
            if change.before is not None:
                counts.subtract(_hours(change.before))
                # A row of an index without content is deleted by the very words it was put in with.
                words_before = words_of(change.before)
                if change.key == change.key_before and words == words_before:
                    continue
                gone.append((change.key_before, words_before))
            come.append((change.key, words))
        self._write_words(gone, come)
        self._count(counts)

    def _write_words(self, gone: list[tuple[int | None, str]], come: list[tuple[int, str]]) -> None:
        # FTS5 flushes a segment whenever a rowid is smaller than the one before: sorted, a batch is one segment.
        self._file.write_many(
            "INSERT INTO post_words (post_words, rowid, words) VALUES ('delete', ?, ?)",
            sorted(gone, key=lambda row: row[0] or 0),
        )
        self._file.write_many("INSERT INTO post_words (rowid, words) VALUES (?, ?)", sorted(come))

    def _count(self, counts: Counter[tuple[int, str]]) -> None:
        rows = [(hour, topic, posts) for (hour, topic), posts in sorted(counts.items()) if posts]
        self._file.write_many(
            """INSERT INTO topic_hours VALUES (?, ?, ?)
            ON CONFLICT (hour, topic) DO UPDATE SET posts = posts + excluded.posts""",
            rows,
        )

    def count(self) -> int:
        """All posts, from the counts: counting a million rows takes 90 ms."""
        rows = self._file.read("SELECT coalesce(sum(posts), 0) FROM topic_hours WHERE topic = ?", (_ANY,))
        return int(rows[0][0])

    def topic_counts(self, since: datetime, until: datetime) -> list[TopicCount]:
        """Whole hours that begin in [since, until)."""
        rows = self._file.read(
            """SELECT hour, topic, posts FROM topic_hours WHERE hour >= ? AND hour < ? AND topic != ? AND posts > 0
            ORDER BY hour, topic""",
            (instant(since), instant(until), _ANY),
        )
        return [TopicCount(hour=at_instant(hour), topic=topic, posts=posts) for hour, topic, posts in rows]


def _hours(post: Post) -> set[tuple[int, str]]:
    """(hour start, topic), each topic once, and `_ANY` for the post itself."""
    at = instant(post.collected_at)
    hour = at - at % _HOUR_US
    return {(hour, _ANY), *((hour, one.topic) for one in post.mention.topics)}
