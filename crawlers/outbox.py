"""The crawler's outbox: what was given and is not published yet, in one SQLite file that outlives its process.

Here `collected_at` is given, inside the transaction that keeps the piece, so that the order of instants is the order of
the file: a killed crawler publishes the same messages with the same instants when it starts again. A piece leaves once
the broker has acknowledged it and what it remembers is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

from crawlers.pieces import Piece, Publishable
from stream.backends.sqlite_file import SqliteFile
from stream.clock import wall_now
from stream.core.codec import decode, decode_item, encode
from stream.core.documents import Coverage, Decision, Message, Page
from stream.core.intervals import SHANGHAI
from stream.core.records import Fetched, Rejected

SCHEMA = (
    # `at` in microseconds: no two pieces share an instant, so it is their number as well.
    "CREATE TABLE piece (at INTEGER PRIMARY KEY, size INTEGER NOT NULL, body BLOB)",
    """CREATE TABLE remembered (
        id TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (id, at)) WITHOUT ROWID""",
    "CREATE INDEX remembered_at ON remembered (at)",
    # Kept beside the pieces, since counting them would read the whole file at every give.
    """CREATE TABLE state (
        one INTEGER PRIMARY KEY, last INTEGER NOT NULL, pieces INTEGER NOT NULL, bytes INTEGER NOT NULL)""",
)
ASKED_AT_ONCE = 500

_EPOCH = datetime(1970, 1, 1, tzinfo=SHANGHAI)
_TICK = timedelta(microseconds=1)


class Bounds(Struct, frozen=True, kw_only=True):
    """How much waits at most; the piece that passes a bound is the last.

    200 MB are about 2,500 pages of 60 KB: forty sources with a new article a minute go on for an hour. 100,000 pieces
    bound what many small ones (a partner's rows) take beside their bytes. A batch to publish ends at `batch_bytes`, so
    that a backlog of large pages does not fill the memory."""

    bytes: int = 200_000_000
    pieces: int = 100_000
    batch_bytes: int = 16_000_000


class Waiting(Struct, frozen=True, kw_only=True):
    """A piece as it waits, its instant given."""

    at: datetime
    message: Publishable | None
    remember: tuple[Fetched, ...]


class Outbox:
    """One thread's view of the file; several may be open. Raises OutsideFailed where the disk is full or ill."""

    def __init__(self, path: Path, now: Callable[[], datetime] = wall_now, bounds: Bounds = Bounds()) -> None:  # noqa: B008
        self._now = now
        self._bounds = bounds
        self._file = SqliteFile(path, SCHEMA)
        # `give` promises more than the file of bus and store: what a power cut takes from here may have been the only
        # trace of it. Commits are grouped, so a sync for each is affordable.
        self._file.read("PRAGMA synchronous=FULL")
        with self._file.writing():
            self._file.write("INSERT OR IGNORE INTO state VALUES (1, 0, 0, 0)")

    def add(self, pieces: Sequence[Piece]) -> int:
        """Keeps the first of them for which there is room, each at its own later instant; how many."""
        with self._file.writing():
            last, count, size = self._state()
            added = 0
            for piece in pieces:
                if count >= self._bounds.pieces or size >= self._bounds.bytes:
                    break
                last = self._later(last)
                size += self._insert(piece, last)
                count += 1
                added += 1
            self._file.write("UPDATE state SET last = ?, pieces = ?, bytes = ?", (last, count, size))
        return added

    def head(self, limit: int) -> list[Waiting]:
        """The first pieces that wait, in order: up to `limit`, about `Bounds.batch_bytes`."""
        chosen: list[int] = []
        size = 0
        for at, one in self._file.read("SELECT at, size FROM piece ORDER BY at LIMIT ?", (limit,)):
            if chosen and size + one > self._bounds.batch_bytes:
                break
            chosen.append(at)
            size += one
        return self._read(chosen[-1]) if chosen else []

    def drop(self, until: datetime) -> None:
        """Forgets the pieces up to and at `until`: they are published, what they remember is saved."""
        at = _micros(until)
        with self._file.writing():
            gone, size = self._file.read("SELECT count(*), total(size) FROM piece WHERE at <= ?", (at,))[0]
            self._file.write("DELETE FROM piece WHERE at <= ?", (at,))
            self._file.write("DELETE FROM remembered WHERE at <= ?", (at,))
            self._file.write("UPDATE state SET pieces = pieces - ?, bytes = bytes - ?", (gone, int(size)))

    def promise(self) -> datetime:
        """Nothing earlier than this follows: the instant of the first piece that waits, else a new one, now."""
        with self._file.writing():
            first = self._file.read("SELECT min(at) FROM piece")[0][0]
            if first is not None:
                return _instant(first)
            at = self._later(self._state()[0])
            self._file.write("UPDATE state SET last = ?", (at,))
            return _instant(at)

    def go_on_from(self, at: datetime) -> None:
        """All further instants are later than `at`."""
        with self._file.writing():
            self._file.write("UPDATE state SET last = max(last, ?)", (_micros(at),))

    def known(self, ids: Sequence[str]) -> dict[str, Fetched]:
        """What was given under these ids and is not saved yet, the newest of each."""
        found: dict[str, Fetched] = {}
        for start in range(0, len(ids), ASKED_AT_ONCE):
            some = ids[start : start + ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            sql = f"SELECT body FROM remembered WHERE id IN ({marks}) ORDER BY id, at"  # noqa: S608 (only marks)
            found |= {one.id: one for one in _fetched(self._file.read(sql, some))}
        return found

    def length(self) -> int:
        """How many pieces wait."""
        return self._state()[1]

    def close(self) -> None:
        """Closes the file; what waits stays there."""
        self._file.close()

    def _state(self) -> tuple[int, int, int]:
        """The last instant given, pieces and bytes that wait."""
        last, pieces, size = self._file.read("SELECT last, pieces, bytes FROM state")[0]
        return last, pieces, size

    def _later(self, last: int) -> int:
        """Now, and later than ever before."""
        return max(_micros(self._now()), last + 1)

    def _insert(self, piece: Piece, at: int) -> int:
        """Its bytes."""
        when = _instant(at)
        body = None if piece.message is None else _stamped(piece.message, when)
        remembered = [(one.id, at, _stamped(one, when)) for one in piece.remember]
        size = len(body or b"") + sum(len(encoded) for _, _, encoded in remembered)
        self._file.write("INSERT INTO piece VALUES (?, ?, ?)", (at, size, body))
        self._file.write_many("INSERT INTO remembered VALUES (?, ?, ?)", remembered)
        return size

    def _read(self, until: int) -> list[Waiting]:
        remember: dict[int, list[Fetched]] = {}
        rows = self._file.read("SELECT at, body FROM remembered WHERE at <= ? ORDER BY at", (until,))
        for (at, _), one in zip(rows, _fetched([(body,) for _, body in rows]), strict=True):
            remember.setdefault(at, []).append(one)
        return [
            Waiting(at=_instant(at), message=_message(body), remember=tuple(remember.get(at, ())))
            for at, body in self._file.read("SELECT at, body FROM piece WHERE at <= ? ORDER BY at", (until,))
        ]


def _stamped(message: Message, at: datetime) -> bytes:
    return encode(msgspec.structs.replace(message, collected_at=at))


def _message(body: bytes | None) -> Publishable | None:
    message = None if body is None else decode(body)
    assert message is None or isinstance(message, Page | Coverage | Decision | Rejected)
    return message


def _fetched(rows: Iterable[tuple[bytes]]) -> list[Fetched]:
    items = [decode_item(body) for (body,) in rows]
    return [one for one in items if isinstance(one, Fetched)]


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _TICK


def _instant(micros: int) -> datetime:
    return _EPOCH + micros * _TICK
