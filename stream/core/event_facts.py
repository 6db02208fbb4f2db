"""What posts say of an event: its nature, when it happened, when the authority learnt of it, what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from stream.core.cases import EmergencyFact, FigureFact, Incident, KnownFact, OccurredFact
from stream.core.documents import Mention
from stream.core.intervals import Interval, StatedInterval
from stream.core.matching import figures_of
from stream.core.publications import published

OCCURRED_KEPT = 16
VALUES_KEPT = 24  # distinct values of one figure that no authority gave; a toll is seldom revised that often


def with_event(incident: Incident, mention: Mention) -> Incident:
    """What the post says of the event that was not known; the same object when that is nothing."""
    issuer = _issuer(mention)
    changes: dict[str, object] = {}
    at = mention.collected_at
    emergency = mention.emergency
    if emergency.is_emergency and all(one.emergency != emergency for one in incident.emergencies):
        fact = EmergencyFact(emergency=emergency, mention=mention.id, known_at=at)
        changes["emergencies"] = [*incident.emergencies, fact]
    if mention.occurred is not None and _is_new_occurred(incident, mention, issuer):
        stated = OccurredFact(interval=mention.occurred, mention=mention.id, known_at=at)
        changes["occurred"] = [*incident.occurred, stated]
    if mention.known is not None and issuer is not None and _is_new_known(incident, mention.known):
        learnt = KnownFact(interval=mention.known, mention=mention.id, known_at=at)
        changes["known"] = [*incident.known, learnt]
    if figures := _new_figures(incident, mention, issuer):
        changes["figures"] = [*incident.figures, *figures]
    return replace(incident, **changes) if changes else incident


def _issuer(mention: Mention) -> str | None:
    """For whom a post speaks, if for an authority."""
    answer = mention.response
    if answer is None or not answer.is_authoritative:
        return None
    return answer.issuer or mention.account or answer.issuer_kind


def _is_new_occurred(incident: Incident, mention: Mention, issuer: str | None) -> bool:
    stated = mention.occurred
    if stated is None or any(one.mention == mention.id and one.interval == stated for one in incident.occurred):
        return False
    known = {(one.interval.earliest, one.interval.latest) for one in incident.occurred}
    limit = OCCURRED_KEPT * (2 if issuer else 1)
    return (stated.earliest, stated.latest) not in known and len(incident.occurred) < limit


def _is_new_known(incident: Incident, stated: StatedInterval) -> bool:
    known = {(one.interval.earliest, one.interval.latest) for one in incident.known}
    return (stated.earliest, stated.latest) not in known and len(known) < OCCURRED_KEPT


def _new_figures(incident: Incident, mention: Mention, issuer: str | None) -> list[FigureFact]:
    """What it counts that is news: another value, or the same one published at another time that may matter."""
    rumours = {(one.name, one.value) for one in incident.figures if one.issuer is None}
    said, news = published(mention), []
    for name, value in figures_of(mention):
        same = [one for one in incident.figures if (one.name, one.value) == (name, value)]
        # A rumour that only repeats an authority is no news; an authority that confirms a rumour is.
        kept = same if issuer is None else [one for one in same if one.issuer == issuer]
        is_crowded = issuer is None and sum(one == name for one, _ in rumours) >= VALUES_KEPT
        if (kept and not _is_out_of(kept, said, issuer)) or (not kept and is_crowded):
            continue
        fact = FigureFact(
            name=name, value=value, mention=mention.id, known_at=mention.collected_at, issuer=issuer, published=said
        )
        news.append(fact)
    return news


def _is_out_of(kept: Sequence[FigureFact], said: Interval, issuer: str | None) -> bool:
    """Whether it was published before all that say the same (then the gravity was evident sooner, whichever was seen
    first) or, by an authority, after them all (its newest count stands)."""
    times = [one.published for one in kept if one.published is not None]
    if not times:
        return True
    bounds = [one.earliest for one in times if one.earliest is not None]
    is_bounded = len(bounds) == len(times)
    is_before = said.latest < min(one.latest for one in times) or (
        is_bounded and (said.earliest is None or said.earliest < min(bounds))
    )
    return is_before or (issuer is not None and said.latest > max(one.latest for one in times))
