"""Bus and store together: killed processes, several processes at once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.cases import Assignment
from stream.core.documents import Coverage
from stream.ports import Backends, Outgoing
from stream.settings import Backend, Settings

Child = Callable[..., "subprocess.Popen[bytes]"]
IDS = [f"p{number:02}" for number in range(30)]


def drain(backends: Backends, topic: str, group: str) -> list[str]:
    subscription = backends.bus.subscribe([topic], group)
    found: list[str] = []
    while records := subscription.poll(100, 0):
        found += [record.body.decode() for record in records]
    return found


class TestCrash:
    @pytest.mark.parametrize("atomic", ["together", "apart"])
    @pytest.mark.parametrize("kill_at", ["poll", "save", "publish", "commit"])
    def test_a_killed_step_loses_and_doubles_nothing(
        self, settings: Settings, child: Child, kill_at: str, atomic: str
    ) -> None:
        backends = open_backends(settings)
        backends.bus.publish("in", [Outgoing(body=id.encode(), key=id) for id in IDS])
        assert child("step", kill_at, atomic).wait(30) == -9
        published = drain(backends, "out", "before")
        if atomic == "together":
            assert published == []
            assert backends.store.count(Assignment) == 0
        else:
            assert published == (IDS if kill_at in ("publish", "commit") else [])
            assert backends.store.count(Assignment) == (0 if kill_at == "poll" else len(IDS))
        assert child("step", "never", atomic).wait(30) == 0
        found = backends.store.get_many(Assignment, IDS)
        assert {id: stored.revision for id, stored in found.items()} == dict.fromkeys(IDS, 1)
        assert backends.bus.subscribe(["in"], "step").lag() == 0
        out = drain(backends, "out", "after")
        assert list(dict.fromkeys(out)) == IDS
        if atomic == "together":
            assert out == IDS
        backends.close()

    def test_a_killed_member_gives_its_partitions_back(self, settings: Settings, child: Child) -> None:
        backends = open_backends(msgspec.structs.replace(settings, backend=Backend(workers=4)))
        backends.bus.publish("shared", [Outgoing(body=b"x")])
        other = child("hold", "g")
        assert other.stdout is not None
        assert other.stdout.readline() == b"4\n"
        mine = backends.bus.subscribe(["shared"], "g")
        assert len(mine.partitions()) == 2
        other.kill()
        other.wait(10)
        deadline = time.monotonic() + 10
        found = 0
        while found < 4 and time.monotonic() < deadline:
            found += len(mine.poll(10, 0.05))
        assert len(mine.partitions()) == 4
        backends.close()


class TestSeveralProcesses:
    def test_writers_and_a_reader_work_at_once(self, settings: Settings, child: Child) -> None:
        names = ["a", "b", "c"]
        backends = open_backends(settings)
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
        assert backends.store.count(Coverage) == 180
        assert subscription.lag() == 0
        backends.close()

    def test_compare_and_set_loses_no_update(self, settings: Settings, child: Child) -> None:
        racers = [child("raise_counter", 40) for _ in range(3)]
        assert [racer.wait(60) for racer in racers] == [0, 0, 0]
        backends = open_backends(settings)
        assert backends.store.get_many(Coverage, ["shared"])["shared"].revision == 120
        backends.close()
