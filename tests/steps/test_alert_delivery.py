"""The outbox over the embedded backends: at least once, hardly ever twice, loud about a dead channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.alert_policy import AlertPolicy, Channel, Retry
from stream.core.cases import Alert
from stream.core.codec import encode
from stream.core.intervals import SHANGHAI
from stream.core.records import Clock, Delivery
from stream.delivery import Deliverer, deliver, routed
from stream.ports import Backends, Outgoing, Save, Told
from stream.settings import Settings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
POLICY = AlertPolicy(retry=Retry(attempts=3, first="30s", longest="2m", lease="1m"), dead_man_after="10m")


class Recorder:
    """A notifier that answers what it is told to and keeps what it sent."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.answers: dict[str, list[Told]] = {}
        self.sent: list[tuple[str, str]] = []

    def channels(self) -> Sequence[str]:
        return self.names

    def send(self, channel: str, alert: Alert) -> Told:
        self.sent.append((channel, alert.kind))
        waiting = self.answers.get(channel)
        return waiting.pop(0) if waiting else Told(ok=True)


class Desk:
    """Embedded bus and store with a recording notifier."""

    def __init__(self, embedded: Backends, notifier: Recorder) -> None:
        self.bus, self.store, self.evidence = embedded.bus, embedded.store, embedded.evidence
        self.notifier: Any = notifier
        self._embedded = embedded

    def together(self) -> AbstractContextManager[None]:
        return self._embedded.together()

    def close(self) -> None:
        self._embedded.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    backends = Desk(open_backends(Settings(data=tmp_path)), Recorder("console", "desk"))
    yield backends
    backends.close()


def alert(number: int = 1, **changes: Any) -> Alert:
    fields: dict[str, Any] = {
        "id": f"i-{number}|CN-5H-AUTH|due", "collected_at": NOW, "at": NOW, "incident": f"i-{number}", "topic": None,
        "region": "990100", "rule": "CN-5H-AUTH", "rung": "due", "kind": "ladder", "title": "标题", "text": "正文",
    }  # fmt: skip
    return Alert(**{**fields, **changes})


def publish(desk: Desk, *alerts: Alert) -> None:
    desk.store.save_many([Save(item=one) for one in alerts])
    desk.bus.publish("alerts", [Outgoing(body=encode(one), key=one.incident) for one in alerts])


def delivery(desk: Desk, channel: str, of: str = "i-1|CN-5H-AUTH|due") -> Delivery:
    item = desk.store.get_many(Delivery, [f"{of}|{channel}"])[f"{of}|{channel}"].item
    assert isinstance(item, Delivery)
    return item


def test_every_channel_is_told_once_however_often_the_alert_comes(desk: Desk) -> None:
    publish(desk, alert())
    assert deliver(desk, POLICY, NOW).sent == 2
    publish(desk, alert())
    assert deliver(desk, POLICY, NOW + timedelta(hours=1)).sent == 0
    assert sorted(desk.notifier.sent) == [("console", "ladder"), ("desk", "ladder")]
    assert delivery(desk, "desk").state == "sent"


def test_a_temporary_failure_waits_longer_each_time_and_is_given_up(desk: Desk) -> None:
    busy = Told(ok=False, retry=True, reason="http_503")
    desk.notifier.answers["desk"] = [busy, busy, busy, busy]
    publish(desk, alert())
    waits = []
    now = NOW
    deliver(desk, POLICY, now)
    while (due := delivery(desk, "desk").due_at) is not None:
        waits.append((due - now).total_seconds())
        assert deliver(desk, POLICY, due - timedelta(seconds=1)).waiting == 0
        now = due
        deliver(desk, POLICY, now)
    assert waits == [30, 60]
    assert (delivery(desk, "desk").state, delivery(desk, "desk").attempts) == ("failed", 3)
    assert desk.notifier.sent.count(("console", "ladder")) == 1


def test_a_permanent_failure_disables_the_channel_and_says_so_elsewhere(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.notifier.answers["desk"] = [Told(ok=False, reason="http_401")]
    deliverer = Deliverer(desk, POLICY)
    publish(desk, alert(1))
    deliverer.deliver(NOW)
    assert "desk" in caplog.text
    publish(desk, alert(2))
    deliverer.deliver(NOW + timedelta(seconds=1))
    deliverer.deliver(NOW + timedelta(seconds=2))
    assert [kind for channel, kind in desk.notifier.sent if channel == "desk"] == ["ladder"]
    assert ("console", "dead_man") in desk.notifier.sent
    assert delivery(desk, "desk", "i-2|CN-5H-AUTH|due").state == "waiting"
    deliverer.close()
    again = Deliverer(desk, POLICY)  # a new start tries the corrected channel with what waited
    again.deliver(NOW + timedelta(hours=1))
    again.close()
    assert delivery(desk, "desk", "i-2|CN-5H-AUTH|due").state == "sent"


def test_what_was_claimed_before_a_kill_is_sent_after_the_lease(desk: Desk) -> None:
    class Killed(Exception):
        pass

    def die(channel: str, alert: Alert) -> Told:
        raise Killed

    send, desk.notifier.send = desk.notifier.send, die
    publish(desk, alert())
    with pytest.raises(Killed):
        deliver(desk, POLICY, NOW)
    desk.notifier.send = send
    deliver(desk, POLICY, NOW + timedelta(seconds=59))
    assert desk.notifier.sent == [("desk", "ladder")]  # the other one is still claimed
    deliver(desk, POLICY, NOW + timedelta(seconds=60))
    assert sorted(desk.notifier.sent) == [("console", "ladder"), ("desk", "ladder")]


def test_a_claim_that_another_sender_holds_is_left_to_it(desk: Desk) -> None:
    first = Deliverer(desk, POLICY)
    send = desk.notifier.send

    def while_the_other_sends(channel: str, alert: Alert) -> Told:
        desk.notifier.send = send
        deliver(desk, POLICY, NOW)  # takes the other channel, not this one
        return Told(ok=send(channel, alert).ok)

    desk.notifier.send = while_the_other_sends
    publish(desk, alert())
    first.deliver(NOW)
    first.close()
    assert sorted(desk.notifier.sent) == [("console", "ladder"), ("desk", "ladder")]


@pytest.mark.parametrize(
    ("channel", "changes", "takes"),
    [
        (Channel(), {}, True),
        (Channel(min_kind="verdict"), {}, False),
        (Channel(min_kind="verdict"), {"kind": "dead_man"}, True),
        (Channel(regions=["9901"]), {}, True),
        (Channel(regions=["9902"]), {}, False),
        (Channel(regions=["9902"]), {"kind": "dead_man", "region": None}, True),
        (Channel(enabled=False), {}, False),
    ],
)
def test_routes(channel: Channel, changes: dict[str, Any], takes: bool) -> None:
    policy = msgspec.structs.replace(POLICY, channels={"desk": channel})
    assert list(routed(alert(**changes), ["desk"], policy)) == (["desk"] if takes else [])


def heartbeat(desk: Desk, watermark: datetime) -> None:
    clock = Clock(id="pipeline", collected_at=NOW, wall_at=NOW, speed=1.0, watermark=watermark)
    desk.store.save_many([Save(item=clock)])


@pytest.mark.parametrize(("lag_minutes", "told"), [(9, 0), (11, 1)])
def test_a_pipeline_that_stands_still_is_told_once(desk: Desk, lag_minutes: int, told: int) -> None:
    heartbeat(desk, NOW - timedelta(minutes=lag_minutes))
    deliverer = Deliverer(desk, POLICY)
    for second in range(3):
        deliverer.turn(NOW, NOW + timedelta(seconds=second))
    deliverer.close()
    assert desk.notifier.sent.count(("desk", "dead_man")) == told


def test_a_backlog_that_is_worked_off_is_one_standstill(desk: Desk) -> None:
    deliverer = Deliverer(desk, POLICY)
    for minutes in (60, 40, 20, 5, 30):
        heartbeat(desk, NOW - timedelta(minutes=minutes))
        deliverer.turn(NOW, NOW)
    deliverer.close()
    assert desk.notifier.sent.count(("desk", "dead_man")) == 2
