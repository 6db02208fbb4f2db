"""Processes of their own for the contract tests: `python children.py DATA NAMESPACE FUNCTION ARGUMENT…`."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import nullcontext
from datetime import datetime, timedelta
from pathlib import Path

from stream.backends import open_backends
from stream.core.cases import Assignment
from stream.core.documents import Coverage
from stream.core.intervals import SHANGHAI
from stream.ports import Backends, Outgoing, Record, Save, Subscription
from stream.settings import Backend, Settings
from tests.servers import distributed_settings

START = datetime(2025, 3, 1, 8, tzinfo=SHANGHAI)


def step(backends: Backends, kill_at: str, atomic: str, name: str) -> None:
    """One batch as a runner does it, from the topic in-NAME to out-NAME; dies by SIGKILL at `kill_at`."""
    subscription = backends.bus.subscribe([f"in-{name}"], f"step-{name}")
    records = _polled(subscription)
    _die_at("poll", kill_at)
    ids = [record.body.decode() for record in records]
    known = backends.store.get_many(Assignment, ids)
    saves = [
        Save(item=Assignment(id=id, collected_at=START, incident="i", duplicate_of=None, reason="new"), expected=0)
        for id in ids
        if id not in known
    ]
    with backends.together() if atomic == "together" else nullcontext():
        assert all(saved.ok for saved in backends.store.save_many(saves))
        _die_at("save", kill_at)
        backends.bus.publish(f"out-{name}", [Outgoing(body=id.encode(), key=id) for id in ids])
        _die_at("publish", kill_at)
        offsets: dict[tuple[str, int], int] = {}
        for record in records:
            offsets[record.topic, record.partition] = record.offset + 1
        subscription.commit(offsets)
        _die_at("commit", kill_at)


def _polled(subscription: Subscription) -> list[Record]:
    """All that waits for the group: it may have to wait itself until a killed member counts as dead."""
    records: list[Record] = []
    while not subscription.partitions() or len(records) < subscription.lag():
        records += subscription.poll(100, 0.1)
    return records


def write(backends: Backends, name: str, count: str) -> None:
    """Publishes and saves `count` things one by one; prints the slowest write in milliseconds."""
    for number in range(int(count)):
        at = START + timedelta(seconds=number)
        coverage = Coverage(id=f"{name}-{number}", collected_at=at, source=name, from_at=at, to_at=at, reachable=True)
        with backends.together():
            backends.store.save_many([Save(item=coverage, expected=0)])
            backends.bus.publish("many", [Outgoing(body=f"{name} {number}".encode(), key=name)])


def raise_counter(backends: Backends, times: str) -> None:
    """Raises one shared item's revision `times` times by compare-and-set, trying again on conflict."""
    won = 0
    while won < int(times):
        stored = backends.store.get_many(Coverage, ["shared"]).get("shared")
        revision = stored.revision if stored else 0
        item = Coverage(id="shared", collected_at=START, source="s", from_at=START, to_at=START, reachable=True)
        won += backends.store.save_many([Save(item=item, expected=revision)])[0].ok


def hold(backends: Backends, group: str) -> None:
    """Joins a group, says which partitions it has, and reads on until it is killed."""
    subscription = backends.bus.subscribe(["shared"], group)
    while not subscription.partitions():
        subscription.poll(1, 0.05)
    print(len(subscription.partitions()), flush=True)
    while True:
        subscription.poll(1, 0.05)


def _die_at(place: str, kill_at: str) -> None:
    if place == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    data, namespace, name, *arguments = sys.argv[1:]
    embedded = Settings(data=Path(data), backend=Backend(workers=1))
    is_embedded = namespace == embedded.namespace
    backends = open_backends(embedded if is_embedded else distributed_settings(Path(data), namespace))
    {"step": step, "write": write, "raise_counter": raise_counter, "hold": hold}[name](backends, *arguments)
    backends.close()


main()
