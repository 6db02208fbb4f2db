"""The outbox: every alert on every channel it is meant for, at least once and hardly ever twice.

An alert becomes one `Delivery` a channel (created only if absent). A delivery is claimed by compare-and-set, with a
lease, before anything is sent: a second sender finds it claimed; after a kill the lease runs out and it is sent again.
A temporary failure waits and doubles its wait; a permanent one disables the channel loudly.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec
from msgspec import Struct

from stream import metrics
from stream.core.alert_policy import KINDS, AlertPolicy, Channel, Retry, span
from stream.core.alert_texts import lines
from stream.core.alerts import dead_man_alert, is_standing_still
from stream.core.cases import Alert
from stream.core.codec import decode
from stream.core.records import Clock, Delivery
from stream.ports import Backends, Record, Save, Stored, Subscription, Told

log = logging.getLogger("huiying.delivery")

GROUP = "delivery"
TOPIC = "alerts"
BATCH = 500


class Round(Struct, frozen=True, kw_only=True):
    """What one round did: alerts taken in, sendings that worked, that will be repeated, that were given up."""

    taken: int = 0
    sent: int = 0
    waiting: int = 0
    failed: int = 0


class Deliverer:
    """Takes alerts from the bus and sends what is due. One a process; several processes share the work."""

    def __init__(self, backends: Backends, policy: AlertPolicy) -> None:
        self._backends = backends
        self._policy = policy
        self._subscription: Subscription = backends.bus.subscribe([TOPIC], GROUP)
        self._disabled: set[str] = set()
        self._is_still = False

    def deliver(self, now: datetime, timeout_s: float = 0.0) -> Round:
        """One round: at most BATCH alerts taken in, waiting `timeout_s` for the first, and everything due sent.
        `now` is the caller's clock, by which waits are counted."""
        taken = self._take(self._subscription.poll(BATCH, timeout_s), now)
        counts = {"sent": 0, "waiting": 0, "failed": 0}
        for stored in self._backends.store.due(Delivery, now, BATCH):
            if outcome := self._send(stored, now):
                counts[outcome] += 1
        return Round(taken=taken, **counts)

    def turn(self, now: datetime, wall: datetime) -> Round:
        """A round of the service's loop: looks whether the pipeline (its clock says `now`) stands still, then delivers.
        Waits are counted by the wall clock, since the services outside live by it."""
        found = self._backends.store.get_many(Clock, ["pipeline"]).get("pipeline")
        clock = found.item if found is not None and isinstance(found.item, Clock) else None
        is_still = is_standing_still(clock, wall, span(self._policy.dead_man_after))
        # Told when it begins: a backlog that is being worked off stands somewhere else every second.
        if clock is not None and is_still and not self._is_still:
            self._announce(dead_man_alert(clock, wall), wall)
        self._is_still = is_still
        return self.deliver(wall)

    def close(self) -> None:
        """Leaves the group."""
        self._subscription.close()

    def _take(self, records: Iterable[Record], now: datetime) -> int:
        """Deliveries for the alerts among `records`; committed only after they are kept."""
        offsets: dict[tuple[str, int], int] = {}
        alerts = []
        for record in records:
            offsets[record.topic, record.partition] = record.offset + 1
            message = decode(record.body)
            if isinstance(message, Alert):
                alerts.append(message)
        with self._backends.together():
            self._enqueue(alerts, now)
            if offsets:
                self._subscription.commit(offsets)
        return len(alerts)

    def _enqueue(self, alerts: Iterable[Alert], now: datetime) -> None:
        saves = [
            Save(item=_waiting(alert, channel, now), expected=0)
            for alert in alerts
            for channel in routed(alert, self._backends.notifier.channels(), self._policy)
            if channel not in self._disabled or alert.kind != "dead_man"
        ]
        if saves:
            self._backends.store.save_many(saves)  # a conflict is one that is there already

    def _send(self, candidate: Stored, now: datetime) -> str | None:
        """Claims and sends one delivery. None where another sender has it, or its channel rests."""
        delivery = candidate.item
        assert isinstance(delivery, Delivery)  # the store was asked for deliveries
        if delivery.channel in self._disabled:
            self._postpone(candidate, delivery, now)
            return None
        claimed = self._claim(delivery, now)
        if claimed is None:
            return None
        delivery, revision = claimed
        alert = self._backends.store.get_many(Alert, [delivery.alert]).get(delivery.alert)
        if alert is None:
            told = Told(ok=False, retry=True, reason="alert_not_stored_yet")
        else:
            assert isinstance(alert.item, Alert)
            told = self._backends.notifier.send(delivery.channel, alert.item)
        after = settled(delivery, told, self._policy.retry, now)
        self._backends.store.save_many([Save(item=after, expected=revision)])
        metrics.delivered(delivery.channel, after.state)
        if after.state == "failed" and not told.retry:
            self._disable(delivery.channel, told, now)
        return after.state

    def _postpone(self, candidate: Stored, delivery: Delivery, now: datetime) -> None:
        """Keeps a disabled channel's delivery for the next start, out of the way of the others."""
        later = msgspec.structs.replace(delivery, due_at=now + span(self._policy.retry.longest))
        self._backends.store.save_many([Save(item=later, expected=candidate.revision)])

    def _claim(self, delivery: Delivery, now: datetime) -> tuple[Delivery, int] | None:
        found = self._backends.store.get_many(Delivery, [delivery.id]).get(delivery.id)
        if found is None or not isinstance(found.item, Delivery) or not is_due(found.item, now):
            return None
        leased = msgspec.structs.replace(
            found.item, attempts=found.item.attempts + 1, due_at=now + span(self._policy.retry.lease)
        )
        saved = self._backends.store.save_many([Save(item=leased, expected=found.revision)])[0]
        return (leased, saved.revision) if saved.ok else None

    def _disable(self, channel: str, told: Told, now: datetime) -> None:
        """Loudly: in the log, and as an alert on every channel that still works. Until the next start."""
        self._disabled.add(channel)
        log.error("通知渠道 %s 已停用（%s）；改正后重新启动", channel, told.reason)
        self._announce(disabled_alert(channel, told.reason or "permanent", now), now)

    def _announce(self, alert: Alert, now: datetime) -> None:
        """An alert of our own, kept and queued on every channel that works; once."""
        if self._backends.store.save_many([Save(item=alert, expected=0)])[0].ok:
            log.error("%s", alert.title)
            self._enqueue([alert], now)


def deliver(backends: Backends, policy: AlertPolicy, now: datetime) -> Round:
    """One round of a fresh outbox. A loop keeps a `Deliverer`: joining the group anew each round is slow on Kafka."""
    outbox = Deliverer(backends, policy)
    try:
        return outbox.deliver(now)
    finally:
        outbox.close()


def routed(alert: Alert, configured: Iterable[str], policy: AlertPolicy) -> Iterator[str]:
    """The channels an alert goes to."""
    for name in configured:
        if _takes(policy.channels.get(name, policy.others), alert):
            yield name


def is_due(delivery: Delivery, now: datetime) -> bool:
    """Whether a delivery waits for being sent at `now`."""
    return delivery.state == "waiting" and delivery.due_at is not None and delivery.due_at <= now


def settled(delivery: Delivery, told: Told, retry: Retry, now: datetime) -> Delivery:
    """The delivery after an attempt: sent; failed for good; or waiting, twice as long each time up to the longest."""
    if told.ok:
        return msgspec.structs.replace(delivery, state="sent", reason=None, due_at=None)
    if not told.retry or delivery.attempts >= retry.attempts:
        return msgspec.structs.replace(delivery, state="failed", reason=told.reason, due_at=None)
    wait = min(span(retry.first) * 2 ** min(delivery.attempts - 1, 20), span(retry.longest))
    return msgspec.structs.replace(delivery, reason=told.reason, due_at=now + wait)


def disabled_alert(channel: str, reason: str, now: datetime) -> Alert:
    """Says that a channel no longer works; once a channel and moment."""
    rung = f"disabled-{now:%Y%m%dT%H%M%S}"
    text = lines([("渠道", channel), ("原因", reason), ("请做", "改正该渠道的地址或密钥后重新启动；其余渠道照常")])
    return Alert(
        id=f"channel:{channel}|-|{rung}", collected_at=now, at=now, incident=None, topic=None, region=None, rule=None,
        rung=rung, kind="dead_man", title=f"【通知渠道停用】{channel}", text=text,
    )  # fmt: skip


def _takes(channel: Channel, alert: Alert) -> bool:
    if not channel.enabled or KINDS.index(alert.kind) < KINDS.index(channel.min_kind):
        return False
    is_everywhere = not channel.regions or alert.kind == "dead_man"
    return is_everywhere or any((alert.region or "").startswith(prefix) for prefix in channel.regions)


def _waiting(alert: Alert, channel: str, now: datetime) -> Delivery:
    return Delivery(
        id=f"{alert.id}|{channel}", collected_at=now, alert=alert.id, channel=channel, state="waiting", attempts=0,
        due_at=now,
    )  # fmt: skip
