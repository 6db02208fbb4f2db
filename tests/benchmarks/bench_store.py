"""How fast the embedded store is: writing, searching, listing, beside a bare SQLite insert of the same posts.

`python tests/benchmarks/bench_store.py [--posts 1000000] [--chars 700]`. Texts are made of invented words with a Zipf
distribution; the seed is fixed. While it searches, another process writes posts at `--rate` a second; while it loads,
another process publishes one page at a time like a crawler, and says what its slowest write took.
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
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

from stream.backends import open_backends
from stream.core.cases import Assignment, FirstPublic, Heat, Incident, Judgement, Obligation, Responsible, SeverityView
from stream.core.documents import Emergency, Figures, Mention, Post, TopicScore, Version
from stream.core.intervals import SHANGHAI, exactly
from stream.ports import Backends, Filter, Outgoing, Save, Search
from stream.settings import Settings

START = datetime(2025, 1, 1, tzinfo=SHANGHAI)
DAYS = 30
TOPICS = ("交通运输", "环境保护", "城乡建设", "教育文体", "卫生计生", "劳动保障", "商贸旅游")
BATCH = 200


class Texts:
    """Posts of `chars` characters from 20,000 sentences of 20,000 words; word ranks follow Zipf's law."""

    def __init__(self, chars: int, seed: int) -> None:
        self.random = random.Random(seed)
        signs = [chr(0x4E00 + rank) for rank in range(4000)]
        zipf = list(accumulate(1 / (rank + 8) for rank in range(4000)))
        choices = self.random.choices
        self.words = ["".join(choices(signs, cum_weights=zipf, k=size)) for size in (2, 2, 2, 3, 4) * 4000]
        self.zipf = list(accumulate(1 / (rank + 30) for rank in range(len(self.words))))
        self.sentences = ["".join(choices(self.words, cum_weights=self.zipf, k=10)) for _ in range(20_000)]
        self.chars = chars

    def text(self) -> str:
        return "，".join(self.random.choices(self.sentences, k=self.chars // 25 + 1))[: self.chars]

    def post(self, id: str, at: datetime) -> Post:
        text = self.text()
        pick = self.random.random
        mention = Mention(
            id=id, collected_at=at, source=f"source-{int(pick() * 50)}", url=f"https://example.org/{id}", account=None,
            kind="post", title=text[:20], quote=text[:200], published=exactly(at, "row"), heat=None, answers=None,
            removed_at=None, relevant=True, topics=[TopicScore(topic=TOPICS[int(pick() ** 2 * 7)], score=0.5)],
            emergency=Emergency(is_emergency=False), figures=Figures(), severity=None, occurred=None,
            regions=[f"{11 + int(pick() * 50)}{1 + int(pick() * 20):02}00"], bodies=[f"虚构局{int(pick() * 500)}"],
            response=None, content_sha256=f"{self.random.getrandbits(256):064x}", model_version="1",
        )  # fmt: skip
        version = Version(collected_at=at, content_sha256=mention.content_sha256, title=mention.title, text=text)
        return Post(
            id=id, collected_at=at, mention=mention, text=text, author="0a1b2c3d", site=None, versions=[version],
            observations=[],
        )  # fmt: skip

    def batches(self, posts: int, prefix: str) -> Iterator[list[Post]]:
        """Spread evenly over DAYS."""
        step = timedelta(days=DAYS) / posts
        for start in range(0, posts, BATCH):
            numbers = range(start, min(start + BATCH, posts))
            yield [self.post(f"{prefix}{number:08}", START + number * step) for number in numbers]


class Spent:
    """Seconds of the wall and of this process's CPU; they differ when the machine is busy with something else."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu

    def rates(self, posts: int) -> str:
        return f"{posts / self.wall:7.0f} posts/s ({posts / self.cpu:.0f} a CPU second)"


def bare_insert(path: Path, texts: Texts, posts: int) -> Spent:
    """A plain table with a text column and an index on time, in the same batches."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE post (id TEXT PRIMARY KEY, at TEXT, title TEXT, text TEXT)")
    connection.execute("CREATE INDEX post_at ON post (at)")
    spent = Spent()
    for batch in texts.batches(posts, "p"):
        rows = [(one.id, one.collected_at.isoformat(), one.mention.title, one.text) for one in batch]
        with spent.counting():
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO post VALUES (?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
    connection.close()
    return spent


def load(backends: Backends, texts: Texts, posts: int) -> Spent:
    """save_many alone, batch by batch, each one transaction."""
    spent = Spent()
    for batch in texts.batches(posts, "p"):
        saves = [Save(item=post, expected=0) for post in batch]
        with spent.counting(), backends.together():
            saved = backends.store.save_many(saves)
        assert all(one.ok for one in saved)
    return spent


def load_incidents(backends: Backends, texts: Texts, posts: int) -> None:
    """One incident and judgement for twenty posts, one in ten of them open, and every post's assignment."""
    of = max(1, posts // 20)
    for start in range(0, of, BATCH):
        saves: list[Save] = []
        for number in range(start, min(start + BATCH, of)):
            incident = _incident(number, START + timedelta(days=DAYS) * number / of)
            saves += [Save(item=incident), Save(item=_judgement(incident, number))]
            for one in range(number * 20, number * 20 + 20):
                saves.append(Save(item=Assignment(
                    id=f"p{one:08}", collected_at=incident.opened_at, incident=incident.id, duplicate_of=None,
                    reason="same_words")))  # fmt: skip
        backends.store.save_many(saves)


def _incident(number: int, at: datetime) -> Incident:
    is_open = number % 10 == 0
    return Incident(
        id=f"i-{number:016x}", collected_at=at, title="虚构事件", opened_at=at, state="open" if is_open else "closed",
        merged_into=None, closed_at=None, first_public=FirstPublic(interval=exactly(at, "row"), mention="p"),
        regions=[f"{11 + number % 50}0100"], topics=[TOPICS[number % 7]], bodies=[f"虚构局{number % 500}"],
        emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[],
        heat=Heat(posts=20, peak=5, peak_at=at, hourly=[(at, 5)] * 4), terms=list(range(64)),
        due_at=at + timedelta(hours=5) if is_open else None,
    )  # fmt: skip


def _judgement(incident: Incident, number: int) -> Judgement:
    verdict: Any = ("met", "breached", "pending", "unknown_coverage_gap")[number % 4]
    body = incident.bodies[0]
    obligation = Obligation(
        rule="r", rule_version="1", modality="must", body=body, clock="strict", start=None, basis="first_public",
        due=None, verdict=verdict, reason="x", satisfied_by=None, elapsed_s=None, evidence=[],
    )  # fmt: skip
    return Judgement(
        id=incident.id, collected_at=incident.collected_at, title=incident.title, region=incident.regions[0],
        topics=incident.topics, state=incident.state, incident_revision=1, opened_at=incident.opened_at,
        is_emergency=False, event_type=None, occurred=None,
        severity=SeverityView(grade=None, basis="none", mentions=[], history=[]), figures=[], gate=None,
        responsible=[Responsible(body=body, rule="named")], obligations=[obligation] * 3, changes=[], coverage=[],
        hot=[], versions={}, due_at=incident.due_at,
    )  # fmt: skip


def queries(texts: Texts) -> dict[str, Callable[[Backends], object]]:
    """What the dashboard asks; every call draws new words, topics and days."""
    pick = texts.random

    def week() -> dict[str, datetime]:
        since = START + timedelta(days=pick.randrange(DAYS - 7))
        return {"since": since, "until": since + timedelta(days=7)}

    def word(length: int) -> str:
        while True:
            if len(found := pick.choices(texts.words, cum_weights=texts.zipf)[0]) >= length:
                return found[:length]

    def listed(kind: Any, order: Any = "newest", **fields: Any) -> Callable[[Backends], object]:
        return lambda backends: backends.store.listing(kind, Filter(**fields), order=order, limit=50)

    body = "虚构局7"
    return {
        "search 2 characters, topic, week": lambda b: b.store.search(
            Search(text=word(2), topic=pick.choice(TOPICS), **week())
        ),
        "search 2 characters": lambda b: b.store.search(Search(text=word(2))),
        "search 4 characters": lambda b: b.store.search(Search(text=word(4))),
        "search 1 character": lambda b: b.store.search(Search(text=word(1))),
        "search 2 words, province": lambda b: b.store.search(
            Search(text=f"{word(2)} {word(2)}", region=str(pick.randrange(11, 61)))
        ),
        "search nothing there": lambda b: b.store.search(Search(text="龘龘龘")),
        "posts, newest": listed(Post),
        "posts of a topic": listed(Post, topic=TOPICS[0]),
        "posts of a source": listed(Post, source="source-7"),
        "posts of a body in a province": listed(Post, body=body, region="44"),
        "posts of an incident": listed(Post, incident=f"i-{3:016x}"),
        "open incidents by due": listed(Incident, "due", state="open"),
        "incidents of a province": listed(Incident, region="44"),
        "breached of a body": listed(Judgement, body=body, verdict="breached"),
        "breached of a topic": listed(Judgement, topic=TOPICS[1], verdict="breached"),
        "due timers": lambda b: b.store.due(Incident, START + timedelta(days=2), 100),
        "count posts": lambda b: b.store.count(Post),
        "count posts of a topic": lambda b: b.store.count(Post, Filter(topic=pick.choice(TOPICS))),
        "count posts of a topic, week": lambda b: b.store.count(Post, Filter(topic=pick.choice(TOPICS), **week())),
        "count breached": lambda b: b.store.count(Judgement, Filter(verdict="breached")),
        "topics by hour": lambda b: b.store.topic_counts(START, START + timedelta(days=DAYS)),
    }


def measure(settings: Settings, texts: Texts, rounds: int) -> None:
    """Each query `rounds` times, mixed, each on a fresh read-only connection as the dashboard does it."""
    asked = queries(texts)
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, query in asked.items():
            began = time.perf_counter()
            backends = open_backends(settings, read_only=True)
            query(backends)
            backends.close()
            took[name].append(time.perf_counter() - began)
    for name, seconds in took.items():
        print(f"  {name:34} {percentiles(seconds)}")


def percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.95))
    return f"p50 {p50:7.1f}  p95 {p95:7.1f}  max {ordered[-1] * 1000:7.1f} ms  (n={len(ordered)})"


def write_steadily(data: Path, rate: int) -> None:
    """The other process while searching: short posts at `rate` a second, twenty batches a second, until killed."""
    texts = Texts(60, seed=2)
    backends = open_backends(Settings(data=data))
    number, next_at = 0, time.monotonic()
    while True:
        at = START + timedelta(days=DAYS, milliseconds=number)
        batch = [texts.post(f"w{os.getpid()}-{number + one}", at) for one in range(rate // 20)]
        backends.store.save_many([Save(item=post) for post in batch])
        number += len(batch)
        next_at = max(next_at + 0.05, time.monotonic() - 1)
        time.sleep(max(0.0, next_at - time.monotonic()))


def write_pages(data: Path) -> None:
    """The other process while loading: a page of 2 KB every 20 ms until its input ends; then what the writes took."""
    backends = open_backends(Settings(data=data))
    page = Texts(700, seed=3).text().encode()
    took: list[float] = []
    stop = data / "stop"
    while not stop.exists():
        began = time.perf_counter()
        backends.bus.publish("pages", [Outgoing(body=page, key="k")])
        took.append(time.perf_counter() - began)
        time.sleep(0.02)
    print(f"  a crawler's write meanwhile        {percentiles(took)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--chars", type=int, default=700)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--rate", type=int, default=1300)
    parser.add_argument("--data", type=Path, help="keep the data here; measured again without loading when it exists")
    parser.add_argument("--child", choices=["steadily", "pages"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child == "steadily":
        write_steadily(arguments.data, arguments.rate)
    elif arguments.child == "pages":
        write_pages(arguments.data)
    elif arguments.data is not None:
        bench(arguments, arguments.data)
    else:
        with tempfile.TemporaryDirectory() as folder:
            bench(arguments, Path(folder))


def bench(arguments: argparse.Namespace, data: Path) -> None:
    settings = Settings(data=data)
    file = data / "huiying.sqlite"
    posts = arguments.posts
    if not file.exists():
        data.mkdir(parents=True, exist_ok=True)
        some = min(posts, 100_000)
        bare = bare_insert(data / "bare.sqlite", Texts(arguments.chars, seed=1), some)
        size = (data / "bare.sqlite").stat().st_size / some / 1024
        print(f"{posts} posts of {arguments.chars} characters")
        print(f"  bare SQLite insert                 {bare.rates(some)}  {size:.1f} KB a post", flush=True)
        (data / "bare.sqlite").unlink()
        load_beside_crawler(settings, arguments)
    with_child(arguments, data, "steadily", lambda: measure(settings, Texts(arguments.chars, seed=4), arguments.rounds))


def load_beside_crawler(settings: Settings, arguments: argparse.Namespace) -> None:
    posts, data = arguments.posts, settings.data
    backends = open_backends(settings)
    command = [sys.executable, __file__, "--child", "pages", "--data", str(data)]
    with subprocess.Popen(command) as crawler:
        spent = load(backends, Texts(arguments.chars, seed=1), posts)
        (data / "stop").touch()
        crawler.wait()
    size = sum(file.stat().st_size for file in data.glob("huiying.sqlite*")) / posts / 1024
    print(f"  save_many, searchable              {spent.rates(posts)}  {size:.1f} KB a post", flush=True)
    load_incidents(backends, Texts(arguments.chars, seed=1), posts)
    backends.close()


def with_child(arguments: argparse.Namespace, data: Path, role: str, work: Callable[[], None]) -> None:
    command = [sys.executable, __file__, "--child", role, "--data", str(data), "--rate", str(arguments.rate)]
    before = open_backends(Settings(data=data), read_only=True)
    found = before.store.count(Post)
    with subprocess.Popen(command) as child:
        began = time.perf_counter()
        try:
            work()
        finally:
            child.kill()
    rows = before.store.count(Post) - found
    before.close()
    print(f"  written meanwhile                  {rows / (time.perf_counter() - began):7.0f} posts/s")


if __name__ == "__main__":
    main()
