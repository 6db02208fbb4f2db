"""The bus in the SQLite file: records keyed by partition and offset, groups with committed offsets, live members.

A record's rowid is `partition number << 40 | offset`, so a partition is one range of the table: polling is a range scan
and pruning a range delete, without an index beside it.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from stream.backends.sqlite_file import SqliteFile
from stream.backends.sqlite_locks import FileLock, is_locked
from stream.clock import wall_now
from stream.errors import Conflict, MessageRejected
from stream.ports import Outgoing, Partition, Record, targets

SCHEMA = (
    """CREATE TABLE partitions (
        number INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL,
        tail INTEGER NOT NULL DEFAULT 0, head INTEGER NOT NULL DEFAULT 0, UNIQUE (topic, partition))""",
    "CREATE TABLE records (position INTEGER PRIMARY KEY, published_at REAL NOT NULL, body BLOB NOT NULL)",
    """CREATE TABLE committed (
        reader TEXT NOT NULL, number INTEGER NOT NULL, below INTEGER NOT NULL, PRIMARY KEY (reader, number)
        ) WITHOUT ROWID""",
    """CREATE TABLE members (
        joined INTEGER PRIMARY KEY, reader TEXT NOT NULL, topics TEXT NOT NULL, member TEXT NOT NULL UNIQUE)""",
)
_SHIFT = 40
_POLL_BYTES = 32 << 20
"""A poll stops after this many bytes, so that a batch of 10 MB pages does not fill the memory."""
_LOOK_S = 0.005
"""Pause between two looks for new records; `data_version` makes a look cost microseconds."""
_MEMBERS_S = 0.5
"""How often a member looks whether others came or went."""
_PRUNE_SLICE = 2000
"""Records deleted in one transaction, so that pruning keeps nobody waiting."""


class SqliteBus:
    """Topics are made when first named, with `partitions` partitions; after that the file decides."""

    def __init__(self, file: SqliteFile, partitions: int, max_bytes: int) -> None:
        self._file = file
        self._partitions = partitions
        self._max_bytes = max_bytes
        self._open: list[SqliteSubscription] = []

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        if not outgoing:
            return
        if any(len(one.body) > self._max_bytes for one in outgoing):
            raise MessageRejected("too_large")
        with self._file.writing():
            numbers = self._numbers(topic)
            bodies: dict[int, list[bytes]] = defaultdict(list)
            for one in outgoing:
                for partition in targets(one, len(numbers)):
                    bodies[numbers[partition]].append(one.body)
            for number, some in bodies.items():
                self._append(number, some)

    def _append(self, number: int, bodies: Sequence[bytes]) -> None:
        head = self._file.read("SELECT head FROM partitions WHERE number = ?", (number,))[0][0]
        now = wall_now().timestamp()
        first = (number << _SHIFT) + head
        rows = [(first + index, now, body) for index, body in enumerate(bodies)]
        self._file.write_many("INSERT INTO records VALUES (?, ?, ?)", rows)
        self._file.write("UPDATE partitions SET head = ? WHERE number = ?", (head + len(bodies), number))

    def partitions(self, topic: str) -> int:
        with self._file.writing():
            return len(self._numbers(topic))

    def subscribe(self, topics: Sequence[str], group: str, *, is_sole: bool = False) -> SqliteSubscription:
        with self._file.writing():
            numbers = {
                (topic, partition): number for topic in topics for partition, number in self._numbers(topic).items()
            }
            # A new group starts at the oldest record that is kept.
            self._file.write_many(
                """INSERT INTO committed SELECT ?, number, tail FROM partitions WHERE number = ?
                ON CONFLICT DO NOTHING""",
                [(group, number) for number in numbers.values()],
            )
        self._open.append(SqliteSubscription(self._file, group, numbers, is_sole))
        return self._open[-1]

    def prune(self, before: datetime) -> int:
        total = 0
        for (number,) in self._file.read("SELECT number FROM partitions ORDER BY number"):
            while pruned := self._prune_slice(number, before.timestamp()):
                total += pruned
        return total

    def _prune_slice(self, number: int, before: float) -> int:
        """Deletes up to a slice of records from the tail of one partition; how many."""
        with self._file.writing():
            tail, head = self._file.read("SELECT tail, head FROM partitions WHERE number = ?", (number,))[0]
            done = self._file.read("SELECT min(below) FROM committed WHERE number = ?", (number,))[0][0]
            end = min(head if done is None else done, tail + _PRUNE_SLICE)
            low, high = (number << _SHIFT) + tail, (number << _SHIFT) + end
            # The clock may have been set back between two records: stop at the first one that is young enough.
            young = self._file.read(
                "SELECT min(position) FROM records WHERE position >= ? AND position < ? AND published_at >= ?",
                (low, high, before),
            )[0][0]
            high = high if young is None else young
            if high <= low:
                return 0
            self._file.write("DELETE FROM records WHERE position >= ? AND position < ?", (low, high))
            self._file.write("UPDATE partitions SET tail = ? WHERE number = ?", (high - (number << _SHIFT), number))
            return int(high - low)

    def close(self) -> None:
        """Closes what is still subscribed: a member that is open counts as alive and keeps its partitions."""
        for subscription in self._open:
            subscription.close()

    def _numbers(self, topic: str) -> dict[int, int]:
        """Partition → its number in the file; makes the topic when it is new. Inside `writing()`."""
        # Not remembered between calls: the transaction that made a topic may have been rolled back.
        sql = "SELECT partition, number FROM partitions WHERE topic = ? ORDER BY partition"
        if rows := self._file.read(sql, (topic,)):
            return dict(rows)
        new = [(topic, partition) for partition in range(self._partitions)]
        self._file.write_many("INSERT INTO partitions (topic, partition) VALUES (?, ?)", new)
        return dict(self._file.read(sql, (topic,)))


class SqliteSubscription:
    """One member. The members of a group that are alive share its partitions; the oldest comes first."""

    def __init__(self, file: SqliteFile, group: str, numbers: Mapping[Partition, int], is_sole: bool) -> None:
        self._file = file
        self._is_sole = is_sole
        self._assignments: dict[Partition, int] = {}
        self._assigned = 0
        self._paused: frozenset[Partition] = frozenset()
        self._group = group
        self._numbers = dict(sorted(numbers.items()))
        self._topics = " ".join(sorted({topic for topic, _ in numbers}))
        self._next: dict[tuple[str, int], int] = {}
        self._looked_at = float("-inf")
        self._turn = 0
        self._is_open = True
        self._lock = self._join()
        self._share()

    def _join(self) -> FileLock:
        member = uuid.uuid4().hex
        lock = FileLock(_member_path(self._file.path, member))
        lock.try_lock()
        with self._file.writing():
            for dead in self._members():
                if dead != member and not is_locked(_member_path(self._file.path, dead)):
                    self._leave(dead)
            self._file.write(
                "INSERT INTO members (reader, topics, member) VALUES (?, ?, ?)", (self._group, self._topics, member)
            )
        self._member = member
        return lock

    def _members(self) -> list[str]:
        """Members of this group on these topics in order of joining, the dead included."""
        sql = "SELECT member FROM members WHERE reader = ? AND topics = ? ORDER BY joined"
        return [row[0] for row in self._file.read(sql, (self._group, self._topics))]

    def _leave(self, member: str) -> None:
        self._file.write("DELETE FROM members WHERE member = ?", (member,))
        _member_path(self._file.path, member).unlink(missing_ok=True)

    def _share(self) -> None:
        """Which partitions are mine now; new ones start at the committed offsets."""
        if time.monotonic() - self._looked_at < _MEMBERS_S:
            return
        self._looked_at = time.monotonic()
        path = self._file.path
        alive = [one for one in self._members() if one == self._member or is_locked(_member_path(path, one))]
        place, of = alive.index(self._member), len(alive)
        mine = [pair for index, pair in enumerate(self._numbers) if (0 if self._is_sole else index % of) == place]
        committed = self._committed()
        self._next = {pair: self._next.get(pair, committed[pair]) for pair in mine}
        if mine != list(self._assignments):
            self._assigned += 1
            self._assignments = {pair: self._assignments.get(pair, self._assigned) for pair in mine}

    def _committed(self) -> dict[tuple[str, int], int]:
        rows = dict(self._file.read("SELECT number, below FROM committed WHERE reader = ?", (self._group,)))
        return {pair: rows[number] for pair, number in self._numbers.items()}

    def partitions(self) -> Mapping[Partition, int]:
        self._share()
        return dict(self._assignments)

    def pause(self, partitions: Collection[Partition]) -> None:
        self._paused = frozenset(partitions)

    def poll(self, limit: int, timeout_s: float) -> list[Record]:
        deadline = time.monotonic() + timeout_s
        while True:
            self._share()
            version = self._file.data_version()
            if records := self._take(limit):
                return records
            while version == self._file.data_version():
                left = deadline - time.monotonic()
                if left <= 0:
                    return []
                time.sleep(min(_LOOK_S, left))
                if time.monotonic() - self._looked_at >= _MEMBERS_S:
                    break

    def _take(self, limit: int) -> list[Record]:
        """Each partition its part of `limit`, then the rest to whoever has more; another one first each time."""
        read = [pair for pair in self._assignments if pair not in self._paused]
        if not read or limit < 1:
            return []
        self._turn = (self._turn + 1) % len(read)
        order = read[self._turn :] + read[: self._turn]
        taken: list[Record] = []
        size = 0
        for part in (max(1, limit // len(order)), limit):
            for pair in order:
                for record in self._range(pair, min(part, limit - len(taken))):
                    taken.append(record)
                    self._next[pair] = record.offset + 1
                    size += len(record.body)
                    if size >= _POLL_BYTES:
                        return taken
        return taken

    def _range(self, pair: tuple[str, int], limit: int) -> list[Record]:
        if limit < 1:
            return []
        first = self._numbers[pair] << _SHIFT
        rows = self._file.read_each(
            "SELECT position, body FROM records WHERE position >= ? AND position < ? ORDER BY position LIMIT ?",
            (first + self._next[pair], first + (1 << _SHIFT), limit),
        )
        records: list[Record] = []
        size = 0
        for position, body in rows:
            records.append(Record(topic=pair[0], partition=pair[1], offset=position - first, body=body))
            size += len(body)
            if size >= _POLL_BYTES:
                break
        return records

    def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        self._share()
        if any(pair not in self._assignments for pair in offsets):
            raise Conflict
        rows = [(below, self._group, self._numbers[pair], below) for pair, below in offsets.items()]
        with self._file.writing():
            self._file.write_many("UPDATE committed SET below = ? WHERE reader = ? AND number = ? AND below < ?", rows)

    def committed(self) -> Mapping[Partition, int]:
        committed = self._committed()
        return {pair: committed[pair] for pair in self._assignments}

    def rewind(self) -> None:
        committed = self._committed()
        self._next = {pair: committed[pair] for pair in self._assignments}

    def lag(self) -> int:
        sql = "SELECT p.number, p.head - c.below FROM partitions p JOIN committed c USING (number) WHERE c.reader = ?"
        behind = dict(self._file.read(sql, (self._group,)))
        return sum(behind[number] for number in self._numbers.values())

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            with self._file.writing():
                self._leave(self._member)
            self._lock.close()


def _member_path(path: Path, member: str) -> Path:
    return path.with_name(f"{path.name}-member-{member}")
