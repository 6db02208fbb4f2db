"""The live service outlives its stateless processes, and takes up decisions once, however late they become visible."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.documents import Decision, Page, Post, Row
from stream.core.intervals import SHANGHAI, exactly
from stream.journey import STEPS
from stream.ports import Save
from stream.service import Service
from stream.settings import Settings
from stream.spool import Spool

START = datetime(2030, 3, 1, 8, tzinfo=SHANGHAI)
POSTS = 600
PATIENCE_S = 60.0


def pages() -> Iterator[Page]:
    for number in range(POSTS):
        at = START + timedelta(seconds=number)
        title = "浙江省杭州市余杭区一仓库起火2人受伤" if number == 0 else f"周末去看比赛{number}"
        yield Page(id=f"p{number:04d}", collected_at=at, row=Row(title=title, published=exactly(at, "row")))


@contextmanager
def running(folder: Path, speed: float) -> Iterator[Settings]:
    settings = Settings(data=folder, folder=Path(__file__).parents[2] / "config")
    Spool.build(folder / "spool", pages())
    stop = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            clock = PipelineClock(START, speed)
            Service(
                settings=settings, steps=STEPS, clock=clock, stopping=stop.wait, spool=Spool(folder / "spool")
            ).run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield settings
    finally:
        stop.set()
        thread.join()
    assert not failures, failures


def eventually(settings: Settings, is_so: Callable[[object], bool], what: Callable[..., object]) -> object:
    """Asks until it is so; bounded."""
    waiting = threading.Event()
    found: object = None
    for _ in range(int(PATIENCE_S / 0.2)):
        with closing(open_backends(settings)) as backends:
            found = what(backends.store)
        if is_so(found):
            return found
        waiting.wait(0.2)
    raise AssertionError(f"still {found!r} after {PATIENCE_S} s")


def children() -> list[int]:
    return [process.pid for process in multiprocessing.active_children() if process.pid is not None]


def test_the_stateless_processes_are_started_again(tmp_path: Path) -> None:
    with running(tmp_path, speed=60) as settings:
        eventually(settings, lambda count: count > 0, lambda store: store.count(Post))  # type: ignore[operator]
        before = children()
        assert len(before) == settings.backend.workers
        for one in before:
            os.kill(one, signal.SIGKILL)
        count = eventually(settings, lambda count: count == POSTS, lambda store: store.count(Post))
        assert count == POSTS
        assert len(children()) == len(before) and not set(children()) & set(before)
    assert children() == []


def test_a_decision_that_shows_late_is_taken_up_once(tmp_path: Path) -> None:
    def decided(number: int, at: datetime) -> Decision:
        return Decision(
            id=f"d{number}", collected_at=at, who="值班员", what="confirm", incident_of="p0000", why="核实"
        )  # fmt: skip

    def told(store: object) -> list[str]:
        from stream.core.cases import Incident

        incidents = [one.item for one in store.listing(Incident).items]  # type: ignore[attr-defined]
        return [decision.id for one in incidents for decision in one.decisions]

    with running(tmp_path, speed=600) as settings:
        eventually(settings, lambda count: count == POSTS, lambda store: store.count(Post))
        with closing(open_backends(settings)) as backends:
            backends.store.save_many([Save(item=decided(1, START + timedelta(minutes=30)))])
        eventually(settings, lambda found: found == ["d1"], told)
        # Another desk's, made a little earlier, becomes visible only now.
        with closing(open_backends(settings)) as backends:
            backends.store.save_many([Save(item=decided(2, START + timedelta(minutes=29)))])
        assert sorted(eventually(settings, lambda found: len(found) > 1, told)) == ["d1", "d2"]  # type: ignore
