"""Whether a decision that a person is about to record decides anything, and what is missing where it does not.

Asked at the command line and on the page, before anything is kept. What comes in files is taken as it is: there a
malformed value decides nothing (stream/core/decided.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from stream.core.decided import exemption_of, interval_in
from stream.core.documents import Decision, DecisionKind, Grade, Value
from stream.core.rules import Rules

LONGEST_NAME = 200
LONGEST_REASON = 4_000
LARGEST_VALUE = 32_000
"""Bytes as JSON: far more than any kind needs, far less than the bus takes in one message."""
LARGEST_ATTACHMENT = 20 * 1024 * 1024
_INSTANT = '"2026-03-02 20:05" 或 {"earliest": …, "latest": …}'


class Held(Value, frozen=True, kw_only=True):
    """Where an attachment lies in the evidence vault; as stream.core.documents.Capture."""

    sha256: str
    file: str | None = None
    offset: int | None = None


class Attachment(Value, frozen=True, kw_only=True):
    """A file that came with an objection: its name (cleaned), bytes, SHA-256 (hex), and where it is kept."""

    name: str
    size: int
    sha256: str
    capture: Held


class Objection(Value, frozen=True, kw_only=True):
    """What the body judged says against what was ruled; it changes no verdict and stands beside it."""

    body: str
    text: str
    attachment: Attachment | None = None


def objection_of(decision: Decision) -> Objection | None:
    """The objection in a decision, None where it holds none."""
    if decision.what != "objection":
        return None
    try:
        found = msgspec.convert(decision.value, Objection)
    except msgspec.ValidationError:
        return None
    return found if found.body.strip() and found.text.strip() else None


def decision_id(decision: Decision) -> str:
    """The id of a decision recorded here: of all that it says, and when."""
    told = (decision.collected_at.isoformat(), decision.who, decision.what, decision.incident_of, decision.why)
    text = msgspec.json.encode((*told, decision.value), order="deterministic")
    return "d-" + hashlib.sha256(text).hexdigest()[:16]


def problem_of(decision: Decision, rules: Rules) -> str | None:
    """What is wrong with it, in Chinese; None where it decides something."""
    return _unsigned(decision) or _oversized(decision) or _VALUES[decision.what](decision, rules)


def _unsigned(decision: Decision) -> str | None:
    if not decision.who.strip():
        return "请写明是谁决定的（姓名与职务）"
    if not decision.why.strip():
        return "请写明依据"
    if not decision.incident_of.strip():
        return "请写明是哪条信息所在的事件"
    return None


def _oversized(decision: Decision) -> str | None:
    try:
        size = len(msgspec.json.encode(decision.value))
        names = [len(one.encode()) for one in (decision.who, decision.why, decision.incident_of)]
    except (UnicodeEncodeError, msgspec.MsgspecError, TypeError, OverflowError):
        return "含有无法保存的字符"
    if len(decision.who) > LONGEST_NAME or len(decision.why) > LONGEST_REASON or max(names) > 4 * LONGEST_REASON:
        return f"姓名与职务最多 {LONGEST_NAME} 字，依据最多 {LONGEST_REASON} 字"
    return f"值过长（{size} 字节），最多 {LARGEST_VALUE} 字节" if size > LARGEST_VALUE else None


def _nothing(decision: Decision, rules: Rules) -> str | None:
    return None if decision.value is None else f"{decision.what} 不带值"


def _post(decision: Decision, rules: Rules) -> str | None:
    return None if _names_posts(decision.value) else "值应为信息的编号，或编号的列表"


def _posts_if_any(decision: Decision, rules: Rules) -> str | None:
    return None if decision.value is None else _post(decision, rules)


def _names_posts(value: Any) -> bool:
    named = value if isinstance(value, list) and value else [value]
    return all(isinstance(one, str) and one.strip() for one in named)


def _grade(decision: Decision, rules: Rules) -> str | None:
    grades = get_args(Grade)
    is_one = decision.value is None or decision.value in grades
    return None if is_one else f"值应为 {'、'.join(grades)} 之一，或不带值（撤销人工定级）"


def _interval(decision: Decision, rules: Rules) -> str | None:
    return None if interval_in(decision.value) else f"值应为时刻：{_INSTANT}"


def _restated(decision: Decision, rules: Rules) -> str | None:
    mention = decision.value.get("mention") if isinstance(decision.value, dict) else None
    if isinstance(mention, str) and mention.strip() and interval_in(decision.value):
        return None
    return '值应为 {"mention": 信息的编号, "at": 时刻}，或以 earliest、latest 代替 at'


def _gate(decision: Decision, rules: Rules) -> str | None:
    gates = [one.id for one in rules.gates]
    return None if decision.value in gates else f"值应为 {'、'.join(gates)} 之一"


def _exemption(decision: Decision, rules: Rules) -> str | None:
    value = decision.value if isinstance(decision.value, dict) else {"ground": decision.value}
    rule = value.get("rule")
    if rule is not None and rule not in [one.id for one in rules.rules]:
        return "rule 应为规则的编号（huiying rules list 可列出），或不写（全部时限）"
    if exemption_of(decision, rules) is None:
        excusing = "、".join(one.id for one in rules.exempt_grounds if one.excuses)
        return f'值应为 {{"ground": 依据, "rule": 规则}}；可用的依据：{excusing}'
    return None


def _objection(decision: Decision, rules: Rules) -> str | None:
    if objection_of(decision) is not None:
        return None
    return '值应为 {"body": 提出异议的单位, "text": 异议内容}；附件用 --attach'


_VALUES: Mapping[DecisionKind, Callable[[Decision, Rules], str | None]] = {
    "confirm": _nothing,
    "dismiss": _nothing,
    "acknowledge": _nothing,
    "merge": _post,
    "attach": _post,
    "split": _posts_if_any,
    "reject": _posts_if_any,
    "severity": _grade,
    "occurred": _interval,
    "conference_held": _interval,
    "restate": _restated,
    "gate": _gate,
    "exempt": _exemption,
    "objection": _objection,
}
