"""Bus and store that are not one transaction: a worker killed between any two calls, or within one, changes nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from stream.backends import open_backends
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.journey import STEPS
from stream.outputs import write_all
from stream.pipeline import Options, Pipeline
from stream.ports import Backends, Outgoing, Save, Saved
from stream.replay import Run
from stream.settings import Backend, Settings
from stream.spool import Spool
from tests.journeys.scenario import rows

CONFIG = Path(__file__).parents[2] / "config"
FILES = ("mentions", "incidents", "verdict_changes", "alerts", "rejected")


class Killed(BaseException):
    """The process ended here; nobody catches it."""


class Life:
    """How many more calls a process lives for; it dies in the middle of the last one."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def spend(self) -> bool:
        """Whether this call is the last."""
        self.calls -= 1
        return self.calls == 0


class Apart:
    """Backends as on two servers: no transaction over them, every call may be the last."""

    is_atomic = False

    def __init__(self, backends: Backends, life: Life) -> None:
        self._backends = backends
        self.store: Any = MortalStore(backends.store, life)
        self.bus: Any = MortalBus(backends.bus, life)
        self.evidence, self.notifier = backends.evidence, backends.notifier

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        self._backends.close()


class MortalStore:
    def __init__(self, store: Any, life: Life) -> None:
        self._store, self._life = store, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_many(self, saves: Sequence[Save]) -> list[Saved]:
        if self._life.spend():
            self._store.save_many(saves[: len(saves) // 2])
            raise Killed
        return list(self._store.save_many(saves))


class MortalBus:
    def __init__(self, bus: Any, life: Life) -> None:
        self._bus, self._life = bus, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bus, name)

    def publish(self, topic: str, outgoing: Sequence[Outgoing]) -> None:
        if self._life.spend():
            self._bus.publish(topic, outgoing[: len(outgoing) // 2])
            raise Killed
        self._bus.publish(topic, outgoing)

    def subscribe(self, *arguments: Any, **options: Any) -> Any:
        return MortalSubscription(self._bus.subscribe(*arguments, **options), self._life)


class MortalSubscription:
    def __init__(self, subscription: Any, life: Life) -> None:
        self._subscription, self._life = subscription, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subscription, name)

    def commit(self, offsets: Any) -> None:
        if self._life.spend():
            raise Killed
        self._subscription.commit(offsets)


def lives(spool: Path, folder: Path, calls: Sequence[int]) -> tuple[dict[str, bytes], int]:
    """The files after a run whose process lives for so many calls, is started again, and so on; and the calls of the
    last life."""
    settings = Settings(data=folder, backend=Backend(workers=2), folder=CONFIG)
    last = Life(1_000_000)
    for life in [*map(Life, calls), last]:
        backends = Apart(open_backends(settings), life)
        try:
            with closing(Spool(spool)) as input_:
                pipeline = Pipeline(settings, STEPS, backends, Options(batch=60))
                Run(input_, backends, pipeline, lambda *_: None).pump(lambda: True)
                write_all(backends.store, input_.rejected(), folder)
        except Killed:
            pass
        finally:
            backends.close()
    return {name: (folder / f"{name}.jsonl").read_bytes() for name in FILES}, 1_000_000 - last.calls


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spool")
    posts = folder / "posts.jsonl"
    posts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(240)), encoding="utf-8")
    Spool.build(folder / "spool.sqlite", read_posts(posts, Intake(pseudonyms=load_pseudonyms(folder))))
    return folder / "spool.sqlite"


@pytest.fixture(scope="module")
def unbroken(spool: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    return lives(spool, tmp_path_factory.mktemp("unbroken"), [])


def deaths(calls: int, seed: int) -> list[int]:
    """Several deaths one after the other: early, late, in quick succession."""
    random_ = random.Random(seed)
    return [random_.randint(1, max(2, calls // random_.choice((2, 4, 12)))) for _ in range(random_.randint(2, 4))]


@pytest.mark.parametrize("seed", range(4))
def test_several_deaths_change_nothing(
    spool: Path, unbroken: tuple[dict[str, bytes], int], tmp_path: Path, seed: int
) -> None:
    whole, calls = unbroken
    assert whole["incidents"].count(b"\n") >= 5
    assert lives(spool, tmp_path, deaths(calls, seed))[0] == whole


@pytest.mark.parametrize("first", [2, 7])
def test_a_death_within_a_call_changes_nothing(
    spool: Path, unbroken: tuple[dict[str, bytes], int], tmp_path: Path, first: int
) -> None:
    whole, calls = unbroken
    for call in range(first, calls + 1, 10):
        assert lives(spool, tmp_path / str(call), [call])[0] == whole, call


@pytest.mark.long
def test_a_death_within_each_call_changes_nothing(
    spool: Path, unbroken: tuple[dict[str, bytes], int], tmp_path: Path
) -> None:
    whole, calls = unbroken
    for call in range(1, calls + 1):
        assert lives(spool, tmp_path / str(call), [call])[0] == whole, call
