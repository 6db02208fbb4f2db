"""What a run left behind: messages and bytes by topic, documents written and bytes by index.

python tests/benchmarks/weights.py --rows FILE… [--least 300] weighs texts of one's own: invented ones compress as no
real ones do.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from bare_clients import carried
from cluster import CHUNK, Arrivals, fed, working
from elasticsearch import Elasticsearch
from invented import START
from kafka import KafkaAdminClient
from profiles import settings_of

from stream.backends import open_backends
from stream.core.documents import Mark
from stream.journey import TOPICS
from stream.settings import Settings
from stream.wire import received


def weights(settings: Settings, posts: int) -> Iterator[str]:
    """Lines of a table, each per post of the run; disk is what the servers say they use, compressed."""
    disk = _topic_bytes(settings)
    for topic in TOPICS:
        bodies = list(carried(settings, topic))
        marks = sum(isinstance(received(body), Mark) for body in bodies)
        size = sum(map(len, bodies))
        yield (f"topic {topic:10} {(len(bodies) - marks) / posts:6.3f} messages and {marks / posts:.3f} marks a post, "
               f"{size / posts:7,.0f} bytes, on disk {disk.get(topic, 0) / posts:7,.0f}")  # fmt: skip
    with Elasticsearch(settings.elastic.addresses) as es:
        es.indices.flush(index=f"{settings.namespace}-*")
        found = es.indices.stats(index=f"{settings.namespace}-*", metric=["indexing", "store", "docs"])["indices"]
        for index, one in sorted(found.items()):
            tag, total = index.removeprefix(f"{settings.namespace}-"), one["total"]
            writes, kept, size = (
                total["indexing"]["index_total"], total["docs"]["count"], total["store"]["size_in_bytes"]
            )  # fmt: skip
            rates = f"{writes / posts:.3f} written, {kept / posts:.3f} kept a post"
            yield f"index {tag:13} {rates}, {size / posts:6,.0f} bytes"


def _topic_bytes(settings: Settings) -> dict[str, int]:
    sizes: dict[str, int] = {}
    with closing(KafkaAdminClient(bootstrap_servers=settings.kafka.addresses)) as admin:
        folders = [folder for broker in admin.describe_log_dirs() for folder in broker["log_dirs"]]
    for topic in (topic for folder in folders for topic in folder["topics"]):
        name = topic["name"].removeprefix(f"{settings.namespace}.")
        sizes[name] = sizes.get(name, 0) + sum(one["partition_size"] for one in topic["partitions"])
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, nargs="+", required=True, help="JSON lines (or .gz) with title and text")
    parser.add_argument("--least", type=int, default=0, help="characters of the shortest text taken")
    parser.add_argument("--most", type=int, default=4_000, help="… and of the longest")
    wanted = parser.parse_args()
    rows = list(given(wanted.rows, wanted.least, wanted.most))
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of("distributed", Path(folder), "bench-weights")
        with (
            working(settings, 1),
            closing(open_backends(settings)) as backends,
            fed(settings, iter(rows)) as feed,
        ):
            arrivals, end = Arrivals(backends), None
            while not feed.is_done:
                end = feed.publish(CHUNK)
            assert end is not None
            arrivals.wait(end)
            backends.store.refresh()
            length = sum(len(row["title"]) + len(row["text"]) for row in rows) / len(rows)
            print(f"{len(rows):,} posts of {length:.0f} characters on average")
            for line in weights(settings, len(rows)):
                print(line)


def given(paths: list[Path], least: int, most: int) -> Iterator[dict[str, Any]]:
    """Real texts as rows, one every ten seconds; they are weighed and go with the namespace."""
    number = 0
    for path in paths:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                text = row.get("text") or row.get("description") or ""
                if not least <= len(text) <= most or not row["title"]:
                    continue
                at = (START + timedelta(seconds=10 * number)).isoformat()
                number += 1
                yield {
                    "id": f"w{number:07}", "kind": "post", "source": "bench", "title": row["title"], "text": text,
                    "published_at": at, "collected_at": at, "url": f"http://example.invalid/{number}",
                }  # fmt: skip


if __name__ == "__main__":
    main()
