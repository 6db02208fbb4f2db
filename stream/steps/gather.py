"""Which incident a post belongs to. One ordered reader; the open incidents stand in memory, rebuilt from the store.

Redelivery: an assignment says that a member has been counted. An irrelevant post opens no incident, though it may join
one ("the shop has reopened" says nothing by itself); where it joins none it leaves nothing. Seen again it must not join
what opened later, so it is considered only if it comes after the newest assignment: nothing has changed since then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from stream.core import heat as heats
from stream.core import incidents, moves
from stream.core.cases import Assignment, Incident, SourceCoverage, TopicHeat
from stream.core.codec import Item
from stream.core.decided import posts_of
from stream.core.documents import Coverage, Decision, Entry, Mention, Post, in_order
from stream.core.incidents import Lifetime
from stream.core.intervals import Interval
from stream.core.matching import OpenIncidents, Weights
from stream.core.placements import moved
from stream.core.publications import published
from stream.core.rules import Rules
from stream.core.scenes import OF_POSTS, Scene
from stream.errors import MessageRejected
from stream.ports import Filter, State
from stream.steps import chain
from stream.steps.shards import Shards, shards_of

MERGES_FOLLOWED = 20


class PlaceReason(StrEnum):
    """Why a post is in its incident, beside stream.core.matching.MatchReason."""

    OPENED = "opened"
    ANSWERS = "answers_member"
    HAS_ANSWER = "has_answer"
    AWAITED = "answer_came_first"
    DECIDED = "decided"
    REJECTED = "rejected"


class GatherRules(Struct, frozen=True, kw_only=True):
    """Everything that can be set about gathering."""

    weights: Weights = field(default_factory=Weights)
    lifetime: Lifetime = field(default_factory=Lifetime)
    incident_spike: heats.SpikeRule = field(default_factory=heats.SpikeRule)
    topic_spike: heats.SpikeRule = field(default_factory=lambda: heats.SpikeRule(least=20, needs_history=True))


class Placed(Struct, frozen=True):
    """Where a post goes: the incident as it stands, why, and the time of what it answers."""

    incident: Incident
    reason: str
    answered: Interval | None = None
    is_opened: bool = False


class Gather:
    """Implements stream.ports.Step."""

    name = "gather"
    timer: type[Item] | None = Incident

    def __init__(self, rules: GatherRules | None = None, book: Rules | None = None) -> None:
        """`book`: the rules by which the record of a decision says what stood before it and after."""
        self.rules = rules or GatherRules()
        self._book = book
        self._alive: dict[str, Incident] = {}
        self._index = OpenIncidents(self.rules.weights)
        self._passed: tuple[datetime, str] | None = None
        self._shards = Shards()

    def looks_at(self, message: object) -> Iterable[tuple[type[Item], str]]:
        """See stream.ports.Step."""
        if isinstance(message, Mention):
            yield Assignment, message.id
            if message.answers is not None:
                yield Assignment, message.answers
                yield Post, message.answers
            yield Incident, incidents.incident_id(message.id)
            if message.relevant:
                yield from ((TopicHeat, heats.series_id(*series)) for series in _series_of(message))
        elif isinstance(message, Decision):
            yield Assignment, message.incident_of
            yield Post, message.incident_of
        elif isinstance(message, Coverage):
            yield from ((SourceCoverage, shard) for shard in shards_of(message))
        if isinstance(message, Decision | Entry):
            yield from chain.looked_at(message)

    def handle(self, message: object, state: State) -> Iterable[object]:
        """See stream.ports.Step. Yields incidents whose facts changed, spikes of topics, and coverage as it is."""
        if isinstance(message, Mention):
            return self._mention(message, state)
        if isinstance(message, Decision):
            return self._decision(message, state)
        if isinstance(message, Entry):
            chain.enter(message, state)
            return []
        return self._coverage(message, state) if isinstance(message, Coverage) else []

    def tick(self, item: Item, now: datetime, state: State) -> Iterable[object]:
        """An incident was quiet for long enough: it closes; later it can no more reopen by itself."""
        if not isinstance(item, Incident):
            return []
        after = incidents.rung(item, now, self.rules.lifetime)
        self._keep(after, state)
        return [after] if after.state != item.state else []

    def rebuild(self, state: State, owns: Callable[[str], bool]) -> None:
        """See stream.ports.Step. One reader gathers everything: `owns` is always true."""
        self._shards = Shards()
        self._alive.clear()
        self._index = OpenIncidents(self.rules.weights)
        self._passed = None
        since = None
        for newest in state.listing(Assignment, Filter(), order="newest", limit=1):
            same_instant = state.each(Assignment, Filter(since=newest.collected_at))
            self._passed = max(in_order(one) for one in same_instant)
            # This step's own time, not the pipeline's clock: a replay runs in another year.
            since = newest.collected_at - self.rules.lifetime.quiet - self.rules.lifetime.reopens_within
        for where in (
            Filter(state="open"),
            Filter(state="closed", since=since),
            Filter(state="dismissed", since=since),
        ):
            for incident in state.each(Incident, where):
                self._remember(incident)

    def _coverage(self, row: Coverage, state: State) -> list[Coverage]:
        """A fact like any other: kept here, by the one reader of everything, before anybody judges by it."""
        state.put(row)
        self._shards.keep(row, state)
        return [row]

    # --- posts --------------------------------------------------------------------------------------------------------

    def _mention(self, mention: Mention, state: State) -> Iterator[object]:
        assignment = state.get(Assignment, mention.id)
        if assignment is not None:
            yield from self._again(mention, assignment, state)
            return
        placed = self._place(mention, state)
        if placed is None:
            return
        before = placed.incident
        duplicate_of = incidents.reprint_of(before, mention)
        incident = self._joined(placed, mention, duplicate_of)
        self._keep(incident, state)
        state.put(_assignment(mention, incident.id, placed.reason, duplicate_of))
        self._passed = max(self._passed or in_order(mention), in_order(mention))
        if placed.is_opened or _is_changed(before, incident):
            yield incident
        yield from self._count_topics(mention, state)

    def _joined(
        self, placed: Placed, mention: Mention, duplicate_of: str | None, since: datetime | None = None
    ) -> Incident:
        """The incident with the post in it: member, facts, spike, timer. `since`: when a person put it there."""
        incident = incidents.with_mention(placed.incident, mention, duplicate_of, since)
        incident = incidents.with_facts(incident, mention, placed.answered, duplicate_of)
        if placed.reason == PlaceReason.AWAITED:
            incident = incidents.with_answered(incident, mention)
        found = heats.spike(incident.heat.hourly, incident.hot, mention.collected_at, self.rules.incident_spike)
        if found is not None:
            incident = incidents.with_hot(incident, found)
        if since is not None:
            incident = moves.known_since(incident, mention.id, since, placed.incident)
        return incidents.awake(incident, since or mention.collected_at, self.rules.lifetime)

    def _again(self, mention: Mention, assignment: Assignment, state: State) -> Iterator[Incident]:
        """Redelivered, or observed again: no member more; a removal or a changed wording may bring facts."""
        if assignment.incident is None:
            return
        before = self._current(assignment.incident, state)
        if before is None or not (mention.is_new_content or mention.removed_at is not None):
            return
        incident = incidents.with_facts(before, mention, None, assignment.duplicate_of)
        if incident is not before:
            self._keep(incident, state)
        yield incident

    def _place(self, mention: Mention, state: State) -> Placed | None:
        """The incident for a post that has none; None if it is nobody's concern."""
        if mention.answers is not None:
            return self._place_answer(mention, mention.answers, state)
        own = self._current(incidents.incident_id(mention.id), state)
        if own is not None:
            return Placed(own, PlaceReason.AWAITED)
        # Out of order an irrelevant post is passed by: it was decided when it first came (see the module's docstring).
        if not mention.relevant and self._passed is not None and in_order(mention) <= self._passed:
            return None
        match = self._index.match(mention)
        if match.incident is not None:
            return Placed(self._alive[match.incident], match.reason)
        if not mention.relevant:
            return None
        return Placed(incidents.opened(mention, mention.collected_at), PlaceReason.OPENED, is_opened=True)

    def _place_answer(self, mention: Mention, answers: str, state: State) -> Placed:
        """A post that has an answer always belongs to an incident: its own is opened if it has none yet."""
        post = state.get(Post, answers)
        answered = published(post.mention) if post is not None else None
        incident = self._incident_of(answers, state)
        if incident is not None:
            return Placed(incident, PlaceReason.ANSWERS, answered)
        if post is None:
            opened = incidents.opened(mention, mention.collected_at, incidents.incident_id(answers))
            return Placed(opened, PlaceReason.ANSWERS, is_opened=True)
        return Placed(self._open_for(post, mention, state), PlaceReason.ANSWERS, answered, True)

    def _open_for(self, post: Post, cause: Mention | Decision, state: State) -> Incident:
        """An incident for a post that was passed by when it came, or that a person rejected: then its first one keeps
        its history, and this is another."""
        at, before = cause.collected_at, state.get(Assignment, post.id)
        is_taken = before is not None and state.get(Incident, incidents.incident_id(post.id)) is not None
        name = f"{post.id}|{cause.id}" if is_taken else post.id
        opened = incidents.opened(post.mention, at, incidents.incident_id(name))
        placed = Placed(opened, PlaceReason.HAS_ANSWER, is_opened=True)
        incident = self._joined(placed, post.mention, None)
        self._keep(incident, state)
        made = _assignment(post.mention, incident.id, placed.reason, None)
        state.put(made if before is None else moved(before, made, at))
        return incident

    def _count_topics(self, mention: Mention, state: State) -> Iterator[TopicHeat]:
        at = mention.collected_at
        for topic, region in _series_of(mention):
            before = state.get(TopicHeat, heats.series_id(topic, region)) or heats.topic_heat(topic, region, at)
            after = heats.topic_heated(before, at, self.rules.topic_spike)
            state.put(after)
            if after.hot is not before.hot:
                yield after

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _decision(self, decision: Decision, state: State) -> list[Incident]:
        """Decides, and puts on record what stood before and what stands now."""
        if chain.is_linked(decision, state):
            return self._decided(decision, state)
        before = self._scene(decision, state)
        settled = self._decided(decision, state)
        chain.record(decision, before, self._scene(decision, state), self._book, state)
        return settled

    def _scene(self, decision: Decision, state: State) -> Scene:
        posts = posts_of(decision) if decision.what in OF_POSTS else []
        return Scene(
            incident=self._incident_of(decision.incident_of, state),
            posts=tuple((post, self._incident_of(post, state)) for post in posts),
        )

    def _decided(self, decision: Decision, state: State) -> list[Incident]:
        """What a person decided. `value`: post ids for attach, split and reject (none: the post itself), a post of the
        other incident for merge; the rest is recorded and left to judge."""
        if told := self._told(decision, state):
            return told
        posts = posts_of(decision)
        if decision.what in ("attach", "reject", "split"):
            # All before anything is changed: a rejected message must leave the working set as it was.
            for id in posts:
                _known(id, state)
        incident = self._incident_of(decision.incident_of, state)
        if incident is None:
            post = _known(decision.incident_of, state)
            if decision.what == "reject":
                return []
            incident = self._open_for(post, decision, state)
        incident = incidents.with_decision(incident, decision)
        if incident.state == "open":
            incident = incidents.awake(incident, decision.collected_at, self.rules.lifetime)
        changed = {incident.id: incident}
        if decision.what == "merge":
            self._merge(incident, posts, decision, changed, state)
        elif decision.what == "attach":
            self._move(decision, incident.id, changed, state)
        elif decision.what == "reject":
            self._move(decision, None, changed, state)
        elif decision.what == "split":
            new = incidents.incident_id(f"{posts[0]}|{decision.id}")
            changed[new] = incidents.opened(_known(posts[0], state).mention, decision.collected_at, new)
            self._move(decision, new, changed, state)
        return self._settle(decision, changed, state)

    def _settle(self, decision: Decision, changed: dict[str, Incident], state: State) -> list[Incident]:
        """Every incident that changed knows why: so a decision seen again is known, wherever its posts are now."""
        settled = [incidents.recorded(changed[id], decision) for id in sorted(changed)]
        for incident in settled:
            self._keep(incident, state)
        return settled

    def _told(self, decision: Decision, state: State) -> list[Incident]:
        """The incidents that already know of this decision."""
        found = {one.id: one for one in self._alive.values() if incidents.is_told(one, decision)}
        for post in (decision.incident_of, *posts_of(decision)):
            assignment = state.get(Assignment, post)
            merged = state.get(Incident, assignment.incident) if assignment and assignment.incident else None
            if merged is not None and incidents.is_told(merged, decision):
                found[merged.id] = merged
        return [found[id] for id in sorted(found)]

    def _merge(
        self, target: Incident, posts: list[str], decision: Decision, changed: dict[str, Incident], state: State
    ) -> None:
        for post in posts:
            source = self._incident_of(post, state)
            if source is not None and source.id != target.id:
                target, gone = moves.merged(target, source, decision.collected_at)
                changed |= {target.id: target, gone.id: gone}

    def _move(self, decision: Decision, target: str | None, changed: dict[str, Incident], state: State) -> None:
        """Takes the posts out of their incidents and into the one with id `target` (None: into none)."""
        for id in posts_of(decision):
            post, assignment = _known(id, state), state.get(Assignment, id)
            source = self._current(assignment.incident, state) if assignment and assignment.incident else None
            if source is not None and source.id == target:
                continue
            if assignment is not None and source is not None:
                left = changed.get(source.id, source)
                changed[source.id] = moves.without(left, [(id, assignment.collected_at)], decision.collected_at)
            if target is not None:
                placed = Placed(changed[target], PlaceReason.DECIDED)
                changed[target] = self._joined(placed, post.mention, None, decision.collected_at)
            reason = PlaceReason.REJECTED if target is None else PlaceReason.DECIDED
            state.put(moved(assignment, _assignment(post.mention, target, reason, None), decision.collected_at))

    # --- the working set ----------------------------------------------------------------------------------------------

    def _incident_of(self, post: str, state: State) -> Incident | None:
        """The incident a post stands in, or the one that was opened when its answer came first."""
        assignment = state.get(Assignment, post)
        if assignment is not None:
            return self._current(assignment.incident, state) if assignment.incident else None
        return self._current(incidents.incident_id(post), state)

    def _current(self, id: str, state: State) -> Incident | None:
        """The incident, or the one it was merged into."""
        for _ in range(MERGES_FOLLOWED):
            incident = self._alive.get(id) or state.get(Incident, id)
            if incident is None or incident.merged_into is None:
                return incident
            id = incident.merged_into
        return None

    def _keep(self, incident: Incident, state: State) -> None:
        state.put(incident)
        self._remember(incident)

    def _remember(self, incident: Incident) -> None:
        if incidents.is_alive(incident):
            self._alive[incident.id] = incident
            self._index.put(incident)
        else:
            self._alive.pop(incident.id, None)
            self._index.remove(incident.id)


def _known(post: str, state: State) -> Post:
    found = state.get(Post, post)
    if found is None:
        raise MessageRejected("unknown_post", f"决定所指的帖子 {post} 不存在")
    return found


def _assignment(mention: Mention, incident: str | None, reason: str, duplicate_of: str | None) -> Assignment:
    return Assignment(
        id=mention.id, collected_at=mention.collected_at, incident=incident, duplicate_of=duplicate_of, reason=reason
    )


def _is_changed(before: Incident, after: Incident) -> bool:
    """Whether something changed that a verdict may rest on; heat, terms and members are not."""
    return not all(
        getattr(before, name) is getattr(after, name) or getattr(before, name) == getattr(after, name)
        for name in ("state", "first_public", "regions", "topics", "bodies", "emergencies", "occurred", "figures",
                     "responses", "hot", "known")
    )  # fmt: skip


def _series_of(mention: Mention) -> list[tuple[str, str | None]]:
    """What this post counts in: each topic, and each topic in the post's prefecture."""
    topics = [one.topic for one in mention.topics if one.score >= incidents.TOPIC_SCORE]
    if not mention.regions:
        return [(topic, None) for topic in topics]
    prefecture = mention.regions[0][:4] + "00"
    return [(topic, region) for topic in topics for region in (None, prefecture)]
