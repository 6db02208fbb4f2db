"""Incidents as they stood at an instant: their posts and decisions up to then, told again to the step that gathers.

What was kept is not guessed anew: each post goes to the incident that its assignment names. Only incidents that changed
since are told again, with those that posts went to or came from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from msgspec.structs import replace

from stream.core.cases import Assignment, Incident
from stream.core.codec import Item
from stream.core.documents import Article, Decision, Mention, Post, Version, in_order
from stream.core.matching import Match, MatchReason, OpenIncidents
from stream.core.placements import first
from stream.core.scenes import OF_POSTS
from stream.errors import MessageRejected
from stream.outputs import items
from stream.ports import Filter, Order, State, Store
from stream.steps.gather import Gather, PlaceReason

T = TypeVar("T", bound=Item)
Read = Callable[[Article], Mention]

# A post with these reasons was put in its incident by another message than its own.
_BY_OTHERS = frozenset((None, PlaceReason.HAS_ANSWER))


def incidents_at(store: Store, at: datetime, read: Read) -> Iterator[Incident]:
    """Every incident opened by `at`, by id, as it stood then. `read` reads an earlier wording of a post again."""
    groups = _Groups(store)
    told: dict[str, Incident] = {}
    for incident in items(store, Incident):
        if incident.opened_at > at:
            continue
        if incident.collected_at <= at:
            yield incident
            continue
        if incident.id not in told:
            told |= _Telling(store, groups.of(incident.id), read).until(at)
        # Its posts are gone (retention): its facts say themselves since when they are known.
        yield told.pop(incident.id, incident)


def incident_at(store: Store, incident: Incident, at: datetime, read: Read) -> Incident:
    """One incident as it stood at `at`, as `incidents_at` tells it; it was open by then."""
    if incident.collected_at <= at:
        return incident
    return _Telling(store, _Groups(store).of(incident.id), read).until(at).get(incident.id, incident)


class _Groups:
    """Incidents between which people moved posts: they can only be told together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moves: dict[str, list[str]] = {}
        self._moved_by: dict[str, list[str]] = {}
        for incident in items(store, Incident):
            for decision in incident.decisions:
                if decision.what in OF_POSTS:
                    self._moves.setdefault(decision.id, []).append(incident.id)
                    self._moved_by.setdefault(incident.id, []).append(decision.id)

    def of(self, incident: str) -> dict[str, Incident]:
        """The incident and all that share a decision on posts with it, through any number of others."""
        found, waiting = {incident}, [incident]
        while waiting:
            for decision in self._moved_by.get(waiting.pop(), ()):
                news = set(self._moves[decision]) - found
                found |= news
                waiting += sorted(news)
        kept = self._store.get_many(Incident, sorted(found))
        return {id: one.item for id, one in kept.items() if isinstance(one.item, Incident)}


class _Telling:
    """A group's posts and decisions, in order, through the step."""

    def __init__(self, store: Store, group: Mapping[str, Incident], read: Read) -> None:
        self._group, self._read = group, read
        decisions = {one.id: one for incident in group.values() for one in incident.decisions}
        self._decisions = list(decisions.values())
        made = {one.id: one for id in group for one in items(store, Assignment, Filter(incident=id))}
        named = {one for decision in self._decisions if decision.what in OF_POSTS for one in _posts(decision)}
        kept = store.get_many(Assignment, sorted(named - set(made)))
        self._made = made | {id: one.item for id, one in kept.items() if isinstance(one.item, Assignment)}
        found = store.get_many(Post, sorted({*self._made, *named}))
        self._posts = [one.item for one in found.values() if isinstance(one.item, Post)]

    def until(self, at: datetime) -> dict[str, Incident]:
        """The incidents of the group that were open by `at`, as they stood then."""
        step, state = _Retold(self._made), _Memory()
        posts = {one.id: one for one in self._posts}
        for post in self._posts:
            if self._is_put_by_others(post):
                state.put(post)
        messages = [one for one in self._messages() if one.collected_at <= at]
        for message in sorted(messages, key=in_order):
            step.ring(message.collected_at, state, is_over=False)
            if isinstance(message, Mention):
                state.put(replace(posts[message.id], mention=message))
            try:
                list(step.handle(message, state))
            except MessageRejected:
                continue  # it was rejected then, too
        step.ring(at, state, is_over=True)
        found = {id: state.get(Incident, id) for id in self._group}
        return {id: one for id, one in found.items() if one is not None}

    def _is_put_by_others(self, post: Post) -> bool:
        made = self._made.get(post.id)
        return made is None or first(made).reason in _BY_OTHERS

    def _messages(self) -> Iterator[Mention | Decision]:
        yield from self._decisions
        removals = self._removals()
        for post in self._posts:
            if not self._is_put_by_others(post):
                yield from self._readings(post, removals.get(post.id))

    def _removals(self) -> dict[str, tuple[datetime, datetime]]:
        """When responses were withdrawn, and when that was known."""
        return {
            one.mention: (one.removed_at, one.removal_known_at or one.removed_at)
            for incident in self._group.values()
            for one in incident.responses
            if one.removed_at is not None
        }

    def _readings(self, post: Post, removal: tuple[datetime, datetime] | None) -> Iterator[Mention]:
        """Each wording of a post as it was read when it came, and its withdrawal."""
        newest = replace(post.mention, removed_at=None, is_new_content=True)
        versions = post.versions or [Version(collected_at=post.collected_at, content_sha256="", title="", text="")]
        reading = newest
        for one in versions:
            is_newest = one is versions[-1] or not (one.title or one.text)
            reading = replace(newest, collected_at=one.collected_at) if is_newest else self._reread(post, one)
            yield reading
        if removal is not None:
            yield replace(reading, removed_at=removal[0], collected_at=max(removal[1], reading.collected_at))

    def _reread(self, post: Post, version: Version) -> Mention:
        known = post.mention
        article = Article(
            id=post.id, collected_at=version.collected_at, source=known.source, url=known.url, account=known.account,
            kind=known.kind, title=version.title, text=version.text, published=version.published or known.published,
            author=None, site=post.site, region=None, heat=known.heat, answers=known.answers, removed_at=None,
            content_sha256=version.content_sha256,
        )  # fmt: skip
        read = self._read(article)
        # A row's own column of the region was not kept beside what was read from it.
        return replace(read, regions=known.regions or read.regions)


class _Retold(Gather):
    """Gathers again what was gathered once: a post's incident is the one that its assignment names."""

    def __init__(self, made: Mapping[str, Assignment]) -> None:
        super().__init__()
        self._index = _Remembered(made, self._alive)

    def ring(self, until: datetime, state: State, *, is_over: bool) -> None:
        """The timers up to `until`; at an equal instant facts come before them, so that one rings when `is_over`."""
        while due := sorted(self._due(until, is_over=is_over), key=lambda one: (one.due_at, one.id)):
            for incident in due:
                assert incident.due_at is not None
                list(self.tick(incident, incident.due_at, state))

    def _due(self, until: datetime, *, is_over: bool) -> Iterable[Incident]:
        for one in self._alive.values():
            if one.due_at is not None and (one.due_at < until or (is_over and one.due_at == until)):
                yield one


class _Remembered(OpenIncidents):
    """In the place of the index: what was found then."""

    def __init__(self, made: Mapping[str, Assignment], alive: Mapping[str, Incident]) -> None:
        super().__init__()
        self._made, self._alive = made, alive

    def put(self, incident: Incident) -> None:
        """Nothing is looked for."""

    def remove(self, id: str) -> None:
        """Nothing is looked for."""

    def match(self, mention: Mention) -> Match:
        """The incident of the post's assignment; none where the post opened it."""
        made = self._made.get(mention.id)
        placed = None if made is None else first(made).incident
        known = placed if placed in self._alive else None
        return Match(incident=known, score=0, reason=MatchReason.SHARED_TERMS)


class _Memory:
    """Implements stream.ports.State over nothing but what was put."""

    def __init__(self) -> None:
        self._items: dict[tuple[type[Any], str], Item] = {}

    def get(self, kind: type[T], id: str) -> T | None:
        return cast("T | None", self._items.get((kind, id)))

    def put(self, item: Item) -> None:
        self._items[type(item), item.id] = item

    def revision(self, kind: type[T], id: str) -> int:
        return 0

    def listing(self, kind: type[T], where: Filter, *, order: Order = "id", limit: int = 1000) -> list[T]:
        return []

    def each(self, kind: type[T], where: Filter) -> Iterator[T]:
        return iter(())


def _posts(decision: Decision) -> list[str]:
    """The posts that a decision names."""
    value = decision.value if isinstance(decision.value, list) else [decision.value]
    return [decision.incident_of, *(one for one in value if isinstance(one, str))]
