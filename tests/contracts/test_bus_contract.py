"""What every Bus must do (stream/ports.py)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from stream.backends import open_backends
from stream.errors import Conflict, MessageRejected
from stream.ports import Backends, Bus, Outgoing, Record, Subscription
from stream.settings import Settings

Polled = Callable[..., list[Record]]
Joined = Callable[..., None]


def bodies(records: list[Record]) -> list[str]:
    return [record.body.decode() for record in records]


def messages(*texts: str, key: str | None = "k") -> list[Outgoing]:
    return [Outgoing(body=text.encode(), key=key) for text in texts]


def commit(subscription: Subscription, records: list[Record]) -> None:
    subscription.commit({(one.topic, one.partition): one.offset + 1 for one in records})


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


class TestRecords:
    def test_batches_come_in_order_and_once(self, bus: Bus, polled: Polled) -> None:
        subscription = bus.subscribe(["t"], "g")
        bus.publish("t", messages("1", "2", "3"))
        bus.publish("t", [])
        bus.publish("t", messages("4"))
        assert bodies(polled(subscription, 2)) == ["1", "2"]
        assert bodies(polled(subscription, 2)) == ["3", "4"]
        assert polled(subscription, 0) == []

    def test_a_poll_gives_no_more_than_its_limit(self, bus: Bus, polled: Polled) -> None:
        bus.publish("t", messages(*map(str, range(5))))
        subscription = bus.subscribe(["t"], "g")
        first = polled(subscription, 1)
        assert bodies(first + subscription.poll(3, 5)) == ["0", "1", "2", "3"]
        assert subscription.poll(0, 0) == []

    def test_a_group_made_late_sees_everything(self, bus: Bus, polled: Polled) -> None:
        bus.publish("t", messages("1", "2"))
        assert bodies(polled(bus.subscribe(["t"], "late"), 2)) == ["1", "2"]

    def test_groups_do_not_disturb_one_another(self, bus: Bus, polled: Polled) -> None:
        bus.publish("t", messages("1", "2"))
        one, other = bus.subscribe(["t"], "one"), bus.subscribe(["t"], "other")
        commit(one, polled(one, 2))
        assert bodies(polled(other, 2)) == ["1", "2"]
        assert (one.lag(), other.lag()) == (0, 2)

    def test_keys_keep_their_order_over_partitions(self, opened: Callable[..., Backends], polled: Polled) -> None:
        bus = opened(partitions=4).bus
        for number in range(50):
            bus.publish("t", [Outgoing(body=f"{key}:{number}".encode(), key=key) for key in "abcdefgh"])
        records = polled(bus.subscribe(["t"], "g"), 400, limit=37)
        assert len({record.partition for record in records}) > 1
        for key in "abcdefgh":
            mine = [record for record in records if record.body.startswith(key.encode())]
            assert [record.body.decode() for record in mine] == [f"{key}:{number}" for number in range(50)]
            assert len({record.partition for record in mine}) == 1

    def test_without_key_everywhere_and_by_number_there(self, opened: Callable[..., Backends], polled: Polled) -> None:
        bus = opened(partitions=3).bus
        bus.publish("t", [Outgoing(body=b"mark"), Outgoing(body=b"one", partition=2)])
        with pytest.raises(ValueError, match="partition 3"):
            bus.publish("t", [Outgoing(body=b"nowhere", partition=3)])
        found = {(record.partition, record.body) for record in polled(bus.subscribe(["t"], "g"), 4)}
        assert found == {(0, b"mark"), (1, b"mark"), (2, b"mark"), (2, b"one")}

    def test_no_partition_starves_another(self, opened: Callable[..., Backends], polled: Polled) -> None:
        bus = opened(partitions=2).bus
        bus.publish("t", [Outgoing(body=b"x", partition=0)] * 100 + [Outgoing(body=b"y", partition=1)] * 3)
        assert {record.partition for record in polled(bus.subscribe(["t"], "g"), 10)} == {0, 1}

    def test_every_partition_is_read_to_its_end_whichever_pause(self, opened: Callable[..., Backends]) -> None:
        bus = opened(partitions=3).bus
        bus.publish("t", [Outgoing(body=str(n).encode(), partition=n % 3) for n in range(9_000)])
        subscription = bus.subscribe(["t"], "g")
        seen: set[str] = set()
        deadline = time.monotonic() + 20
        turn = 0
        while len(seen) < 9_000 and time.monotonic() < deadline:
            turn += 1
            subscription.pause([("t", turn // 20 % 3)])
            seen |= set(bodies(subscription.poll(200, 0.05)))
        assert len(seen) == 9_000

    def test_a_waiting_poll_wakes_at_once(self, bus: Bus, settings: Settings, joined: Joined) -> None:
        subscription = bus.subscribe(["t"], "g")
        joined({subscription: 1})
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
        assert waited < 2

    def test_an_idle_poll_gives_up_in_time(self, bus: Bus) -> None:
        subscription = bus.subscribe(["t"], "g")
        began = time.monotonic()
        assert subscription.poll(9, 0.05) == []
        assert 0.04 < time.monotonic() - began < 2

    def test_a_huge_body_and_an_empty_one_travel(self, bus: Bus, polled: Polled) -> None:
        huge = bytes(range(256)) * 16_000
        bus.publish("t", [Outgoing(body=huge, key="k"), Outgoing(body=b"", key="k"), Outgoing(body=huge, key="k")])
        subscription = bus.subscribe(["t"], "g")
        assert [one.body for one in polled(subscription, 3)] == [huge, b"", huge]

    def test_a_body_over_the_limit_is_rejected_before_any_is_sent(
        self, bus: Bus, settings: Settings, polled: Polled
    ) -> None:
        largest = bytes(settings.max_page_bytes)
        with pytest.raises(MessageRejected, match="too_large"):
            bus.publish("t", [Outgoing(body=b"never", key="k"), Outgoing(body=largest + b"!", key="k")])
        bus.publish("t", [Outgoing(body=largest, key="k")])
        subscription = bus.subscribe(["t"], "g")
        assert [len(one.body) for one in polled(subscription, 1)] == [settings.max_page_bytes]
        assert polled(subscription, 0) == []


class TestCommits:
    def test_what_was_not_committed_comes_again_after_reopening(
        self, bus: Bus, opened: Callable[..., Backends], polled: Polled
    ) -> None:
        bus.publish("t", messages("1", "2", "3"))
        first = bus.subscribe(["t"], "g")
        records = polled(first, 3)
        commit(first, records[:1])
        first.close()
        assert bodies(polled(opened().bus.subscribe(["t"], "g"), 2)) == ["2", "3"]

    def test_rewind_goes_back_to_the_commit(self, bus: Bus, polled: Polled) -> None:
        bus.publish("t", messages("1", "2", "3"))
        subscription = bus.subscribe(["t"], "g")
        commit(subscription, polled(subscription, 1))
        polled(subscription, 2)
        subscription.rewind()
        assert bodies(polled(subscription, 2)) == ["2", "3"]
        assert subscription.committed() == {("t", 0): 1}

    def test_a_commit_never_moves_backwards(self, bus: Bus, polled: Polled, joined: Joined) -> None:
        bus.publish("t", messages("1", "2", "3"))
        subscription = bus.subscribe(["t"], "g")
        joined({subscription: 1})
        subscription.commit({("t", 0): 2})
        subscription.commit({("t", 0): 1})
        subscription.rewind()
        assert bodies(polled(subscription, 1)) == ["3"]

    def test_a_group_begins_at_what_is_kept(self, bus: Bus, joined: Joined) -> None:
        bus.publish("t", messages("1", "2"))
        subscription = bus.subscribe(["t"], "g")
        joined({subscription: 1})
        assert subscription.committed() == {("t", 0): 0}

    def test_lag_counts_what_is_not_committed(self, bus: Bus, polled: Polled) -> None:
        subscription = bus.subscribe(["t", "u"], "g")
        bus.publish("t", messages("1", "2", "3"))
        bus.publish("u", messages("4"))
        assert subscription.lag() == 4
        commit(subscription, [one for one in polled(subscription, 4) if one.topic == "t"])
        assert subscription.lag() == 1

    def test_prune_forgets_only_what_every_group_has_committed(self, bus: Bus, polled: Polled) -> None:
        bus.publish("t", messages("1", "2", "3"))
        quick, slow = bus.subscribe(["t"], "quick"), bus.subscribe(["t"], "slow")
        commit(quick, polled(quick, 3))
        commit(slow, polled(slow, 2))
        assert bus.prune(datetime(2020, 1, 1, tzinfo=UTC)) == 0
        assert bus.prune(later()) == 2
        assert bus.prune(later()) == 0
        slow.rewind()
        assert bodies(polled(slow, 1)) == ["3"]
        newcomer = bus.subscribe(["t"], "new")
        assert newcomer.lag() == 1
        assert bodies(polled(newcomer, 1)) == ["3"]

    def test_prune_waits_for_a_group_that_has_not_begun(self, bus: Bus, polled: Polled, joined: Joined) -> None:
        bus.publish("t", messages("1"))
        quick, idle = bus.subscribe(["t"], "quick"), bus.subscribe(["t"], "idle")
        commit(quick, polled(quick, 1))
        joined({idle: 1})
        assert bus.prune(later()) == 0

    def test_offsets_grow_over_a_prune(self, bus: Bus, polled: Polled) -> None:
        subscription = bus.subscribe(["t"], "g")
        bus.publish("t", messages("1", "2"))
        commit(subscription, polled(subscription, 2))
        assert bus.prune(later()) == 2
        bus.publish("t", messages("3"))
        assert [(one.offset, one.body) for one in polled(subscription, 1)] == [(2, b"3")]


class TestMembers:
    def test_members_share_the_partitions(self, opened: Callable[..., Backends], joined: Joined) -> None:
        bus = opened(partitions=4).bus
        first = bus.subscribe(["t"], "g")
        joined({first: 4})
        second, stranger = opened().bus.subscribe(["t"], "g"), opened().bus.subscribe(["t"], "another-group")
        joined({first: 2, second: 2, stranger: 4})
        assert set(first.partitions()) | set(second.partitions()) == {("t", number) for number in range(4)}
        second.close()
        joined({first: 4})

    def test_a_single_partition_has_one_reader_and_a_standby(
        self, opened: Callable[..., Backends], polled: Polled, joined: Joined
    ) -> None:
        bus = opened().bus
        reader = bus.subscribe(["t"], "g")
        joined({reader: 1})
        standby = opened().bus.subscribe(["t"], "g")
        joined({reader: 1, standby: 0})
        bus.publish("t", messages("1"))
        assert polled(standby, 0) == []
        assert bodies(polled(reader, 1)) == ["1"]
        reader.close()
        assert bodies(polled(standby, 1)) == ["1"]

    def test_a_sole_reader_has_everything_and_a_standby_takes_over(
        self, opened: Callable[..., Backends], polled: Polled, joined: Joined
    ) -> None:
        bus = opened(partitions=3).bus
        reader = bus.subscribe(["t"], "g", is_sole=True)
        joined({reader: 3})
        numbers = dict(reader.partitions())
        standby = opened().bus.subscribe(["t"], "g", is_sole=True)
        joined({reader: 3, standby: 0})
        assert reader.partitions() == numbers  # nobody interrupts it
        bus.publish("t", [Outgoing(body=b"mark")])
        commit(reader, polled(reader, 3)[:1])
        reader.close()
        assert len(polled(standby, 2)) == 2
        assert len(standby.partitions()) == 3

    def test_a_partition_that_comes_back_has_a_new_number(
        self, opened: Callable[..., Backends], joined: Joined
    ) -> None:
        first = opened(partitions=2).bus.subscribe(["t"], "g")
        joined({first: 2})
        before = dict(first.partitions())
        second = opened().bus.subscribe(["t"], "g")
        joined({first: 1, second: 1})
        (kept,) = first.partitions()
        assert first.partitions()[kept] == before[kept]
        second.close()
        joined({first: 2})
        assert {pair for pair, number in first.partitions().items() if before[pair] == number} == {kept}

    def test_a_commit_for_a_lost_partition_is_a_conflict(
        self, opened: Callable[..., Backends], polled: Polled, joined: Joined
    ) -> None:
        bus = opened(partitions=2).bus
        bus.publish("t", [Outgoing(body=b"mark")])
        first = bus.subscribe(["t"], "g")
        records = polled(first, 2)
        second = opened().bus.subscribe(["t"], "g")
        joined({first: 1, second: 1})
        (kept,) = first.partitions()
        with pytest.raises(Conflict):
            commit(first, records)
        commit(first, [one for one in records if (one.topic, one.partition) == kept])
        second.rewind()
        commit(second, polled(second, 1))
        assert first.lag() == 0

    def test_what_is_paused_waits(self, opened: Callable[..., Backends], polled: Polled) -> None:
        bus = opened(partitions=2).bus
        bus.publish("t", [Outgoing(body=b"%d" % number, partition=number % 2) for number in range(8)])
        subscription = bus.subscribe(["t"], "g")
        assert {one.partition for one in polled(subscription, 2)} == {0, 1}
        subscription.pause([("t", 0)])
        assert bodies(polled(subscription, 3)) == ["3", "5", "7"]
        assert polled(subscription, 0) == []
        subscription.pause([("t", 1)])
        bus.publish("t", [Outgoing(body=b"more")])
        assert bodies(polled(subscription, 4)) == ["2", "4", "6", "more"]
        subscription.pause([])
        assert bodies(polled(subscription, 1)) == ["more"]

    def test_a_pause_outlives_a_change_of_members(
        self, opened: Callable[..., Backends], polled: Polled, joined: Joined
    ) -> None:
        bus = opened(partitions=2).bus
        first = bus.subscribe(["t"], "g")
        joined({first: 2})
        first.pause([("t", 0), ("t", 1)])
        second = opened().bus.subscribe(["t"], "g")
        joined({first: 1, second: 1})
        second.close()
        joined({first: 2})
        bus.publish("t", [Outgoing(body=b"mark")])
        assert polled(first, 0) == []
        first.pause([])
        assert len(polled(first, 2)) == 2

    def test_closing_twice_is_harmless(self, bus: Bus, opened: Callable[..., Backends], joined: Joined) -> None:
        subscription = bus.subscribe(["t"], "g")
        joined({subscription: 1})
        for _ in range(2):
            subscription.close()
        for _ in range(2):
            bus.close()
        successor = opened().bus.subscribe(["t"], "g")
        joined({successor: 1})
        assert list(successor.partitions()) == [("t", 0)]
