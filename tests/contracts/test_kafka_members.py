"""Members of Kafka groups that are thrown out, and such as never wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove

from stream.errors import Conflict
from stream.ports import Backends, Outgoing, Record, Subscription
from stream.settings import Settings

pytestmark = pytest.mark.distributed
Joined = Callable[..., None]


@pytest.fixture
def settings(cluster: Settings) -> Settings:
    return cluster


@pytest.fixture
def throw_out(cluster: Settings) -> Iterator[Callable[..., None]]:
    """Removes the one of a group's members that reads, as the broker does with one that it has not heard of."""
    client = KafkaAdminClient(bootstrap_servers=cluster.kafka.addresses)

    def remove(group: str, *members: Subscription) -> None:
        name = f"{cluster.namespace}.{group}"
        found: dict[str, Any] = {}
        while found.get("group_state") != "Stable" or len(found["members"]) != len(members):
            for member in members:
                member.poll(1, 0.02)
            found = client.describe_groups([name])[name]
        (reader,) = [one["member_id"] for one in found["members"] if one["member_assignment"]["assigned_partitions"]]
        client.remove_group_members(name, [MemberToRemove(member_id=reader)])

    yield remove
    client.close()


def test_who_was_thrown_out_conflicts_and_joins_again(
    opened: Callable[..., Backends],
    polled: Callable[..., list[Record]],
    joined: Joined,
    throw_out: Callable[..., None],
) -> None:
    bus = opened(partitions=2).bus
    bus.publish("t", [Outgoing(body=b"mark")])
    subscription = bus.subscribe(["t"], "g")
    records = polled(subscription, 2)
    before = dict(subscription.partitions())
    throw_out("g", subscription)
    with pytest.raises(Conflict):
        subscription.commit({(one.topic, one.partition): one.offset + 1 for one in records})
    joined({subscription: 2})
    assert not set(subscription.partitions().values()) & set(before.values())
    subscription.rewind()
    assert len(polled(subscription, 2)) == 2


def test_who_took_over_from_a_sole_reader_stays_when_that_one_is_back(
    opened: Callable[..., Backends], joined: Joined, throw_out: Callable[..., None]
) -> None:
    first = opened(partitions=2).bus.subscribe(["t"], "g", is_sole=True)
    joined({first: 2})
    second = opened().bus.subscribe(["t"], "g", is_sole=True)
    joined({first: 2, second: 0})
    throw_out("g", first, second)
    joined({second: 2})
    numbers = dict(second.partitions())
    joined({first: 0, second: 2})
    for _ in range(40):
        first.poll(1, 0.02)
        second.poll(1, 0.02)
    assert (dict(first.partitions()), dict(second.partitions())) == ({}, numbers)


def test_who_never_waits_joins_all_the_same(opened: Callable[..., Backends]) -> None:
    members: list[Subscription] = [opened(partitions=3).bus.subscribe(["t"], "g") for _ in range(3)]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for member in members:
            member.poll(1, 0)
            member.lag()  # other work, while the answer comes
        if [len(member.partitions()) for member in members] == [1, 1, 1]:
            break
    assert [len(member.partitions()) for member in members] == [1, 1, 1]
