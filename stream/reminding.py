"""Reminds of the ledger's duties as they come due: in the leading process, once a minute of the pipeline's clock.

Bounded: entries of the last KEPT, rules of the configured regions, due dates from a month ago to the first rung ahead.
Between looks the due dates stand in memory; only what an entry or a new day changes is computed again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from stream.assembly import load_alert_policy, load_holidays, load_registry, load_rules
from stream.core.cases import Alert
from stream.core.documents import Entry
from stream.core.duties import Duty, day_of
from stream.core.duty_alerts import LONGEST_OVERDUE, alert_id, duty_alert, is_silenced, rung_of
from stream.core.ledger import by_subject, duties, duty_of
from stream.outputs import items
from stream.ports import Backends, Filter, Save
from stream.settings import Settings
from stream.wire import addressed

MINUTE = timedelta(minutes=1)
KEPT = timedelta(days=800)
"""The longest window (a year, twice extended) ends before that."""
OVERLAP = timedelta(hours=1)
AT_ONCE = 500


class Reminding:
    """What is due, who was told. One in the process that leads."""

    def __init__(self, settings: Settings, backends: Backends) -> None:
        policy = load_alert_policy(settings)
        self._rules, self._rungs, self._silences = load_rules(settings), policy.duties, policy.silences
        self._overlay = load_holidays(settings)
        self._region_name = load_registry(settings).region_name
        self._backends = backends
        self._entries: dict[str, Entry] = {}
        self._duties: dict[str, Duty] = {}
        self._told: set[str] = set()
        self._looked_at: datetime | None = None
        self._newest: datetime | None = None

    def turn(self, now: datetime) -> int:
        """A look, if a minute has passed since the last; how many alerts were given."""
        if self._looked_at is not None and timedelta() <= now - self._looked_at < MINUTE:
            return 0
        fresh = self._fresh(now)
        if fresh or self._looked_at is None or day_of(self._looked_at) != day_of(now):
            self._compute(fresh, now)
        self._looked_at = now
        return self._tell(now)

    def _fresh(self, now: datetime) -> set[str]:
        """The duties on which something new was put on record. Another's entry may become visible late, so each look
        goes some way back."""
        since = now - KEPT if self._newest is None else self._newest - OVERLAP
        found = [one for one in items(self._backends.store, Entry, Filter(since=since)) if one.id not in self._entries]
        self._entries.update((one.id, one) for one in found)
        self._newest = max([one.collected_at for one in found], default=self._newest)
        return {one.subject for one in found}

    def _compute(self, fresh: set[str], now: datetime) -> None:
        """All that arise by themselves, and those that were opened and changed."""
        entries = by_subject(self._entries.values())
        changed = entries if self._looked_at is None else {one: entries.get(one, []) for one in fresh}
        for subject in changed:
            duty = duty_of(subject, self._rules, entries, now, self._overlay)
            if duty is not None and duty.period is None:
                self._duties[subject] = duty
        self._duties = {id: one for id, one in self._duties.items() if one.period is None}
        for region in self._rungs.regions:
            arisen = duties(self._rules, entries, now, self._window(now), region)
            self._duties.update((one.id, one) for one in arisen if one.period is not None)

    def _window(self, now: datetime) -> tuple[date, date]:
        ahead = timedelta(days=max(self._rungs.days, default=0))
        return day_of(now - LONGEST_OVERDUE), day_of(now + ahead)

    def _tell(self, now: datetime) -> int:
        """Everything that reached a rung and was not told: published, then kept, so that a kill between the two repeats
        it; the sent-log key makes the repetition harmless."""
        reached = {alert_id(duty, rung): (duty, rung) for duty, rung in self._reached(now)}
        asked = [id for id in reached if id not in self._told][:AT_ONCE]
        known = self._backends.store.get_many(Alert, asked) if asked else {}
        alerts = [duty_alert(*reached[id], now, self._region_name) for id in asked if id not in known]
        if alerts:
            with self._backends.together():
                self._backends.bus.publish("alerts", [addressed(one) for one in alerts])
                self._backends.store.save_many([Save(item=one, expected=0) for one in alerts])
        self._told.update(asked)
        return len(alerts)

    def _reached(self, now: datetime) -> Iterable[tuple[Duty, int]]:
        for duty in self._duties.values():
            rung = rung_of(duty, self._rungs, now)
            if rung is not None and not is_silenced(duty, self._silences, now):
                yield duty, rung
