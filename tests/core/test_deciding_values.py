"""What a person is about to record is checked by its kind: what would decide nothing is refused, and why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace

from stream.core.deciding import LARGEST_VALUE, decision_id, objection_of, problem_of
from stream.core.documents import Decision, DecisionKind
from stream.core.intervals import SHANGHAI
from stream.core.rules import Rules
from stream.settings import load_yaml

BOOK = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
DECISION = Decision(
    id="", collected_at=datetime(2026, 3, 2, 8, tzinfo=SHANGHAI), who="值班长李明", what="confirm", incident_of="p1",
    why="核实",
)  # fmt: skip
OBJECTION = {"body": "某局", "text": "不认可"}
HELD = {"sha256": "a", "file": "f", "offset": 1}
GOOD: dict[str, list[Any]] = {
    "confirm": [None], "dismiss": [None], "acknowledge": [None],
    "merge": ["p2", ["p2"]], "attach": ["p2", ["p2", "p3"]], "split": [None, "p2", ["p2", "p3"]],
    "reject": [None, "p2", ["p2"]], "severity": [None, "I", "II", "III", "IV"],
    "occurred": ["2026-03-02", "2026-03-02T09:12", {"at": "2026-03-02"}, {"earliest": None, "latest": "2026-03-02"}],
    "conference_held": ["2026-03-02 20:05", {"at": "2026-03-02 20:05", "issuer": "某市政府"}],
    "restate": [{"mention": "p2", "at": "2026-03-02 09:12"}],
    "gate": ["misread_policy", "vital_interest", "moral_line", "superior_demand"],
    "exempt": ["EX-SECRET", {"ground": "EX-SECRET"}, {"ground": "EX-SECRET", "rule": "CN-5H-AUTH"}],
    "objection": [
        OBJECTION, {**OBJECTION, "attachment": None},
        {**OBJECTION, "attachment": {"name": "a.pdf", "size": 1, "sha256": "a", "capture": HELD}},
    ],
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "confirm": ["yes", 1, {}], "dismiss": [True], "acknowledge": [[]],
    "merge": [None, "", " ", 3, [], ["p2", 3], {"post": "p2"}], "attach": [None, [""]], "split": [[], 5, [None]],
    "reject": [{}, ""], "severity": ["V", "特大", 1, ["I"], {"rule": "x"}],
    "occurred": [None, "昨天", "2026-13-01", {"earliest": "2026-03-04", "latest": "2026-03-02"}, 20260302, "9999-12-31",
                 {"latest": None}],
    "conference_held": [None, "晚上", []], "restate": [None, "2026-03-02", {"mention": "p2"}, {"at": "2026-03-02"},
                                                  {"mention": 3, "at": "2026-03-02"}],
    "gate": [None, "gate", ["moral_line"], {"a": 1}],
    "exempt": [None, "EX-NONE", "EX-INVESTIGATION", {"ground": "EX-SECRET", "rule": "NO-RULE"},
               {"ground": "EX-SECRET", "rule": {}}, ["EX-SECRET"], {"rule": "CN-5H-AUTH"}],
    "objection": [None, "不认可", {}, {"body": "", "text": "x"}, {"body": "x", "text": " "}, {**OBJECTION, "more": 1},
                  {**OBJECTION, "attachment": "a.pdf"}, {**OBJECTION, "attachment": {"name": "a"}}],
}  # fmt: skip


def cases(table: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(what, value) for what, values in table.items() for value in values]


def test_every_kind_is_checked() -> None:
    assert set(GOOD) == set(BAD) == set(get_args(DecisionKind))


@pytest.mark.parametrize(("what", "value"), cases(GOOD))
def test_what_decides_something_passes(what: Any, value: Any) -> None:
    assert problem_of(replace(DECISION, what=what, value=value), BOOK) is None


@pytest.mark.parametrize(("what", "value"), cases(BAD))
def test_what_decides_nothing_is_refused(what: Any, value: Any) -> None:
    problem = problem_of(replace(DECISION, what=what, value=value), BOOK)
    assert problem is not None
    assert any("一" <= letter <= "鿿" for letter in problem)


@pytest.mark.parametrize(
    "fields",
    [{"who": " "}, {"why": ""}, {"incident_of": ""}, {"who": "李" * 201}, {"why": "因" * 4_001},
     {"who": "\ud800"}, {"why": "\udcff"}, {"incident_of": "p" * 20_000}],
)  # fmt: skip
def test_nobody_decides_without_name_and_reason_or_beyond_bounds(fields: dict[str, Any]) -> None:
    assert problem_of(replace(DECISION, **fields), BOOK) is not None


@pytest.mark.parametrize("text", ["长" * LARGEST_VALUE, "\ud800"])
def test_a_value_too_long_or_unwritable_is_refused(text: str) -> None:
    assert problem_of(replace(DECISION, what="objection", value={**OBJECTION, "text": text}), BOOK) is not None


def test_an_objection_is_read_from_its_decision_alone() -> None:
    said = objection_of(replace(DECISION, what="objection", value=OBJECTION))
    assert said is not None and (said.body, said.text, said.attachment) == ("某局", "不认可", None)
    assert objection_of(replace(DECISION, what="confirm", value=OBJECTION)) is None


@pytest.mark.parametrize(
    "fields", [{"who": "他人"}, {"what": "dismiss"}, {"incident_of": "p2"}, {"why": "别的"}, {"value": 1}]
)
def test_decisions_that_differ_have_ids_that_differ(fields: dict[str, Any]) -> None:
    assert decision_id(replace(DECISION, **fields)) != decision_id(DECISION)
    assert decision_id(replace(DECISION, id="x")) == decision_id(DECISION)
