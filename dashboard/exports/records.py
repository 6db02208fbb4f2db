"""What the tables are made of: incidents with what was ruled on them, and what people put on record. Newest words win;
a value that is not of the expected shape says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from dashboard.drawing import instant
from dashboard.exports.tables import Frame, one_line
from stream.core.cases import Judgement
from stream.core.documents import Entry
from stream.core.rules import Rule, Rules, version_of
from stream.hindsight import Record

_LINES = 20  # of one cell
_WORDS = 400  # characters of one line


class Review(Struct, frozen=True, kw_only=True):
    """What a person put down about one duty: None or empty where nothing was said."""

    who: str
    day: str
    done: bool | None
    problems: list[str]
    measures: list[str]
    units: list[str]
    materials_from: list[str]


class Reviews:
    """The newest `duty_review` by subject and rule, as known at the frame's instant."""

    def __init__(self, entries: Iterable[Entry], frame: Frame) -> None:
        self._found: dict[tuple[str, str | None], Entry] = {}
        for one in sorted(entries, key=lambda one: (one.collected_at, one.id)):
            if one.what == "duty_review" and one.collected_at <= frame.now:
                self._found[one.subject, one.rule] = one

    def of(self, subject: str, rule: str | None = None) -> Review | None:
        """What was said of this rule, else of the whole subject."""
        entry = self._found.get((subject, rule)) or self._found.get((subject, None))
        return None if entry is None else _review(entry)


def _review(entry: Entry) -> Review:
    value: dict[str, Any] = entry.value if isinstance(entry.value, dict) else {}
    done = value.get("done")
    return Review(
        who=one_line(entry.who, 40), day=instant(entry.collected_at)[:10],
        done=done if isinstance(done, bool) else None,
        problems=_lines(value.get("problems")), measures=_lines(value.get("measures")),
        units=_lines(value.get("units")), materials_from=_lines(value.get("materials_from")),
    )  # fmt: skip


def _lines(value: Any) -> list[str]:
    given = value if isinstance(value, list) else str(value).splitlines() if isinstance(value, str) else []
    found = [one_line(one, _WORDS) for one in given[:_LINES] if isinstance(one, str)]
    return [one for one in found if one]


class RuleBook:
    """Rules by id and version, for what a judgement names; and the names of its regions."""

    def __init__(self, rules: Rules, region_name: Callable[[str], str | None]) -> None:
        self.version = rules.version
        self.rules = rules.rules
        self._region_name = region_name
        self._rules = {(one.id, version_of(one)): one for one in rules.rules}
        self._newest = {one.id: one for one in rules.rules}

    def rule(self, id: str, version: str) -> Rule | None:
        """That version; where the book has it no more, the newest."""
        return self._rules.get((id, version)) or self._newest.get(id)

    def text(self, id: str, version: str) -> str:
        """What the rule demands, in the book's words; its id where it is unknown."""
        found = self.rule(id, version)
        return id if found is None else found.text

    def place(self, region: str | None) -> str:
        """A region's name, else its code."""
        return "地点不详" if region is None else self._region_name(region) or region


def chosen(records: Iterable[Record], frame: Frame) -> list[Record]:
    """Those first seen in the frame's span and region, that concern its body; oldest first."""
    found = [one for one in records if _is_wanted(one.judgement, frame)]
    return sorted(found, key=lambda one: (one.judgement.opened_at, one.judgement.id))


def _is_wanted(judgement: Judgement, frame: Frame) -> bool:
    at = judgement.opened_at
    return (
        (frame.since is None or at >= frame.since)
        and (frame.until is None or at < frame.until)
        and (frame.region is None or (judgement.region or "").startswith(frame.region))
        and (frame.body is None or frame.body in {one.body for one in judgement.obligations})
    )


def is_assumed(records: Sequence[Record]) -> bool:
    """Whether silence was taken for evidence anywhere."""
    return any(one.judgement.versions.get("coverage") == "assumed" for one in records)


def span_words(frame: Frame) -> str:
    """The period asked for, as a head field."""
    if frame.since is None and frame.until is None:
        return f"截至 {instant(frame.now)[:16]}"
    first = instant(frame.since)[:16] if frame.since else "起始"
    last = instant(frame.until)[:16] if frame.until else instant(frame.now)[:16]
    return f"{first} 至 {last}"
