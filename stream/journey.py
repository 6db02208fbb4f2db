"""THE MAP: the ordered steps; what each reads, writes and is keyed by. Read this second, after the README."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Leg(Struct, frozen=True, kw_only=True):
    """One step of the journey. `order`: "any" = stateless, scales with cores; "one" = one ordered reader."""

    step: str
    reads: tuple[str, ...]
    writes: str
    key: str
    order: Literal["any", "keyed", "one"]
    does: str


JOURNEY: tuple[Leg, ...] = (
    Leg(step="extract", reads=("pages",), writes="articles", key="post id", order="any",
        does="body, time, author pseudonym; masks personal data"),
    Leg(step="classify", reads=("articles",), writes="mentions", key="post id", order="any",
        does="everything that one post alone tells"),
    Leg(step="gather", reads=("mentions",), writes="incidents", key="incident", order="one",
        does="which incident; a reprint; an answer to what; heat"),
    Leg(step="judge", reads=("incidents",), writes="judgements", key="incident", order="keyed",
        does="severity → obligations → verdicts; tick"),
    Leg(step="alert", reads=("judgements",), writes="alerts", key="incident", order="keyed",
        does="who is told, when, once"),
)  # fmt: skip

STEPS = tuple(leg.step for leg in JOURNEY)
TOPICS = ("pages", *(leg.writes for leg in JOURNEY))


def leg(step: str) -> Leg:
    """The leg of a step; KeyError if there is none."""
    return {one.step: one for one in JOURNEY}[step]


def rejected_topic(step: str) -> str:
    """Where a step's rejects go; derived, never typed."""
    return f"{step}.rejected"
