"""One entry point for events: is it an emergency, how grave, when. Ordinary texts leave after one cheap look."""

from __future__ import annotations

from msgspec import Struct

from stream.core.documents import Emergency, Figures, Grade
from stream.core.intervals import Interval, StatedInterval
from stream.core.severity import grade
from stream.reading.abroad import foreign_names
from stream.reading.emergency import LEAD_CHARS, NOT_ONE, READ_CHARS, emergency
from stream.reading.figures import figures
from stream.reading.numerals import narrow
from stream.reading.occurrence import learnt, occurred
from stream.reading.triggers import may_report

# An article tells its event in the title and the first paragraphs; what stands below repeats it or is background, so
# this bound costs no reading and keeps a text of 10 MB as cheap as one of 6 KB.
MOST_CHARS = 3000


_POISONS = ("泄漏", "环境污染")  # accidents that make people ill


class Event(Struct, frozen=True):
    """What one post says of an event; all but `emergency` is empty when it reports none."""

    emergency: Emergency
    figures: Figures
    severity: Grade | None
    occurred: StatedInterval | None
    known: StatedInterval | None = None


NO_EVENT = Event(emergency=NOT_ONE, figures=Figures(), severity=None, occurred=None)


def read_event(title: str, text: str, anchor: Interval | None) -> Event:
    """The event that a post reports, `anchor` being the time of the post; NO_EVENT for ordinary texts."""
    if not (may_report(title[:200]) or may_report(text[:READ_CHARS])):
        return NO_EVENT
    title, text = narrow(title[:200]), narrow(text[:MOST_CHARS])
    kind = emergency(title, text)
    if not kind.is_emergency:
        return NO_EVENT
    when = occurred(title, text, anchor, None if kind.in_china else _country(title, text))
    numbers = figures(title, text, when, kind.type == "公共卫生" or kind.subtype in _POISONS)
    return Event(
        emergency=kind, figures=numbers, severity=grade(kind.type, kind.subtype, numbers), occurred=when,
        known=learnt(text, anchor) if kind.in_china else None,
    )  # fmt: skip


def _country(title: str, text: str) -> str | None:
    """The first foreign name: headline before lead."""
    named = foreign_names(title[:200]) or foreign_names(text[: LEAD_CHARS * 2])
    return named[0][1] if named else None
