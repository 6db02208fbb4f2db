"""The live loop: works the steps, keeps the pipeline's clock, says whose desk it is (stream/desk.py)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from stream import metrics
from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.records import Clock
from stream.desk import Desk
from stream.errors import OutsideFailed, UsageError
from stream.feed import Feed
from stream.journey import JOURNEY
from stream.pipeline import ORDERED, STATELESS, TELL_S, Crew, Held, Options, Patience, Pipeline
from stream.ports import Backends, Save
from stream.settings import Settings
from stream.spool import Spool

log = logging.getLogger("huiying.service")

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
                    self._begin(backends)
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

    def _begin(self, backends: Backends) -> None:
        """The bus has answered by now; here the store proves that it takes what is written, which the loop would find
        out much later and then wait for. Raises OutsideFailed."""
        if not backends.is_atomic:
            backends.store.save_many([Save(item=self.clock.reading("begun", None))])

    def _loop(self, pipeline: Pipeline, backends: Backends, crew: Crew | None) -> None:
        every_second, patience = Every(timedelta(seconds=1)), Patience(self.stopping)
        with closing(Turn(self, pipeline, backends)) as turn:
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
                    turn.forget()
                    patience.failed(error, pipeline)


class Turn:
    """One turn of the loop, and what it holds on to between turns."""

    def __init__(self, service: Service, pipeline: Pipeline, backends: Backends) -> None:
        self._service, self._pipeline, self._backends = service, pipeline, backends
        self._every_mark, self._every_telling = Every(MARKS), Every(timedelta(seconds=TELL_S))
        self._feed: Feed | None = None
        self._desk = Desk(service.settings, service.clock)
        self._desk.start()

    def work(self) -> None:
        """A batch of every step; before it, in a demonstration, what its feed has to say by now."""
        clock = self._service.clock
        if self._service.spool is not None and self._every_mark.is_time(clock.wall()):
            self._feed = self._feed or Feed(self._service.spool, self._backends)
            self._feed.publish(500, until=clock.now())
        self._pipeline.work()

    def keep(self) -> None:
        """Once a second: the clock, and whose desk it is. Raises what the desk died of."""
        if self._every_telling.is_time(self._service.clock.wall()):
            self._pipeline.tell()
        keep_time(self._pipeline, self._backends, self._service.clock)
        self._desk.take_up(self._pipeline.leads())

    def forget(self) -> None:
        """After an outage: what is known may be out of date."""
        self._feed = None

    def close(self) -> None:
        """The desk finishes its round."""
        self._desk.close()


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
