"""What every Bus must do (stream/ports.py)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from stream.backends import open_backends
from stream.errors import MessageRejected
from stream.ports import Backends, Bus, Outgoing, Record, Subscription
from stream.settings import Settings


def bodies(records: list[Record]) -> list[str]:
    return [record.body.decode() for record in records]


def messages(*texts: str, key: str | None = "k") -> list[Outgoing]:
    return [Outgoing(body=text.encode(), key=key) for text in texts]


def commit(subscription: Subscription, records: list[Record]) -> None:
    subscription.commit({(one.topic, one.partition): one.offset + 1 for one in records})


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


class TestBus:
    def test_batches_come_in_order_and_once(self, bus: Bus) -> None:
        subscription = bus.subscribe(["t"], "g")
        bus.publish("t", messages("1", "2", "3"))
        bus.publish("t", [])
        bus.publish("t", messages("4"))
        assert bodies(subscription.poll(2, 0)) == ["1", "2"]
        assert bodies(subscription.poll(9, 0)) == ["3", "4"]
        assert subscription.poll(9, 0) == []

    def test_a_group_made_late_sees_everything(self, bus: Bus) -> None:
        bus.publish("t", messages("1", "2"))
        assert bodies(bus.subscribe(["t"], "late").poll(9, 0)) == ["1", "2"]

    def test_groups_do_not_disturb_one_another(self, bus: Bus) -> None:
        bus.publish("t", messages("1", "2"))
        one, other = bus.subscribe(["t"], "one"), bus.subscribe(["t"], "other")
        commit(one, one.poll(9, 0))
        assert bodies(other.poll(9, 0)) == ["1", "2"]
        assert (one.lag(), other.lag()) == (0, 2)

    def test_what_was_not_committed_comes_again_after_reopening(
        self, bus: Bus, opened: Callable[..., Backends]
    ) -> None:
        bus.publish("t", messages("1", "2", "3"))
        first = bus.subscribe(["t"], "g")
        records = first.poll(9, 0)
        commit(first, records[:1])
        first.close()
        assert bodies(opened().bus.subscribe(["t"], "g").poll(9, 0)) == ["2", "3"]

    def test_rewind_goes_back_to_the_commit(self, bus: Bus) -> None:
        bus.publish("t", messages("1", "2", "3"))
        subscription = bus.subscribe(["t"], "g")
        commit(subscription, subscription.poll(1, 0))
        subscription.poll(9, 0)
        subscription.rewind()
        assert bodies(subscription.poll(9, 0)) == ["2", "3"]

    def test_a_commit_never_moves_backwards(self, bus: Bus) -> None:
        bus.publish("t", messages("1", "2", "3"))
        subscription = bus.subscribe(["t"], "g")
        subscription.commit({("t", 0): 2})
        subscription.commit({("t", 0): 1})
        subscription.rewind()
        assert bodies(subscription.poll(9, 0)) == ["3"]

    def test_a_rolled_back_batch_was_never_published(self, backends: Backends) -> None:
        subscription = backends.bus.subscribe(["t"], "g")
        with pytest.raises(RuntimeError), backends.together():
            backends.bus.publish("new topic", messages("lost"))
            backends.bus.publish("t", messages("lost"))
            raise RuntimeError
        backends.bus.publish("new topic", messages("kept"))
        assert subscription.poll(9, 0) == []
        assert bodies(backends.bus.subscribe(["new topic"], "g").poll(9, 0)) == ["kept"]

    def test_keys_keep_their_order_over_partitions(self, opened: Callable[..., Backends]) -> None:
        bus = opened(partitions=4).bus
        for number in range(50):
            bus.publish("t", [Outgoing(body=f"{key}:{number}".encode(), key=key) for key in "abcdefgh"])
        records: list[Record] = []
        subscription = bus.subscribe(["t"], "g")
        while batch := subscription.poll(37, 0):
            records += batch
        assert len(records) == 400
        assert len({record.partition for record in records}) > 1
        for key in "abcdefgh":
            mine = [record for record in records if record.body.startswith(key.encode())]
            assert [record.body.decode() for record in mine] == [f"{key}:{number}" for number in range(50)]
            assert len({record.partition for record in mine}) == 1

    def test_without_key_everywhere_and_by_number_there(self, opened: Callable[..., Backends]) -> None:
        bus = opened(partitions=3).bus
        bus.publish("t", [Outgoing(body=b"mark"), Outgoing(body=b"one", partition=2)])
        with pytest.raises(ValueError, match="partition 3"):
            bus.publish("t", [Outgoing(body=b"nowhere", partition=3)])
        found = {(record.partition, record.body) for record in bus.subscribe(["t"], "g").poll(9, 0)}
        assert found == {(0, b"mark"), (1, b"mark"), (2, b"mark"), (2, b"one")}

    def test_no_partition_starves_another(self, opened: Callable[..., Backends]) -> None:
        bus = opened(partitions=2).bus
        bus.publish("t", [Outgoing(body=b"x", partition=0)] * 100 + [Outgoing(body=b"y", partition=1)] * 3)
        assert {record.partition for record in bus.subscribe(["t"], "g").poll(10, 0)} == {0, 1}

    def test_members_share_the_partitions(self, opened: Callable[..., Backends]) -> None:
        bus = opened(partitions=4).bus
        first = bus.subscribe(["t"], "g")
        assert len(first.partitions()) == 4
        second = opened().bus.subscribe(["t"], "g")
        stranger = opened().bus.subscribe(["t"], "another group")
        assert len(stranger.partitions()) == 4
        assert len(second.partitions()) == 2
        deadline = time.monotonic() + 10
        while len(first.partitions()) != 2 and time.monotonic() < deadline:
            first.poll(1, 0.05)
        assert set(first.partitions()) | set(second.partitions()) == {("t", number) for number in range(4)}
        assert not set(first.partitions()) & set(second.partitions())
        second.close()
        while len(first.partitions()) != 4 and time.monotonic() < deadline:
            first.poll(1, 0.05)
        assert len(first.partitions()) == 4

    def test_a_single_partition_has_one_reader_and_a_standby(self, opened: Callable[..., Backends]) -> None:
        bus = opened().bus
        reader, standby = bus.subscribe(["t"], "g"), opened().bus.subscribe(["t"], "g")
        bus.publish("t", messages("1"))
        assert standby.poll(9, 0) == []
        assert bodies(reader.poll(9, 0)) == ["1"]
        reader.close()
        assert bodies(standby.poll(9, 10)) == ["1"]

    def test_a_waiting_poll_wakes_at_once(self, bus: Bus, settings: Settings) -> None:
        subscription = bus.subscribe(["t"], "g")
        published_at: list[float] = []

        def publish() -> None:
            backends = open_backends(settings)  # connections belong to their thread
            published_at.append(time.monotonic())
            backends.bus.publish("t", messages("now"))
            backends.close()

        thread = threading.Thread(target=publish)
        thread.start()
        records = subscription.poll(9, 10)
        waited = time.monotonic() - published_at[0]
        thread.join()
        assert bodies(records) == ["now"]
        assert waited < 1

    def test_an_idle_poll_gives_up_in_time(self, bus: Bus) -> None:
        began = time.monotonic()
        assert bus.subscribe(["t"], "g").poll(9, 0.05) == []
        assert 0.04 < time.monotonic() - began < 2

    def test_lag_counts_what_is_not_committed(self, bus: Bus) -> None:
        subscription = bus.subscribe(["t", "u"], "g")
        bus.publish("t", messages("1", "2", "3"))
        bus.publish("u", messages("4"))
        assert subscription.lag() == 4
        commit(subscription, [one for one in subscription.poll(9, 0) if one.topic == "t"])
        assert subscription.lag() == 1

    def test_prune_forgets_only_what_every_group_has_committed(self, bus: Bus) -> None:
        bus.publish("t", messages("1", "2", "3"))
        quick, slow = bus.subscribe(["t"], "quick"), bus.subscribe(["t"], "slow")
        commit(quick, quick.poll(9, 0))
        commit(slow, slow.poll(2, 0))
        assert bus.prune(datetime(2020, 1, 1, tzinfo=UTC)) == 0
        assert bus.prune(later()) == 2
        assert bus.prune(later()) == 0
        slow.rewind()
        assert bodies(slow.poll(9, 0)) == ["3"]
        newcomer = bus.subscribe(["t"], "new")
        assert newcomer.lag() == 1
        assert bodies(newcomer.poll(9, 0)) == ["3"]

    def test_offsets_grow_over_a_prune(self, bus: Bus) -> None:
        subscription = bus.subscribe(["t"], "g")
        bus.publish("t", messages("1", "2"))
        commit(subscription, subscription.poll(9, 0))
        assert bus.prune(later()) == 2
        bus.publish("t", messages("3"))
        assert [(one.offset, one.body) for one in subscription.poll(9, 0)] == [(2, b"3")]

    def test_a_huge_body_and_an_empty_one_travel(self, bus: Bus) -> None:
        huge = bytes(range(256)) * 16_000
        bus.publish("t", [Outgoing(body=huge, key="k"), Outgoing(body=b"", key="k"), Outgoing(body=huge, key="k")])
        subscription = bus.subscribe(["t"], "g")
        got: list[Record] = []
        while batch := subscription.poll(9, 0):
            got += batch
        assert [one.body for one in got] == [huge, b"", huge]
        with pytest.raises(MessageRejected):
            bus.publish("t", [Outgoing(body=b"never", key="k"), Outgoing(body=huge * 2, key="k")])
        assert subscription.poll(9, 0) == []
