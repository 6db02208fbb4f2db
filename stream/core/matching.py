"""Which open incident a post belongs to: an inverted index over rare terms, and a score with a named reason.

A term is `hash << 8 | rarity` (rarity in quarter bits), as the fingerprint reader makes it. An incident's term carries
in its upper bits how many of its posts had it: the stored incident alone gives back everything that matching needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

from stream.core.cases import Incident
from stream.core.documents import Emergency, Figures, Mention

DAY = timedelta(days=1)
ACCIDENT = "事故灾难"
TERMS_KEPT = 64
TERMS_SLACK = 24  # cut back only now and then: sorting on each post cost a third of the step
SUPPORT_SHIFT = 40
SUPPORT_LIMIT = 4095
_NO_FIGURES = Figures()
_ONE = 1 << SUPPORT_SHIFT
_TERM_MASK = (1 << SUPPORT_SHIFT) - 1


class MatchReason(StrEnum):
    """Why a post was or was not counted to an incident."""

    SHARED_TERMS = "shared_terms"
    ANSWER = "answer_to_incident"
    NOTHING_SHARED = "nothing_shared"
    TOO_WEAK = "too_weak"
    OTHER_PLACE = "other_place"


class Weights(Struct, frozen=True, kw_only=True):
    """What counts how much; integers, in quarter bits of surprise. Found on one half of a labelled week."""

    common: int = 48  # rarity below which a shared term says nothing
    enough: int = 76  # score that joins a post to an incident
    enough_for_answer: int = 44  # an answer has no event of its own: it must belong somewhere
    enough_for_aside: int = 80  # a post that is no public affair by itself
    cover: int = 22  # of 100: part of the post's own weight that must be shared
    cover_for_answer: int = 16  # of 100: an answer speaks in its own words
    leading: int = 8  # of its terms that make up the post's own weight: about a title
    core_share: int = 4  # a term is the incident's core if one in so many of its posts has it …
    core_posts: int = 3  # … and at least so many
    core_factor: int = 2
    same_place: int = 14
    same_body: int = 24
    same_kind: int = 8
    same_event: int = 24  # one disaster or accident of that subtype in one place within a day
    same_figure: int = 16
    other_place: int = 40
    another_accident: int = 10_000  # an accident has one place: the same headline about another place is another one
    other_kind: int = 10
    most_context: int = 86  # all that may be added to shared terms
    per_idle_day: int = 6  # the longer an incident was quiet, the more must be shared
    crowded: int = 60  # open incidents with a term beyond which it is not even looked up


class Match(Struct, frozen=True, kw_only=True):
    """The decision: the incident (or None), its score, and why."""

    incident: str | None
    score: int
    reason: MatchReason


class Profile:
    """The matchable view of one open incident; made from the stored incident and nothing else."""

    __slots__ = ("bodies", "events", "figures", "incident", "kinds", "last_at", "posts", "reaches", "terms")

    def __init__(self) -> None:
        self.incident: Incident | None = None
        self.terms: dict[int, int] = {}

    def learn(self, incident: Incident, common: int) -> dict[int, int]:
        """Takes over what changed; returns the terms as they were."""
        known, self.incident = self.incident, incident
        self.posts = max(1, incident.heat.posts)
        self.last_at = incident.heat.hourly[-1][0] if incident.heat.hourly else incident.opened_at
        if known is None or known.regions is not incident.regions:
            self.reaches = reaches(incident.regions)
        if known is None or known.bodies is not incident.bodies:
            self.bodies = frozenset(incident.bodies)
        if known is None or known.figures is not incident.figures:
            self.figures = frozenset((one.name, one.value) for one in incident.figures)
        if known is None or known.emergencies is not incident.emergencies:
            events = [one.emergency for one in incident.emergencies]
            self.kinds = frozenset(one.type for one in events if one.type)
            self.events = frozenset(one.subtype for one in events if is_one_of_a_kind(one))
        before = self.terms
        if known is None or known.terms is not incident.terms:
            self.terms = {term & _TERM_MASK: term >> SUPPORT_SHIFT for term in incident.terms if term & 0xFF > common}
        return before


class OpenIncidents:
    """The working set's index. Deterministic: ties go to the smaller incident id."""

    def __init__(self, weights: Weights | None = None) -> None:
        self._weights = weights or Weights()
        self._profiles: dict[str, Profile] = {}
        # Tuples: nearly every term has one incident, and 300,000 small sets would cost 60 MiB.
        self._by_term: dict[int, tuple[str, ...]] = {}
        self._support: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._profiles)

    def put(self, incident: Incident) -> None:
        """Adds an incident, or replaces what is known of it."""
        profile = self._profiles.get(incident.id)
        if profile is None:
            profile = self._profiles[incident.id] = Profile()
        old = profile.learn(incident, self._weights.common)
        new = profile.terms
        if new is old:
            return
        support = self._support
        for term, count in new.items():
            known = old.get(term)
            if known == count:
                continue
            if known is not None:
                support[term] += count - known
            else:
                support[term] = support.get(term, 0) + count
                self._by_term[term] = (*self._by_term.get(term, ()), incident.id)
        if not old.keys() <= new.keys():
            self._forget(incident.id, {term: old[term] for term in old.keys() - new.keys()})

    def remove(self, id: str) -> None:
        """It is matched no more; unknown ids are ignored."""
        if profile := self._profiles.pop(id, None):
            self._forget(id, profile.terms)

    def match(self, mention: Mention) -> Match:
        """The best incident for this post, if one is good enough."""
        own, shared = self._shared(mention.fingerprint)
        best: tuple[int, str] | None = None
        weights = self._weights
        enough = self._enough(mention)
        # Most candidates share one common term: no context can lift them over the threshold.
        floor = max(enough - weights.most_context, own * self._cover(mention) // 100)
        view = _View(mention)
        for id, points in shared.items():
            if points < floor:
                continue
            score = points + self._context(view, self._profiles[id])
            if best is None or (-score, id) < (-best[0], best[1]):
                best = score, id
        if best is None:
            reason = MatchReason.TOO_WEAK if shared else MatchReason.NOTHING_SHARED
            return Match(incident=None, score=0, reason=reason)
        return self._decide(mention, view, best, enough)

    def _enough(self, mention: Mention) -> int:
        if not mention.relevant:
            return self._weights.enough_for_aside
        return self._weights.enough if mention.response is None else self._weights.enough_for_answer

    def _cover(self, mention: Mention) -> int:
        return self._weights.cover if mention.response is None else self._weights.cover_for_answer

    def _forget(self, id: str, terms: Mapping[int, int]) -> None:
        for term, count in terms.items():
            ids = tuple(one for one in self._by_term[term] if one != id)
            if ids:
                self._by_term[term] = ids
                self._support[term] -= count
            else:
                del self._by_term[term], self._support[term]

    def _shared(self, fingerprint: list[int]) -> tuple[int, dict[str, int]]:
        """The post's own weight, and per incident the weight of what both have."""
        weights = self._weights
        own = 0
        shared: dict[str, int] = {}
        for place, term in enumerate(fingerprint):
            weight = (term & 0xFF) - weights.common
            if weight <= 0:
                continue
            ids = self._by_term.get(term, ())
            points = _thinned(weight, len(ids))
            own += points if place < weights.leading else 0
            if len(ids) > weights.crowded or not points:
                continue
            total = self._support.get(term, 0)
            for id in ids:
                profile = self._profiles[id]
                count = profile.terms[term]
                mine = points
                if count >= weights.core_posts and count * 2 > total:
                    # Most of the posts that say it are in this incident: it is this incident's word, however many
                    # strays carry it too.
                    is_core = count * weights.core_share >= profile.posts
                    mine = weight * weights.core_factor if is_core else weight
                shared[id] = shared.get(id, 0) + mine
        return own, shared

    def _context(self, view: _View, profile: Profile) -> int:
        """What place, bodies, kind, figures and time say for or against."""
        weights = self._weights
        points = 0
        if view.reaches and profile.reaches:
            is_near = touch(view.reaches, profile.reaches)
            if not is_near and view.kind == ACCIDENT and ACCIDENT in profile.kinds:
                return -weights.another_accident
            points += weights.same_place if is_near else -weights.other_place
        if view.bodies and not profile.bodies.isdisjoint(view.bodies):
            points += weights.same_body
        if view.kind and profile.kinds:
            points += weights.same_kind if view.kind in profile.kinds else -weights.other_kind
            if (
                view.event in profile.events
                and touch(view.reaches, profile.reaches)
                and view.collected_at - profile.last_at < DAY
            ):
                points += weights.same_event
        if view.figures and not profile.figures.isdisjoint(view.figures):
            points += weights.same_figure
        idle = (view.collected_at - profile.last_at).days
        return points - weights.per_idle_day * idle if idle > 0 else points

    def _decide(self, mention: Mention, view: _View, best: tuple[int, str], enough: int) -> Match:
        score, id = best
        if score >= enough:
            reason = MatchReason.ANSWER if mention.response is not None else MatchReason.SHARED_TERMS
            return Match(incident=id, score=score, reason=reason)
        theirs = self._profiles[id].reaches
        is_near = score + self._weights.other_place >= enough
        elsewhere = is_near and bool(view.reaches and theirs) and not touch(view.reaches, theirs)
        reason = MatchReason.OTHER_PLACE if elsewhere else MatchReason.TOO_WEAK
        return Match(incident=None, score=score, reason=reason)


class _View:
    """What of a post is compared with every candidate."""

    __slots__ = ("bodies", "collected_at", "event", "figures", "kind", "reaches")

    def __init__(self, mention: Mention) -> None:
        self.collected_at = mention.collected_at
        self.reaches = reaches(mention.regions[:2])
        self.bodies = mention.bodies
        self.kind = mention.emergency.type
        self.event = mention.emergency.subtype if is_one_of_a_kind(mention.emergency) else None
        self.figures = figures_of(mention)


def _thinned(weight: int, incidents: int) -> int:
    """A term that many open incidents have tells them apart less."""
    if incidents <= 2:
        return weight
    if incidents <= 5:
        return weight * 3 // 4
    if incidents <= 12:
        return weight // 2
    return weight // 4 if incidents <= 30 else weight // 8


def figures_of(mention: Mention) -> list[tuple[str, int]]:
    """The stated figures as (name, value)."""
    figures = mention.figures
    if figures == _NO_FIGURES:
        return []
    return [(name, value) for name in figures.__struct_fields__ if (value := getattr(figures, name)) is not None]


def is_one_of_a_kind(emergency: Emergency) -> bool:
    """Whether one place seldom has two such events on one day: disasters and accidents, not crimes."""
    return emergency.is_emergency and emergency.subtype is not None and emergency.type in ("自然灾害", "事故灾难")


def reach(region: str) -> str:
    """The digits of a GB/T 2260 code that say something: two for a province, four for a prefecture, six below."""
    if region[2:] == "0000":
        return region[:2]
    return region[:4] if region[4:] == "00" else region


def reaches(regions: list[str]) -> tuple[str, ...]:
    """The prefectures (or whole provinces) that are named, as leading digits."""
    return tuple(dict.fromkeys(reach(one)[:4] for one in regions[:4]))


def touch(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """Whether both name one prefecture, or one a province and the other a place in it."""
    return any(mine.startswith(one) or one.startswith(mine) for mine in ours for one in theirs)


def with_terms(terms: list[int], fingerprint: list[int]) -> list[int]:
    """An incident's terms after one more post: at most TERMS_KEPT + TERMS_SLACK."""
    return joined_terms(terms, [_ONE | term for term in fingerprint])


def joined_terms(terms: list[int], others: list[int]) -> list[int]:
    """Two incidents' terms with their support added up, in order of first appearance."""
    support = {term & _TERM_MASK: term for term in terms}
    for other in others:
        term = other & _TERM_MASK
        known = support.get(term, term)
        support[term] = min(known + other - term, SUPPORT_LIMIT << SUPPORT_SHIFT | term)
    joined = list(support.values())
    if len(joined) <= TERMS_KEPT + TERMS_SLACK:
        return joined
    # What only one old post had goes first: a later post is likelier to repeat what came last.
    last = sorted(range(len(joined)), key=lambda place: (-(joined[place] >> SUPPORT_SHIFT), -place))[:TERMS_KEPT]
    return [joined[place] for place in sorted(last)]
