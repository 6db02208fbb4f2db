"""The live loop: works the steps, keeps the pipeline's clock, hands over decisions, sends alerts, forgets in time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from stream import metrics
from stream.assembly import load_alert_policy
from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.codec import Item
from stream.core.documents import Decision
from stream.core.records import Clock, Progress
from stream.delivery import Deliverer
from stream.errors import OutsideFailed, UsageError
from stream.feed import Feed
from stream.journey import JOURNEY
from stream.pipeline import ORDERED, STATELESS, TELL_S, Crew, Held, Options, Patience, Pipeline
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
    """What a live run is made of. `spool` replaces the crawlers in a demonstration; `stopping` ends the loop: it waits
    so many seconds at most, and says whether to stop. `has_crew`: the stateless steps get processes of their own."""

    settings: Settings
    steps: tuple[str, ...]
    clock: PipelineClock
    stopping: Callable[[float], bool]
    spool: Spool | None = None
    options: Options = Options()
    has_crew: bool = True

    def run(self) -> None:
        """Until stopped. An outage is waited out. Raises UsageError where another pipeline holds the data folder,
        OutsideFailed where the servers cannot be used at the start, or the stateless processes do not stay up."""
        with self._held():
            crew = None
            if self.has_crew and set(self.steps) > set(STATELESS):
                crew = Crew(self.settings, self.options)
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

    @contextmanager
    def _held(self) -> Iterator[None]:
        """One pipeline a data folder, where all is in one file; on a cluster as many as you like."""
        if self.settings.backend.bus != "sqlite":
            yield
            return
        held = Held(self.settings.data)
        if not held.acquire():
            raise UsageError(f"{self.settings.data}：已有一个流水线在运行；请先停止它，或换一个 HUIYING_DATA")
        try:
            yield
        finally:
            held.release()

    def _loop(self, pipeline: Pipeline, backends: Backends, crew: Crew | None) -> None:
        every_second, patience = Every(timedelta(seconds=1)), Patience(self.stopping)
        turn = Turn(self, pipeline, backends)
        while not self.stopping(0):
            is_second = every_second.is_time(self.clock.wall())
            if crew is not None and is_second:
                crew.keep_up()
            try:
                turn.work()
                if is_second:
                    turn.keep()
                patience.worked()
            except OutsideFailed as error:
                turn.drop()
                patience.failed(error, pipeline)


class Turn:
    """One turn of the loop, and what it holds on to between turns."""

    def __init__(self, service: Service, pipeline: Pipeline, backends: Backends) -> None:
        self._service, self._pipeline, self._backends = service, pipeline, backends
        self._every_mark, self._every_telling = Every(MARKS), Every(timedelta(seconds=TELL_S))
        self._feed: Feed | None = None
        self._upkeep: Upkeep | None = None

    def work(self) -> None:
        """A batch of every step; before it, in a demonstration, what its feed has to say by now."""
        clock = self._service.clock
        if self._service.spool is not None and self._every_mark.is_time(clock.wall()):
            self._feed = self._feed or Feed(self._service.spool, self._backends)
            self._feed.publish(500, until=clock.now())
        self._pipeline.work()

    def keep(self) -> None:
        """Once a second: the clock, and, in the one process that leads, decisions, deliveries, retention."""
        if self._every_telling.is_time(self._service.clock.wall()):
            self._pipeline.tell()
        keep_time(self._pipeline, self._backends, self._service.clock)
        if not self._pipeline.leads():
            self.drop()
            return
        self._upkeep = self._upkeep or Upkeep(self._service.settings, self._backends)
        self._upkeep.turn(self._service.clock.now(), self._service.clock.wall())

    def drop(self) -> None:
        """After an outage, or when another process leads: what is known may be out of date."""
        self._feed = None
        if self._upkeep is not None:
            self._upkeep.close()
            self._upkeep = None


def keep_time(pipeline: Pipeline, backends: Backends, clock: PipelineClock) -> None:
    """Says how far the lanes here are; who leads says it of the whole pipeline: as far as the slowest lane, wherever it
    runs. The pages count down from that clock."""
    store = backends.store
    readings = [clock.reading(name, at) for name, at in pipeline.progress().items()]
    if readings:
        store.save_many([Save(item=one) for one in readings])
    if pipeline.leads():
        last = JOURNEY[-1]
        names = [f"{last.step}|{number}" for number in range(backends.bus.partitions(last.reads[0]))]
        found = [one.item.watermark for one in store.get_many(Clock, names).values() if isinstance(one.item, Clock)]
        known = [one for one in found if one is not None]
        slowest = min(known) if len(known) == len(names) else None
        store.save_many([Save(item=clock.reading("pipeline", slowest))])
        metrics.watermark("pipeline", slowest)


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
            metrics.stock(self._backends.store)
            self._cleaned_at = wall

    def close(self) -> None:
        """Leaves the group of the deliverers."""
        self._deliverer.close()

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
