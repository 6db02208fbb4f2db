"""Posts per second through gather alone with many incidents open: `python tests/benchmarks/bench_gather.py`.

The baseline does the same lookup the naive way (every open incident's terms compared with the post's) on a sample.
Posts are made of random Chinese characters: as many distinct rare terms as real ones, nobody's texts.
"""

from __future__ import annotations

import argparse
import gc
import random
import resource
import time
from datetime import datetime, timedelta
from typing import Any

from stream.core.cases import Assignment, Incident
from stream.core.codec import Item, encode
from stream.core.documents import Emergency, Figures, Mention, TopicScore
from stream.core.intervals import SHANGHAI, exactly
from stream.core.matching import SUPPORT_SHIFT
from stream.ports import Filter
from stream.reading.fingerprint import fingerprint
from stream.steps.gather import Gather

START = datetime(2024, 3, 4, 8, tzinfo=SHANGHAI)
TOPICS = ("安全生产", "教育", "交通运输", "生态环境", "卫生健康")
REGIONS = ("110000", "310000", "440300", "440100", "510100", "320500", "430100", "610100")


class Memory:
    """stream.ports.State over a dictionary: gather alone is measured, not a store."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], Any] = {}
        self.joined = 0

    def get(self, kind: type, id: str) -> Any:
        return self.items.get((kind, id))

    def put(self, item: Item) -> None:
        if isinstance(item, Assignment):
            # A store writes these and forgets them; keeping them here would measure Python's garbage collector.
            self.joined += item.reason != "opened"
            return
        self.items[type(item), item.id] = item

    def revision(self, kind: type, id: str) -> int:
        return 1

    def listing(self, kind: type, where: Filter, *, order: str = "id", limit: int = 1000) -> list[Any]:
        return [one for (of, _), one in self.items.items() if of is kind and one.state == where.state]

    def each(self, kind: type, where: Filter) -> Any:
        return iter(self.listing(kind, where, limit=10**9))


def mention(number: int, title: str, chance: random.Random) -> Mention:
    terms, simhash = fingerprint(title, "")
    at = START + timedelta(seconds=number / 10)
    return Mention(
        id=f"p{number}", collected_at=at, source=None, url=None, account=None, kind="post", title=title, quote="",
        published=exactly(at, "row"), heat=None, answers=None, removed_at=None, relevant=True,
        topics=[TopicScore(topic=chance.choice(TOPICS), score=0.9)], emergency=Emergency(is_emergency=False),
        figures=Figures(), severity=None, occurred=None, regions=[chance.choice(REGIONS)], bodies=[], response=None,
        content_sha256="", model_version="bench", fingerprint=terms, simhash=simhash,
    )  # fmt: skip


def titles(count: int, chance: random.Random) -> list[str]:
    alphabet = [chr(point) for point in range(0x4E00, 0x4E00 + 3000)]
    return ["".join(chance.choices(alphabet, k=14)) for _ in range(count)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--open", type=int, default=20_000)
    parser.add_argument("--posts", type=int, default=50_000)
    arguments = parser.parse_args()
    chance = random.Random(7)
    themes = titles(arguments.open, chance)
    first = [mention(number, theme, chance) for number, theme in enumerate(themes)]
    later = [
        mention(arguments.open + number, _varied(chance.choice(themes), chance), chance)
        for number in range(arguments.posts)
    ]
    gather, state = Gather(), Memory()
    _play(gather, state, first)
    state.joined = 0
    gc.collect()
    gc.freeze()  # what was rebuilt at the start is not garbage: collecting over it costs a third
    before, wall = time.process_time(), time.perf_counter()
    _play(gather, state, later)
    took, waited = time.process_time() - before, time.perf_counter() - wall
    sizes = [len(encode(item)) for (kind, _), item in state.items.items() if kind is Incident]
    print(f"open incidents            {sum(kind is Incident for kind, _ in state.items):>10,}")
    print(
        f"gather                    {len(later) / took:>10,.0f} posts/s of CPU ({state.joined / len(later):.0%} joined)"
    )
    print(f"  by the wall clock       {len(later) / waited:>10,.0f} posts/s")
    print(f"naive scan                {_naive(state, later[:20]):>10,.0f} posts/s")
    print(f"incident as JSON          {sum(sizes) / len(sizes):>10,.0f} bytes on average")
    print(f"peak memory               {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>10,.0f} MiB")


def _varied(theme: str, chance: random.Random) -> str:
    """Half of a theme's words, and others."""
    start = chance.randrange(4)
    return theme[start : start + 8] + "".join(chr(chance.randrange(0x4E00, 0x5A00)) for _ in range(5))


def _play(gather: Gather, state: Memory, posts: list[Mention]) -> None:
    for post in posts:
        for _ in gather.looks_at(post):
            pass
        for _ in gather.handle(post, state):
            pass


def _naive(state: Memory, posts: list[Mention]) -> float:
    mask = (1 << SUPPORT_SHIFT) - 1
    known = [{term & mask for term in item.terms} for (kind, _), item in state.items.items() if kind is Incident]
    before = time.process_time()
    for post in posts:
        terms = set(post.fingerprint)
        max(known, key=lambda one: sum(term & 0xFF for term in one & terms))
    return len(posts) / (time.process_time() - before)


if __name__ == "__main__":
    main()
