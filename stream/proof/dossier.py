"""Collects what proves a verdict, from the store and the vault, as the parts of an evidence file.

The same data give the same bytes: nothing here reads a clock, and what became known after the instant asked for is left
out. What was issued before is left out too, or issuing twice would differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from stream.core.cases import Assignment, CaseFile, Incident, Judgement
from stream.core.documents import Post, Version
from stream.core.judgement import judge_incident
from stream.core.records import AuditEntry
from stream.errors import UsageError
from stream.ports import Backends, Evidence, Filter, Store
from stream.proof import parts as names
from stream.proof.book import Book, read_book
from stream.proof.computation import computation
from stream.proof.facts import cited, facts_at
from stream.proof.judging import Asked
from stream.proof.pages import captured
from stream.proof.parts import Captured, Manifest, Part, Polled, Told, Versions, Wording, document, lines, sha256
from stream.proof.programs import judging_sha256, reading_sha256, software
from stream.proof.readme import README
from stream.proof.rereading import Listed
from stream.state import BatchState, Cache
from stream.steps.shards import LazySpans, Shards, days_of

QUOTE = 200
MERGES_FOLLOWED = 20
_PERSONAL = frozenset(("post", "complaint"))


class Configuration(Struct, frozen=True, kw_only=True):
    """The configuration's own files (parts `rules.yaml`, `authorities.yaml`, `channels.json`), and the encoding that
    sources.yaml names, by source."""

    parts: dict[str, bytes]
    encodings: dict[str, str]


class Dossier(Struct, frozen=True, kw_only=True):
    """The parts of one evidence file, and what they prove. `is_current`: nothing else stands ruled in the store."""

    parts: dict[str, bytes]
    incident: Incident
    judgement: Judgement
    as_of: datetime
    is_current: bool


def find_incident(store: Store, identity: str) -> Incident:
    """The incident of that id, or the one that holds the post of that id, as the judge last received it. Raises
    UsageError."""
    for _ in range(MERGES_FOLLOWED):
        found = store.get_many(Incident, [identity])
        if identity in found:
            break
        assigned = store.get_many(Assignment, [identity])
        item = assigned[identity].item if identity in assigned else None
        if not isinstance(item, Assignment) or item.incident is None:
            raise UsageError(f"没有编号为 {identity} 的事件或信息；请用事件编号（i-…）或其中一条信息的 id")
        identity = item.incident
    files = store.get_many(CaseFile, [identity])
    case = files[identity].item if identity in files else None
    if isinstance(case, CaseFile):
        return case.incident
    incident = found[identity].item
    assert isinstance(incident, Incident)
    return incident


def dossier(backends: Backends, configuration: Configuration, identity: str, at: datetime | None) -> Dossier:
    """Everything that proves what was ruled on an incident at `at` (None: as it stands ruled). Raises UsageError."""
    store = backends.store
    incident = find_incident(store, identity)
    standing = _standing(store, incident)
    at = at or standing.collected_at
    if incident.opened_at > at:
        raise UsageError(f"{incident.id}：{at.isoformat()} 时还没有这个事件；请给出更晚的 --as-of")
    book = read_book(configuration.parts)
    is_assumed = standing.versions.get("coverage") == "assumed"
    incident = facts_at(incident, at)
    judgement, rows = _ruled(store, incident, book, (at, is_assumed))
    posts = _posts(store, incident, at)
    captures, files = _captures(backends.evidence, posts, configuration.encodings, at)
    told = [_told(id, roles, posts.get(id), at) for id, roles in sorted(cited(incident).items())]
    parts = {
        **configuration.parts, **files,
        names.README: README,
        names.INCIDENT: document(incident),
        names.JUDGEMENT: document(judgement),
        names.MENTIONS: lines(told),
        names.COVERAGE: lines(rows),
        names.CAPTURES: document(captures),
        names.AUDIT: lines(_audit(store, incident, at)),
        names.VERSIONS: document(_versions(book, posts)),
        names.COMPUTATION: computation(judgement, incident, book.rules, told).encode(),
    }  # fmt: skip
    parts[names.MANIFEST] = document(manifest(parts, incident.id, at, is_assumed))
    is_current = at < standing.collected_at or _same(judgement, standing)
    return Dossier(parts=parts, incident=incident, judgement=judgement, as_of=at, is_current=is_current)


def manifest(parts: Mapping[str, bytes], incident: str, as_of: datetime, is_assumed: bool) -> Manifest:
    """The list of all parts."""
    listed = [Part(name=one, size=len(parts[one]), sha256=sha256(parts[one])) for one in sorted(parts)]
    return Manifest(
        format=names.FORMAT, incident=incident, as_of=as_of, coverage="assumed" if is_assumed else "polled",
        parts=listed,
    )  # fmt: skip


def _standing(store: Store, incident: Incident) -> Judgement:
    found = store.get_many(Judgement, [incident.id])
    item = found[incident.id].item if incident.id in found else None
    if not isinstance(item, Judgement):
        raise UsageError(f"{incident.id}：尚未裁定；请等流水线处理到它")
    return item


def _ruled(store: Store, incident: Incident, book: Book, now: tuple[datetime, bool]) -> tuple[Judgement, list[Polled]]:
    """The judgement at an instant, and the fetch log that it was ruled by."""
    at, is_assumed = now
    if is_assumed:
        return judge_incident(incident, {}, book.rules, book.registry, at, True), []
    spans = LazySpans(Shards(), BatchState(store, Cache(0)), days_of(incident, at))
    asked = Asked(spans, at)
    return judge_incident(incident, asked, book.rules, book.registry, at), asked.rows()


def _same(judgement: Judgement, standing: Judgement) -> bool:
    """Whether the verdicts are those that stand in the store."""
    return (judgement.obligations, judgement.changes) == (standing.obligations, standing.changes)


# --- posts ------------------------------------------------------------------------------------------------------------


def _posts(store: Store, incident: Incident, at: datetime) -> dict[str, Post]:
    """The cited posts that are kept and had been seen by then."""
    found = store.get_many(Post, sorted(cited(incident)))
    posts = {id: one.item for id, one in found.items()}
    return {id: one for id, one in posts.items() if isinstance(one, Post) and _seen(one, at)}


def _seen(post: Post, at: datetime) -> list[Version]:
    """Its wordings as of then; a reading of before their captures were kept lends its own."""
    seen = [one for one in post.versions if one.collected_at <= at]
    if len(seen) == 1 and seen[0].capture is None and post.mention.content_sha256 == seen[0].content_sha256:
        return [
            Version(
                collected_at=seen[0].collected_at, content_sha256=seen[0].content_sha256, title=seen[0].title,
                text=seen[0].text, published=seen[0].published, capture=post.mention.capture,
            )
        ]  # fmt: skip
    return seen


def _told(id: str, roles: set[str], post: Post | None, at: datetime) -> Told:
    if post is None:
        return Told(id=id, cited_for=sorted(roles), kind=None, source=None, account=None, url=None, wordings=[])
    mention, is_personal = post.mention, post.mention.kind in _PERSONAL
    wordings = [
        Wording(
            collected_at=one.collected_at, published=one.published, title="" if is_personal else one.title,
            quote=(one.text.strip() or one.title)[:QUOTE], content_sha256=one.content_sha256,
            capture_sha256=one.capture.sha256 if one.capture else None,
        )
        for one in _seen(post, at)
    ]  # fmt: skip
    return Told(
        id=id, cited_for=sorted(roles), kind=mention.kind, source=mention.source,
        account=mention.account if mention.kind == "authority" else None, url=None if is_personal else mention.url,
        wordings=wordings,
    )  # fmt: skip


# --- captures ---------------------------------------------------------------------------------------------------------


def _captures(
    evidence: Evidence, posts: Mapping[str, Post], encodings: Mapping[str, str], at: datetime
) -> tuple[list[Captured], dict[str, bytes]]:
    """What was fetched of the cited posts; verbatim for authorities' channels alone."""
    rows: list[Captured] = []
    files: dict[str, bytes] = {}
    for _, post in sorted(posts.items()):
        for version in _seen(post, at):
            if version.capture is not None:
                row, record = _captured(evidence, post, version, encodings)
                rows.append(row)
                if row.part is not None and record is not None:
                    files[row.part] = record
    return rows, files


def _captured(
    evidence: Evidence, post: Post, version: Version, encodings: Mapping[str, str]
) -> tuple[Captured, bytes | None]:
    capture = version.capture
    assert capture is not None
    row = Captured(mention=post.id, collected_at=version.collected_at, sha256=capture.sha256, part=None, why=None)
    if capture.file is None:
        return replace(row, why="hash_only"), None
    if post.mention.kind != "authority":
        return replace(row, why="not_an_authority"), None
    try:
        record = evidence.record(capture)
    except KeyError:
        return replace(row, why="not_in_vault"), None
    except ValueError:
        return replace(row, why="altered"), None
    if record is None:
        return replace(row, why="not_an_authority"), None
    listed = Listed(
        url=post.mention.url, title=version.title, encoding=encodings.get(post.mention.source or ""),
        collected_at=version.collected_at,
    )  # fmt: skip
    return captured(post.id, record, listed), record


# --- the rest ---------------------------------------------------------------------------------------------------------


def _audit(store: Store, incident: Incident, at: datetime) -> list[AuditEntry]:
    """The links of the chain about this incident, in order; not those that record earlier evidence."""
    found: list[AuditEntry] = []
    cursor: str | None = None
    while True:
        page = store.listing(AuditEntry, Filter(incident=incident.id), limit=1_000, cursor=cursor)
        found += [one.item for one in page.items if isinstance(one.item, AuditEntry)]
        cursor = page.cursor
        if cursor is None:
            break
    # A decision that came with another incident when both became one is chained under that one.
    merged = store.get_many(AuditEntry, [one.id for one in incident.decisions])
    found += [one.item for one in merged.values() if isinstance(one.item, AuditEntry)]
    known = {one.seq: one for one in found if one.collected_at <= at and one.what != "evidence_issued"}
    return [known[seq] for seq in sorted(known)]


def _versions(book: Book, posts: Mapping[str, Post]) -> Versions:
    return Versions(
        software=software(), judging_sha256=judging_sha256(), reading_sha256=reading_sha256(),
        rules=book.rules.version, models=sorted({one.mention.model_version for one in posts.values()}),
    )  # fmt: skip
