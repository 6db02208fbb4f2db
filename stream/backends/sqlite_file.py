"""One SQLite file in WAL mode: opening, fair short write transactions, errors by fate.

`synchronous=NORMAL`: a killed process loses nothing; a power cut may lose the last transactions, but whole and from the
end only. Bus and store share the file, so they fall back together to one earlier consistent state, and crawlers fetch
again. FULL would cost an fsync for every transaction (several ms on a plain disk).
"""

from __future__ import annotations

import re
import sqlite3
import time
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stream.backends.sqlite_locks import FileLock
from stream.errors import OutsideFailed, SettingsError

PATIENCE_S = 5.0
"""How long a writer waits for its turn before the outside counts as failed (design.md, Backends)."""
LOG_BYTES = 32 << 20
"""Length of the write-ahead log from which it is emptied."""
_LOG_PATIENCE_S = 0.5

# The disk or another process is in the way: worth a retry. Everything else is our own fault and crashes.
_OUTSIDE = {
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}  # fmt: skip


class SqliteFile:
    """A connection of one thread. Reads are single statements; writes go through `writing()`."""

    def __init__(
        self, path: Path, schema: Sequence[str], *, read_only: bool = False, patience_s: float = PATIENCE_S
    ) -> None:
        self.path = path
        self._patience_s = patience_s
        self._depth = 0
        self._log_limit = LOG_BYTES
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._turn = FileLock(path.with_name(path.name + "-turn"))
        except OSError as error:
            raise OutsideFailed(f"数据文件夹 {path.parent} 无法使用：{error.strerror}") from error
        try:
            self._open(schema, read_only)
        except BaseException:
            self._turn.close()
            raise

    def _open(self, schema: Sequence[str], read_only: bool) -> None:
        with _fates():
            self._connection = sqlite3.connect(self.path, timeout=self._patience_s, isolation_level=None)
            try:
                self._prepare(schema, read_only)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, schema: Sequence[str], read_only: bool) -> None:
        wanted = zlib.crc32("".join(schema).encode()) & 0x7FFFFFFF
        if self._version() != wanted:
            self._lay(schema, wanted)
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        if read_only:
            # Not mode=ro: that fails on a WAL file which nobody else has open and whose folder is not writable.
            self._connection.execute("PRAGMA query_only=ON")

    def _version(self) -> int:
        """Fingerprint of the schema that the file has; 0 = empty."""
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _lay(self, schema: Sequence[str], wanted: int) -> None:
        """Makes what is missing, unless another process has done so meanwhile."""
        self._take_turn()
        try:
            # Measured on 2 KB posts (1.7 KB compressed): pages of 4 KB hold one, 4.0 KB a post; 8 KB 2.7; 16 KB 2.3,
            # but every small write then logs pages twice as large.
            self._connection.execute("PRAGMA page_size=8192")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("BEGIN IMMEDIATE")
            if self._version() != wanted:
                self._add_missing(schema)
                self._connection.execute(f"PRAGMA user_version={wanted}")
            self._connection.execute("COMMIT")
        finally:
            self._turn.unlock()

    def _add_missing(self, schema: Sequence[str]) -> None:
        """New kinds of items get their tables. Raises SettingsError when an existing table is laid out otherwise."""
        there = dict(self._connection.execute("SELECT name, sql FROM sqlite_master").fetchall())
        for statement in schema:
            name = _NAMED.match(statement)
            if name is None or name[1] not in there:
                self._connection.execute(statement)
            elif there[name[1]] != statement:
                raise SettingsError(
                    f"{self.path}：由另一个版本写成（{name[1]} 的结构不同）。请换用相应的版本，或另选数据文件夹重新导入"
                )

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """All rows of one statement; fetched at once, since an open cursor would hold back the checkpoint."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            _raise_if_outside(error)
            raise

    def read_each(self, sql: str, parameters: Sequence[Any] = ()) -> Generator[Any, None, None]:
        """Rows one by one; the caller exhausts or closes the iterator soon."""
        with _fates():
            cursor = self._connection.execute(sql, parameters)
            try:
                yield from cursor
            finally:
                cursor.close()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """One statement inside `writing()`; how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def write_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """The same statement for every row, inside `writing()`."""
        if rows:
            self._connection.executemany(sql, rows)

    def is_writing(self) -> bool:
        """Whether a transaction of this connection is open."""
        return self._depth > 0

    def data_version(self) -> int:
        """Changes when another connection has committed something."""
        return int(self.read("PRAGMA data_version")[0][0])

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One write transaction; a nested one joins it. Raises OutsideFailed when its turn does not come in time."""
        if self._depth == 0:
            self._begin()
        self._depth += 1
        try:
            with _fates():
                yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._connection.rollback()
            raise
        self._depth -= 1
        if self._depth == 0:
            self._commit()

    def _begin(self) -> None:
        """BEGIN IMMEDIATE, fairly: whoever waits holds the turn, so a writer in a tight loop queues up behind it.

        SQLite's own busy handler sleeps up to 100 ms between tries and lets the loop win again and again.
        """
        deadline = self._take_turn()
        try:
            self._be_patient(0)
            while not self._try_begin():
                _wait_until(deadline)
        finally:
            self._turn.unlock()
            self._be_patient(self._patience_s)

    def _be_patient(self, seconds: float) -> None:
        """How long SQLite itself waits for a lock."""
        self._connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")

    def _take_turn(self) -> float:
        """Waits for the turn; until when the rest may take. Raises OutsideFailed."""
        deadline = time.monotonic() + self._patience_s
        while not self._turn.try_lock():
            _wait_until(deadline)
        return deadline

    def _try_begin(self) -> bool:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            with _fates():
                raise
        return True

    def _commit(self) -> None:
        try:
            with _fates():
                self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.rollback()
            raise
        self._shorten_log()

    def _shorten_log(self) -> None:
        """Empties the write-ahead log once it is long. SQLite's own checkpoint starts it anew only when it catches up
        with all writers, and two that take turns never let it: the log grew to 394 MB in a minute. Holding the turn
        keeps new writers out; a reader who stays in the way only puts it off."""
        log = self.path.with_name(self.path.name + "-wal")
        size = log.stat().st_size if log.exists() else 0
        if size < self._log_limit:
            return
        self._log_limit = size + LOG_BYTES if self._empty_log() else LOG_BYTES

    def _empty_log(self) -> bool:
        """Whether somebody was in the way. What was committed stays so; an ill disk shows at the next write."""
        try:
            self._take_turn()
        except OutsideFailed:
            return True
        deadline = time.monotonic() + _LOG_PATIENCE_S
        self._be_patient(_LOG_PATIENCE_S / 10)
        try:
            while is_busy := self._try_checkpoint():
                _wait_until(deadline)
        except OutsideFailed:
            return True
        finally:
            self._be_patient(self._patience_s)
            self._turn.unlock()
        return is_busy

    def _try_checkpoint(self) -> bool:
        """Whether a reader, or another's checkpoint (an error then, at once), was in the way."""
        try:
            return bool(self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
        except sqlite3.OperationalError:
            return True

    def close(self) -> None:
        self._connection.close()
        self._turn.close()


_NAMED = re.compile(r"CREATE (?:VIRTUAL )?(?:TABLE|INDEX) (\w+)")
_PRAGMAS = (
    "synchronous=NORMAL",
    "cache_size=-32000",
    "journal_size_limit=67108864",
    "secure_delete=FAST",
)


def _wait_until(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise OutsideFailed("数据文件一直被其他进程占用，稍后重试")
    time.sleep(0.002)


@contextmanager
def _fates() -> Iterator[None]:
    """An error of the disk or of another process becomes OutsideFailed; the rest passes."""
    try:
        yield
    except sqlite3.Error as error:
        _raise_if_outside(error)
        raise


def _raise_if_outside(error: sqlite3.Error) -> None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is not None and code & 0xFF in _OUTSIDE:
        raise OutsideFailed(f"数据文件暂时无法读写：{error}") from error
