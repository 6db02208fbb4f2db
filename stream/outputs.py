"""The files of `huiying replay --out`, exactly as docs/formats.md states: keys, order, `null` for the unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from stream.core.cases import (
    Alert,
    Assignment,
    BodyStanding,
    Conflict,
    CoverageGap,
    CoverageSpan,
    Incident,
    Judgement,
    Obligation,
    Response,
    VerdictChange,
)
from stream.core.codec import Item
from stream.core.documents import Mention, Post
from stream.core.intervals import Elapsed, Interval, StatedInterval, elapsed
from stream.core.records import Rejected
from stream.intake import NEVER
from stream.ports import EVERYTHING, Filter, Store

PAGE = 1_000
NO_TIMES: dict[str, None] = {"min": None, "max": None}

Json = dict[str, Any]
T = TypeVar("T", bound=Item)


def write_all(store: Store, rejected: Iterable[Rejected], folder: Path) -> dict[str, int]:
    """Writes the five files and returns how many lines each has. Each appears whole or not at all."""
    return {
        "mentions": _write(folder / "mentions.jsonl", mentions(store)),
        "incidents": _write(folder / "incidents.jsonl", incidents(store)),
        "verdict_changes": _write(folder / "verdict_changes.jsonl", verdict_changes(store)),
        "alerts": _write(folder / "alerts.jsonl", alerts(store)),
        "rejected": _write(folder / "rejected.jsonl", rejections(store, rejected)),
    }


def mentions(store: Store) -> Iterator[Json]:
    """mentions.jsonl, by id."""
    heirs = heirs_of(store)
    page: list[Post] = []
    for post in items(store, Post):
        page.append(post)
        if len(page) == PAGE:
            yield from _assigned(store, page, heirs)
            page = []
    yield from _assigned(store, page, heirs)


def _assigned(store: Store, posts: list[Post], heirs: Mapping[str, str]) -> Iterator[Json]:
    found = store.get_many(Assignment, [post.id for post in posts])
    for post in posts:
        assignment = found[post.id].item if post.id in found else None
        assert assignment is None or isinstance(assignment, Assignment)
        yield mention(post.mention, assignment, heirs)


def heirs_of(store: Store) -> dict[str, str]:
    """Merged incidents and where each finally went; an assignment keeps the incident it was made to."""
    into = {one.id: one.merged_into for one in items(store, Incident, Filter(state="merged")) if one.merged_into}
    heirs: dict[str, str] = {}
    for merged in into:
        heir = merged
        for _ in into:
            if heir not in into:
                break
            heir = into[heir]
        heirs[merged] = heir
    return heirs


def mention(one: Mention, assignment: Assignment | None, heirs: Mapping[str, str]) -> Json:
    """One line of mentions.jsonl."""
    incident = assignment.incident if assignment else None
    return {
        "id": one.id,
        "incident": heirs.get(incident, incident) if incident else None,
        "duplicate_of": assignment.duplicate_of if assignment else None,
        # What belongs to an incident is a public affair, whatever the post alone looks like.
        **{**reading(one), "relevant": one.relevant or incident is not None},
    }


def reading(one: Mention) -> Json:
    """What one post alone tells, without its place among others: the keys of `huiying read` but `id`."""
    return {
        "published": interval(one.published),
        "collected_at": None if one.collected_at == NEVER else one.collected_at,
        "relevant": one.relevant,
        "topics": one.topics,
        "emergency": one.emergency,
        "figures": one.figures,
        "severity": one.severity,
        "occurred": stated(one.occurred),
        "regions": one.regions,
        "bodies": one.bodies,
        "response": one.response,
        "content_sha256": one.content_sha256,
        "model_version": one.model_version,
    }


def incidents(store: Store) -> Iterator[Json]:
    """incidents.jsonl, by id."""
    joined: dict[str, list[str]] = {}
    heirs = heirs_of(store)
    for merged, heir in heirs.items():
        joined.setdefault(heir, []).append(merged)
    for incident in items(store, Incident):
        found = store.get_many(Judgement, [incident.id])
        judgement = found[incident.id].item if found else None
        assert judgement is None or isinstance(judgement, Judgement)
        own = [] if incident.id in heirs else [incident.id, *joined.get(incident.id, [])]
        members = sorted(post.id for one in own for post in items(store, Assignment, Filter(incident=one)))
        yield incident_line(incident, judgement, members)


def incident_line(incident: Incident, judgement: Judgement | None, members: list[str]) -> Json:
    """One line of incidents.jsonl."""
    first = incident.first_public
    return {
        "id": incident.id,
        "title": incident.title,
        "region": incident.regions[0] if incident.regions else None,
        "type": judgement.event_type if judgement else None,
        "topics": incident.topics,
        "state": incident.state,
        "merged_into": incident.merged_into,
        "closed_at": incident.closed_at,
        "members": members,
        "first_public": {"interval": interval(first.interval), "mention": first.mention},
        "occurred": interval(judgement.occurred) if judgement else None,
        "severity": judgement.severity if judgement else None,
        "figures": [_figure(one) for one in (judgement.figures if judgement else incident.figures)],
        "gate": judgement.gate if judgement else None,
        "responsible": judgement.responsible if judgement else [],
        "responses": [response(one, incident) for one in incident.responses],
        "obligations": [obligation(one) for one in judgement.obligations] if judgement else [],
        "coverage": [span(one) for one in judgement.coverage] if judgement else [],
        "heat": incident.heat,
        "by_body": [standing(one) for one in judgement.by_body] if judgement else [],
        "conflicts": [conflict(one) for one in judgement.conflicts] if judgement else [],
        "gaps": [gap(one) for one in judgement.gaps] if judgement else [],
        "automatic": [obligation(one) for one in judgement.automatic] if judgement else [],
    }


def _figure(one: Any) -> Json:
    return {"name": one.name, "value": one.value, "mention": one.mention, "known_at": one.known_at}


def response(one: Response, incident: Incident) -> Json:
    """A response with how long it took: from the answered post, else from the incident's first public post."""
    start = one.answered or incident.first_public.interval
    took = elapsed(start, one.published) if one.published.earliest is not None else None
    return {
        "mention": one.mention,
        "answers": one.answers,
        "published": interval(one.published),
        "form": one.form,
        "issuer": one.issuer,
        "issuer_kind": one.issuer_kind,
        "is_authoritative": one.is_authoritative,
        "removed_at": one.removed_at,
        "elapsed_s": seconds(took) if took else NO_TIMES,
    }


def obligation(one: Obligation) -> Json:
    """One obligation of incidents.jsonl."""
    start = {**(interval(one.start) or {}), "basis": one.basis} if one.start else None
    return {
        "rule": one.rule,
        "rule_version": one.rule_version,
        "modality": one.modality,
        "body": one.body,
        "clock": one.clock,
        "start": start,
        "due": one.due,
        "verdict": one.verdict,
        "reason": one.reason,
        "satisfied_by": one.satisfied_by,
        "elapsed_s": seconds(one.elapsed_s) if one.elapsed_s else None,
        "evidence": one.evidence,
        "provisional": one.provisional,
    }


def span(one: CoverageSpan) -> Json:
    """One coverage span of incidents.jsonl."""
    return {
        "source": one.source, "from": one.from_at, "to": one.to_at, "reachable": one.reachable, "reason": one.reason,
    }  # fmt: skip


def standing(one: BodyStanding) -> Json:
    """What one body's own statements give, of incidents.jsonl."""
    return {
        "body": one.body, "role": one.role, "rule": one.rule, "verdict": one.verdict, "reason": one.reason,
        "satisfied_by": one.satisfied_by, "elapsed_s": seconds(one.elapsed_s) if one.elapsed_s else None,
    }  # fmt: skip


def conflict(one: Conflict) -> Json:
    """Authorities that give different figures, of incidents.jsonl."""
    stated_by = [
        {
            "issuer": figure.issuer, "value": figure.value, "mention": figure.mention, "known_at": figure.known_at,
            "published": interval(figure.published),
        }
        for figure in one.stated
    ]  # fmt: skip
    return {"name": one.name, "stated": stated_by, "known_at": one.known_at, "resolved_at": one.resolved_at}


def gap(one: CoverageGap) -> Json:
    """One stretch of a window that was not seen, of incidents.jsonl."""
    return {
        "rule": one.rule, "clock": one.clock, "body": one.body, "source": one.source, "from": one.from_at,
        "to": one.to_at, "reason": one.reason, "share": one.share, "counts": one.counts,
    }  # fmt: skip


def verdict_changes(store: Store) -> Iterator[Json]:
    """verdict_changes.jsonl, by `at`, incident, rule, then what tells equal ones apart."""
    changes = [change for judgement in items(store, Judgement) for change in judgement.changes]
    changes.sort(key=lambda one: (one.at, one.incident, one.rule, one.clock, one.body or "", one.known_at, one.id))
    return map(verdict_change, changes)


def verdict_change(one: VerdictChange) -> Json:
    """One line of verdict_changes.jsonl."""
    return {
        "id": one.id, "at": one.at, "known_at": one.known_at, "incident": one.incident, "rule": one.rule,
        "body": one.body, "clock": one.clock, "from": one.before, "to": one.after, "reason": one.reason,
    }  # fmt: skip


def alerts(store: Store) -> Iterator[Json]:
    """alerts.jsonl, by `at`, incident, rule."""
    found = sorted(items(store, Alert), key=lambda one: (one.at, one.incident or "", one.rule or "", one.id))
    for one in found:
        yield {
            "id": one.id, "at": one.at, "incident": one.incident, "topic": one.topic, "region": one.region,
            "rule": one.rule, "rung": one.rung, "kind": one.kind, "title": one.title, "text": one.text,
        }  # fmt: skip


def rejections(store: Store, unread: Iterable[Rejected]) -> Iterator[Json]:
    """rejected.jsonl: rows that could not be read, then messages a step could not use, by file, line and id."""
    found = [*unread, *items(store, Rejected)]
    found.sort(key=lambda one: (one.file or "", one.line or 0, one.of or "", one.step, one.reason))
    for one in found:
        yield {"file": one.file, "line": one.line, "id": one.of, "step": one.step, "reason": one.reason}


def items(store: Store, kind: type[T], where: Filter = EVERYTHING) -> Iterator[T]:
    """Every item of a kind, by id, a page at a time."""
    cursor: str | None = None
    while True:
        page = store.listing(kind, where, limit=PAGE, cursor=cursor)
        for stored in page.items:
            assert isinstance(stored.item, kind)
            yield stored.item
        cursor = page.cursor
        if cursor is None:
            return


def interval(one: Interval | None) -> Json | None:
    """`{"earliest", "latest", "precision", "source"}`."""
    if one is None:
        return None
    return {"earliest": one.earliest, "latest": one.latest, "precision": one.precision, "source": one.source}


def stated(one: StatedInterval | None) -> Json | None:
    """An interval with the words it was read from and the rules by which they were read."""
    return {**(interval(one) or {}), "text": one.text, "inference": one.inference} if one else None


def seconds(one: Elapsed) -> Json:
    """Whole seconds as integers."""
    return {"min": _whole(one.min), "max": None if one.max is None else _whole(one.max)}


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value


def line(value: Json) -> str:
    """One JSON line; instants are Shanghai's since they came in, so they carry +08:00."""
    return msgspec.json.encode(value).decode()


def _write(path: Path, lines: Iterable[Json]) -> int:
    count = 0
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="\n") as out:
        for one in lines:
            out.write(line(one) + "\n")
            count += 1
    unfinished.replace(path)
    return count
