"""A cluster of one's own to break: servers that are killed and stalled, workers that are started again like containers,
and a publisher that goes on whatever happens."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from stream.backends import open_backends
from stream.core.codec import Item
from stream.core.records import Clock
from stream.errors import OutsideFailed
from stream.feed import Feed
from stream.ports import Backends, Outgoing, targets
from stream.settings import Settings
from stream.spool import Spool

ROOT = Path(__file__).parents[2]
PARTITIONS = 3
PATIENCE_S = 240.0
CHUNK_S = 0.25
STARTS = 60


class Servers:
    """A Kafka broker and an Elasticsearch node of this test run alone."""

    def __init__(self, scripts: Path, state: Path) -> None:
        self._scripts = scripts
        kafka, elastic = free_ports()
        self.kafka, self.elastic = f"127.0.0.1:{kafka}", f"http://127.0.0.1:{elastic}"
        self._state = state
        self._environment = {
            **os.environ, "SERVERS_DIR": str(state), "KAFKA_PORT": str(kafka), "ELASTIC_PORT": str(elastic),
        }  # fmt: skip

    def up(self, *names: str) -> None:
        subprocess.run(
            [str(self._scripts / "up"), *names], env=self._environment, check=True, stdout=subprocess.DEVNULL
        )

    def wipe(self) -> None:
        for name in ("kafka", "elastic"):
            self.signal(name, signal.SIGCONT)
        subprocess.run([str(self._scripts / "down"), "--wipe"], env=self._environment, check=True)

    def kill(self, name: str) -> None:
        """SIGKILL; the data stays."""
        subprocess.run([str(self._scripts / "down"), name, "--kill"], env=self._environment, check=True)

    def signal(self, name: str, number: signal.Signals) -> None:
        path = self._state / f"{name}.pid"
        if path.exists():
            os.kill(int(path.read_text()), number)

    @contextmanager
    def stalled(self, name: str) -> Iterator[None]:
        """Stands still meanwhile, without having crashed."""
        self.signal(name, signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(name, signal.SIGCONT)

    @contextmanager
    def gone(self, *names: str) -> Iterator[None]:
        """Killed, and started again afterwards."""
        for name in names:
            self.kill(name)
        try:
            yield
        finally:
            self.up(*names)


class Workers:
    """`huiying run` in so many processes; one that ends is started again, as a container would be."""

    def __init__(self, settings: Settings, count: int, log: Path) -> None:
        self._path, self._log = log, log.open("ab")
        self._starts = 0
        self._environment = {
            **os.environ, "PYTHONPATH": str(ROOT), "HUIYING_NAMESPACE": settings.namespace,
            "HUIYING_DATA": str(settings.data), "HUIYING_KAFKA": ",".join(settings.kafka.addresses),
            "HUIYING_ELASTIC": ",".join(settings.elastic.addresses), "HUIYING_LOG_LEVEL": "info",
        }  # fmt: skip
        self._processes = [self._started() for _ in range(count)]

    def keep_up(self) -> None:
        for place, process in enumerate(self._processes):
            if process.poll() is not None:
                self._processes[place] = self._started()

    def signal(self, place: int, number: signal.Signals) -> None:
        process = self._processes[place % len(self._processes)]
        if process.poll() is None:
            process.send_signal(number)

    def add(self) -> None:
        self._processes.append(self._started())

    def remove(self) -> None:
        """The newest leaves in good order."""
        process = self._processes.pop()
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()

    def close(self) -> None:
        for process in self._processes:
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self._processes:
            process.wait(10)
        self._log.close()

    def _started(self) -> subprocess.Popen[bytes]:
        """Raises AssertionError where they do not stay up."""
        self._starts += 1
        assert self._starts < STARTS, self._path.read_text(encoding="utf-8", errors="replace")[-3_000:]
        command = [sys.executable, "-m", "stream", "run", "--config", "config/distributed.yaml", "--assume-covered"]
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=self._log)


class Publisher(threading.Thread):
    """Publishes the spool within about `span_s` seconds, then goes on marking; an outage makes it try again."""

    def __init__(self, settings: Settings, spool: Path, span_s: float) -> None:
        super().__init__(daemon=True)
        self._settings, self._path, self._span_s = settings, spool, span_s
        self.stopping, self.is_done = threading.Event(), threading.Event()
        self.end: datetime | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with closing(Spool(self._path)) as spool:
                self._publish(spool)
        except BaseException as error:
            self.failure = error

    def _publish(self, spool: Spool) -> None:
        chunk = max(1, int(spool.length * CHUNK_S / self._span_s))
        while not self.stopping.is_set():
            try:
                with closing(open_backends(self._settings)) as backends:
                    self._go_on(Feed(spool, self.around(backends)), chunk)
            except OutsideFailed:
                self.stopping.wait(1)

    def _go_on(self, feed: Feed, chunk: int) -> None:
        self.end = feed.end
        while not self.stopping.is_set():
            self.before(feed)
            feed.publish(chunk)
            if feed.is_done and self.may_end():
                self.is_done.set()
            self.stopping.wait(CHUNK_S)

    def around(self, backends: Backends) -> Backends:
        """For publishers that do something to what is published."""
        return backends

    def before(self, feed: Feed) -> None:
        """For publishers that publish something more."""

    def may_end(self) -> bool:
        """Whether nothing is kept back."""
        return True


class Wrapped:
    """Backends with a bus of another kind; what is not named here is theirs."""

    def __init__(self, backends: Backends, publish: Callable[[Backends, str, Sequence[Outgoing]], None]) -> None:
        self._backends, self._publish = backends, publish
        self.bus = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backends, name)

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        self._publish(self._backends, topic, outgoing)


class Doubling(Publisher):
    """Everything comes again: at once, or long after its mark has passed."""

    def __init__(self, settings: Settings, spool: Path, span_s: float) -> None:
        super().__init__(settings, spool, span_s)
        self._random = random.Random(5)
        self._told: list[Outgoing] = []

    def around(self, backends: Backends) -> Backends:
        return Wrapped(backends, self._double)  # type: ignore[return-value]

    def _double(self, backends: Backends, topic: str, outgoing: Sequence[Outgoing]) -> None:
        rows = [one for one in outgoing if one.key is not None]
        old = self._random.sample(self._told, min(len(self._told), len(rows)))
        backends.bus.publish(topic, [*rows, *old, *outgoing])
        self._told += rows


class Stalling(Publisher):
    """One partition gets nothing for `stall_s` seconds, not even marks; then everything at once."""

    def __init__(self, settings: Settings, spool: Path, span_s: float, stall_s: float) -> None:
        super().__init__(settings, spool, span_s)
        self._began = time.monotonic()
        self._from, self._stall_s = span_s * 0.2, stall_s
        self._kept: list[Outgoing] = []

    def around(self, backends: Backends) -> Backends:
        return Wrapped(backends, self._withhold)  # type: ignore[return-value]

    def may_end(self) -> bool:
        return not self._kept

    def _withhold(self, backends: Backends, topic: str, outgoing: Sequence[Outgoing]) -> None:
        now = time.monotonic() - self._began
        is_stalled = self._from <= now < self._from + self._stall_s
        spread = [
            Outgoing(body=one.body, partition=partition) for one in outgoing for partition in targets(one, PARTITIONS)
        ]
        last = [one for one in spread if one.partition == PARTITIONS - 1]
        others = [one for one in spread if one.partition != PARTITIONS - 1]
        self._kept += last
        if not is_stalled:
            others, self._kept = [*others, *self._kept], []
        backends.bus.publish(topic, others)


class Poisoning(Publisher):
    """Every `every` rows something that cannot be decoded comes by each topic on the way."""

    TOPICS = ("pages", "articles", "mentions", "incidents", "judgements")

    def __init__(self, settings: Settings, spool: Path, span_s: float, every: int) -> None:
        super().__init__(settings, spool, span_s)
        self._every, self._given = every, 0
        self.poisoned = 0

    def before(self, feed: Feed) -> None:
        if feed.done < self._given:
            return
        self._given += self._every
        with closing(open_backends(self._settings)) as backends:
            for topic in self.TOPICS:
                body = f"{{毒 {feed.done} {topic}".encode()
                backends.bus.publish(topic, [Outgoing(body=body, partition=self.poisoned % PARTITIONS)])
        self.poisoned += 1


def wait_until_done(settings: Settings, publisher: Publisher, workers: Workers, patience_s: float = PATIENCE_S) -> None:
    """Until the slowest lane has passed the end of what was published. Raises AssertionError after `patience_s`."""
    began = time.monotonic()
    pause = threading.Event()
    seen: object = None
    while time.monotonic() - began < patience_s:
        if publisher.failure is not None:
            raise publisher.failure
        workers.keep_up()
        pause.wait(0.5)
        if not publisher.is_done.is_set():
            continue
        seen = watermark(settings)
        if seen is not None and publisher.end is not None and seen >= publisher.end:
            return
    raise AssertionError(f"not done after {patience_s} s: {seen} of {publisher.end}")


def watermark(settings: Settings) -> datetime | None:
    """Of the whole pipeline, as its leader last said; None while a server is away."""
    try:
        with closing(open_backends(settings)) as backends:
            found: dict[str, Any] = backends.store.get_many(Clock, ["pipeline"])
    except OutsideFailed:
        return None
    item: Item | None = found["pipeline"].item if found else None
    return item.watermark if isinstance(item, Clock) else None


def free_ports() -> tuple[int, int]:
    """Two ports whose companions (Kafka's + 1, Elasticsearch's + 100) are free too."""
    random_ = random.Random()
    while True:
        kafka = random_.randrange(20_000, 30_000, 2)
        elastic = random_.randrange(30_000, 40_000)
        if all(is_free(port) for port in (kafka, kafka + 1, elastic, elastic + 100)):
            return kafka, elastic


def is_free(port: int) -> bool:
    with closing(socket.socket()) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
