"""A stock of invented posts, incidents and judgements over thirty days, the same for the same numbers; filled through
`save_many`, so that it stands in either profile. A fill that was interrupted goes on where it stopped.

Texts are made of invented words whose ranks follow Zipf's law. Nine incidents of ten are open and none rings before the
stock's end, so what is measured after it finds a full working set and no backlog.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

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
from stream.core.records import Clock, Progress
from stream.ports import Backends, Save, Store

START = datetime(2030, 3, 1, tzinfo=SHANGHAI)
SPAN = timedelta(days=30)
END = START + SPAN
BATCH = 2_000
POSTS_AN_INCIDENT = 50
MATTERS = ("化工厂爆炸", "商场火灾", "桥梁坍塌", "停水多日", "校车侧翻", "食堂呕吐", "工资拖欠", "路灯不亮")
RULES = ("CN-5H-AUTH", "CN-24H-PRESSER", "CN-48H-OTHER")
CLOCKS = ("strict", "opinion", "severity_evident")
VERDICTS: dict[Verdict, int] = {
    "met": 50, "breached": 12, "unknown_coverage_gap": 14, "indeterminate": 6, "met_then_retracted": 2,
    "breached_but_fair_clock_met": 2, "not_applicable": 6, "pending": 8,
}  # fmt: skip


class Texts:
    """Texts of `chars` characters from 20,000 sentences of 20,000 words."""

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
        """One post's."""
        return "，".join(self.random.choices(self.sentences, k=self.chars // 25 + 1))[: self.chars]

    def word(self, length: int) -> str:
        """A word, or its beginning, of exactly `length` characters."""
        while True:
            if len(found := self.random.choices(self.words, cum_weights=self.zipf)[0]) >= length:
                return found[:length]


@dataclass
class Stock:
    """`posts` posts of `chars` characters and an incident for every fifty; posts of one incident follow one another."""

    posts: int
    chars: int
    topics: Sequence[str]
    texts: Texts = field(init=False)

    def __post_init__(self) -> None:
        self.texts = Texts(self.chars, seed=1)
        self.random = self.texts.random
        self.incidents = max(1, self.posts // POSTS_AN_INCIDENT)

    def batches(self, since: int = 0) -> Iterator[list[Post]]:
        """Posts from number `since` on."""
        for start in range(since, self.posts, BATCH):
            self.random.seed(start)
            numbers = range(start, min(start + BATCH, self.posts))
            yield [self.post(f"p{number:08}", START + SPAN * number / self.posts) for number in numbers]

    def post(self, id: str, at: datetime) -> Post:
        """A post of the next text."""
        text, pick = self.texts.text(), self.random.random
        mention = Mention(
            id=id, collected_at=at, source=f"source-{int(pick() * 90)}", url=f"https://example.org/{id}", account=None,
            kind="post", title=text[:20], quote=text[:200], published=exactly(at, "row"), heat=None, answers=None,
            removed_at=None, relevant=True,
            topics=[TopicScore(topic=self.topics[int(pick() ** 2 * len(self.topics))], score=0.5)],
            emergency=Emergency(is_emergency=False), figures=Figures(), severity=None, occurred=None,
            regions=[f"{11 + int(pick() * 50)}{1 + int(pick() * 20):02}00"], bodies=[f"虚构局{int(pick() * 500)}"],
            response=None, content_sha256=f"{self.random.getrandbits(256):064x}", model_version="1",
        )  # fmt: skip
        version = Version(collected_at=at, content_sha256=mention.content_sha256, title=mention.title, text=text)
        return Post(
            id=id, collected_at=at, mention=mention, text=text, author="0a1b2c3d", site=None, versions=[version],
            observations=[],
        )  # fmt: skip

    def assigned(self, posts: Sequence[Post]) -> list[Item]:
        """Every post's incident, and the incidents that begin among them with all that hangs on them."""
        found: list[Item] = []
        for post in posts:
            incident, place = divmod(int(post.id[1:]), POSTS_AN_INCIDENT)
            incident = min(incident, self.incidents - 1)
            if place == 0:
                found += self._case(incident, post)
            found.append(Assignment(
                id=post.id, collected_at=post.collected_at, incident=name(incident), duplicate_of=None,
                reason="shared_terms"))  # fmt: skip
        return found

    def _case(self, number: int, first: Post) -> list[Item]:
        at, identity, body = first.collected_at, name(number), first.mention.bodies[0]
        state = "open" if number % 10 else "closed"
        quiet = END + timedelta(days=1, minutes=number % 8640) if state == "open" else None
        title, topics = f"{first.mention.title}{MATTERS[number % len(MATTERS)]}", [first.mention.topics[0].topic]
        response = Response(
            mention=first.id, answers=None, answered=None, published=exactly(at, "row"), form="statement", issuer=body,
            issuer_kind="government", level=None, is_authoritative=True, known_at=at, title=title,
        )  # fmt: skip
        terms = [1 << 40 | self.random.getrandbits(32) << 8 | self.random.randrange(40, 90) for _ in range(64)]
        obligations = self._obligations(number, at, body, first.id)
        incident = Incident(
            id=identity, collected_at=at, title=title, opened_at=at, state=state, merged_into=None, closed_at=None,
            first_public=FirstPublic(interval=exactly(at, "row"), mention=first.id), regions=first.mention.regions,
            topics=topics, bodies=[body], emergencies=[], occurred=[], figures=[], responses=[response] * 5,
            decisions=[], hot=[], terms=terms, due_at=quiet,
            heat=Heat(posts=50, peak=9, peak_at=at, hourly=[(at + timedelta(hours=h), 3) for h in range(24)]),
        )  # fmt: skip
        changes = [
            VerdictChange(
                id=f"{identity}|{one.rule}|{one.clock}", at=at, known_at=at, incident=identity, rule=one.rule,
                body=body, clock=one.clock, before=None, after=one.verdict, reason=one.reason)
            for one in obligations
        ]  # fmt: skip
        judgement = Judgement(
            id=identity, collected_at=at, title=title, region=first.mention.regions[0], topics=topics, state=state,
            incident_revision=1, opened_at=at, is_emergency=True, event_type="事故灾难", occurred=None,
            severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), figures=[], gate="incident",
            responsible=[Responsible(body=body, rule="named")] * 3, obligations=obligations, coverage=[], hot=[],
            changes=changes, versions={},
            due_at=END + timedelta(days=2) if any(one.verdict == "pending" for one in obligations) else None,
        )  # fmt: skip
        alert = Alert(
            id=f"{identity}|o", collected_at=at, at=at, incident=identity, topic=None, region=first.mention.regions[0],
            rule=None, rung="opened", kind="opened", title=title, text=title,
        )  # fmt: skip
        return [incident, judgement, alert]

    def _obligations(self, number: int, at: datetime, body: str, evidence: str) -> list[Obligation]:
        """Three rules by three clocks; four incidents of ten have any."""
        if number % 10 > 3:
            return []
        verdicts = self.random.choices(list(VERDICTS), list(VERDICTS.values()), k=len(RULES))
        due = Due(earliest=at + timedelta(hours=5), latest=at + timedelta(hours=5))
        return [
            Obligation(
                rule=rule, rule_version="2016-11-10", modality="must", body=body, clock=clock, start=exactly(at, "row"),
                basis="first_public", due=due, verdict=verdict, reason="awaiting_statement", satisfied_by=None,
                elapsed_s=Elapsed(min=60, max=60), evidence=[evidence])
            for rule, verdict in zip(RULES, verdicts, strict=True)
            for clock in CLOCKS
        ]  # fmt: skip


def name(number: int) -> str:
    """The id of an incident of the stock."""
    return f"i-{number:016x}"


def filled(store: Store) -> int:
    """How many posts of a stock stand here."""
    found = store.get_many(Progress, ["stock"]).get("stock")
    return found.item.done if found is not None and isinstance(found.item, Progress) else 0


def fill(backends: Backends, stock: Stock) -> tuple[int, float]:
    """Posts that were added, and the seconds that saving them took (making them, and all else, apart)."""
    store, began = backends.store, filled(backends.store)
    done, seconds, told = began, 0.0, time.monotonic()
    for posts in stock.batches(began):
        with backends.together():
            before = time.perf_counter()
            store.save_many([Save(item=post, expected=0) for post in posts])
            seconds += time.perf_counter() - before
            # What an interrupted batch had saved already is refused, which is right.
            store.save_many([Save(item=one, expected=0) for one in stock.assigned(posts)])
            done += len(posts)
            store.save_many([Save(item=Progress(id="stock", collected_at=posts[-1].collected_at, done=done))])
        if time.monotonic() - told > 60:
            print(f"  … {done:,} of {stock.posts:,} posts", flush=True)
            told = time.monotonic()
    if done > began:
        store.save_many([Save(item=Clock(id="pipeline", collected_at=END, wall_at=END, speed=1.0))])
        store.refresh()
    return done - began, seconds
