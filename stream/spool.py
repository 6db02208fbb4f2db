"""Rows in order: sorts a replay's input on disk by (`collected_at`, `id`), so that memory stays bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from stream.core.codec import Travelling, decode, decode_item, encode
from stream.core.documents import Coverage, Decision, Page
from stream.core.records import Rejected

CHUNK = 2_000


class Spool:
    """A finished, sorted input. `build` makes it once; an unfinished one is made anew."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self.length: int = self._db.execute("SELECT count(*) FROM row").fetchone()[0]

    @staticmethod
    def build(path: Path, rows: Iterable[Page | Coverage | Decision | Rejected]) -> None:
        """Writes `rows` to `path`; appears there only when complete."""
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        db = sqlite3.connect(unfinished)
        db.execute("PRAGMA journal_mode=OFF")
        db.execute("CREATE TABLE arrived (at INTEGER, id TEXT, seq INTEGER, body BLOB)")
        db.execute("CREATE TABLE rejected (seq INTEGER PRIMARY KEY, body BLOB)")
        arrived: list[tuple[int, str, int, bytes]] = []
        for seq, row in enumerate(rows):
            if isinstance(row, Rejected):
                db.execute("INSERT INTO rejected VALUES (?, ?)", (seq, encode(row)))
                continue
            arrived.append((_micros(row.collected_at), row.id, seq, encode(row)))
            if len(arrived) >= CHUNK:
                db.executemany("INSERT INTO arrived VALUES (?, ?, ?, ?)", arrived)
                arrived.clear()
        db.executemany("INSERT INTO arrived VALUES (?, ?, ?, ?)", arrived)
        db.execute("CREATE TABLE row (number INTEGER PRIMARY KEY, body BLOB)")
        db.execute("INSERT INTO row (body) SELECT body FROM arrived ORDER BY at, id, seq")
        db.execute("DROP TABLE arrived")
        db.commit()
        db.close()
        unfinished.replace(path)

    def rows(self, after: int) -> Iterator[Travelling]:
        """From row number `after` on, in order."""
        while chunk := self._db.execute(
            "SELECT number, body FROM row WHERE number > ? ORDER BY number LIMIT ?", (after, CHUNK)
        ).fetchall():
            for number, body in chunk:
                yield decode(body)
                after = number

    def ends(self) -> tuple[datetime, datetime] | None:
        """Times of the first and the last row; None if there is none."""
        found = [
            self._db.execute(f"SELECT body FROM row ORDER BY number {way} LIMIT 1").fetchone()  # noqa: S608
            for way in ("ASC", "DESC")
        ]
        if found[0] is None:
            return None
        return decode(found[0][0]).collected_at, decode(found[1][0]).collected_at

    def rejected(self) -> Iterator[Rejected]:
        """Rows that could not be read, in input order."""
        for (body,) in self._db.execute("SELECT body FROM rejected ORDER BY seq"):
            item = decode_item(body)
            assert isinstance(item, Rejected)
            yield item

    def close(self) -> None:
        """Closes the file."""
        self._db.close()


def _micros(at: datetime) -> int:
    """Microseconds of an aware instant, exact (a float would round them)."""
    delta = at - datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
