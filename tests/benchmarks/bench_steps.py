"""Each step alone through Kafka and Elasticsearch: posts a second of one process, and whose CPU it took.

python tests/benchmarks/bench_steps.py [--posts 5000] [--sizes short long] [--batch 200]

Everything is published first; then one step after the other works off what its predecessor left. The baseline in the
same run: the same steps on the embedded profile.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench_cluster import SIZES
from cluster import cpu_s, fed, servers
from invented import posts as invented
from profiles import PROFILES, settings_of

from stream.backends import erase_namespace, open_backends
from stream.core.records import Journal
from stream.journey import STEPS
from stream.pipeline import Options, Pipeline
from stream.ports import Backends
from stream.runner import BATCH_APART
from stream.settings import Settings

CHUNK = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=5_000)
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--batch", type=int, default=BATCH_APART)
    wanted = parser.parse_args()
    for size in wanted.sizes:
        for profile in PROFILES:
            with tempfile.TemporaryDirectory() as folder:
                settings = settings_of(profile, Path(folder), f"bench-steps-{size}")
                try:
                    every(settings, (profile, size), wanted.posts, wanted.batch)
                finally:
                    erase_namespace(settings)


def every(settings: Settings, names: tuple[str, str], posts: int, batch: int) -> None:
    """All steps of one profile."""
    with (
        closing(open_backends(settings)) as backends,
        fed(settings, invented(posts, SIZES[names[1]])) as feed,
    ):
        print(f"{names[1]}, {names[0]}, batches of {batch}:", flush=True)
        parties = {"ours": [os.getpid()], **(servers(settings) if names[0] == "distributed" else {})}
        before, began = cpu_s(parties), time.perf_counter()
        while not feed.is_done:
            feed.publish(CHUNK)
        _tell("publish", posts, time.perf_counter() - began, _used(parties, before))
        for step in STEPS:
            with closing(Pipeline(settings, [step], backends, Options(assume_covered=True, batch=batch))) as pipeline:
                took, used = worked_off(pipeline, parties)
                _tell(step, posts, took, used)
        _tell_journals(backends, posts)


def worked_off(pipeline: Pipeline, parties: dict[str, list[int]]) -> tuple[float, dict[str, float]]:
    """Seconds and CPU from the first batch to the last; joining the group is apart."""
    began = before = None
    while True:
        start, used = time.perf_counter(), cpu_s(parties)
        if pipeline.work(0.0):
            began, before = began or start, before or used
            ended, after = time.perf_counter(), cpu_s(parties)
        elif began and before and not pipeline.workers[0].lag():
            return ended - began, {who: after[who] - before[who] for who in parties}


def _used(parties: dict[str, list[int]], before: dict[str, float]) -> dict[str, float]:
    return {who: after - before[who] for who, after in cpu_s(parties).items()}


def _tell(step: str, posts: int, took: float, used: dict[str, float]) -> None:
    each = ", ".join(f"{who} {seconds / posts * 1000:.3f}" for who, seconds in used.items())
    print(f"  {step:9} {posts / took:8,.0f} posts/s; CPU ms a post: {each}", flush=True)


def _tell_journals(backends: Backends, posts: int) -> None:
    lanes = ["gather|all", *(f"{step}|{number}" for step in ("judge", "alert") for number in range(3))]
    for name, found in sorted(backends.store.get_many(Journal, lanes).items()):
        assert isinstance(found.item, Journal)
        size = sum(len(bytes(one.item)) for one in found.item.saves)
        size += sum(len(bytes(one.body)) for one in found.item.outgoing)
        print(f"  journal {name:10} {found.revision / posts * 1000:.1f} batches in 1,000 posts, the last with "
              f"{len(found.item.saves)} saves, {size:,} bytes")  # fmt: skip


if __name__ == "__main__":
    main()
