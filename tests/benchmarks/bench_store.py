"""How fast the store is in either profile: writing, searching, listing, beside the bare client with the same posts.

`python tests/benchmarks/bench_store.py [--posts 1000000] [--chars 700] [--profile embedded|distributed|both]
[--data FOLDER] [--namespace NAME]`. Posts are a stock (stock.py); FOLDER and NAME keep it for the next run. While it
searches, another process writes posts at `--rate` a second; while the embedded store loads, another one publishes a
page at a time like a crawler, and says what its slowest write took.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch, helpers
from profiles import add_options, chosen, settings_of
from stock import END, START, Stock, fill, filled, name

from dashboard import names
from stream.backends import erase_namespace, open_backends
from stream.core.cases import Incident, Judgement
from stream.core.documents import Post
from stream.ports import Backends, Filter, Outgoing, Save, Search
from stream.settings import Settings

SOME = 100_000
WRITES_A_SECOND = 20


def bare_insert(path: Path, stock: Stock) -> tuple[float, int]:
    """A plain table with a text column and an index on time, in the same batches: seconds, and bytes."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE post (id TEXT PRIMARY KEY, at TEXT, title TEXT, text TEXT)")
    connection.execute("CREATE INDEX post_at ON post (at)")
    seconds = 0.0
    for batch in stock.batches():
        rows = [(one.id, one.collected_at.isoformat(), one.mention.title, one.text) for one in batch]
        began = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO post VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
        seconds += time.perf_counter() - began
    connection.close()
    return seconds, path.stat().st_size


def bare_bulk(settings: Settings, stock: Stock) -> tuple[float, int]:
    """A plain index with a text field and a time, in the same batches: seconds, and bytes."""
    index, seconds = f"{settings.namespace}.bare", 0.0
    mapping = {"properties": {"at": {"type": "date"}, "title": {"type": "keyword"}, "text": {"type": "text"}}}
    with Elasticsearch(settings.elastic.addresses) as es:
        es.indices.create(index=index, mappings=mapping, settings={"number_of_replicas": 0})
        try:
            for batch in stock.batches():
                rows = [
                    {"_id": one.id, "at": one.collected_at, "title": one.mention.title, "text": one.text}
                    for one in batch
                ]
                began = time.perf_counter()
                helpers.bulk(es, rows, index=index)
                seconds += time.perf_counter() - began
            es.indices.flush(index=index)
            found = es.indices.stats(index=index, metric="store")
        finally:
            es.indices.delete(index=index)
    return seconds, found["_all"]["total"]["store"]["size_in_bytes"]


def queries(stock: Stock) -> dict[str, Callable[[Backends], object]]:
    """What the dashboard asks; every call draws new words, topics and days."""
    pick, word = stock.random, stock.texts.word

    def week() -> dict[str, datetime]:
        since = START + timedelta(days=pick.randrange(23))
        return {"since": since, "until": since + timedelta(days=7)}

    def listed(kind: Any, order: Any = "newest", **fields: Any) -> Callable[[Backends], object]:
        return lambda backends: backends.store.listing(kind, Filter(**fields), order=order, limit=50)

    body, topics = "虚构局7", stock.topics
    return {
        "search 2 characters, topic, week": lambda b: b.store.search(
            Search(text=word(2), topic=pick.choice(topics), **week())
        ),
        "search 2 characters": lambda b: b.store.search(Search(text=word(2))),
        "search 4 characters": lambda b: b.store.search(Search(text=word(4))),
        "search 1 character": lambda b: b.store.search(Search(text=word(1))),
        "search 2 words, province": lambda b: b.store.search(
            Search(text=f"{word(2)} {word(2)}", region=str(pick.randrange(11, 61)))
        ),
        "search nothing there": lambda b: b.store.search(Search(text="龘龘龘")),
        "posts, newest": listed(Post),
        "posts of a topic": listed(Post, topic=topics[0]),
        "posts of a source": listed(Post, source="source-7"),
        "posts of a body in a province": listed(Post, body=body, region="44"),
        "posts of an incident": listed(Post, incident=name(3)),
        "open incidents by due": listed(Incident, "due", state="open"),
        "incidents of a province": listed(Incident, region="44"),
        "breached of a body": listed(Judgement, body=body, verdict="breached"),
        "breached of a topic": listed(Judgement, topic=topics[1], verdict="breached"),
        "due timers": lambda b: b.store.due(Incident, END + timedelta(days=2), 100),
        "count posts": lambda b: b.store.count(Post),
        "count posts of a topic": lambda b: b.store.count(Post, Filter(topic=pick.choice(topics))),
        "count posts of a topic, week": lambda b: b.store.count(Post, Filter(topic=pick.choice(topics), **week())),
        "count breached": lambda b: b.store.count(Judgement, Filter(verdict="breached")),
        "topics by hour": lambda b: b.store.topic_counts(START, END),
    }


def measure(settings: Settings, stock: Stock, rounds: int) -> None:
    """Each query `rounds` times, mixed, each on a fresh read-only connection as the dashboard does it."""
    asked = queries(stock)
    took: dict[str, list[float]] = {query: [] for query in asked}
    stock.random.seed(4)
    for _ in range(rounds):
        for query, ask in asked.items():
            began = time.perf_counter()
            with closing(open_backends(settings, read_only=True)) as backends:
                ask(backends)
            took[query].append(time.perf_counter() - began)
    for query, seconds in took.items():
        print(f"  {query:34} {percentiles(seconds)}")


def percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.95))
    return f"p50 {p50:7.1f}  p95 {p95:7.1f}  max {ordered[-1] * 1000:7.1f} ms  (n={len(ordered)})"


def write_steadily(settings: Settings, chars: int, rate: int) -> None:
    """The other process while searching: posts at `rate` a second, twenty batches a second, until killed."""
    stock = Stock(1, chars, names.topic_names())
    stock.random.seed(os.getpid())
    backends = open_backends(settings)
    number, next_at = 0, time.monotonic()
    while True:
        at = END + timedelta(milliseconds=number)
        some = max(1, rate // WRITES_A_SECOND)
        batch = [stock.post(f"w{os.getpid()}-{number + one}", at) for one in range(some)]
        backends.store.save_many([Save(item=post, expected=0) for post in batch])
        number += len(batch)
        next_at = max(next_at + 1 / WRITES_A_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, next_at - time.monotonic()))


def write_pages(settings: Settings, stop: Path) -> None:
    """The other process while loading: a page of 2 KB every 20 ms until `stop` is there; then what the writes took."""
    backends = open_backends(settings)
    page = ("".join(map(chr, random.Random(3).choices(range(0x4E00, 0x5E00), k=700)))).encode()
    took: list[float] = []
    while not stop.exists():
        began = time.perf_counter()
        backends.bus.publish("pages", [Outgoing(body=page, key="k")])
        took.append(time.perf_counter() - began)
        time.sleep(0.02)
    print(f"  a crawler's write meanwhile        {percentiles(took)}")


def write(arguments: argparse.Namespace) -> None:
    """The other process."""
    settings = settings_of(arguments.profile, arguments.data, arguments.namespace)
    if arguments.child == "steadily":
        write_steadily(settings, arguments.chars, arguments.rate)
    else:
        write_pages(settings, arguments.data / "stop")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--chars", type=int, default=700)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rate", type=int, default=1300)
    add_options(parser)
    parser.add_argument("--child", choices=["steadily", "pages"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        write(arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        for profile in chosen(arguments.profile):
            settings = settings_of(profile, arguments.data or Path(folder), arguments.namespace or "bench-store")
            settings.data.mkdir(parents=True, exist_ok=True)
            try:
                bench(arguments, profile, settings)
            finally:
                if profile == "distributed" and arguments.namespace is None:
                    erase_namespace(settings)


def bench(arguments: argparse.Namespace, profile: str, settings: Settings) -> None:
    stock = Stock(arguments.posts, arguments.chars, names.topic_names())
    print(f"{profile}: {arguments.posts} posts of {arguments.chars} characters")
    with closing(open_backends(settings)) as backends:
        is_filled = filled(backends.store) >= stock.posts
    if not is_filled:
        load(arguments, profile, settings, stock)
    arguments.profile = profile
    with closing(open_backends(settings, read_only=True)) as backends:
        before = backends.store.count(Post)
        with beside(arguments, settings, "steadily") as since:
            measure(settings, stock, arguments.rounds)
            took = time.perf_counter() - since
        backends.store.refresh()
        print(f"  written meanwhile                  {(backends.store.count(Post) - before) / took:7.0f} posts/s")


def load(arguments: argparse.Namespace, profile: str, settings: Settings, stock: Stock) -> None:
    """The bare client, then the store with the same posts."""
    some = Stock(min(stock.posts, SOME), stock.chars, names.topic_names())
    if profile == "embedded":
        seconds, size = bare_insert(settings.data / "bare.sqlite", some)
        (settings.data / "bare.sqlite").unlink()
    else:
        seconds, size = bare_bulk(settings, some)
    print(f"  bare client                        {_rate(some.posts, seconds, size)}")
    arguments.profile = profile
    with closing(open_backends(settings)) as backends, beside(arguments, settings, "pages"):
        added, took = fill(backends, stock)
        (settings.data / "stop").touch()
        print(f"  save_many, searchable              {_rate(added, took, _size(settings))}", flush=True)


def _rate(posts: int, seconds: float, size: int) -> str:
    return f"{posts / seconds:7.0f} posts/s  {size / posts / 1024:.1f} KB a post"


def _size(settings: Settings) -> int:
    """Bytes of everything, incidents and their posts' assignments included."""
    if settings.backend.store == "sqlite":
        return sum(file.stat().st_size for file in settings.data.glob(f"{settings.namespace}.sqlite*"))
    with Elasticsearch(settings.elastic.addresses) as es:
        es.indices.flush(index=f"{settings.namespace}-*")
        found = es.indices.stats(index=f"{settings.namespace}-*", metric="store")
    return int(found["_all"]["total"]["store"]["size_in_bytes"])


@contextmanager
def beside(arguments: argparse.Namespace, settings: Settings, role: str) -> Iterator[float]:
    """Another process does its part meanwhile; yields when it began."""
    command = [
        sys.executable, __file__, "--child", role, "--data", str(settings.data), "--namespace", settings.namespace,
        "--profile", arguments.profile, "--rate", str(arguments.rate), "--chars", str(arguments.chars),
    ]  # fmt: skip
    stop = settings.data / "stop"
    stop.unlink(missing_ok=True)
    with subprocess.Popen(command) as child:
        try:
            yield time.perf_counter()
        finally:
            if role == "steadily":
                child.kill()
            else:
                stop.touch()


if __name__ == "__main__":
    main()
