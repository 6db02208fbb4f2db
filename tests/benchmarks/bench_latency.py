"""From a page to its incident's alert through Kafka and Elasticsearch, at given rates of posts a second.

python tests/benchmarks/bench_latency.py [--rates 100 200] [--workers 2] [--seconds 40] [--mark-s 0.2] [--long]

A publisher like the crawler: every `--mark-s` seconds what came meanwhile, then a mark. Four pages a second tell of an
incident each; time runs from the page's `collected_at` (it then waits half a mark on average) to its alert on the bus.
The baseline in the same run: the same pages through kafka-python alone, a hop for every step.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

from bench_journey import emergency
from cluster import Arrivals, cpu_s, servers, working
from invented import posts
from profiles import settings_of
from shares import sampled

from stream.backends import open_backends
from stream.clock import wall_now
from stream.core.cases import Alert
from stream.core.documents import Mark, Page, Row
from stream.core.incidents import incident_id
from stream.core.intervals import exactly
from stream.journey import JOURNEY
from stream.ports import Backends, Outgoing
from stream.settings import Settings
from stream.wire import addressed, received

INCIDENTS_A_SECOND = 4
WARM_S = 5.0
LATE_S = 20.0
SPARE_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 200])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--mark-s", type=float, default=0.2)
    parser.add_argument("--spy", type=Path, help="the py-spy program: samples the first worker")
    parser.add_argument("--long", action="store_true", help="other posts have 2 KB")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of("distributed", Path(folder), "bench-latency")
        with working(settings, wanted.workers) as pids, closing(open_backends(settings)) as backends:
            bare(settings)
            arrivals = Arrivals(backends)
            ids = count()
            lasts_s = WARM_S + wanted.seconds + SPARE_S
            for rate in wanted.rates:
                publisher = Publisher(settings, rate, wanted.mark_s, 680 if wanted.long else 0, ids, lasts_s)
                with sampled(wanted.spy, pids[0], settings.data / "spy"):
                    measure(publisher, arrivals, pids, wanted.seconds)


class Publisher(threading.Thread):
    """Publishes at a pace of its own until stopped; `sent` says when each incident's page was collected."""

    def __init__(
        self, settings: Settings, rate: int, mark_s: float, characters: int, ids: Iterator[int], lasts_s: float
    ) -> None:
        super().__init__(daemon=True)
        self._settings, self.rate, self.mark_s, self._ids = settings, rate, mark_s, ids
        # Made before: what it takes to invent them is not the pipeline's.
        self._others = iter(list(posts(int(rate * lasts_s), characters, share_of_accidents=0.0)))
        self.stopping = threading.Event()
        self.sent: dict[str, float] = {}
        self.slow = 0

    def run(self) -> None:
        with closing(open_backends(self._settings)) as backends:
            began, flushed, done, told = time.monotonic(), time.monotonic(), 0, 0
            while not self.stopping.wait(0.005):
                passed = time.monotonic() - began
                if time.monotonic() - flushed < self.mark_s:
                    continue
                self.slow += time.monotonic() - flushed > 2 * self.mark_s
                flushed = time.monotonic()
                wanted = int(passed * self.rate) - done
                pages = [self._page(passed - (wanted - number) / self.rate, began) for number in range(wanted)]
                done += wanted
                for number in range(told, int(passed * INCIDENTS_A_SECOND)):
                    pages[number % len(pages)] = self._telling(pages[number % len(pages)])
                told = int(passed * INCIDENTS_A_SECOND)
                flush(backends, pages)

    def _page(self, offset_s: float, began: float) -> Page:
        at = wall_now() - timedelta(seconds=time.monotonic() - began - offset_s)
        row = next(self._others)
        return Page(
            id=f"other-{next(self._ids)}", collected_at=at, source="bench", kind=row["kind"],
            row=Row(title=row["title"], text=row["text"], published=exactly(at, "row")),
        )  # fmt: skip

    def _telling(self, other: Page) -> Page:
        """The same moment, but a page that tells of an incident of its own."""
        told = emergency(next(self._ids))
        page = Page(id=told.id, collected_at=other.collected_at, source=told.source, kind=told.kind, row=told.row)
        self.sent[incident_id(page.id)] = other.collected_at.timestamp()
        return page


def flush(backends: Backends, pages: list[Page]) -> None:
    """As the crawler's outbox does it: the pages, then a mark."""
    backends.bus.publish("pages", [addressed(page) for page in pages])
    mark = Mark(id="mark:bench", collected_at=wall_now(), publisher="bench")
    backends.bus.publish("pages", [addressed(mark)])


def measure(publisher: Publisher, arrivals: Arrivals, pids: list[int], seconds: float) -> None:
    """One rate: p50 and p99."""
    publisher.start()
    seen: dict[str, float] = {}
    read_for(arrivals, WARM_S, seen)
    parties = {"workers": pids, **servers(publisher._settings)}
    before, since = cpu_s(parties), time.time()
    read_for(arrivals, seconds, seen)
    after, until = cpu_s(parties), time.time()
    publisher.stopping.set()
    publisher.join()
    asked = {one for one, at in publisher.sent.items() if since <= at < until}
    deadline = time.monotonic() + LATE_S
    while not asked <= seen.keys() and time.monotonic() < deadline:
        read_for(arrivals, 0.2, seen)
    took = sorted(seen[one] - publisher.sent[one] for one in asked if one in seen)
    p50, p99 = (statistics.median(took), took[int(len(took) * 0.99)]) if took else (float("nan"),) * 2
    busy = ", ".join(f"{who} {(after[who] - before[who]) / (until - since):.0%}" for who in parties)
    print(f"{publisher.rate} posts/s, a mark each {publisher.mark_s:g} s, {len(pids)} workers: page → alert "
          f"p50 {p50:.2f} s, p99 {p99:.2f} s ({len(took)} of {len(asked)} incidents; {publisher.slow} flushes late); "
          f"cores: {busy}", flush=True)  # fmt: skip


def read_for(arrivals: Arrivals, seconds: float, seen: dict[str, float]) -> None:
    """Notes when each incident was first told of."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for message in arrivals.read(0.02):
            if isinstance(message, Alert) and message.incident:
                seen.setdefault(message.incident, time.time())


def bare(settings: Settings) -> None:
    """A page through one topic after another by our bus alone: what no change to a step can save."""
    took: list[float] = []
    with closing(open_backends(settings)) as backends:
        topics = [f"bare{number}" for number in range(len(JOURNEY))]
        reads = [backends.bus.subscribe([topic], topic) for topic in topics]
        for number in range(60):
            began, body = time.perf_counter(), addressed(emergency(number)).body
            for topic, read in zip(topics, reads, strict=True):
                backends.bus.publish(topic, [Outgoing(body=body, key="k")])
                while not (found := read.poll(1, 1.0)):
                    pass
                received(body := found[0].body)
                read.commit({(found[0].topic, found[0].partition): found[0].offset + 1})
            took.append(time.perf_counter() - began)
    took = sorted(took[10:])
    print(f"baseline, {len(JOURNEY)} hops of bus alone: p50 {statistics.median(took):.3f} s, "
          f"p99 {took[int(len(took) * 0.99)]:.3f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
