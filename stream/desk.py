"""What the leading process does beside the steps: hands over what people decided and put on record, reminds of the
ledger, sends alerts, forgets in time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import islice

from stream import metrics
from stream.assembly import load_alert_policy
from stream.backends import open_backends
from stream.clock import PipelineClock
from stream.core.codec import Item
from stream.core.documents import Decision, Entry, Mark
from stream.core.records import Progress
from stream.delivery import Deliverer
from stream.errors import OutsideFailed
from stream.ports import Backends, Filter, Save
from stream.reminding import Reminding
from stream.settings import Settings
from stream.wire import addressed

log = logging.getLogger("huiying.desk")

HOUSEKEEPING = timedelta(minutes=1)
ROUND_S = 0.5
CLOSE_S = 10.0
FORGET_AT_ONCE = 5_000
# What people put on record, and under which name its progress is kept.
RELAYED: dict[type[Decision] | type[Entry], str] = {Decision: "decisions", Entry: "entries"}
RELAYED_AT_ONCE = 1_000
OVERLAP = timedelta(hours=1)
INSTANT = timedelta(microseconds=1)


class Desk(threading.Thread):
    """Decisions, deliveries and retention beside the steps, so that a slow channel keeps no clock waiting; in the one
    process that leads."""

    def __init__(self, settings: Settings, clock: PipelineClock) -> None:
        super().__init__(name="desk", daemon=True)
        self._settings, self._clock = settings, clock
        self._leading, self._stopping = threading.Event(), threading.Event()
        self._failure: BaseException | None = None

    def take_up(self, leads: bool) -> None:
        """Whether this process leads now. Raises what the desk died of."""
        if self._failure is not None:
            raise self._failure
        (self._leading.set if leads else self._leading.clear)()

    def run(self) -> None:
        """Rounds, a second apart, while this process leads; an outage ends a round, not the desk."""
        try:
            while not self._stopping.wait(ROUND_S):
                if self._leading.is_set():
                    self._lead()
        except BaseException as error:  # noqa: BLE001, RUF100 (carried to the loop, which raises it)
            self._failure = error

    def close(self) -> None:
        """Ends after the round; a hanging channel is left behind."""
        self._stopping.set()
        self.join(CLOSE_S)

    def _lead(self) -> None:
        try:
            with (
                closing(open_backends(self._settings)) as backends,
                closing(Upkeep(self._settings, backends)) as upkeep,
            ):
                while self._leading.is_set():
                    upkeep.turn(self._clock.now(), self._clock.wall())
                    if self._stopping.wait(ROUND_S):
                        return
        except OutsideFailed as error:
            log.warning("%s；决定与通知稍后再办", error)


class Upkeep:
    """What is done beside the steps, once a second: decisions and entries, reminders, deliveries, and now and then
    forgetting."""

    def __init__(self, settings: Settings, backends: Backends) -> None:
        self._settings = settings
        self._backends = backends
        self._deliverer = Deliverer(backends, load_alert_policy(settings))
        self._reminding = Reminding(settings, backends)
        self._cleaned_at: datetime | None = None

    def turn(self, now: datetime, wall: datetime) -> None:
        """`now` is the pipeline's clock; retention of the bus follows the wall, of posts the pipeline's clock."""
        for kind, name in RELAYED.items():
            self._relay(kind, name)
        self._reminding.turn(now)
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

    def _relay(self, kind: type[Decision] | type[Entry], name: str) -> None:
        """What the dashboard or the command line saved joins the journey, each once; `name` marks what has.

        They are looked for by a time of their own making, so some way back: another desk's may become visible late.
        """
        store = self._backends.store
        found = store.get_many(Progress, [name])
        since = found[name].item.collected_at - OVERLAP if name in found else None
        fresh = list(islice(self._unrelayed(kind, name, Filter(since=since)), RELAYED_AT_ONCE))
        if not fresh:
            return
        newest = max(one.collected_at for one in fresh)
        # Where nobody else publishes, this mark lets them through; who does publish is waited for all the same.
        mark = Mark(id="mark:desk", collected_at=newest + INSTANT, publisher="desk", is_last=True)
        told = [Progress(id=_relayed(name, one), collected_at=one.collected_at, done=1) for one in fresh]
        with self._backends.together():
            self._backends.bus.publish("pages", [*map(addressed, fresh), addressed(mark)])
            store.save_many([Save(item=one) for one in (*told, Progress(id=name, collected_at=newest, done=1))])

    def _unrelayed(self, kind: type[Decision] | type[Entry], name: str, where: Filter) -> Iterator[Decision | Entry]:
        """Page by page: more than a page may have been handed over within the overlap."""
        store, cursor = self._backends.store, None
        while True:
            page = store.listing(kind, where, order="oldest", limit=RELAYED_AT_ONCE, cursor=cursor)
            saved = [stored.item for stored in page.items if isinstance(stored.item, Decision | Entry)]
            told = store.get_many(Progress, [_relayed(name, one) for one in saved])
            yield from (one for one in saved if _relayed(name, one) not in told)
            cursor = page.cursor
            if cursor is None:
                return


def _relayed(name: str, saved: Item) -> str:
    return f"{name}:{saved.id}"
