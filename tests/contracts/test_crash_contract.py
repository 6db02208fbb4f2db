"""Bus and store together: killed processes, several processes at once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from stream.core.cases import Assignment
from stream.core.documents import Coverage
from stream.ports import Backends, Outgoing, Record, Store

Child = Callable[..., "subprocess.Popen[bytes]"]
Polled = Callable[..., list[Record]]
KILLED_AT = ("poll", "save", "publish", "commit")


def ids(kill_at: str) -> list[str]:
    return [f"{kill_at}-{number:02}" for number in range(30)]


def bodies(records: list[Record]) -> list[str]:
    return [record.body.decode() for record in records]


class TestCrash:
    @pytest.mark.parametrize("atomic", ["together", "apart"])
    def test_a_killed_step_loses_and_doubles_nothing(
        self, opened: Callable[..., Backends], child: Child, polled: Polled, atomic: str
    ) -> None:
        backends = opened()
        if atomic == "together" and not backends.is_atomic:
            pytest.skip("two servers have no transaction in common")
        for kill_at in KILLED_AT:
            backends.bus.publish(f"in-{kill_at}", [Outgoing(body=id.encode(), key=id) for id in ids(kill_at)])
        # All at once: a group takes its time to count a killed member as dead.
        killed = [child("step", kill_at, atomic, kill_at) for kill_at in KILLED_AT]
        assert [one.wait(60) for one in killed] == [-9] * len(killed)
        for kill_at in KILLED_AT:
            is_saved = atomic == "apart" and kill_at != "poll"
            is_published = atomic == "apart" and kill_at in ("publish", "commit")
            assert len(backends.store.get_many(Assignment, ids(kill_at))) == (len(ids(kill_at)) if is_saved else 0)
            published = backends.bus.subscribe([f"out-{kill_at}"], f"before-{kill_at}").lag()
            assert published == (len(ids(kill_at)) if is_published else 0)
        again = [child("step", "never", atomic, kill_at) for kill_at in KILLED_AT]
        assert [one.wait(60) for one in again] == [0] * len(again)
        for kill_at in KILLED_AT:
            found = backends.store.get_many(Assignment, ids(kill_at))
            assert {id: stored.revision for id, stored in found.items()} == dict.fromkeys(ids(kill_at), 1)
            assert backends.bus.subscribe([f"in-{kill_at}"], f"step-{kill_at}").lag() == 0
            times = 2 if atomic == "apart" and kill_at == "publish" else 1
            subscription = backends.bus.subscribe([f"out-{kill_at}"], f"after-{kill_at}")
            assert bodies(polled(subscription, times * len(ids(kill_at)))) == ids(kill_at) * times
            assert polled(subscription, 0) == []

    def test_a_killed_member_gives_its_partitions_back(
        self, opened: Callable[..., Backends], child: Child, joined: Callable[..., None]
    ) -> None:
        bus = opened(partitions=4).bus
        assert bus.partitions("shared") == 4
        other = child("hold", "g")
        assert other.stdout is not None
        assert other.stdout.readline() == b"4\n"
        mine = bus.subscribe(["shared"], "g")
        joined({mine: 2})
        other.kill()
        joined({mine: 4})


class TestSeveralProcesses:
    def test_writers_and_a_reader_work_at_once(self, opened: Callable[..., Backends], child: Child) -> None:
        names = ["a", "b", "c"]
        backends = opened()
        subscription = backends.bus.subscribe(["many"], "g")
        writers = [child("write", name, 60) for name in names]
        seen: list[str] = []
        deadline = time.monotonic() + 60
        while len(seen) < 180 and time.monotonic() < deadline:
            records = subscription.poll(50, 0.2)
            seen += [record.body.decode() for record in records]
            subscription.commit({(one.topic, one.partition): one.offset + 1 for one in records})
        assert [writer.wait(30) for writer in writers] == [0, 0, 0]
        for name in names:
            assert [one for one in seen if one.startswith(name)] == [f"{name} {number}" for number in range(60)]
        backends.store.refresh()
        assert backends.store.count(Coverage) == 180
        assert subscription.lag() == 0

    def test_compare_and_set_loses_no_update(self, store: Store, child: Child) -> None:
        racers = [child("raise_counter", 15) for _ in range(3)]
        assert [racer.wait(60) for racer in racers] == [0, 0, 0]
        assert store.get_many(Coverage, ["shared"])["shared"].revision == 45
