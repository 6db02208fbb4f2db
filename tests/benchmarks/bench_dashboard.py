"""How long the dashboard's questions take: every query of dashboard/queries.py beside a bare SELECT by primary key.

`python tests/benchmarks/bench_dashboard.py [--posts 50000] [--incidents 1000] [--rounds 30]`. The store is filled
through `save_many` with invented posts and incidents (four of ten judged, by nine clocks each); the seed is fixed.
Every
call opens its own connection, as on a page; the bare SELECT does too.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from dashboard import names, queries
from stream.backends import open_backends
from stream.core.cases import (
    Alert,
    Assignment,
    Due,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    Response,
    Responsible,
    SeverityView,
    Verdict,
    VerdictChange,
)
from stream.core.codec import Item
from stream.core.documents import Emergency, Figures, Mention, Post, TopicScore, Version
from stream.core.intervals import SHANGHAI, Elapsed, exactly
from stream.core.records import Clock
from stream.ports import Save, Search

START = datetime(2030, 3, 1, 8, tzinfo=SHANGHAI)
SPAN = timedelta(days=30)
BATCH = 500
GOAL_MS = 100
TOWNS = ("澄江", "云岚", "白鹭", "青屏", "临沅", "望溪", "枫桥湾", "北渡", "石栏", "双泉")
MATTERS = ("化工厂爆炸", "商场火灾", "桥梁坍塌", "停水多日", "校车侧翻", "食堂呕吐", "工资拖欠", "路灯不亮")
RULES = ("CN-5H-AUTH", "CN-24H-PRESSER", "CN-48H-OTHER")
VERDICTS: tuple[tuple[Verdict, int], ...] = (
    ("met", 50), ("breached", 12), ("unknown_coverage_gap", 14), ("indeterminate", 6), ("met_then_retracted", 2),
    ("breached_but_fair_clock_met", 2), ("not_applicable", 6), ("pending", 8),
)  # fmt: skip


class Fill:
    """Invented items, the same for the same number of posts."""

    def __init__(self, posts: int, incidents: int) -> None:
        self.random = random.Random(7)
        self.posts = posts
        self.incidents = incidents
        self.topics = names.topic_names()

    def at(self, number: int) -> datetime:
        return START + SPAN * number / self.posts

    def items(self) -> Iterator[Item]:
        for number in range(self.posts):
            yield from self._post(number)
        for number in range(self.incidents):
            yield from self._incident(number)

    def _post(self, number: int) -> Iterator[Item]:
        at, title = self.at(number), f"{self._title(number)}第{number}号"
        mention = Mention(
            id=f"p{number:08d}", collected_at=at, source=f"source-{number % 90}", url=f"https://a.example/{number}",
            account=None, kind="news", title=title, quote=title, published=exactly(at, "row"), heat=None, answers=None,
            removed_at=None, relevant=True, topics=[TopicScore(topic=self.topics[number % len(self.topics)], score=1)],
            emergency=Emergency(is_emergency=False), figures=Figures(), severity=None, occurred=None,
            regions=[f"{11 + number % 50}0000"], bodies=[], response=None, content_sha256="0" * 64, model_version="b",
        )  # fmt: skip
        yield Post(
            id=mention.id, collected_at=at, mention=mention, text=title * 3, author=None, site=None, observations=[],
            versions=[Version(collected_at=at, content_sha256="0" * 64, title=title, text=title)],
        )  # fmt: skip
        yield Assignment(
            id=mention.id, collected_at=at, incident=self._name(number % self.incidents), duplicate_of=None, reason="b"
        )

    def _title(self, number: int) -> str:
        return self.random.choice(TOWNS) + MATTERS[number // 7 % len(MATTERS)]

    def _name(self, number: int) -> str:
        return f"i-{number:016x}"

    def _incident(self, number: int) -> Iterator[Item]:
        at, identity = START + SPAN * number / self.incidents, self._name(number)
        title, region, body = self._title(number), f"{11 + number % 50}0100", f"虚构局{number % 400}"
        state = "open" if number > self.incidents * 0.1 else "closed"
        response = Response(
            mention=f"p{number:08d}", answers=None, answered=None, published=exactly(at, "row"), form="statement",
            issuer=body, issuer_kind="government", level=None, is_authoritative=True, known_at=at, title=title,
        )  # fmt: skip
        obligations, due_at = self._obligations(number, at, body)
        yield Incident(
            id=identity, collected_at=at, title=title, opened_at=at, state=state, merged_into=None, closed_at=None,
            first_public=FirstPublic(interval=exactly(at, "row"), mention=f"p{number:08d}"), regions=[region],
            topics=[self.topics[number % len(self.topics)]], bodies=[body], emergencies=[], occurred=[], figures=[],
            responses=[response] * 5, decisions=[], hot=[], terms=list(range(64)),
            heat=Heat(posts=50, peak=9, peak_at=at, hourly=[(at + timedelta(hours=h), 3) for h in range(48)]),
        )  # fmt: skip
        yield Judgement(
            id=identity, collected_at=at, title=title, region=region, topics=[self.topics[number % len(self.topics)]],
            state=state, incident_revision=1, opened_at=at, is_emergency=True, event_type="事故灾难", occurred=None,
            severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), figures=[], gate="incident",
            responsible=[Responsible(body=body, rule="named")] * 3, obligations=obligations, coverage=[], hot=[],
            changes=[self._change(one, at, identity) for one in obligations], versions={}, due_at=due_at,
        )  # fmt: skip
        yield Alert(
            id=f"{identity}|o", collected_at=at, at=at, incident=identity, topic=None, region=region, rule=None,
            rung="opened", kind="opened", title=title, text=title,
        )  # fmt: skip

    def _obligations(self, number: int, at: datetime, body: str) -> tuple[list[Obligation], datetime | None]:
        """Three rules by three clocks; four incidents of ten have any."""
        if number % 10 > 3:
            return [], None
        due = Due(earliest=at + timedelta(hours=5), latest=at + timedelta(hours=5))
        found = []
        for rule in RULES:
            verdict = self.random.choices([one for one, _ in VERDICTS], [weight for _, weight in VERDICTS])[0]
            found += [
                Obligation(
                    rule=rule, rule_version="2016-11-10", modality="must", body=body, clock=clock,
                    start=exactly(at, "row"), basis="first_public", due=due, verdict=verdict,
                    reason="awaiting_statement", satisfied_by=None, elapsed_s=Elapsed(min=60, max=60),
                    evidence=[f"p{number:08d}"],
                )
                for clock in ("strict", "opinion", "severity_evident")
            ]  # fmt: skip
        return found, due.latest if any(one.verdict == "pending" for one in found) else None

    def _change(self, one: Obligation, at: datetime, identity: str) -> VerdictChange:
        return VerdictChange(
            id=f"{identity}|{one.rule}|{one.clock}", at=at, known_at=at, incident=identity, rule=one.rule,
            body=one.body, clock=one.clock, before=None, after=one.verdict, reason=one.reason,
        )  # fmt: skip


def fill(posts: int, incidents: int) -> None:
    """Through the port, as the pipeline does it."""
    backends = open_backends(queries.settings())
    began, batch = time.perf_counter(), []
    for item in Fill(posts, incidents).items():
        batch.append(Save(item=item))
        if len(batch) == BATCH:
            backends.store.save_many(batch)
            batch = []
    end = START + SPAN
    backends.store.save_many([*batch, Save(item=Clock(id="pipeline", collected_at=end, wall_at=end, speed=1.0))])
    backends.close()
    print(f"{posts} 条信息、{incidents} 个事件，写入 {time.perf_counter() - began:.0f} 秒")


def asked(incidents: int) -> dict[str, Callable[[], object]]:
    """Every query of dashboard/queries.py."""
    pick, end = random.Random(11), START + SPAN
    some = [f"i-{pick.randrange(incidents):016x}" for _ in range(50)]
    found = queries.search(Search(text="化工", limit=20)).posts
    topics = names.topic_names()
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
        "search 词": lambda: queries.search(Search(text=pick.choice(MATTERS)[:2])),
        "search 词、主题、一周": lambda: queries.search(
            Search(text=pick.choice(MATTERS)[:2], topic=pick.choice(topics), since=end - timedelta(days=7), until=end)
        ),
        "search 地区": lambda: queries.search(Search(region=str(pick.randrange(11, 61)))),
        "search 全部": lambda: queries.search(Search()),
        "incidents_of": lambda: queries.incidents_of(found),
        "topic_counts": lambda: queries.topic_counts(end),
        "recent_alerts": queries.recent_alerts,
        "reviewed 第一页": lambda: queries.reviewed(START),
        "reviewed 一周": lambda: queries.reviewed(end - timedelta(days=7)),
    }


def bare() -> Callable[[], object]:
    """The least a question can cost: a new connection and one row by its primary key."""
    path = names.settings().data / f"{names.settings().namespace}.sqlite"

    def select() -> object:
        connection = sqlite3.connect(path)
        try:
            return connection.execute("SELECT body FROM post WHERE key = (SELECT max(key) FROM post)").fetchone()
        finally:
            connection.close()

    return select


def measure(incidents: int, rounds: int) -> bool:
    """Prints p50 and p95; whether every query keeps the goal."""
    times: dict[str, list[float]] = {}
    every = {"（裸 SELECT，主键）": bare(), **asked(incidents)}
    for _ in range(rounds):
        for name, ask in every.items():
            began = time.perf_counter()
            ask()
            times.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    slow = []
    print(f"{'p50 ms':>8} {'p95 ms':>8}  查询")
    for name, taken in times.items():
        p95 = statistics.quantiles(taken, n=20)[-1]
        slow += [name] if p95 > GOAL_MS else []
        print(f"{statistics.median(taken):8.1f} {p95:8.1f}  {name}")
    print(f"目标 p95 ≤ {GOAL_MS} ms：{'全部达到' if not slow else '未达到：' + '、'.join(slow)}")
    return not slow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=50_000)
    parser.add_argument("--incidents", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HUIYING_DATA"] = folder
        os.environ.setdefault("HUIYING_CONFIG", str(Path(__file__).parents[2] / "config" / "embedded.yaml"))
        fill(options.posts, options.incidents)
        raise SystemExit(0 if measure(options.incidents, options.rounds) else 1)


if __name__ == "__main__":
    main()
