"""Posts per second through Kafka and Elasticsearch with 1, 2, 3 workers, and who spends the time; beside the same bytes
and documents by the bare clients.

python tests/benchmarks/bench_cluster.py [--posts 10000] [--workers 1 2 3] [--sizes short long] [--spy PY-SPY]

A worker is one `huiying run` with all steps. Time runs from the first page published to the last step's promise that
everything is done. `--spy`: the py-spy program; it samples the first worker of every run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bare_clients import bare
from cluster import CHUNK, Arrivals, cpu_s, fed, servers, working
from invented import posts as invented
from profiles import settings_of
from shares import sampled
from weights import weights

from stream.backends import open_backends
from stream.settings import Settings

SIZES = {"short": 0, "long": 680}
WARM = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--spy", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for size in wanted.sizes:
            for workers in wanted.workers:
                settings = settings_of("distributed", Path(folder), f"bench-{size}-{workers}")
                is_last = workers == wanted.workers[-1]
                whole(settings, workers, (size, wanted.posts), wanted.spy, has_baseline=is_last)


def whole(settings: Settings, workers: int, load: tuple[str, int], spy: Path | None, *, has_baseline: bool) -> None:
    """One run; its figures."""
    size, posts = load
    with (
        working(settings, workers) as pids,
        closing(open_backends(settings)) as backends,
        fed(settings, invented(posts + WARM, SIZES[size])) as feed,
    ):
        arrivals = Arrivals(backends)
        # Everything is up, loaded and assigned before the clock starts.
        arrivals.wait(feed.publish(WARM))
        parties = {"workers": pids, **servers(settings)}
        before, began = cpu_s(parties), time.perf_counter()
        with sampled(spy, pids[0], settings.data / "spy"):
            while not feed.is_done:
                end = feed.publish(CHUNK)
            published = time.perf_counter() - began
            arrivals.wait(end)
            took = time.perf_counter() - began
        after = cpu_s(parties)
        each = ", ".join(f"{who} {(after[who] - before[who]) / posts * 1000:.2f}" for who in parties)
        print(f"{size}, {workers} workers: {posts / took:,.0f} posts/s ({took:.1f} s, published in {published:.1f}); "
              f"CPU ms a post: {each}", flush=True)  # fmt: skip
        if has_baseline:
            for line in (*weights(settings, posts + WARM), *bare(settings, backends, posts + WARM)):
                print(f"{size}: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
