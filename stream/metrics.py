"""What is worth watching, counted for Prometheus: every instrument stands in METRICS, and nowhere else.

Counting does nothing until somebody serves (stream/health.py): the serving process makes a folder, names it in the
environment, and every process that it starts writes its figures there, so one address tells of a whole command. Labels
have few values, all from code or configuration: never a post, an incident, a person.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, get_args

from msgspec import Struct

from stream.clock import wall_now
from stream.core.cases import Incident, Judgement, Verdict
from stream.core.records import Delivery
from stream.ports import Filter, Store

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client finds the folder; it must be set before that library is imported."""

Kind = Literal["counter", "max", "min", "latest", "histogram"]
"""How a figure is made from those of several processes: a counter adds up, a gauge takes the largest, the smallest or
the latest of the living."""

# A batch takes milliseconds when all is well, and up to half a minute when a server stalls.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metric(Struct, frozen=True):
    """One instrument."""

    kind: Kind
    means: str
    labels: tuple[str, ...] = ()


METRICS: Mapping[str, Metric] = {
    "huiying_messages_total": Metric("counter", "messages a step has worked off", ("step",)),
    "huiying_batch_seconds": Metric("histogram", "seconds from poll to commit of a batch", ("step",)),
    "huiying_last_batch_timestamp_seconds": Metric("max", "when a step last had something to do", ("step",)),
    "huiying_turn_timestamp_seconds": Metric("min", "when the loop of a part last turned, busy or idle", ("part",)),
    "huiying_lag_messages": Metric("latest", "messages that wait for a step", ("step",)),
    "huiying_watermark_timestamp_seconds": Metric("min", "up to when a step has finished everything", ("step",)),
    "huiying_rejected_total": Metric("counter", "messages no step could use", ("step",)),
    "huiying_rebuilds_total": Metric("counter", "working sets dropped and built again", ("step", "reason")),
    "huiying_newer_schema_total": Metric("counter", "waits for this program to be upgraded", ("step",)),
    "huiying_away": Metric("max", "1 while a server did not answer at the last try", ("server",)),
    "huiying_outages_total": Metric("counter", "times a server stopped answering", ("server",)),
    "huiying_deliveries_total": Metric("counter", "sendings of alerts: sent, failed for good, to repeat",
                                       ("channel", "outcome")),
    "huiying_deliveries_waiting": Metric("latest", "alerts that wait for being sent"),
    "huiying_polls_total": Metric("counter", "polls of a source by how they ended", ("source", "fate")),
    "huiying_pages_total": Metric("counter", "pages published from a source", ("source",)),
    "huiying_polled_timestamp_seconds": Metric("max", "when a source was last polled completely", ("source",)),
    "huiying_unpublished_pages": Metric("latest", "pages the crawler keeps because the bus is away"),
    "huiying_incidents_open": Metric("latest", "incidents that are open"),
    "huiying_incidents_by_verdict": Metric("latest", "incidents with a duty of this verdict", ("verdict",)),
}  # fmt: skip

_MODES = {"max": "livemax", "min": "livemin", "latest": "livemostrecent"}


def batch(step: str, messages: int, seconds: float) -> None:
    """A batch that was committed."""
    _add("huiying_messages_total", messages, step)
    _observe("huiying_batch_seconds", seconds, step)
    _now("huiying_last_batch_timestamp_seconds", step)


def turned(part: str) -> None:
    """The loop of a step, or of the crawler (`crawl`), turned: it lives, whether or not there was anything to do."""
    _now("huiying_turn_timestamp_seconds", part)


def lag(step: str, messages: int) -> None:
    """What waits for a step, of the whole group."""
    _set("huiying_lag_messages", messages, step)


def watermark(step: str, at: datetime | None) -> None:
    """Up to when a step has finished everything (of several lanes: the earliest); None changes nothing."""
    if at is not None:
        _set("huiying_watermark_timestamp_seconds", at.timestamp(), step)


def rejected(step: str, messages: int) -> None:
    """Messages that went to `<step>.rejected`."""
    if messages:
        _add("huiying_rejected_total", messages, step)


def rebuilt(step: str, reason: Literal["conflict", "assigned"]) -> None:
    """A working set was dropped: another worker was first, or partitions came."""
    _add("huiying_rebuilds_total", 1, step, reason)


def newer_schema(step: str) -> None:
    """A message of a newer version: the step waits."""
    _add("huiying_newer_schema_total", 1, step)


_away: set[str] = set()


def outage(server: Literal["bus", "store", "outside"], is_away: bool) -> None:
    """Whether a server answered the last try (`outside`: one of them). Called at each; counts where that changes."""
    if is_away and server not in _away:
        _add("huiying_outages_total", 1, server)
    (_away.add if is_away else _away.discard)(server)
    _set("huiying_away", int(is_away), server)


def delivered(channel: str, outcome: str) -> None:
    """One attempt to send an alert; `outcome` = the state of its delivery then: sent, failed (for good), waiting."""
    _add("huiying_deliveries_total", 1, channel, outcome)


def polled(source: str, fate: str, pages: int, is_complete: bool) -> None:
    """One poll of a source; `fate` is that of crawlers.polling.Outcome."""
    _add("huiying_polls_total", 1, source, fate)
    _add("huiying_pages_total", pages, source)
    if is_complete:
        _now("huiying_polled_timestamp_seconds", source)


def unpublished(pages: int) -> None:
    """What the crawler keeps on its own disk until the bus takes it."""
    _set("huiying_unpublished_pages", pages)


def stock(store: Store) -> None:
    """What the store holds now. A dozen counts: for once a minute. Raises OutsideFailed."""
    if not is_on():
        return
    _set("huiying_deliveries_waiting", store.count(Delivery, Filter(state="waiting")))
    _set("huiying_incidents_open", store.count(Incident, Filter(state="open")))
    for verdict in get_args(Verdict):
        _set("huiying_incidents_by_verdict", store.count(Judgement, Filter(verdict=verdict)), verdict)


def is_on() -> bool:
    """Whether anybody serves what is counted here."""
    return FOLDER in os.environ


def _add(name: str, amount: float, *labels: str) -> None:
    if is_on():
        _child(name, labels).inc(amount)


def _set(name: str, value: float, *labels: str) -> None:
    if is_on():
        _child(name, labels).set(value)


def _observe(name: str, value: float, *labels: str) -> None:
    if is_on():
        _child(name, labels).observe(value)


def _now(name: str, *labels: str) -> None:
    if is_on():
        _child(name, labels).set(wall_now().timestamp())


@cache
def _child(name: str, labels: tuple[str, ...]) -> Any:
    made = _instrument(name)
    return made.labels(*labels) if labels else made


@cache
def _instrument(name: str) -> Any:
    """Made at its first use. Registered nowhere: what is served is read from the folder."""
    import prometheus_client

    metric = METRICS[name]
    if metric.kind == "counter":
        return prometheus_client.Counter(name, metric.means, metric.labels, registry=None)
    if metric.kind == "histogram":
        return prometheus_client.Histogram(name, metric.means, metric.labels, registry=None, buckets=BUCKETS)
    mode: Any = _MODES[metric.kind]
    return prometheus_client.Gauge(name, metric.means, metric.labels, registry=None, multiprocess_mode=mode)
