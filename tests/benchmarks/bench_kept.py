"""What a post costs while 10⁴, 10⁵, 10⁶ others are kept: the whole journey over the same few thousand posts.

python tests/benchmarks/bench_kept.py [--kept 10000 100000 1000000] [--posts 3000] [--rounds 2] [--namespace bench]

Every stock stands under a namespace of its own, `<namespace>-<kept>`, and stays there for the next run (`--erase`
removes it afterwards); a stock of 10⁶ takes a while to fill. One process does all five steps, so that it is counted
who used how much. The smallest stock is the baseline of the others. Rounds go through all sizes in turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from cluster import cpu_s, fed, servers
from elasticsearch import Elasticsearch
from invented import posts as invented
from profiles import settings_of
from stock import END, Stock, fill

from dashboard import names
from stream.backends import erase_namespace, open_backends
from stream.backends.kafka_bus import erase_topics
from stream.core.cases import Assignment
from stream.core.records import Progress
from stream.feed import PUBLISHER, Feed
from stream.journey import STEPS
from stream.pipeline import Options, Pipeline
from stream.ports import Backends, Save
from stream.settings import Settings

WARM = 500
CHUNK = 500
GOAL = 0.10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kept", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--posts", type=int, default=3_000)
    parser.add_argument("--chars", type=int, default=60, help="of the posts kept and of those measured")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--namespace", default="bench")
    parser.add_argument("--erase", action="store_true")
    wanted = parser.parse_args()
    costs: dict[int, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        every = {kept: settings_of("distributed", Path(folder), f"{wanted.namespace}-{kept}") for kept in wanted.kept}
        for kept, settings in every.items():
            stocked(settings, kept, wanted.chars)
        for _ in range(wanted.rounds):
            for kept, settings in every.items():
                costs[kept].append(journey(settings, wanted.posts, wanted.chars, kept))
        if wanted.erase:
            for settings in every.values():
                erase_namespace(settings)
    least = {kept: min(some) for kept, some in costs.items()}
    first = least[wanted.kept[0]]
    for kept, cost in least.items():
        print(
            f"{kept:>9,} kept: {cost * 1000:.2f} ms a post at best, {cost / first - 1:+.0%} (goal: within {GOAL:.0%})"
        )


def stocked(settings: Settings, kept: int, chars: int) -> None:
    """The stock stands."""
    with closing(open_backends(settings)) as backends:
        added, seconds = fill(backends, Stock(kept, chars, names.topic_names()))
    if added:
        print(f"{kept:>9,} kept: {added:,} added, {added / seconds:,.0f} posts/s into the store alone", flush=True)


def journey(settings: Settings, count: int, chars: int, kept: int) -> float:
    """Seconds a post, after a warm-up in which the working set was rebuilt."""
    with closing(open_backends(settings)) as backends:
        start = _prepared(settings, backends)
        rows = invented(count + WARM, chars, start=start)
        began = time.perf_counter()
        with (
            fed(settings, rows) as feed,
            closing(Pipeline(settings, STEPS, backends, Options(assume_covered=True))) as pipeline,
        ):
            _through(feed, pipeline, WARM)
            rebuilt, began = time.perf_counter() - began, time.perf_counter()
            parties = {"our process": [os.getpid()], **servers(settings)}
            before = cpu_s(parties)
            _through(feed, pipeline, count)
            took, after = time.perf_counter() - began, cpu_s(parties)
    each = ", ".join(f"{who} {(after[who] - before[who]) / count * 1000:.2f}" for who in parties)
    print(f"{kept:>9,} kept: {took / count * 1000:.2f} ms a post; CPU ms a post: {each} "
          f"(start and {WARM} posts before: {rebuilt:.1f} s)", flush=True)  # fmt: skip
    return took / count


def _prepared(settings: Settings, backends: Backends) -> datetime:
    """Topics are new, and with them what is remembered of the old ones; when the next post comes."""
    with Elasticsearch(settings.elastic.addresses) as es:
        es.options(ignore_status=404).indices.delete(index=f"{settings.namespace}-journal", ignore_unavailable=True)
    erase_topics(settings)
    backends.store.save_many([Save(item=Progress(id=PUBLISHER, collected_at=END, done=0))])
    backends.store.refresh()
    newest = backends.store.listing(Assignment, order="newest", limit=1).items[0].item.collected_at
    return max(newest, END).replace(microsecond=0) + timedelta(minutes=1)


def _through(feed: Feed, pipeline: Pipeline, count: int) -> None:
    """Publishes so many posts and works until the last step is through them."""
    done, mark = 0, None
    while done < count:
        mark = feed.publish(min(CHUNK, count - done))
        done += CHUNK
        pipeline.work()
    while pipeline.watermark() is None or pipeline.watermark() < mark:
        pipeline.work()


if __name__ == "__main__":
    main()
