"""What is ruled on one incident: a pure function of its facts, coverage, rules, register and the instant of knowledge.

Every verdict's whole history is computed again each time, by walking the instants that can matter. So repeated or
coalesced messages give the same bytes, evidence found late restates without overwriting, and any `until` in the past
is an as-of view.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache

import msgspec
from msgspec import Struct

from stream.core import coverage
from stream.core.advisories import advisory_history
from stream.core.automatic import differing, is_ruling, undecided
from stream.core.bodies import by_body, settles_at
from stream.core.cases import (
    BodyStanding,
    CoverageSpan,
    Incident,
    Judgement,
    Obligation,
    Responsible,
    VerdictChange,
)
from stream.core.conflicts import conflicts
from stream.core.coverage import Spans, Track, Watched
from stream.core.docket import Case, Duty, History, Row, history_of
from stream.core.entitlement import entitled
from stream.core.gaps import coverage_gaps
from stream.core.knowledge import KINDS, counted_at, responses_ever
from stream.core.obligations import Registry, exemption_for, happened_at, judged_rules
from stream.core.responsibility import Kind
from stream.core.rules import Rule, Rules, modality_at, version_of
from stream.core.situations import Situation, severity_view, situations
from stream.core.unified import unified_issuers
from stream.core.verdicts import elapsed_of

MOST_EVIDENCE = 6


def judge_incident(
    incident: Incident,
    spans: Spans,
    rules: Rules,
    registry: Registry,
    until: datetime,
    assume_covered: bool = False,
) -> Judgement:
    """The judgement as known at `until` (facts known later are ignored). `spans`: coverage rows by source, in order.

    `assume_covered`: silence is evidence everywhere, up to `until`.
    """
    until = max(until, incident.opened_at)
    court = Court(spans=spans, rules=rules, registry=registry, assume_covered=assume_covered)
    ruled = _rule(incident, court, until)
    judgement = _judgement(ruled, rules)
    if not any(is_ruling(one) and one.collected_at <= until for one in incident.decisions):
        return judgement
    alone = _obligations(_rule(undecided(incident), court, until))
    return msgspec.structs.replace(judgement, automatic=differing(alone, judgement.obligations))


class Court(Struct, frozen=True, kw_only=True):
    """By what everything is judged, beside the facts."""

    spans: Spans
    rules: Rules
    registry: Registry
    assume_covered: bool


class Ruled(Struct, frozen=True, kw_only=True):
    """One walk through the facts: everything a judgement is written from."""

    case: Case
    responsible: list[Responsible]
    histories: list[History]
    standings: list[BodyStanding]


def _rule(incident: Incident, court: Court, until: datetime) -> Ruled:
    rules, registry = court.rules, court.registry
    found = situations(incident, rules, until)
    duties = _duties(incident, found, court)
    case = Case(
        incident=incident, situations=found, candidates=entitled(incident, found, duties, registry),
        body=duties[-1].body, tracks=duties[-1].tracks, assume_covered=court.assume_covered,
        grace=timedelta(hours=rules.coverage.grace_hours), advisory_gap=timedelta(hours=rules.advisory_gap_hours),
        until=until, gap_share=rules.coverage.gap_share, duties=duties,
    )  # fmt: skip
    histories = list(_histories(rules, case))

    at = happened_at(found[-1])
    tracks = {track.source: track for track in case.tracks}

    @cache
    def watched(body: str) -> list[Track]:
        own = registry.channels(body, at)
        return [tracks.get(one.source) or Track(one, court.spans.get(one.source, ()), body) for one in own]

    responsible = list(duties[-1].responsible)
    standings = by_body(case, histories, responsible, watched)
    return Ruled(case=case, responsible=responsible, histories=histories, standings=standings)


def _duties(incident: Incident, found: Sequence[Situation], court: Court) -> list[Duty]:
    """Whose duty it was in each situation: by the places and topics known then, and what it was taken for."""
    duties: dict[Hashable, Duty] = {}
    asked: list[Hashable] = []
    for one in found:
        # By all that the answer rests on; asked once for each.
        asked.append((one.names, kind_of(one), one.subtype, happened_at(one)))
        if asked[-1] not in duties:
            duties[asked[-1]] = _duty(incident, one, court)
    return [duties[one] for one in asked]


def _duty(incident: Incident, situation: Situation, court: Court) -> Duty:
    at = happened_at(situation)
    responsible = responsible_for(incident, situation, court, at)
    channels = [] if court.assume_covered else channels_of(responsible, court.registry, at)
    tracks = [Track(one, court.spans.get(one.source, ()), body) for body, one in channels]
    return Duty(responsible=responsible, tracks=tracks)


def responsible_for(incident: Incident, situation: Situation, court: Court, at: datetime) -> list[Responsible]:
    """Who owes an answer, first in duty first, by the register of the day it happened; where a law reserves
    publication to a higher authority, that one."""
    registry, names = court.registry, situation.names
    found = registry.responsible(names.topics, names.regions, names.bodies, kind_of(situation), at)
    return [*unified_issuers(incident, situation, court.rules, registry, at), *found]


def kind_of(situation: Situation) -> Kind | None:
    """What kind of emergency it is taken for; None for none."""
    if not situation.is_emergency:
        return None
    return Kind(situation.event_type, situation.subtype, is_grave=situation.grade in ("I", "II"))


def channels_of(responsible: list[Responsible], registry: Registry, at: datetime) -> list[tuple[str, Watched]]:
    """Watched channels of every responsible body with that body, each source once; none where the first in duty has
    none, since then its silence cannot be seen."""
    found: dict[str, tuple[str, Watched]] = {}
    for index, one in enumerate(responsible):
        own = registry.channels(one.body, at)
        if not index and not own:
            return []
        for channel in own:
            found.setdefault(channel.source, (one.body, channel))
    return list(found.values())


def _histories(rules: Rules, case: Case) -> Iterator[History]:
    by_id: dict[str, list[Rule]] = {}
    for rule in judged_rules(rules, case.situations):
        by_id.setdefault(rule.id, []).append(rule)
    for versions in by_id.values():
        if versions[0].judged == "advisory":
            yield from (advisory_history(rule, case) for rule in versions)
        else:
            yield history_of(versions, case)


def _judgement(ruled: Ruled, rules: Rules) -> Judgement:
    case, histories = ruled.case, ruled.histories
    incident, now = case.incident, case.situations[-1]
    rows = [row for history in histories for row in history.rows.values()]
    dues = [*(one.due_at for one in histories), settles_at(case, histories, ruled.standings)]
    return Judgement(
        id=incident.id, collected_at=case.until, title=incident.title,
        region=next(iter(now.names.regions), None), topics=list(now.names.topics), state=incident.state,
        incident_revision=facts_in(incident), opened_at=incident.opened_at, is_emergency=now.is_emergency,
        event_type=now.event_type, occurred=now.occurred, severity=severity_view(case.situations),
        figures=counted_at(incident, "figures", case.until),
        gate=now.gates[0] if now.gates else None, responsible=ruled.responsible,
        obligations=_obligations(ruled), changes=_changes(histories),
        coverage=_coverage(case, rows), hot=[one for one in incident.hot if one.at <= case.until],
        versions={"rules": rules.version, "coverage": "assumed" if case.assume_covered else "polled"},
        due_at=min((one for one in dues if one is not None), default=None),
        by_body=ruled.standings, conflicts=conflicts(incident, ruled.responsible, case.until),
        gaps=coverage_gaps(case, rows),
    )  # fmt: skip


def _obligations(ruled: Ruled) -> list[Obligation]:
    return [_obligation(row, ruled.case) for history in ruled.histories for row in history.rows.values()]


def facts_in(incident: Incident) -> int:
    """How many facts an incident holds: it only grows, so it tells an older revision from a newer one. What a person
    took out counts as long as it stays on record, and once more for leaving."""
    found = len(incident.hot) + len(incident.decisions) + len(incident.named) + len(incident.joined)
    for kind in KINDS:
        left = sum(len(getattr(one, kind)) for one in incident.left)
        found += len(getattr(incident, kind)) + 2 * left
    return found + len(incident.turns) + sum(one.removed_at is not None for one in responses_ever(incident))


def _changes(histories: list[History]) -> list[VerdictChange]:
    found = [change for history in histories for change in history.changes]
    return sorted(found, key=lambda one: (one.known_at, one.rule, one.clock, one.id))


def _obligation(row: Row, case: Case) -> Obligation:
    rule, clock, ruling = row.rule, row.clock, row.ruling
    now = case.situations[-1]
    is_advisory = rule.judged == "advisory"
    return Obligation(
        rule=rule.id, rule_version=version_of(rule),
        modality="advisory" if is_advisory else modality_at(rule, happened_at(now)),
        body=case.body, clock=clock.name, start=clock.start, basis=clock.basis,
        due=None if is_advisory else clock.due, verdict=ruling.verdict, reason=ruling.reason,
        satisfied_by=ruling.statement.mention if ruling.statement and ruling.verdict == "met" else None,
        elapsed_s=elapsed_of(clock, ruling.statement), evidence=_evidence(row, case), provisional=clock.provisional,
    )  # fmt: skip


def _evidence(row: Row, case: Case) -> list[str]:
    """Mentions and decisions that the verdict rests on: the start, the answer, a claim."""
    claim = exemption_for(row.rule, case.situations[-1])
    found = [
        case.situations[-1].first_public.mention,
        row.clock.mention,
        *(_stating(case) if row.clock.basis.startswith("occurred:") else ()),
        row.ruling.statement.mention if row.ruling.statement else None,
        claim.decision if claim and row.ruling.verdict == "exempt_claimed" else None,
    ]
    unique = list(dict.fromkeys(one for one in found if one))
    # The answer stands last and must not fall away where many texts state the time.
    return unique if len(unique) <= MOST_EVIDENCE else [*unique[: MOST_EVIDENCE - 1], unique[-1]]


def _stating(case: Case) -> list[str]:
    """Who stated when it occurred, as far as that was known, in order of knowledge."""
    known = counted_at(case.incident, "occurred", case.until)
    return [one.mention for one in sorted(known, key=lambda one: (one.known_at, one.mention))]


def _coverage(case: Case, rows: list[Row]) -> list[CoverageSpan]:
    """What is known of the watched channels, from the first start to the last deadline and its grace."""
    timed = [row.clock for row in rows if row.rule.judged == "clock"]
    if not timed:
        return []
    first = case.situations[-1].first_public.interval
    start = min(one.start.earliest or first.earliest or first.latest for one in timed)
    end = max(one.due.latest for one in timed) + case.grace
    return [span for track in case.tracks for span in coverage.merged(track, start, end, case.until)]
