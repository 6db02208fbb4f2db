"""A log line: for a person, or for a machine; whatever a crawled text holds, it stays one entry."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stream.logs import LONGEST, JsonLines, TextLines, shown

ROOT = Path(__file__).parents[2]
HOSTILE = {
    "colour": ("红\x1b[31m", "红\\x1b[31m"),
    "direction": ("甲\u202e乙", "甲\\u202e乙"),
    "NUL": ("a\0b", "a\\x00b"),
    "lone surrogate": ("\ud800", "\\ud800"),
    "separator": ("a\u2028b", "a\\u2028b"),
    "blank of Chinese pages": ("甲\u3000乙", "甲\u3000乙"),
}


def record(message: str, **fields: Any) -> logging.LogRecord:
    plain = {"name": "huiying.test", "levelname": "WARNING", "msg": message, "created": 1_756_699_200.0}
    return logging.makeLogRecord(plain | fields)


def test_json_has_one_object_a_line() -> None:
    line = JsonLines().format(record("两行\n消息", step="judge", messages=3, of=None))
    assert json.loads(line) == {
        "step": "judge", "messages": 3, "of": None, "time": "2025-09-01T12:00:00.000+08:00", "level": "warning",
        "logger": "huiying.test", "message": "两行\n消息",
    }  # fmt: skip
    assert "\n" not in line


def test_json_field_cannot_replace_the_level() -> None:
    assert json.loads(JsonLines().format(record("x", level="none")))["level"] == "warning"


def test_text_cannot_forge_a_line() -> None:
    forged = TextLines().format(record("标题\n2025-09-01 ERROR huiying 停止", source="a\nb"))
    assert forged.splitlines() == [
        "2025-09-01T12:00:00.000+08:00 WARNING huiying.test 标题",
        "    2025-09-01 ERROR huiying 停止 (source=a\\nb)",
    ]


@pytest.mark.parametrize("what", HOSTILE)
def test_what_does_not_print_is_escaped(what: str) -> None:
    raw, escaped = HOSTILE[what]
    assert shown(raw) == escaped
    assert json.loads(JsonLines().format(record(raw, field=raw)))["field"] == escaped


def test_a_page_is_cut() -> None:
    line = JsonLines().format(record("长" * 10_000_000, field="x" * 10_000_000))
    assert len(line) < 3 * LONGEST
    assert "（共 10000000 字）" in line


def test_a_traceback_keeps_its_end() -> None:
    try:
        raise ValueError("x" * 100_000 + "最后")
    except ValueError:
        line = JsonLines().format(record("failed", exc_info=sys.exc_info()))
    assert json.loads(line)["exception"].endswith("最后")
    assert len(line) < 3 * LONGEST


@pytest.mark.parametrize(("variable", "value"), [("HUIYING_LOG", "xml"), ("HUIYING_LOG_LEVEL", "loud")])
def test_a_wrong_word_is_refused(variable: str, value: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stream", "rules", "list"], env={**os.environ, variable: value}, cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n"), variable in done.stderr) == (2, 1, True)
