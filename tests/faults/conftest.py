"""Servers of this run's own, and what the unbroken, embedded run of the same posts gives."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from stream.backends import open_backends
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.outputs import write_all
from stream.replay import Request, replay
from stream.settings import Backend, Elastic, Kafka, Settings
from stream.spool import Spool
from tests.faults.cluster import PARTITIONS, ROOT, Publisher, Servers, Workers, wait_until_done
from tests.journeys.scenario import rows

FILES = ("mentions", "incidents", "verdict_changes", "alerts", "rejected")
ROWS = 2_500

Files = dict[str, bytes]
Disturbance = Callable[[Workers], None]
Lived = Callable[..., Files]


class Input(Struct):
    """Posts as a spool, and the files that they must become."""

    spool: Path
    files: Files


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    scripts = os.environ.get("HUIYING_TEST_SERVERS")
    if not scripts:
        pytest.skip("HUIYING_TEST_SERVERS names no folder with `up` and `down`: nothing here may be killed")
    started = Servers(Path(scripts).resolve(), tmp_path_factory.mktemp("servers"))
    started.up("kafka", "elastic")
    yield started
    started.wipe()


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Input:
    folder = tmp_path_factory.mktemp("given")
    posts = folder / "posts.jsonl"
    posts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(ROWS)), encoding="utf-8")

    def build(path: Path) -> None:
        Spool.build(path, read_posts(posts, Intake(pseudonyms=load_pseudonyms(folder))))

    build(folder / "spool.sqlite")
    settings = Settings(data=folder / "data", folder=ROOT / "config")
    replay(Request(files=[posts], out=folder / "out", assume_covered=True), settings, build, lambda *_: None)
    return Input(spool=folder / "spool.sqlite", files=read(folder / "out"))


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data", namespace=f"f{uuid.uuid4().hex[:10]}", folder=ROOT / "config",
        backend=Backend(bus="kafka", store="elastic", workers=PARTITIONS),
        kafka=Kafka(addresses=[servers.kafka]), elastic=Elastic(addresses=[servers.elastic]),
    )  # fmt: skip


@pytest.fixture
def lived(settings: Settings, given: Input, tmp_path: Path) -> Lived:
    """Runs the posts through three workers while something happens to them; the files that come of it."""

    def run(publisher: Publisher, disturb: Disturbance, count: int = PARTITIONS, patience_s: float = 240.0) -> Files:
        settings.data.mkdir(parents=True, exist_ok=True)
        workers = Workers(settings, count, tmp_path / "workers.log")
        publisher.start()
        try:
            disturb(workers)
            wait_until_done(settings, publisher, workers, patience_s)
        finally:
            publisher.stopping.set()
            publisher.join(60)
            workers.close()
        with closing(open_backends(settings)) as backends, closing(Spool(given.spool)) as spool:
            backends.store.refresh()
            write_all(backends.store, spool.rejected(), tmp_path)
        return read(tmp_path)

    return run


def read(folder: Path) -> Files:
    return {name: (folder / f"{name}.jsonl").read_bytes() for name in FILES}


def without(files: Files, *names: str) -> Files:
    return {name: content for name, content in files.items() if name not in names}


def lines(content: bytes) -> list[dict[str, object]]:
    return [msgspec.json.decode(line) for line in content.splitlines()]
