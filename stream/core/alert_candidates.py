"""What may be told: candidates drawn from a judgement, a topic's heat, or a clock's ladder.

Pure functions of (judgement, policy, sent-log, instant). Nothing is decided here: `stream.core.alerts.decide` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from stream.core.alert_policy import AlertPolicy, HotLimit, span
from stream.core.alerts import Candidate, Situation, is_inhibited, sent_key
from stream.core.cases import Due, HotFact, Judgement, Obligation, TopicHeat, VerdictChange

HEADLINE = "strict"  # the clock that gives the headline verdict; alternates are shown, never told
FAIR = "severity_evident"  # the clock from evident gravity: named in the text of a strict breach while it still runs

Bound = Literal["from", "after"]


def headline(judgement: Judgement) -> list[Obligation]:
    """The obligations that are reminded of: the headline clock's that are pending, met, or late without any answer."""
    kept = ("pending", "met", "breached")
    return [one for one in judgement.obligations if one.clock == HEADLINE and one.verdict in kept]


def opened(judgement: Judgement, policy: AlertPolicy, sent: frozenset[str]) -> Iterator[Candidate]:
    """The first word of an emergency or of a matter a person let through the gate, then one for each upgrade."""
    is_new = (policy.opened.emergencies and judgement.is_emergency) or (
        policy.opened.gated and judgement.gate not in (None, "incident")
    )
    if judgement.state != "open" or not is_new:
        return
    key = sent_key(judgement.id, None, "opened")
    grade = judgement.severity.grade
    if key not in sent:
        yield Candidate(about=judgement.id, kind="opened", rule=None, rung="opened", at=judgement.collected_at)
    elif grade in policy.opened.upgrades:
        rung = upgrade_rung(grade)
        yield Candidate(about=judgement.id, kind="opened", rule=None, rung=rung, at=judgement.collected_at)


def upgrade_rung(grade: str | None) -> str:
    """The rung under which a grade is told; the `opened` alert already tells the grade known then."""
    return f"grade-{grade}"


def verdicts(judgement: Judgement, policy: AlertPolicy) -> Iterator[Candidate]:
    """Changes of the headline verdict worth telling, at the time they became known. A verdict that comes back after
    having been overturned is told again: its rung counts the times."""
    modality = {one.rule: one.modality for one in judgement.obligations}
    told: dict[tuple[str, str], list[datetime]] = {}
    for change in sorted(judgement.changes, key=lambda one: (one.known_at, one.at, one.id)):
        if change.clock != HEADLINE or modality.get(change.rule, "must") not in policy.verdicts.modalities:
            continue
        if not _is_told(change, judgement, policy):
            continue
        times = told.setdefault((change.rule, change.after), [])
        if change.at not in times:  # several bodies ruled at the same instant are one piece of news
            times.append(change.at)
        number = times.index(change.at) + 1
        yield Candidate(
            about=judgement.id, kind="verdict", rule=change.rule, at=change.known_at, change=change,
            rung=change.after if number == 1 else f"{change.after}.{number}",
            obligation=None, bodies=(change.body,) if change.body else (),
        )  # fmt: skip


def _is_told(change: VerdictChange, judgement: Judgement, policy: AlertPolicy) -> bool:
    if change.reason in policy.verdicts.quiet:
        return False
    if change.after != "met":
        return change.after in policy.verdicts.send
    if policy.verdicts.met == "graded":
        # Only a clock that was seen running: an incident first met when already answered is no news.
        is_watched = judgement.severity.grade is not None or judgement.gate not in (None, "incident")
        return is_watched and change.before not in (None, "met")
    return policy.verdicts.met == "always"


def hot_incident(judgement: Judgement, policy: AlertPolicy) -> Iterator[Candidate]:
    """Spikes of one incident's posts."""
    for spike in _spaced(judgement.hot, policy.hot.incidents, span(policy.hot.gap)):
        yield _hot(judgement.id, spike)


def hot_topic(heat: TopicHeat, policy: AlertPolicy) -> Iterator[Candidate]:
    """Spikes of a topic, by its own limit where it has one."""
    limit = policy.hot.by_topic.get(heat.topic, policy.hot.topics)
    for spike in _spaced(heat.hot, limit, span(policy.hot.gap)):
        yield _hot(f"topic:{heat.id}", spike)


def _hot(about: str, spike: HotFact) -> Candidate:
    return Candidate(about=about, kind="hot", rule=None, rung=f"hot-{spike.at:%Y%m%dT%H%M%S}", at=spike.at, spike=spike)


def _spaced(spikes: Sequence[HotFact], limit: HotLimit, gap: timedelta) -> Iterator[HotFact]:
    """Spikes beyond the limit, at most one in `gap`. A baseline of nothing counts as one post."""
    last: datetime | None = None
    for spike in sorted(spikes, key=lambda one: one.at):
        is_big = spike.count >= limit.min_count and spike.count >= round(limit.min_ratio * max(spike.baseline, 1.0), 3)
        if is_big and (last is None or spike.at - last >= gap):
            last = spike.at
            yield spike


def ladder(about: str, obligations: Iterable[Obligation], policy: AlertPolicy, at: datetime) -> Iterator[Candidate]:
    """The rungs that are due exactly `at`: a rung already past when its obligation became known never is."""
    for obligation in obligations:
        for rung, due_at in rungs(obligation, policy):
            if due_at == at:
                yield Candidate(
                    about=about, kind="ladder", rule=obligation.rule, rung=rung, at=at, obligation=obligation,
                    bodies=(obligation.body,) if obligation.body else (),
                )  # fmt: skip


def rungs(obligation: Obligation, policy: AlertPolicy) -> Iterator[tuple[str, datetime]]:
    """The rungs an obligation climbs and when. Those before the deadline stand before its earliest reading (better
    early than late), the others after its latest (nobody is called late before)."""
    if not _climbs(obligation, policy) or obligation.due is None:
        return
    for one in policy.ladder.rungs:
        offset = span(one.at)
        if obligation.verdict == "pending" or (obligation.verdict == "breached" and offset > timedelta()):
            yield one.rung, deadline(obligation.due, offset) + offset


def deadline(due: Due, offset: timedelta) -> datetime:
    """The end of the deadline's interval that an offset is counted from."""
    return due.earliest if offset < timedelta() and due.earliest is not None else due.latest


def _climbs(obligation: Obligation, policy: AlertPolicy) -> bool:
    is_unanswered = obligation.verdict == "pending" or (
        obligation.verdict == "breached" and obligation.satisfied_by is None and obligation.elapsed_s is None
    )
    return (
        is_unanswered
        and obligation.clock == HEADLINE
        and obligation.modality in policy.ladder.modalities
        and obligation.rule not in policy.ladder.except_rules
        and (policy.ladder.provisional or not obligation.provisional)
    )


def next_rung_at(about: str, situation: Situation, now: datetime, bound: Bound = "after") -> datetime | None:
    """When the next rung that could still be sent is due: after `now`, or from `now` on while facts are still handled
    (a tick at the same instant follows them)."""
    times = [
        at
        for obligation in situation.obligations
        if not is_inhibited(obligation, situation)
        for rung, at in rungs(obligation, situation.policy)
        if (at > now or (bound == "from" and at == now))
        and sent_key(about, obligation.rule, rung) not in situation.sent
    ]
    return min(times, default=None)
