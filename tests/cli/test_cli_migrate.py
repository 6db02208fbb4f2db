"""`huiying migrate`: a run that moves house in the middle ends as if it had stayed; nothing is overwritten."""

import json
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from stream.backends import open_backends
from stream.core.cases import Alert, Judgement
from stream.core.codec import Item
from stream.core.documents import Page, Row
from stream.core.records import Fetched, Journal, Progress
from stream.errors import OutsideFailed, UsageError
from stream.feed import Feed
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.journey import STEPS
from stream.migration import check_same, migrate
from stream.outputs import write_all
from stream.pipeline import Held, Options, Pipeline
from stream.ports import Backends, Filter, Outgoing, Save, Search
from stream.settings import Backend, Settings
from stream.spool import Spool
from stream.wire import addressed
from tests.journeys.scenario import START, rows
from tests.servers import distributed_settings, erase

ROOT = Path(__file__).parents[2]
ROWS = 400

Huiying = Any


@contextmanager
def opened(settings: Settings) -> Iterator[Backends]:
    with closing(open_backends(settings)) as backends:
        yield backends


class Journey:
    """A run of the invented posts, as far as is wanted."""

    def __init__(self, settings: Settings, spool: Spool, seed: int = 0) -> None:
        self._settings, self._spool = settings, spool
        self._random = random.Random(seed)

    def begin(self, rows: int) -> None:
        """Publishes so many rows; the steps work by turns, some more than others, and stop anywhere."""
        with opened(self._settings) as backends, closing(self._pipeline(backends, 7)) as pipeline:
            feed = Feed(self._spool, backends)
            while feed.done < rows:
                feed.publish(11)
                for worker in pipeline.workers:
                    for _ in range(self._random.choice((0, 1, 1, 2))):
                        worker.work(0.0 if backends.is_atomic else 0.2)

    def end(self, out: Path) -> dict[str, bytes]:
        """Carries on to the end; the output files."""
        out.mkdir()
        with opened(self._settings) as backends:
            with closing(self._pipeline(backends, 200)) as pipeline:
                feed = Feed(self._spool, backends)
                mark = feed.publish(0)
                while not feed.is_done or pipeline.watermark() != mark:
                    mark = feed.publish(50) if not feed.is_done else mark
                    pipeline.work(0.0 if backends.is_atomic else 0.05)
            backends.store.refresh()
            write_all(backends.store, self._spool.rejected(), out)
        return {path.name: path.read_bytes() for path in out.iterdir()}

    def _pipeline(self, backends: Backends, batch: int) -> Pipeline:
        return Pipeline(self._settings, STEPS, backends, Options(assume_covered=True, batch=batch))


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory, written: Callable[..., Path]) -> Iterator[Spool]:
    folder = tmp_path_factory.mktemp("posts")
    posts = written(folder / "posts.jsonl", list(rows(ROWS)))
    Spool.build(folder / "spool", read_posts(posts, Intake(pseudonyms=load_pseudonyms(folder))))
    with closing(Spool(folder / "spool")) as spool:
        yield spool


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, spool: Spool) -> dict[str, bytes]:
    """The output files of a run that stayed where it was."""
    folder = tmp_path_factory.mktemp("unbroken")
    files = Journey(Settings(data=folder), spool).end(folder / "out")
    assert files["alerts.jsonl"].count(b"\n") >= 5 and files["verdict_changes.jsonl"].count(b"\n") >= 5
    return files


def file(folder: Path, namespace: str, workers: int) -> Settings:
    return Settings(data=folder, namespace=namespace, backend=Backend(workers=workers))


def quietly(*_: object) -> None:
    """Nobody is told."""


Target = Callable[[int], Settings]


@pytest.fixture(params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """Where to move: another file, or a namespace of its own on real servers; with so many partitions."""
    if request.param == "embedded":
        yield lambda workers: file(tmp_path / "new", "after", workers)
        return
    namespace = f"t{uuid.uuid4().hex[:12]}"
    yield lambda workers: distributed_settings(tmp_path / "new", namespace, workers)
    erase(distributed_settings(tmp_path / "new", namespace))


@pytest.mark.parametrize(("partitions", "seed"), [((3, 3), 5), ((2, 3), 1), ((4, 1), 2)])
def test_a_run_that_moved_ends_as_one_that_stayed(
    partitions: tuple[int, int], seed: int, tmp_path: Path, target: Target, spool: Spool, unbroken: dict[str, bytes]
) -> None:
    before, after = file(tmp_path, "before", partitions[0]), target(partitions[1])
    Journey(before, spool, seed).begin(ROWS // 2)
    migrated = migrate(before, after, quietly)
    assert migrated.records > 0 and migrated.items == sum(one.source.items for one in migrated.kinds) > 0
    assert all(one.is_same for one in migrated.kinds)
    assert shown(before) == shown(after)
    assert Journey(after, spool).end(tmp_path / "out") == unbroken


def shown(settings: Settings) -> dict[str, Any]:
    """What the dashboard makes of it: counts, lists and words found."""
    with opened(settings) as backends:
        store = backends.store
        store.refresh()
        judged = store.listing(Judgement, Filter(state="open"), order="newest").items
        return {
            "topics": store.topic_counts(START, START + timedelta(days=3)),
            "found": [post.id for post in store.search(Search(text="化工厂 爆炸")).posts],
            "judged": [one.item for one in judged],
            "due": [one.item.id for one in store.due(Judgement, START + timedelta(days=3))],
            "alerts": store.count(Alert),
        }


KILLED = """
import os, signal, sys
from pathlib import Path
from stream.migration import migrate
from stream.settings import load_settings

def told(what, done, of):
    if what.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

migrate(load_settings(Path(sys.argv[1])), load_settings(Path(sys.argv[2])), told)
"""


def profile(settings: Settings, folder: Path, name: str) -> Path:
    """The settings as a file."""
    path = folder / f"{name}.yaml"
    fields = msgspec.to_builtins({"backend": settings.backend, "kafka": settings.kafka, "elastic": settings.elastic})
    content = {**fields, "namespace": settings.namespace, "data": str(settings.data)}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def killed(before: Path, after: Path, when: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(before), str(after), when], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_killed_migration_goes_on(tmp_path: Path, target: Target, spool: Spool, unbroken: dict[str, bytes]) -> None:
    before, after = file(tmp_path, "before", 2), target(3)
    Journey(before, spool, seed=1).begin(ROWS // 2)
    old, new = profile(before, tmp_path, "old"), profile(after, tmp_path, "new")
    moments = ("写入 assignment", "总线 pages", "总线 mentions")
    for moment in moments if after.backend.store == "sqlite" else moments[-1:]:
        killed(old, new, moment)
    migrated = migrate(before, after, quietly)
    assert all(one.is_same for one in migrated.kinds)
    assert migrated.items < sum(one.source.items for one in migrated.kinds)
    again = migrate(before, after, quietly)
    assert (again.items, again.records) == (0, 0)
    assert Journey(after, spool).end(tmp_path / "out") == unbroken


@pytest.mark.distributed
def test_a_cluster_s_run_moves_back_into_a_file(tmp_path: Path, spool: Spool, unbroken: dict[str, bytes]) -> None:
    before, after = distributed_settings(tmp_path, f"t{uuid.uuid4().hex[:12]}", 3), file(tmp_path, "after", 2)
    try:
        Journey(before, spool, seed=5).begin(ROWS // 2)
        with opened(before) as backends:
            backends.store.save_many([Save(item=begun(offset=10**6))])
        with pytest.raises(UsageError, match="没有做完"):
            migrate(before, after, quietly)
        with opened(before) as backends:
            backends.store.save_many([Save(item=begun(offset=0))])
        migrated = migrate(before, after, quietly)
        assert migrated.records > 0 and all(one.is_same for one in migrated.kinds)
        assert {one.kind for one in migrated.kinds if one.source.items} >= {"post", "assignment", "judgement"}
    finally:
        erase(before)
    assert Journey(after, spool).end(tmp_path / "out") == unbroken


def begun(offset: int) -> Journal:
    """A batch that had read up to `offset`."""
    return Journal(
        id="judge|0", collected_at=START, topic="judgements", saves=[], outgoing=[], rejected=[],
        offsets=[("incidents", 0, offset)],
    )  # fmt: skip


# --- refusals ---------------------------------------------------------------------------------------------------------


def remembered(id: str, etag: str = "a") -> Fetched:
    return Fetched(id=id, collected_at=START, source="虚构源", url=f"https://example.org/{id}", etag=etag)


def fill(settings: Settings, *items: Item, pages: tuple[str, ...] = ()) -> None:
    with opened(settings) as backends:
        backends.store.save_many([Save(item=one) for one in items])
        made = [Page(id=id, collected_at=START, row=Row(title="城东路灯坏了")) for id in pages]
        backends.bus.publish("pages", [addressed(one) for one in made])


class House(Struct, frozen=True):
    """Two profiles over one data folder, and the command between them."""

    old: Settings
    new: Settings
    call: Callable[[], Any]


@pytest.fixture
def house(tmp_path: Path, huiying: Huiying) -> House:
    old, new = file(huiying.data, "old", 2), file(huiying.data, "new", 3)
    paths = [profile(one, tmp_path, one.namespace) for one in (old, new)]
    return House(old, new, lambda: huiying("migrate", "--from", paths[0], "--to", paths[1]))


def is_refused(house: House, hint: str) -> bool:
    told = house.call()
    lines = told.err.splitlines()
    return told.code == 2 and len(lines) == 1 and hint in lines[0]


def test_no_source_is_refused_and_none_is_made(house: House) -> None:
    assert is_refused(house, "没有 old 的数据文件")
    assert list(house.old.data.glob("*.sqlite")) == []


def test_an_empty_source_is_refused(house: House) -> None:
    fill(house.old)
    assert is_refused(house, "源是空的")


def test_a_source_in_use_is_refused(house: House) -> None:
    fill(house.old, remembered("a"))
    held = Held(house.old.data)
    assert held.acquire()
    assert is_refused(house, "请先停止")
    held.release()
    assert house.call().code == 0


def test_a_source_that_another_process_reads_is_refused(house: House) -> None:
    fill(house.old, remembered("a"), pages=("p",))
    with opened(house.old) as backends:
        other = backends.bus.subscribe(["articles"], "classify")
        assert is_refused(house, "classify")
        other.close()
    assert house.call().code == 0


def test_the_same_place_is_refused(house: House, huiying: Huiying, tmp_path: Path) -> None:
    fill(house.old, remembered("a"))
    same = profile(house.old, tmp_path, "same")
    told = huiying("migrate", "--from", same, "--to", same)
    assert (told.code, "同一处" in told.err) == (2, True)


@pytest.mark.parametrize(
    "there", [(remembered("a", etag="b"),), (remembered("a"), remembered("z"))], ids=["different", "unknown"]
)
def test_a_target_with_something_else_is_refused(there: tuple[Fetched, ...], house: House) -> None:
    fill(house.old, remembered("a"), remembered("b"))
    fill(house.new, *there)
    assert is_refused(house, "namespace")
    with opened(house.new) as backends:
        assert [one.item for one in backends.store.listing(Fetched).items] == list(there)


def test_a_target_with_other_messages_is_refused(house: House) -> None:
    fill(house.old, remembered("a"), pages=("p1", "p2"))
    fill(house.new, pages=("p3",))
    assert is_refused(house, "pages")
    with opened(house.new) as backends:
        assert backends.store.count(Fetched) == 0


def test_messages_that_the_target_does_not_take_are_named(house: House) -> None:
    with opened(house.old) as backends:
        backends.bus.publish("pages", [Outgoing(body=b"x" * 100_000, partition=0)])
    small = msgspec.structs.replace(house.new, max_page_bytes=65_536)
    with pytest.raises(UsageError, match=r"100000 .*max_page_bytes"):
        migrate(house.old, small, quietly)
    assert migrate(house.old, house.new, quietly).records == 1


# --- what it says -----------------------------------------------------------------------------------------------------


def test_what_was_moved_and_what_stays_is_told(house: House) -> None:
    fill(house.old, remembered("a"), remembered("b"), Progress(id="crawl", collected_at=START, done=7), pages=("p",))
    load_pseudonyms(house.old.data)
    told = house.call()
    assert told.code == 0, told.err
    rows = {line.split()[1]: line.split() for line in told.out.splitlines() if line.startswith("│")}
    assert rows["抓取记录（fetched）"][3:7:2] == ["2", "2"]
    assert rows["进度（progress）"][3:7:2] == ["1", "1"]
    assert "写入 3 项、1 条未读消息" in told.out
    assert str(house.old.data / "pseudonym.key") in told.out and "仍在原处" in told.out
    assert "证据" not in told.out


def test_a_source_that_changes_meanwhile_is_noticed(house: House) -> None:
    fill(house.old, remembered("a"), pages=("p",))

    def change(what: str, *_: object) -> None:
        if what == "总线 pages":
            fill(house.old, remembered("b"))

    migrated = migrate(house.old, house.new, change)
    assert [one.kind for one in migrated.kinds if not one.is_same] == ["fetched"]
    with pytest.raises(OutsideFailed, match="fetched"):
        check_same(migrated)
