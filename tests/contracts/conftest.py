"""Every contract test runs on both profiles; the distributed one where HUIYING_TEST_KAFKA and HUIYING_TEST_ELASTIC name
servers (`make test-distributed`)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.cases import Assignment, FirstPublic, Heat, Incident, Judgement, Obligation, Responsible, SeverityView
from stream.core.documents import Coverage, Emergency, Figures, Mention, Post, TopicScore, Version
from stream.core.intervals import SHANGHAI, exactly
from stream.core.records import Delivery
from stream.ports import Backends, Bus, Record, Save, Saved, Store, Subscription
from stream.settings import Backend, Settings
from tests.servers import distributed_settings, erase

START = datetime(2025, 3, 1, 8, tzinfo=SHANGHAI)
CHILDREN = Path(__file__).with_name("children.py")
PATIENCE_S = 30.0
"""A killed member's partitions are given to others after its session of 10 s."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Settings]:
    """A namespace of this test's own on real servers, removed afterwards."""
    chosen = distributed_settings(tmp_path, f"t{uuid.uuid4().hex[:12]}")
    yield chosen
    erase(chosen)


@pytest.fixture(params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where this test's backends live: a temporary file (an SQLite file in memory has no WAL), or real servers."""
    if request.param == "embedded":
        return Settings(data=tmp_path, backend=Backend(workers=1))
    chosen: Settings = request.getfixturevalue("cluster")
    return chosen


@pytest.fixture
def opened(settings: Settings) -> Iterator[Callable[..., Backends]]:
    """Opens further connections to the same data; closed at the end."""
    all_of_them: list[Backends] = []

    def one_more(partitions: int = 1, **options: Any) -> Backends:
        backend = msgspec.structs.replace(settings.backend, workers=partitions)
        backends = open_backends(msgspec.structs.replace(settings, backend=backend), **options)
        if not backends.is_atomic:
            backends.store = FoundAtOnce(backends.store)
        all_of_them.append(backends)
        return backends

    yield one_more
    for backends in all_of_them:
        backends.close()


class FoundAtOnce:
    """A store that is refreshed after every save: what is found is tested here, not how soon."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        saved = self._store.save_many(saves)
        self._store.refresh()
        return saved

    def forget_posts(self, before: datetime, limit: int) -> int:
        forgotten = self._store.forget_posts(before, limit)
        self._store.refresh()
        return forgotten


@pytest.fixture
def backends(opened: Callable[..., Backends]) -> Backends:
    return opened()


@pytest.fixture
def store(backends: Backends) -> Store:
    return backends.store


@pytest.fixture
def bus(backends: Backends) -> Bus:
    return backends.bus


@pytest.fixture
def polled(settings: Settings) -> Callable[..., list[Record]]:
    """The next `count` records, `limit` at once: a cluster brings them when it likes. None wanted: whatever comes in a
    moment."""
    moment = 0.0 if settings.backend.bus == "sqlite" else 0.3

    def poll(subscription: Subscription, count: int, limit: int = 1000) -> list[Record]:
        if not count:
            return subscription.poll(9, moment)
        found: list[Record] = []
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < count and time.monotonic() < deadline:
            found += subscription.poll(min(limit, count - len(found)), 0.1)
        assert len(found) == count
        return found

    return poll


@pytest.fixture
def joined() -> Callable[[Mapping[Subscription, int]], None]:
    """Waits until the members, all alive, have so many partitions each. What comes meanwhile is dropped."""

    def wait(wanted: Mapping[Subscription, int]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for subscription in wanted:
                subscription.poll(1, 0.02)
            found = [len(subscription.partitions()) for subscription in wanted]
            if found == list(wanted.values()):
                return
            assert time.monotonic() < deadline, found

    return wait


@pytest.fixture
def child(settings: Settings) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a function of children.py in a process of its own, on the same data."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(CHILDREN), str(settings.data), settings.namespace, *map(str, arguments)]
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, env=environ))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


class Items:
    """Small items of every kind; `minute` places them in time, anything else replaces a field."""

    start = START

    @staticmethod
    def at(minute: float) -> datetime:
        return START + timedelta(minutes=minute)

    def mention(self, id: str, minute: float = 0, **fields: Any) -> Mention:
        plain = Mention(
            id=id, collected_at=self.at(minute), source="虚构源", url=None, account=None, kind="post", title="标题",
            quote="", published=None, heat=None, answers=None, removed_at=None, relevant=True, topics=[],
            emergency=Emergency(is_emergency=False), figures=Figures(), severity=None, occurred=None, regions=[],
            bodies=[], response=None, content_sha256="00", model_version="1",
        )  # fmt: skip
        return msgspec.structs.replace(plain, **fields)

    def post(self, id: str, minute: float = 0, text: str = "正文", **fields: Any) -> Post:
        """`topics`, `regions`, `bodies`, `title`, `kind`, `source` go to the mention."""
        topics = [TopicScore(topic=topic, score=0.5) for topic in fields.pop("topics", ())]
        mention = self.mention(id, minute, topics=topics, quote=text[:200], **fields)
        version = Version(collected_at=mention.collected_at, content_sha256="00", title=mention.title, text=text)
        return Post(
            id=id, collected_at=mention.collected_at, mention=mention, text=text, author="化名", site=None,
            versions=[version], observations=[],
        )  # fmt: skip

    def assignment(self, id: str, incident: str | None, minute: float = 0) -> Assignment:
        return Assignment(
            id=id, collected_at=self.at(minute), incident=incident, duplicate_of=None, reason="first_of_incident"
        )

    def incident(self, id: str, minute: float = 0, due: float | None = None, **fields: Any) -> Incident:
        plain = Incident(
            id=id, collected_at=self.at(minute), title="某事", opened_at=START, state="open", merged_into=None,
            closed_at=None, first_public=FirstPublic(interval=exactly(START, "row"), mention="m"), regions=[],
            topics=[], bodies=[], emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[],
            heat=Heat(posts=0, peak=0, peak_at=None, hourly=[]), terms=[],
            due_at=None if due is None else self.at(due),
        )  # fmt: skip
        return msgspec.structs.replace(plain, **fields)

    def judgement(
        self, id: str, minute: float = 0, verdicts: tuple[tuple[str, str], ...] = (), **fields: Any
    ) -> Judgement:
        """`verdicts`: (body, verdict) of its obligations."""
        obligations = [
            Obligation(
                rule="r", rule_version="1", modality="must", body=body, clock="strict", start=None, basis="b", due=None,
                verdict=verdict, reason="x", satisfied_by=None, elapsed_s=None, evidence=[],  # type: ignore[arg-type]
            )
            for body, verdict in verdicts
        ]  # fmt: skip
        plain = Judgement(
            id=id, collected_at=self.at(minute), title="某事", region=None, topics=[], state="open",
            incident_revision=1, opened_at=START, is_emergency=False, event_type=None, occurred=None,
            severity=SeverityView(grade=None, basis="none", mentions=[], history=[]), figures=[], gate=None,
            responsible=[Responsible(body=body, rule="named") for body, _ in verdicts], obligations=obligations,
            changes=[], coverage=[], hot=[], versions={},
        )  # fmt: skip
        return msgspec.structs.replace(plain, **fields)

    def coverage(self, id: str, minute: float = 0, source: str = "虚构源") -> Coverage:
        at = self.at(minute)
        return Coverage(id=id, collected_at=at, source=source, from_at=at, to_at=at, reachable=True)

    def delivery(self, id: str, minute: float = 0, due: float | None = None) -> Delivery:
        due_at = None if due is None else self.at(due)
        return Delivery(
            id=id, collected_at=self.at(minute), alert="a", channel="c", state="waiting", attempts=0, due_at=due_at
        )


@pytest.fixture
def items() -> Items:
    return Items()
