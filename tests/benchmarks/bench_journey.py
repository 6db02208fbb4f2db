"""Posts per second of the whole journey and of each step, page to alert latency, memory; beside a bare baseline.

python tests/benchmarks/bench_journey.py [--posts 20000] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import feedparser
import msgspec
import trafilatura
from invented import posts, write

from stream.backends import open_backends
from stream.clock import wall_now
from stream.core.cases import Alert
from stream.core.documents import Mark, Page, Row
from stream.core.incidents import incident_id
from stream.core.intervals import exactly
from stream.feed import Feed
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.pipeline import ORDERED, STATELESS, Crew, Options, Pipeline
from stream.ports import Backends, Subscription
from stream.reading.places import names_by_code
from stream.settings import load_settings
from stream.spool import Spool
from stream.wire import addressed, received

SIZES = (("short", 0), ("2 KB", 680))
CONFIG = Path("config/embedded.yaml")
PACE = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--latency-posts", type=int, default=300)
    parser.add_argument("--profile", action="store_true")
    wanted = parser.parse_args()
    for name, characters in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = write(Path(folder) / "posts.jsonl", posts(wanted.posts, characters))
            baseline(name, wanted.posts, characters, Path(folder))
            journey(name, path, wanted.posts, Path(folder))
            steps(name, path, wanted.posts, Path(folder), profile=wanted.profile)
    with tempfile.TemporaryDirectory() as folder:
        latency(wanted.latency_posts, Path(folder))
    print(f"memory: peak of this process {_mb(resource.RUSAGE_SELF)} MB, of a child {_mb(resource.RUSAGE_CHILDREN)} MB")


def baseline(name: str, count: int, characters: int, folder: Path) -> None:
    """feedparser over the posts as RSS, trafilatura over each as a page (long ones), one SQLite insert each."""
    rows = list(posts(count, characters))
    items = "".join(f"<item><title>{r['title']}</title><link>{r['url']}</link></item>" for r in rows)
    feed = f"<rss version='2.0'><channel><title>x</title>{items}</channel></rss>"
    pages = rows[: min(count, 1_000)] if characters else []
    with timed() as parse:
        entries = feedparser.parse(feed).entries
    assert len(entries) == count
    with timed() as extract:
        for row in pages:
            body = f"<html><body><article><h1>{row['title']}</h1><p>{row['text']}</p></article></body></html>"
            trafilatura.extract(body)
    with timed() as insert, sqlite3.connect(folder / "bare.sqlite") as db:
        db.execute("CREATE TABLE post (id TEXT PRIMARY KEY, title TEXT, text TEXT)")
        db.executemany("INSERT INTO post VALUES (?, ?, ?)", [(r["id"], r["title"], r["text"]) for r in rows])
    each = parse() / count + (extract() / len(pages) if pages else 0.0) + insert() / count
    parts = [f"feedparser {count / parse():,.0f}", f"insert {count / insert():,.0f}"]
    parts += [f"trafilatura {len(pages) / extract():,.0f}"] if pages else []
    print(f"{name}: baseline of feedparser, trafilatura, bare insert {1 / each:,.0f} posts/s ({', '.join(parts)})")


def journey(name: str, path: Path, count: int, folder: Path) -> None:
    """`huiying replay` as a user calls it, on all cores."""
    command = [sys.executable, "-m", "stream", "replay", str(path), "--out", str(folder / "out"), "--assume-covered"]
    with timed() as whole:
        subprocess.run(command, check=True, capture_output=True, env=_environment(folder))
    with timed() as again:
        subprocess.run([*command[:-1]], check=True, capture_output=True, env=_environment(folder))
    rates = sorted((count / whole(), count / again()))
    print(f"{name}: whole journey (replay, start and files included) {rates[0]:,.0f} to {rates[1]:,.0f} posts/s")


def steps(name: str, path: Path, count: int, folder: Path, *, profile: bool) -> None:
    """Each step alone over the same posts, effects included, one core."""
    settings = load_settings(CONFIG)
    settings = msgspec.structs.replace(settings, data=folder / "steps")
    spool_path = folder / "spool.sqlite"
    with timed() as intake:
        Spool.build(spool_path, read_posts(path, Intake(pseudonyms=load_pseudonyms(settings.data))))
    backends = open_backends(settings)
    feed = Feed(Spool(spool_path), backends)
    with timed() as publish:
        while not feed.is_done:
            feed.publish(1_000)
    print(f"{name}: intake {count / intake():,.0f}, publish {count / publish():,.0f}", end="")
    profiler = cProfile.Profile()
    for step in (*STATELESS, *ORDERED):
        pipeline = Pipeline(settings, [step], backends, Options(assume_covered=True))
        if profile:
            profiler.enable()
        with timed() as took:
            while pipeline.workers[0].lag():
                pipeline.work(0.0)
        profiler.disable()
        print(f", {step} {count / took():,.0f}", end="", flush=True)
        pipeline.close()
    print(" posts/s")
    backends.close()
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def latency(count: int, folder: Path) -> None:
    """From a page's publication on the bus to its incident's `opened` alert there, at 20 incidents a second."""
    settings = load_settings(CONFIG)
    settings = msgspec.structs.replace(settings, data=folder)
    backends = open_backends(settings)
    crew = Crew(settings, Options())
    pipeline = Pipeline(settings, ORDERED, backends, Options())
    alerts = backends.bus.subscribe(["alerts"], "bench")
    sent: dict[str, datetime] = {}
    seen: dict[str, float] = {}
    started = _warm(pipeline, backends, alerts)
    while len(seen) < count and wall_now() - started < timedelta(seconds=30 + count / PACE):
        if len(sent) < count and wall_now() - started >= timedelta(seconds=len(sent) / PACE):
            page = emergency(len(sent))
            sent[incident_id(page.id)] = page.collected_at
            publish(backends, page)
        pipeline.work(0.001)
        for incident in opened(alerts):
            if incident in sent and incident not in seen:
                seen[incident] = (wall_now() - sent[incident]).total_seconds()
    crew.close()
    took = sorted(seen.values())
    p99 = took[int(len(took) * 0.99)] if took else float("nan")
    print(f"page → alert: p50 {statistics.median(took):.3f} s, p99 {p99:.3f} s ({len(took)} of {count} incidents)")
    backends.close()


def emergency(number: int) -> Page:
    """A page about an incident of its own: another place, another vehicle, another road each time."""
    now = wall_now()
    places = sorted(name for name in names_by_code().values() if name.endswith(("县", "市")) and len(name) > 2)
    place, road = places[number * 7 % len(places)], chr(0x4E00 + number * 37 % 5000) + chr(0x5000 + number * 53 % 5000)
    title = f"{place}{road}路一货车与客车相撞致3人死亡"
    return Page(
        id=f"latency-{number:05d}", collected_at=now, source="bench", kind="news",
        row=Row(title=title, text=title, published=exactly(now, "row")),
    )  # fmt: skip


def publish(backends: Backends, page: Page) -> None:
    """As the crawler does: the page, then a mark."""
    mark = Mark(id="mark:bench", collected_at=page.collected_at + timedelta(microseconds=1), publisher="bench")
    backends.bus.publish("pages", [addressed(page), addressed(mark)])


def opened(alerts: Subscription) -> Iterator[str]:
    """Incidents that were told of since."""
    for record in alerts.poll(100, 0.0):
        alert = received(record.body)
        if isinstance(alert, Alert) and alert.kind == "opened" and alert.incident:
            yield alert.incident


def _warm(pipeline: Pipeline, backends: Backends, alerts: Subscription) -> datetime:
    """Waits until the stateless process is up: the first page has come through."""
    publish(backends, emergency(90_000))
    deadline = wall_now() + timedelta(seconds=60)
    while not any(opened(alerts)) and wall_now() < deadline:
        pipeline.work(0.01)
    return wall_now()


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "HUIYING_DATA": str(folder / "data")}


def _mb(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    """Seconds of the block, asked for after it."""
    began = time.perf_counter()
    ended: list[float] = []
    yield lambda: ended[0]
    ended.append(time.perf_counter() - began)


if __name__ == "__main__":
    main()
