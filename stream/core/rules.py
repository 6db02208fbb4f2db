"""Rules as data: the typed schema of config/rules.yaml, which rule is in force when and where, and its cross-checks.

Only `source.quote` is quotation; `text` is a paraphrase for display. A rule of which only the year is known is in
force from the following 1 January. `check_in_force` or `enabled: false` = off until a person turns it on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal

from msgspec import Struct, field

from stream.core.documents import EventType, Form, Grade, Level
from stream.core.intervals import SHANGHAI
from stream.core.severity import GRADES, SeverityScale

Modality = Literal["must", "in_principle", "advisory"]
Verify = Literal["statute", "gov_text", "press", "seed", "memory"]
ClockPoint = Literal[
    "occurred", "known", "opinion", "severity_evident", "formed", "received", "last_statement", "other",
]  # fmt: skip
Unit = Literal[
    "clock_hour", "working_day", "natural_day", "calendar_month", "calendar_year", "annual_date", "recurring", "daily",
    "tier", "per_year_min", "percent_min", "count_min", "promptly", "none",
]  # fmt: skip
Recurrence = Literal["every_week", "every_friday", "every_month", "every_quarter", "every_half_year", "every_year"]
Nature = Literal[
    "incident", "public_opinion", "rumor", "disclosure", "foi_request", "periodic", "consultation", "petition",
    "hotline", "policy_document", "quota", "plan", "task",
]  # fmt: skip
GradeOrNone = Literal["I", "II", "III", "IV", "ungraded"]

# 台湾, 香港, 澳门: the State Council office's documents bind the governments of provinces, autonomous regions and
# municipalities (and the ministries); the special administrative regions have laws of their own (基本法第十八条).
OWN_LAW = ("71", "81", "82")

COUNTED: tuple[Unit, ...] = ("clock_hour", "working_day", "natural_day", "calendar_month", "calendar_year")
UNNUMBERED: tuple[Unit, ...] = ("promptly", "none")


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of the rule book: strict and immutable."""


class Extension(Part, frozen=True, kw_only=True):
    """By how much a window may be extended, in its own unit; `needs` = the formalities; `grades`: only for these."""

    max: int
    needs: tuple[str, ...] = ()
    grades: tuple[Grade, ...] = ()


class Window(Part, frozen=True, kw_only=True):
    """How long. `by_grade` where it depends on the grade; `date` is MM-DD; `is_minimum`: at least so long."""

    unit: Unit
    value: int | None = None
    by_grade: dict[Grade, int] = field(default_factory=dict)
    extension: Extension | None = None
    date: str | None = None
    recurs: tuple[Recurrence, ...] = ()
    steps: tuple[str, ...] = ()
    is_minimum: bool = False


class Scope(Part, frozen=True, kw_only=True):
    """To what a rule applies; an empty tuple = no restriction. `gate`: one of the five gates of 61号 must be open."""

    natures: tuple[Nature, ...] = ()
    grades: tuple[GradeOrNone, ...] = ()
    categories: tuple[EventType, ...] = ()
    gate: bool = False
    document_types: tuple[str, ...] = ()
    season: str = ""


class Start(Part, frozen=True, kw_only=True):
    """From when. `text` = the rule's own words where no clock point says it; `by_channel` for ways of receipt; `day` =
    the very day, where the document fixes it (the day it was printed)."""

    point: ClockPoint = "other"
    alternates: tuple[ClockPoint, ...] = ()
    text: str = ""
    by_channel: dict[str, str] = field(default_factory=dict)
    suspended_by: tuple[str, ...] = ()
    restarted_by: str = ""
    exception: str = ""
    day: date | None = None


class Proof(Part, frozen=True, kw_only=True):
    """What satisfies a rule: the forms of response that count, and what is demanded of issuer and channel."""

    kind: str = ""
    forms: tuple[Form, ...] = ()
    min_level: Level | None = None
    issuer: str = ""
    channels: tuple[str, ...] = ()
    channels_all: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


class Source(Part, frozen=True, kw_only=True):
    """Where the rule stands; only `quote` may be shown in quotation marks; `verify` = how it was checked."""

    document: str
    verify: tuple[Verify, ...]
    quote: str = ""


class Override(Part, frozen=True, kw_only=True):
    """Another modality from `since` on, and why."""

    since: date
    modality: Modality
    why: str


class Jurisdiction(Part, frozen=True, kw_only=True):
    """Where a local rule holds: name and GB/T 2260 code."""

    name: str
    region: str


class Rule(Part, frozen=True, kw_only=True):
    """One duty. `judged`: "clock" = a verdict on each incident; "advisory" = shown on incidents, never late;
    "ledger" = a due date that a person keeps (disclosure, petitions, reports, quotas). `bodies`: the leading units as
    the document names them; `demand`: what is asked, in short; `deadline`: the document's own words for when."""

    id: str
    text: str
    judged: Literal["clock", "advisory", "ledger"]
    applies_to: Scope
    window: Window
    source: Source
    start: Start = Start()
    evidence: Proof = Proof()
    modality: Modality = "must"
    overrides: tuple[Override, ...] = ()
    effective_from: date | None = None
    effective_year: int | None = None
    effective_to: date | None = None
    jurisdiction: Jurisdiction | None = None
    enabled: bool = True
    check_in_force: bool = False
    note: str = ""
    bodies: tuple[str, ...] = ()
    demand: str = ""
    deadline: str = ""


class Gate(Part, frozen=True, kw_only=True):
    """One of the five gates of 国办发〔2016〕61号 二; `by_itself`: an emergency passes it without a person."""

    id: str
    text: str
    by_itself: bool = False


class ExemptGround(Part, frozen=True, kw_only=True):
    """A legal basis that a named person may quote. `excuses`: whether it can excuse a statement at all."""

    id: str
    basis: str
    verify: Verify
    effect: str = ""
    excuses: bool = True


class CoveragePolicy(Part, frozen=True, kw_only=True):
    """`grace_hours` after a deadline without a poll, silence becomes unknown_coverage_gap. `gap_share`: in thousandths
    of a window; stretches that no poll of a channel covers, together longer than that, do so too."""

    grace_hours: int = 6
    gap_share: int = 50


class Unified(Part, frozen=True, kw_only=True):
    """Unified publication: what a law lets only a higher authority publish. Where one of `words` stands in an
    incident's title or posts' subtypes, the issuer that is expected is that of `level`: the department that `topic`
    or `body` names. `since`: first day in force."""

    id: str
    words: tuple[str, ...]
    level: Level
    source: str
    verify: Verify
    topic: str | None = None
    body: str | None = None
    since: date | None = None


class Rules(Part, frozen=True, kw_only=True):
    """config/rules.yaml. `advisory_gap_hours` between releases is a hint only: no national text sets a frequency."""

    version: str
    gates: tuple[Gate, ...]
    exempt_grounds: tuple[ExemptGround, ...]
    severity: tuple[SeverityScale, ...]
    rules: tuple[Rule, ...]
    ungraded: dict[str, str] = field(default_factory=dict)
    coverage: CoveragePolicy = CoveragePolicy()
    unified: tuple[Unified, ...] = ()
    advisory_gap_hours: int = 24


def rule_named(rules: Rules, id: str, at: datetime | None = None) -> Rule | None:
    """The rule of that id: the version in force at `at`, else the newest one written."""
    versions = [rule for rule in rules.rules if rule.id == id]
    if at is not None and (standing := [rule for rule in versions if is_in_force(rule, at)]):
        return standing[-1]
    return versions[-1] if versions else None


def is_on(rule: Rule) -> bool:
    """Whether the rule is judged at all; one whose force is unchecked is off until a person turns it on."""
    return rule.enabled and not rule.check_in_force


def is_numbered(rule: Rule) -> bool:
    """Whether the rule sets a number. One that does not ("及时", no time at all) is advisory: it has no due date, and
    nobody is ever late by it."""
    return rule.window.unit not in UNNUMBERED


def in_force_from(rule: Rule) -> date | None:
    """First day in force; where only the year is known, the day after that year (its clock must not start earlier)."""
    if rule.effective_from is not None:
        return rule.effective_from
    return None if rule.effective_year is None else date(rule.effective_year + 1, 1, 1)


def is_in_force(rule: Rule, at: datetime) -> bool:
    """Whether this version was in force on the Shanghai day of `at`; both bounds inclusive."""
    day = at.astimezone(SHANGHAI).date()
    since = in_force_from(rule)
    return since is not None and since <= day and (rule.effective_to is None or day <= rule.effective_to)


def is_in_jurisdiction(rule: Rule, regions: Sequence[str]) -> bool:
    """National rules hold in the mainland and where no place is known; a local one where the incident's first (most
    specific) region lies in its own: an accident follows the place where it happened, not every place that its texts
    name."""
    if rule.jurisdiction is None:
        return not (regions and regions[0].startswith(OWN_LAW))
    return bool(regions) and regions[0].startswith(region_prefix(rule.jurisdiction.region))


def region_prefix(region: str) -> str:
    """The digits that every region within this one starts with (44 = a province, 4403 = a city)."""
    if region.endswith("0000"):
        return region[:2]
    return region[:4] if region.endswith("00") else region


def version_of(rule: Rule) -> str:
    """A rule's version: its effective date, or the year where only that is known."""
    return str(rule.effective_from or rule.effective_year or "")


def modality_at(rule: Rule, at: datetime) -> Modality:
    """The modality on the Shanghai day of `at`: the last override that had begun."""
    day = at.astimezone(SHANGHAI).date()
    begun = [one for one in rule.overrides if one.since <= day]
    return max(begun, key=lambda one: one.since).modality if begun else rule.modality


# --- huiying check ----------------------------------------------------------------------------------------------------


def problems(rules: Rules) -> list[str]:
    """Every cross-field fault as 「place：fault；remedy」; empty = sound."""
    found = [*_book_problems(rules), *_scale_problems(rules)]
    for index, rule in enumerate(rules.rules):
        place = f"$.rules[{index}]（{rule.id}）"
        found += [f"{place}.{fault}" for fault in (*_time_problems(rule), *_window_problems(rule), *_judged(rule))]
    return found


def _book_problems(rules: Rules) -> Iterator[str]:
    if not rules.version.strip():
        yield '$.version：不能为空；请写规则库版本，如 "2025.1"'
    for name, ids in (("gates", [one.id for one in rules.gates]),
                      ("exempt_grounds", [one.id for one in rules.exempt_grounds]),
                      ("severity", [one.id for one in rules.severity])):  # fmt: skip
        for id in sorted({one for one in ids if ids.count(one) > 1}):
            yield f"$.{name}：`{id}` 重复；请删去一条或改名"
    if not any(gate.by_itself for gate in rules.gates):
        yield "$.gates：没有一道门由突发事件自动打开；请给 incident 加上 by_itself: true"
    if rules.coverage.grace_hours < 0:
        yield "$.coverage.grace_hours：不能为负；请写 0 或正整数（小时）"
    if not 0 <= rules.coverage.gap_share <= 1000:
        yield "$.coverage.gap_share：必须在 0 到 1000 之间；请写千分比，如 50（5%）"
    if rules.advisory_gap_hours <= 0:
        yield "$.advisory_gap_hours：必须为正；请写小时数，如 24"
    yield from _overlaps(rules)


def _overlaps(rules: Rules) -> Iterator[str]:
    seen: dict[str, list[tuple[date, date]]] = {}
    for index, rule in enumerate(rules.rules):
        span = (in_force_from(rule) or date.min, rule.effective_to or date.max)
        if any(span[0] <= end and start <= span[1] for start, end in seen.get(rule.id, [])):
            yield f"$.rules[{index}]（{rule.id}）：与同名规则的有效期重叠；请给旧版本写 effective_to，或换一个 id"
        seen.setdefault(rule.id, []).append(span)


def _scale_problems(rules: Rules) -> Iterator[str]:
    for index, scale in enumerate(rules.severity):
        order = [GRADES.index(one.grade) for one in scale.thresholds]
        if not order or order != sorted(set(order)):
            yield f"$.severity[{index}]（{scale.id}）.thresholds：必须从 I 起由重到轻、每级一条；请重排"


def _time_problems(rule: Rule) -> Iterator[str]:
    if (rule.effective_from is None) == (rule.effective_year is None):
        yield "effective_from：与 effective_year 必须且只能写一个；请写生效日期，只知年份时写 effective_year"
    since = in_force_from(rule)
    if since is not None and rule.effective_to is not None and rule.effective_to < since:
        yield "effective_to：早于生效日；请改正日期"
    if rule.enabled and rule.check_in_force:
        yield "enabled：效力待核（check_in_force）的规则不能启用；核实后删去 check_in_force，或写 enabled: false"
    if rule.jurisdiction is not None and not re.fullmatch(r"[1-9]\d{5}", rule.jurisdiction.region):
        yield f"jurisdiction.region：`{rule.jurisdiction.region}` 不是 6 位行政区划代码；请改正"
    if not rule.source.document.strip() or not rule.source.verify:
        yield "source：缺文件名或核实方式；请补上 document 与 verify"


def _window_problems(rule: Rule) -> Iterator[str]:
    window = rule.window
    if window.unit in COUNTED and not window.by_grade and (window.value is None or window.value <= 0):
        yield f"window.value：单位 {window.unit} 需要正整数；请补上"
    if (window.unit == "annual_date") != (window.date is not None):
        yield "window.date：仅 annual_date 使用且必填；请写 MM-DD 或改单位"
    if window.date is not None and not _is_month_day(window.date):
        yield f'window.date：`{window.date}` 不是 MM-DD；请改正，如 "01-31"'
    if not is_numbered(rule) and (window.value is not None or window.by_grade or window.extension is not None):
        yield f"window.value：单位 {window.unit} 没有数字时限，绝不判超时；请删去数值，或改用有数字的单位"
    if rule.start.day is not None and window.unit not in COUNTED:
        yield f"start.day：单位 {window.unit} 不从某日起算；请删去，或改用 {'、'.join(COUNTED)}"
    if (window.unit == "recurring") != bool(window.recurs):
        yield "window.recurs：仅 recurring 使用且必填；请写周期，如 [every_month]"


def _is_month_day(text: str) -> bool:
    if not re.fullmatch(r"\d{2}-\d{2}", text):
        return False
    try:
        date.fromisoformat(f"2001-{text}")
    except ValueError:
        return False
    return True


def _judged(rule: Rule) -> Iterator[str]:
    if rule.judged == "ledger":
        return
    if rule.judged == "clock" and not is_numbered(rule):
        yield "judged：没有数字时限的规则只能提示，绝不判超时；请改为 advisory 或 ledger"
    elif rule.judged == "clock" and rule.window.unit != "clock_hour":
        yield "judged：逐事件裁定（clock）只支持 clock_hour；请改为 ledger"
    if rule.judged == "clock" and rule.start.point not in ("occurred", "opinion"):
        yield f"start.point：裁定不能从 {rule.start.point} 起算；请写 occurred 或 opinion"
    if not rule.evidence.forms:
        yield "evidence.forms：逐事件裁定需写明何种形式算回应；请补上"
