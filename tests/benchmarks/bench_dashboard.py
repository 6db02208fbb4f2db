"""How long the dashboard's questions take: every query of dashboard/queries.py beside a bare read by primary key.

`python tests/benchmarks/bench_dashboard.py [--posts 50000] [--rounds 30] [--profile embedded|distributed|both]
[--data FOLDER] [--namespace NAME]`. The store is filled with a stock (stock.py: an incident for every fifty posts, nine
of ten open, four of ten judged by nine clocks each); FOLDER and NAME keep it for the next run. Every call opens its own
connection, as on a page; the bare read does too.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from elasticsearch import Elasticsearch
from profiles import CONFIG, add_options, chosen, settings_of
from stock import END, START, Stock, fill, name

from dashboard import names, queries
from stream.backends import erase_namespace, open_backends
from stream.ports import Search
from stream.settings import Settings

GOAL_MS = 100
CHARS = 60


def asked(stock: Stock) -> dict[str, Callable[[], object]]:
    """Every query of dashboard/queries.py."""
    texts, pick = stock.texts, random.Random(11)
    some = [name(pick.randrange(stock.incidents)) for _ in range(50)]
    found = queries.search(Search(text=texts.word(2), limit=20)).posts

    def week() -> Search:
        since = START + timedelta(days=pick.randrange(23))
        return Search(text=texts.word(2), topic=pick.choice(stock.topics), since=since, until=since + timedelta(days=7))

    return {
        "now": queries.now,
        "board（值守）": queries.board,
        **{
            f"obligations {one}": (lambda verdict=one: queries.obligations(verdict))
            for one in ("pending", "breached", "met", "unknown_coverage_gap")
        },
        "incident": lambda: queries.incident(pick.choice(some)),
        "judgement": lambda: queries.judgement(pick.choice(some)),
        "dossier（事件）": lambda: queries.dossier(pick.choice(some)),
        "members": lambda: queries.members(pick.choice(some)),
        "search 二字": lambda: queries.search(Search(text=texts.word(2))),
        "search 二字、主题、一周": lambda: queries.search(week()),
        "search 地区": lambda: queries.search(Search(region=str(pick.randrange(11, 61)))),
        "search 全部": lambda: queries.search(Search()),
        "incidents_of": lambda: queries.incidents_of(found),
        "topic_counts": lambda: queries.topic_counts(END),
        "recent_alerts": queries.recent_alerts,
        "reviewed 第一页": lambda: queries.reviewed(START),
        "reviewed 一周": lambda: queries.reviewed(END - timedelta(days=7)),
    }


def bare(settings: Settings) -> Callable[[], object]:
    """The least a question can cost: a new connection and one row by its primary key."""
    if settings.backend.store == "sqlite":
        return lambda: _row(settings.data / f"{settings.namespace}.sqlite")
    return lambda: _document(settings.elastic.addresses, f"{settings.namespace}-incident")


def _row(path: Path) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT body FROM post WHERE key = (SELECT max(key) FROM post)").fetchone()


def _document(addresses: list[str], index: str) -> object:
    with Elasticsearch(addresses) as es:
        return es.get(index=index, id=name(0))


def measure(settings: Settings, stock: Stock, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every call, queries in turn."""
    as_page(settings)
    times: dict[str, list[float]] = {}
    every = {"（裸读一条，主键）": bare(settings), **asked(stock)}
    for number in range(rounds + 1):
        for query, ask in every.items():
            began = time.perf_counter()
            ask()
            # The first round warms what a dashboard that runs has warm.
            if number:
                times.setdefault(query, []).append((time.perf_counter() - began) * 1000)
    return times


def as_page(settings: Settings) -> None:
    """The dashboard's modules read their profile from the environment, once a process."""
    profile = "embedded" if settings.backend.store == "sqlite" else "distributed"
    os.environ |= {
        "HUIYING_CONFIG": str(CONFIG / f"{profile}.yaml"),
        "HUIYING_DATA": str(settings.data),
        "HUIYING_NAMESPACE": settings.namespace,
        "HUIYING_ELASTIC": ",".join(settings.elastic.addresses),
    }
    names.settings.cache_clear()


def tell(found: Mapping[str, Mapping[str, list[float]]]) -> bool:
    """The table, profiles side by side; whether every query keeps the goal."""
    print("  ".join(f"{profile:>11} p50   p95 ms" for profile in found) + "  查询")
    slow = []
    for query in next(iter(found.values())):
        cells = []
        for profile, times in found.items():
            p95 = statistics.quantiles(times[query], n=20)[-1]
            slow += [f"{query}（{profile}）"] if p95 > GOAL_MS else []
            cells.append(f"{statistics.median(times[query]):15.1f} {p95:8.1f}")
        print("  ".join(cells) + f"  {query}")
    print(f"目标 p95 ≤ {GOAL_MS} ms：{'全部达到' if not slow else '未达到：' + '、'.join(slow)}")
    return not slow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=30)
    add_options(parser)
    wanted = parser.parse_args()
    os.environ.setdefault("HUIYING_CONFIG", str(CONFIG / "embedded.yaml"))
    stock = Stock(wanted.posts, CHARS, names.topic_names())
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for profile in chosen(wanted.profile):
            settings = settings_of(profile, wanted.data or Path(folder), wanted.namespace or "bench-dashboard")
            with closing(open_backends(settings)) as backends:
                added, seconds = fill(backends, stock)
            print(f"{profile}：{stock.posts:,} 条、{stock.incidents:,} 个事件，新写入 {added:,} 条（{seconds:.0f} 秒）")
            found[profile] = measure(settings, stock, wanted.rounds)
            if profile == "distributed" and wanted.namespace is None:
                erase_namespace(settings)
    raise SystemExit(0 if tell(found) else 1)


if __name__ == "__main__":
    main()
