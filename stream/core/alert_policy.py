"""The shape of `config/alerts.yaml`: who is told of what, and when. Strict; `problems` names what the types cannot.

Spans are spoken as a number and a unit: `30m`, `3h`, `2d` (seconds, minutes, hours, days); in a ladder they stand
relative to the deadline, `-3h` before it, `+1h` after it.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from stream.core.cases import Verdict
from stream.core.documents import Grade
from stream.core.reasons import Reason

Span = Annotated[str, Meta(pattern=r"^[+-]?[0-9]{1,4}[smhd]$")]
Modality = Literal["must", "in_principle", "advisory"]
Kind = Literal["hot", "opened", "duty", "ladder", "verdict", "dead_man"]

# From the least to the most pressing: a channel's `min_kind` lets through its own kind and everything after it.
KINDS: tuple[Kind, ...] = ("hot", "opened", "duty", "ladder", "verdict", "dead_man")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Part(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the policy."""


class Rung(Part, frozen=True, kw_only=True):
    """One rung of the ladder: its name, and when it is due relative to the deadline."""

    rung: str
    at: Span


DEFAULT_RUNGS = (
    Rung(rung="T-3h", at="-3h"),
    Rung(rung="T-1h", at="-1h"),
    Rung(rung="T-30m", at="-30m"),
    Rung(rung="due", at="0m"),
    Rung(rung="overdue", at="+1h"),
)


class Ladder(Part, frozen=True, kw_only=True):
    """Reminders of a running clock. Only the strict clock climbs it; the others are shown, not reminded of."""

    rungs: list[Rung] = field(default_factory=lambda: list(DEFAULT_RUNGS))
    modalities: list[Modality] = field(default_factory=lambda: ["must", "in_principle"])
    provisional: bool = True
    except_rules: list[str] = field(default_factory=list)


class Opened(Part, frozen=True, kw_only=True):
    """The first word of an incident: emergencies, matters whose 61号 gate a person opened, and later upgrades."""

    emergencies: bool = True
    gated: bool = True
    upgrades: list[Grade] = field(default_factory=lambda: ["I", "II"])


class Verdicts(Part, frozen=True, kw_only=True):
    """Which verdicts are told. `met`: only for incidents with a grade or an opened gate, always, or never. Changes with
    a reason in `quiet` (stream.core.reasons) are no news: that nobody watches a body is known from `huiying check`."""

    send: list[Verdict] = field(
        default_factory=lambda: [
            "breached", "breached_but_fair_clock_met", "met_then_retracted", "unknown_coverage_gap", "indeterminate",
            "exempt_claimed",
        ]
    )  # fmt: skip
    met: Literal["graded", "always", "never"] = "graded"
    modalities: list[Modality] = field(default_factory=lambda: ["must", "in_principle"])
    quiet: list[Reason] = field(default_factory=lambda: ["unwatched", "no_responsible_body", "grade_not_evident"])


class HotLimit(Part, frozen=True, kw_only=True):
    """A spike (found by stream.core.heat) is told from `min_count` posts in its window and `min_ratio` baselines."""

    min_count: int = 10
    min_ratio: float = 3.0


class Hot(Part, frozen=True, kw_only=True):
    """Hot incidents and topics; `topics` gives a topic limits of its own; at most one alert in `gap`."""

    incidents: HotLimit = field(default_factory=HotLimit)
    topics: HotLimit = field(default_factory=lambda: HotLimit(min_count=20))
    by_topic: dict[str, HotLimit] = field(default_factory=dict)
    gap: Span = "6h"


class DutyRungs(Part, frozen=True, kw_only=True):
    """Reminders of the ledger: so many `days` before the due date (0 = on it, -1 = a day past it), from `hour`
    o'clock. `regions`: codes of the places whose recurring duties this desk keeps; single matters always remind."""

    days: list[int] = field(default_factory=lambda: [7, 1, 0, -1])
    hour: Annotated[int, Meta(ge=0, le=23)] = 9
    regions: list[str] = field(default_factory=list)


class Inhibit(Part, frozen=True, kw_only=True):
    """Once `met` is met, the ladder of `silences` rests; `provisional_only`: only where no grade is evident yet."""

    met: str
    silences: list[str]
    provisional_only: bool = True


class Silence(Part, frozen=True, kw_only=True):
    """A person muted something until an instant, and says why. Every given field must fit; region is a prefix."""

    by: str
    why: str
    until: datetime
    since: datetime | None = None
    incident: str | None = None
    rule: str | None = None
    kind: Kind | None = None
    region: str | None = None


class Channel(Part, frozen=True, kw_only=True):
    """What goes to one channel: from which kind on, and for which regions (prefixes; none = all)."""

    min_kind: Kind = "hot"
    regions: list[str] = field(default_factory=list)
    enabled: bool = True


class Retry(Part, frozen=True, kw_only=True):
    """Temporary failures: waits double from `first` to `longest`; after `attempts` the sending is given up."""

    attempts: int = 8
    first: Span = "30s"
    longest: Span = "1h"
    lease: Span = "2m"


class AlertPolicy(Part, frozen=True, kw_only=True):
    """All of `config/alerts.yaml`. `rule_names` are the short names used in texts; `others` is for channels that
    the environment adds and this file does not name."""

    ladder: Ladder = field(default_factory=Ladder)
    opened: Opened = field(default_factory=Opened)
    verdicts: Verdicts = field(default_factory=Verdicts)
    hot: Hot = field(default_factory=Hot)
    inhibit: list[Inhibit] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    others: Channel = field(default_factory=Channel)
    retry: Retry = field(default_factory=Retry)
    rule_names: dict[str, str] = field(default_factory=dict)
    dead_man_after: Span = "10m"
    duties: DutyRungs = field(default_factory=DutyRungs)


def span(text: str) -> timedelta:
    """The duration a span speaks of. Raises ValueError where it is none."""
    match = re.fullmatch(r"([+-]?[0-9]{1,4})([smhd])", text)
    if match is None:
        raise ValueError(f"not a span: {text!r}")
    return timedelta(**{_UNITS[match.group(2)]: int(match.group(1))})


def problems(policy: AlertPolicy, rules: Container[str] | None = None) -> list[str]:
    """What is wrong beyond the types, each with its path and the remedy; `rules` are the known rule ids, if known."""
    return [*_ladder_problems(policy.ladder), *_other_problems(policy), *_unknown_rules(policy, rules)]


def _ladder_problems(ladder: Ladder) -> list[str]:
    names = [one.rung for one in ladder.rungs]
    found = [f"$.ladder.rungs 中 `{name}` 重复；请改名" for name in sorted({n for n in names if names.count(n) > 1})]
    found += [
        f"$.ladder.rungs 中 `{name}` 含空白或竖线；请改名" for name in names if re.search(r"[\s|]", name) or not name
    ]
    offsets = [span(one.at) for one in ladder.rungs]
    if offsets != sorted(offsets):
        found.append("$.ladder.rungs 没有按先后排列；请从时限前最早的一级写起")
    if not ladder.rungs:
        found.append("$.ladder.rungs 为空；至少保留 `due` 一级")
    return found


def _other_problems(policy: AlertPolicy) -> list[str]:
    found = []
    for number, silence in enumerate(policy.silences):
        where = f"$.silences[{number}]"
        if any(one is not None and one.tzinfo is None for one in (silence.since, silence.until)):
            found.append(f"{where} 的时间没有时区；请写成 2026-01-01T08:00:00+08:00")
        elif silence.since is not None and silence.since >= silence.until:
            found.append(f"{where}.until 不晚于 since；请更正")
        if not silence.by.strip() or not silence.why.strip():
            found.append(f"{where} 须写明 by（谁）和 why（为何）")
    for name in ("first", "longest", "lease"):
        if span(getattr(policy.retry, name)) <= timedelta():
            found.append(f"$.retry.{name} 须大于零；请更正")
    if policy.duties.days != sorted(set(policy.duties.days), reverse=True):
        found.append("$.duties.days 须由早到晚、不重复，如 [7, 1, 0, -1]；请重排")
    if any(not -30 <= days <= 366 for days in policy.duties.days):
        found.append("$.duties.days 须在 366 与 -30 之间；请改正")
    if wrong := [one for one in policy.duties.regions if not re.fullmatch(r"[1-9][0-9]{5}", one)]:
        found.append(f"$.duties.regions 中 `{wrong[0]}` 不是 6 位行政区划代码；请改正")
    if policy.retry.attempts < 1:
        found.append("$.retry.attempts 须至少为 1；请更正")
    if span(policy.dead_man_after) <= timedelta():
        found.append("$.dead_man_after 须大于零；请更正")
    return found


def _unknown_rules(policy: AlertPolicy, rules: Container[str] | None) -> list[str]:
    if rules is None:
        return []
    named = [("$.ladder.except_rules", one) for one in policy.ladder.except_rules]
    named += [("$.inhibit", one) for rule in policy.inhibit for one in (rule.met, *rule.silences)]
    named += [("$.rule_names", one) for one in policy.rule_names]
    named += [("$.silences", one.rule) for one in policy.silences if one.rule is not None]
    return [
        f"{where} 提到的规则 `{rule}` 不在 rules.yaml 中；请改正或删除" for where, rule in named if rule not in rules
    ]
