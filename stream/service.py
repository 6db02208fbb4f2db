"""The live loop: works the steps, keeps the pipeline's clock, hands over decisions, sends alerts, forgets in time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from stream.assembly import load_alert_policy
from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.documents import Decision, Progress
from stream.delivery import Deliverer
from stream.errors import UsageError
from stream.feed import Feed
from stream.pipeline import ORDERED, STATELESS, Held, Options, Pipeline, start_stateless
from stream.ports import Backends, Filter, Save
from stream.settings import Settings
from stream.spool import Spool
from stream.wire import addressed

log = logging.getLogger("huiying.service")

HOUSEKEEPING = timedelta(minutes=10)
FORGET_AT_ONCE = 2_000
RELAY = "decisions"


class Service(Struct, kw_only=True):
    """What a live run is made of. `spool` replaces the crawlers in a demonstration; `is_stopped` ends the loop."""

    settings: Settings
    steps: tuple[str, ...]
    clock: PipelineClock
    is_stopped: Callable[[], bool]
    spool: Spool | None = None
    options: Options = Options()

    def run(self) -> None:
        """Until stopped. Raises UsageError where another pipeline holds the data folder."""
        held = Held(self.settings.data)
        if not held.acquire():
            raise UsageError(f"{self.settings.data}：已有一个流水线在运行；请先停止它，或换一个 HUIYING_DATA")
        child = None
        backends = open_backends(self.settings)
        try:
            if set(self.steps) > set(STATELESS):
                child = start_stateless(self.settings, self.options)
            mine = ORDERED if child else self.steps
            pipeline = Pipeline(self.settings, [step for step in self.steps if step in mine], backends, self.options)
            self._loop(pipeline, backends)
            pipeline.close()
        finally:
            if child is not None:
                child.terminate()
                child.join(10)
            backends.close()
            held.release()

    def _loop(self, pipeline: Pipeline, backends: Backends) -> None:
        feed = Feed(self.spool, backends) if self.spool else None
        upkeep = Upkeep(self.settings, backends)
        told_at: datetime | None = None
        while not self.is_stopped():
            now = self.clock.now()
            if feed is not None:
                feed.publish(500, until=now)
            pipeline.work()
            wall = self.clock.wall()
            if told_at is None or wall - told_at >= timedelta(seconds=1):
                backends.store.save_many([Save(item=self.clock.reading(pipeline.watermark()))])
                upkeep.turn(now, wall)
                told_at = wall


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
        """Decisions saved by the dashboard join the journey; one that is told twice changes nothing."""
        store = self._backends.store
        found = store.get_many(Progress, [RELAY])
        since = found[RELAY].item.collected_at if RELAY in found else None
        page = store.listing(Decision, Filter(since=since), order="oldest", limit=100)
        decisions = [stored.item for stored in page.items]
        fresh = [one for one in decisions if since is None or one.collected_at > since]
        if not fresh:
            return
        with self._backends.together():
            self._backends.bus.publish("pages", [addressed(one) for one in fresh])
            last = Progress(id=RELAY, collected_at=fresh[-1].collected_at, done=len(fresh))
            store.save_many([Save(item=last)])
