"""alert: judgements → alerts. Who is told, when, once.

Everything is a function of (judgement, reminder, instant). The reminder is the step's memory of one incident: the
sent-log and the clocks still running. A redelivered message finds its keys in the sent-log, tells nobody again, and
yields what it yielded before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import msgspec

from stream.core import alert_candidates as causes
from stream.core.alert_policy import AlertPolicy
from stream.core.alert_texts import RegionName
from stream.core.alert_writing import Style, Subject, incident_subject, topic_subject, write
from stream.core.alerts import Candidate, Reason, Situation, decide, sent_key
from stream.core.cases import Alert, Incident, Judgement, Reminder, TopicHeat
from stream.core.codec import Item
from stream.ports import State

log = logging.getLogger("huiying.alert")


def _no_name(_region: str) -> str | None:
    return None


class AlertStep:
    """The last leg of the journey (stream.ports.Step). `region_name` gives a region's name by its code."""

    name = "alert"
    timer: type[Item] | None = Reminder

    def __init__(self, policy: AlertPolicy, region_name: RegionName = _no_name) -> None:
        self._policy = policy
        self._style = Style(rule_names=policy.rule_names, region_name=region_name)

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """The reminder and the incident of a judgement; a hot topic's alerts."""
        if isinstance(message, Judgement):
            return [(Reminder, message.id), (Incident, message.id)]
        if isinstance(message, TopicHeat):
            return [(Alert, one.key) for one in causes.hot_topic(message, self._policy)]
        return []

    def handle(self, message: object, state: State) -> Iterable[object]:
        """Alerts of one judgement or one topic's heat; anything else concerns nobody here."""
        if isinstance(message, Judgement):
            return self._judged(message, state)
        if isinstance(message, TopicHeat):
            return self._heated(message, state)
        return []

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """The rungs of an incident's ladder that are due `now`."""
        assert isinstance(item, Reminder)  # the runner rings only for `timer`
        situation = self._situation(item, state, now)
        candidates = causes.ladder(item.id, situation.obligations, self._policy, now)
        subject = Subject(incident=item.id, title=item.title, region=item.region, obligations=situation.obligations)
        alerts = self._tell(candidates, situation, subject, state)
        sent = [*item.sent, *(alert.id for alert in alerts)]
        state.put(_waiting(item, msgspec.structs.replace(situation, sent=frozenset(sent)), sent, now, "after"))
        return alerts

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """Nothing to rebuild: the memory is in the reminders."""

    def _judged(self, judgement: Judgement, state: State) -> list[Alert]:
        before = state.get(Reminder, judgement.id)
        if before is not None and judgement.collected_at < before.judgement_at:
            return list(_yielded_before(judgement, before, state))  # an older judgement comes again: nothing to learn
        reminder = self._learn(judgement, before)
        now = judgement.collected_at
        situation = self._situation(reminder, state, now)
        subject = incident_subject(judgement)
        alerts = self._tell(self._causes(judgement, situation), situation, subject, state)
        again = [] if before is None else list(_yielded_before(judgement, before, state))
        sent = [*reminder.sent, *_keys(alerts, judgement)]
        kept = _waiting(reminder, msgspec.structs.replace(situation, sent=frozenset(sent)), sent, now, "from")
        if before is not None or kept.sent or kept.due_at is not None:
            state.put(kept)  # most incidents never concern anybody: nothing is remembered of them
        return [*again, *alerts]

    def _causes(self, judgement: Judgement, situation: Situation) -> Iterator[Candidate]:
        if judgement.state in ("dismissed", "merged"):
            return
        yield from causes.opened(judgement, self._policy, situation.sent)
        yield from causes.verdicts(judgement, self._policy)
        yield from causes.hot_incident(judgement, self._policy)

    def _learn(self, judgement: Judgement, before: Reminder | None) -> Reminder:
        """The reminder with the judgement's clocks; a closed, dismissed or merged incident reminds of nothing."""
        obligations = causes.headline(judgement) if judgement.state == "open" else []
        return Reminder(
            id=judgement.id, collected_at=judgement.collected_at, judgement_at=judgement.collected_at,
            obligations=obligations, title=judgement.title, region=judgement.region,
            sent=[] if before is None else before.sent,
            acknowledged_by=None if before is None else before.acknowledged_by,
        )  # fmt: skip

    def _situation(self, reminder: Reminder, state: State, now: datetime) -> Situation:
        return Situation(
            policy=self._policy, sent=frozenset(reminder.sent), region=reminder.region,
            obligations=tuple(reminder.obligations), acknowledged_by=_acknowledged_by(reminder.id, state, now),
        )  # fmt: skip

    def _tell(
        self, candidates: Iterable[Candidate], situation: Situation, subject: Subject, state: State
    ) -> list[Alert]:
        """Writes and keeps the alerts of the candidates that no stage stopped."""
        alerts = []
        for decided in decide(candidates, situation):
            if decided.reason is Reason.SEND:
                alert = write(decided.candidate, subject, self._style)
                state.put(alert)
                alerts.append(alert)
            elif decided.reason is not Reason.ALREADY_SENT:
                log.debug("not told", extra={"key": decided.candidate.key, "reason": decided.reason.value})
        return alerts

    def _heated(self, heat: TopicHeat, state: State) -> list[Alert]:
        known = {one.key: one for one in causes.hot_topic(heat, self._policy)}
        kept = {key: state.get(Alert, key) for key in known}
        situation = Situation(
            policy=self._policy, region=heat.region, sent=frozenset(key for key, alert in kept.items() if alert)
        )
        again = [alert for alert in kept.values() if alert is not None and alert.at == heat.collected_at]
        return [*again, *self._tell(known.values(), situation, topic_subject(heat), state)]


def _keys(alerts: Iterable[Alert], judgement: Judgement) -> Iterator[str]:
    """Sent-log keys; an `opened` alert also told the grade known then, so that no upgrade to it follows."""
    for alert in alerts:
        yield alert.id
        if alert.rung == "opened" and judgement.severity.grade is not None:
            yield sent_key(judgement.id, None, causes.upgrade_rung(judgement.severity.grade))


def _waiting(reminder: Reminder, situation: Situation, sent: list[str], now: datetime, bound: causes.Bound) -> Reminder:
    """The reminder as it is kept: what was sent, and when the next rung rings. After a fact a tick at the same instant
    may still ring; after that tick only later ones."""
    due_at = causes.next_rung_at(reminder.id, situation, now, bound)
    return msgspec.structs.replace(
        reminder, sent=sent, due_at=due_at, collected_at=now, acknowledged_by=situation.acknowledged_by
    )


def _acknowledged_by(incident: str, state: State, now: datetime) -> str | None:
    """Who took the incident on by `now`. A newer decision may be stored already: it does not count yet."""
    found = state.get(Incident, incident)
    decisions = [] if found is None else found.decisions
    named = [one for one in decisions if one.what == "acknowledge" and one.collected_at <= now]
    return max(named, key=lambda one: (one.collected_at, one.id)).who if named else None


def _yielded_before(judgement: Judgement, reminder: Reminder, state: State) -> Iterator[Alert]:
    """Alerts that this very judgement brought when it came the first time, to be yielded again."""
    if reminder.judgement_at < judgement.collected_at:
        return
    for key in reminder.sent:
        alert = state.get(Alert, key)
        if alert is not None and alert.at == judgement.collected_at and alert.kind != "ladder":
            yield alert
