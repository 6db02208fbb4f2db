"""The live loop: works the steps, keeps the pipeline's clock, hands over decisions, sends alerts, forgets in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta

from msgspec import Struct

from stream.assembly import load_alert_policy
from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.codec import Item
from stream.core.documents import Decision
from stream.core.records import Progress
from stream.delivery import Deliverer
from stream.errors import UsageError
from stream.feed import Feed
from stream.pipeline import ORDERED, STATELESS, Crew, Held, Options, Pipeline
from stream.ports import Backends, Filter, Save
from stream.settings import Settings
from stream.spool import Spool
from stream.wire import addressed

log = logging.getLogger("huiying.service")

HOUSEKEEPING = timedelta(minutes=1)
FORGET_AT_ONCE = 5_000
RELAY = "decisions"
RELAYED_AT_ONCE = 1_000
OVERLAP = timedelta(hours=1)
# How often a demonstration's feed promises how far it is.
MARKS = timedelta(milliseconds=200)


class Service(Struct, kw_only=True):
    """What a live run is made of. `spool` replaces the crawlers in a demonstration; `is_stopped` ends the loop."""

    settings: Settings
    steps: tuple[str, ...]
    clock: PipelineClock
    is_stopped: Callable[[], bool]
    spool: Spool | None = None
    options: Options = Options()

    def run(self) -> None:
        """Until stopped. Raises UsageError where another pipeline holds the data folder, OutsideFailed where the
        stateless processes do not stay up."""
        held = Held(self.settings.data)
        if not held.acquire():
            raise UsageError(f"{self.settings.data}：已有一个流水线在运行；请先停止它，或换一个 HUIYING_DATA")
        crew = Crew(self.settings, self.options) if set(self.steps) > set(STATELESS) else None
        mine = [step for step in self.steps if crew is None or step in ORDERED]
        try:
            with (
                closing(open_backends(self.settings)) as backends,
                closing(Pipeline(self.settings, mine, backends, self.options)) as pipeline,
            ):
                self._loop(pipeline, backends, crew)
        finally:
            if crew is not None:
                crew.close()
            held.release()

    def _loop(self, pipeline: Pipeline, backends: Backends, crew: Crew | None) -> None:
        feed = Feed(self.spool, backends) if self.spool else None
        upkeep = Upkeep(self.settings, backends)
        every_mark, every_second = Every(MARKS), Every(timedelta(seconds=1))
        while not self.is_stopped():
            now, wall = self.clock.now(), self.clock.wall()
            if feed is not None and every_mark.is_time(wall):
                feed.publish(500, until=now)
            pipeline.work()
            if every_second.is_time(wall):
                if crew is not None:
                    crew.keep_up()
                backends.store.save_many([Save(item=self.clock.reading(pipeline.watermark()))])
                upkeep.turn(now, wall)


class Every:
    """Whether it is time again."""

    def __init__(self, period: timedelta) -> None:
        self._period = period
        self._last: datetime | None = None

    def is_time(self, wall: datetime) -> bool:
        """At most once a period."""
        if self._last is not None and wall - self._last < self._period:
            return False
        self._last = wall
        return True


class Upkeep:
    """What is done beside the steps, once a second: decisions, deliveries, and now and then forgetting."""

    def __init__(self, settings: Settings, backends: Backends) -> None:
        self._settings = settings
        self._backends = backends
        self._deliverer = Deliverer(backends, load_alert_policy(settings))
        self._cleaned_at: datetime | None = None

    def turn(self, now: datetime, wall: datetime) -> None:
        """`now` is the pipeline's clock; retention of the bus follows the wall, of posts the pipeline's clock."""
        self._relay()
        self._deliverer.turn(now, wall)
        if self._cleaned_at is None or wall - self._cleaned_at >= HOUSEKEEPING:
            retention = self._settings.retention
            self._backends.bus.prune(wall - timedelta(hours=retention.pages_hours))
            self._backends.store.forget_posts(now - timedelta(days=retention.posts_days), FORGET_AT_ONCE)
            self._cleaned_at = wall

    def _relay(self) -> None:
        """Decisions saved by the dashboard or the command line join the journey, each once.

        They are looked for by a time of their own making, so some way back: another desk's may become visible late.
        """
        store = self._backends.store
        found = store.get_many(Progress, [RELAY])
        since = found[RELAY].item.collected_at - OVERLAP if RELAY in found else None
        page = store.listing(Decision, Filter(since=since), order="oldest", limit=RELAYED_AT_ONCE)
        decisions = [stored.item for stored in page.items]
        told = store.get_many(Progress, [_relayed(one) for one in decisions])
        fresh = [one for one in decisions if _relayed(one) not in told]
        if not fresh:
            return
        newest = max(one.collected_at for one in fresh)
        marks = [Progress(id=_relayed(one), collected_at=one.collected_at, done=1) for one in fresh]
        with self._backends.together():
            self._backends.bus.publish("pages", [addressed(one) for one in fresh])
            store.save_many([Save(item=one) for one in (*marks, Progress(id=RELAY, collected_at=newest, done=1))])


def _relayed(decision: Item) -> str:
    return f"{RELAY}:{decision.id}"
