"""Whatever happens to servers and workers, the files are those of the unbroken run: nothing lost, nothing doubled.

Once each here; five times each, longer and at other moments, in `make test-long`.
"""

from __future__ import annotations

import random
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from stream.settings import Settings
from tests.faults.cluster import Doubling, Poisoning, Publisher, Servers, Stalling, Workers
from tests.faults.conftest import Input, Lived, lines, without

pytestmark = [
    pytest.mark.distributed,
    pytest.mark.timeout(900),
    # kafka-python leaves the socket of a connection that was refused to the garbage collector.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"),
]

SPAN_S = 20.0
MINUTE_S = 60.0
TIMES = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 6))]


def passing(seconds: float) -> None:
    """Time goes by; workers that end meanwhile stay down."""
    threading.Event().wait(seconds)


def moments(seed: int, count: int, within_s: float = SPAN_S) -> Iterator[float]:
    """Pauses between `count` events at random moments."""
    random_ = random.Random(seed)
    at = sorted(random_.uniform(2, within_s) for _ in range(count))
    return (later - earlier for earlier, later in zip([0.0, *at], at, strict=False))


def nothing(_workers: Workers) -> None:
    """No fault."""


@pytest.mark.parametrize("count", [1, 3])
def test_undisturbed_it_is_the_embedded_run(settings: Settings, given: Input, lived: Lived, count: int) -> None:
    assert given.files["incidents"].count(b"\n") >= 20
    assert lived(Publisher(settings, given.spool, 8.0), nothing, count) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_workers_are_killed(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    def disturb(workers: Workers) -> None:
        for place, pause in enumerate(moments(seed, 6)):
            passing(pause)
            workers.signal(place, signal.SIGKILL)
            passing(0.5)
            workers.keep_up()

    assert lived(Publisher(settings, given.spool, SPAN_S), disturb) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_the_broker_is_killed(settings: Settings, servers: Servers, given: Input, lived: Lived, seed: int) -> None:
    def disturb(_workers: Workers) -> None:
        for pause in moments(seed, 1):
            passing(pause)
            with servers.gone("kafka"):
                passing(3)

    assert lived(Publisher(settings, given.spool, SPAN_S), disturb) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_the_broker_stalls(settings: Settings, servers: Servers, given: Input, lived: Lived, seed: int) -> None:
    def disturb(_workers: Workers) -> None:
        for pause in moments(seed, 1):
            passing(pause)
            with servers.stalled("kafka"):
                passing(MINUTE_S)

    assert lived(Publisher(settings, given.spool, SPAN_S), disturb) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_elasticsearch_is_away(settings: Settings, servers: Servers, given: Input, lived: Lived, seed: int) -> None:
    def disturb(_workers: Workers) -> None:
        for pause in moments(seed, 1):
            passing(pause)
            with servers.gone("elastic"):
                passing(MINUTE_S)

    assert lived(Publisher(settings, given.spool, SPAN_S), disturb) == given.files


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["kafka", "elastic"])
@pytest.mark.parametrize("how", ["gone", "stalled"])
def test_ten_minutes_without_a_server(
    settings: Settings, servers: Servers, given: Input, lived: Lived, name: str, how: str
) -> None:
    """Longer than the producer's own time limit."""
    outage: Callable[[str], object] = getattr(servers, how)

    def disturb(_workers: Workers) -> None:
        passing(8)
        with outage(name):  # type: ignore[attr-defined]
            passing(600)

    files = lived(Publisher(settings, given.spool, SPAN_S), disturb, patience_s=600)
    assert without(files, "alerts") == without(given.files, "alerts")
    # That the pipeline stood still is told too, once: a fact of this run alone.
    told = [line for line in lines(files["alerts"]) if line["kind"] == "dead_man"]
    assert [line for line in lines(files["alerts"]) if line not in told] == lines(given.files["alerts"])
    assert len(told) <= 1


@pytest.mark.parametrize("seed", TIMES)
def test_a_storm_of_rebalances(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    def disturb(workers: Workers) -> None:
        random_ = random.Random(seed)
        for pause in moments(seed, 12, 30.0):
            passing(pause)
            match random_.choice(("come", "come", "leave", "kill", "stop", "go on")):
                case "come":
                    workers.add()
                case "leave":
                    workers.remove()
                    workers.add()
                case "kill":
                    workers.signal(random_.randrange(9), signal.SIGKILL)
                    workers.keep_up()
                case "stop":
                    workers.signal(random_.randrange(9), signal.SIGSTOP)
                case "go on":
                    for place in range(9):
                        workers.signal(place, signal.SIGCONT)
        for place in range(20):
            workers.signal(place, signal.SIGCONT)

    assert lived(Publisher(settings, given.spool, 30.0), disturb) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_a_worker_sleeps_for_a_minute_and_wakes(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    def disturb(workers: Workers) -> None:
        passing(6 + seed)
        workers.signal(seed, signal.SIGSTOP)
        passing(MINUTE_S)
        workers.signal(seed, signal.SIGCONT)

    assert lived(Publisher(settings, given.spool, SPAN_S), disturb) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_everything_is_delivered_twice(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    assert lived(Doubling(settings, given.spool, 8.0 + seed), nothing) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_one_partition_stalls_for_a_minute(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    publisher = Stalling(settings, given.spool, SPAN_S + seed, MINUTE_S)
    assert lived(publisher, nothing) == given.files


@pytest.mark.parametrize("seed", TIMES)
def test_poison_is_put_aside(settings: Settings, given: Input, lived: Lived, seed: int) -> None:
    publisher = Poisoning(settings, given.spool, 8.0 + seed, every=1_000)
    files = lived(publisher, nothing)
    assert without(files, "rejected") == without(given.files, "rejected")
    found = [line for line in lines(files["rejected"]) if line["reason"] == "undecodable"]
    steps = sorted(str(line["step"]) for line in found)
    assert publisher.poisoned >= 3
    assert steps == sorted(["extract", "classify", "gather", "judge", "alert"] * publisher.poisoned)
