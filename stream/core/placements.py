"""Where a post stood and stands. What gathering decided is never overwritten: a person's decision adds to it. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from stream.core.cases import Assignment, Placement


def moved(before: Assignment | None, after: Assignment, until: datetime) -> Assignment:
    """`after`, that a person's decision at `until` gives, with what stood before it."""
    left = Placement(
        incident=before.incident if before else None, duplicate_of=before.duplicate_of if before else None,
        reason=before.reason if before else None, until=until,
    )  # fmt: skip
    return replace(after, was=[*(before.was if before else []), left])


def first(made: Assignment) -> Placement | Assignment:
    """Where the post was put when it came, before any person's decision."""
    return made.was[0] if made.was else made
