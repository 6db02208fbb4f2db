"""When a post was published, and when the response it holds was given."""

from __future__ import annotations

from stream.core.documents import Mention
from stream.core.intervals import Interval


def published(mention: Mention) -> Interval:
    """When it was published; unstated, some time before it was collected."""
    if mention.published is not None:
        return mention.published
    return Interval(earliest=None, latest=mention.collected_at, precision="unknown", source="collected")


def given(mention: Mention) -> Interval:
    """When a response was given: of a conference its actual start (domain.md, Evidence: "Time = actual start").

    A report that does not say when the conference began was written after it: that bounds the start from above alone,
    so a report in time proves a conference in time, and a late one proves nothing.
    """
    report, answer = published(mention), mention.response
    if answer is None or answer.form not in ("conference_held", "briefing"):
        return report
    held = answer.held
    if held is None or (held.earliest is not None and held.earliest > report.latest):
        return Interval(earliest=None, latest=report.latest, precision="unknown", source="report")
    return Interval(
        earliest=held.earliest, latest=min(held.latest, report.latest), precision=held.precision, source=held.source
    )
