"""Logging, configured here and nowhere else: lines of text for a person, or one JSON object a line for a machine.

What was crawled may stand in a log: it is bounded, and what does not print (control characters, marks that turn the
direction of writing, lone surrogates) is escaped, so that no text can forge a line or paint a terminal.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import datetime
from typing import Any

from stream.core.intervals import SHANGHAI
from stream.errors import SettingsError

FORMATS = ("text", "json")
LEVELS = ("warning", "info", "debug")
LONGEST = 4_000
"""Characters of a message or field; a traceback keeps its end."""
SPACES = "\u3000\u00a0"
"""Blanks of Chinese pages: they do not count as printable, and do no harm."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(*, verbose: bool = False) -> None:
    """Everything to standard error, as HUIYING_LOG and HUIYING_LOG_LEVEL say; processes started from here do as we do.
    `verbose` = at least info. To be called once at the start of every process. Raises SettingsError."""
    form = _chosen("HUIYING_LOG", os.environ.get("HUIYING_LOG", ""), FORMATS)
    level = _chosen("HUIYING_LOG_LEVEL", os.environ.get("HUIYING_LOG_LEVEL", ""), LEVELS)
    if verbose and level == "warning":
        level = os.environ["HUIYING_LOG_LEVEL"] = "info"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler])


class JsonLines(logging.Formatter):
    """What was given as `extra`, and time, level, logger, message, with a traceback `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = {
            "time": _at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shown(record.getMessage(), "\n"),
        }
        fields = {name: _field(value) for name, value in _extra(record).items()} | fields
        if record.exc_info:
            fields["exception"] = shown(self.formatException(record.exc_info)[-LONGEST:], "\n")
        return json.dumps(fields, ensure_ascii=False)


class TextLines(logging.Formatter):
    """`time level logger message (field=value …)`; further lines are indented, so that none looks like a first one."""

    def format(self, record: logging.LogRecord) -> str:
        extra = " ".join(f"{name}={shown(str(value))}" for name, value in _extra(record).items())
        text = shown(record.getMessage(), "\n") + (f" ({extra})" if extra else "")
        if record.exc_info:
            text += "\n" + shown(self.formatException(record.exc_info)[-LONGEST:], "\n")
        return f"{_at(record)} {record.levelname} {record.name} " + text.replace("\n", "\n    ")


def shown(text: str, keeps: str = "") -> str:
    """At most LONGEST characters of `text`; what does not print is escaped, but for what `keeps` holds."""
    whole = text if len(text) <= LONGEST else f"{text[:LONGEST]}…（共 {len(text)} 字）"
    if whole.isprintable():
        return whole
    return "".join(
        one if one.isprintable() or one in keeps or one in SPACES else one.encode("unicode_escape").decode("ascii")
        for one in whole
    )


def _field(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else shown(str(value), "\n")


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _OWN}


def _at(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, SHANGHAI).isoformat(timespec="milliseconds")


def _chosen(variable: str, stated: str, allowed: tuple[str, ...]) -> str:
    """The first of the allowed where nothing is stated."""
    if stated and stated not in allowed:
        raise SettingsError(f"{variable}：{stated!r} 不可用；可写 {'、'.join(allowed)}")
    return stated or allowed[0]
