"""What a person enters for a decision, as the value that docs/formats.md defines. Pure functions."""

from __future__ import annotations

from typing import Any

from stream.core.decided import interval_in

# Which entry each kind needs: nothing, an instant, an interval, a choice, a response, a post, several posts.
ENTRIES = {
    "confirm": "none", "dismiss": "none", "acknowledge": "none", "severity": "grade", "gate": "gate",
    "conference_held": "instant", "occurred": "interval", "restate": "restated", "reject": "response",
    "attach": "post", "merge": "other", "split": "posts", "exempt": "exemption",
    "objection": "objection",
}  # fmt: skip
NEEDED = {
    "instant": "请填写时刻，例如 2026-03-02 20:05",
    "interval": "请填写时刻，例如 2026-03-02 09:12；最早可以不填，但不得晚于最晚",
    "restated": "请选择回应并填写更正后的时刻，例如 2026-03-02 20:05",
    "response": "这个事件还没有可选的回应",
    "post": "请填写信息的编号",
    "other": "请填写另一事件中任一信息的编号",
    "posts": "请填写信息的编号，用空格分开",
    "exemption": "请选择依据",
    "objection": "请填写提出异议的单位和异议内容",
}


class Incomplete(ValueError):
    """What was entered is not a decision; the message says what is missing."""


def value_of(entry: str, given: dict[str, Any]) -> Any:
    """The decision's value from what was entered. Raises Incomplete."""
    value: Any = None
    match entry:
        case "grade" | "gate":
            value = given.get("choice")
        case "instant":
            value = _instant(given.get("latest"), entry)
        case "interval":
            value = _interval(given, entry)
        case "restated":
            value = {"mention": _text(given.get("choice"), entry), **_interval(given, entry)}
        case "response":
            value = _text(given.get("choice"), entry)
        case "post" | "other":
            value = _text(given.get("text"), entry)
        case "posts":
            value = _text(given.get("text"), entry).split()
        case "exemption":
            value = {"rule": given.get("rule") or None, "ground": _text(given.get("choice"), entry)}
        case "objection":
            value = {name: _text(given.get(name), entry) for name in ("body", "text")} | {"attachment": None}
    return value


def _interval(given: dict[str, Any], entry: str) -> dict[str, str]:
    """`at` where one instant or date was given, else `earliest` and `latest`: as written, so as precise as written."""
    latest = _instant(given.get("latest"), entry)
    if not _filled(given.get("earliest")):
        return {"at": latest}
    value = {"earliest": _instant(given["earliest"], entry), "latest": latest}
    if interval_in(value) is None:
        raise Incomplete(NEEDED[entry])
    return value


def _instant(text: Any, entry: str) -> str:
    """An instant or a date as it was written, in half-width characters."""
    written = _text(text, entry).replace("：", ":")
    if interval_in(written) is None:
        raise Incomplete(NEEDED[entry])
    return written


def _text(value: Any, entry: str) -> str:
    if not _filled(value):
        raise Incomplete(NEEDED[entry])
    return str(value).strip()


def _filled(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
