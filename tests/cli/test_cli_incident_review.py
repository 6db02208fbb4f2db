"""`huiying ledger review INCIDENT`: a supervisor's word on an incident, as the supervision table shows it."""

from contextlib import closing
from datetime import datetime

import pytest

from stream.backends import open_backends
from stream.core.cases import Due, Judgement, Obligation, SeverityView
from stream.core.documents import Entry
from stream.core.intervals import SHANGHAI, exactly
from stream.core.records import Clock
from stream.outputs import items
from stream.ports import Save
from stream.settings import Settings

NOW = datetime(2026, 4, 20, 9, tzinfo=SHANGHAI)
SIGNED = ("--who", "督察员张华", "--why", "督察核实，电话 13800138000")
JUDGEMENT = Judgement(
    id="i-1", collected_at=NOW, title="某事", region=None, topics=[], state="open", incident_revision=1, opened_at=NOW,
    is_emergency=True, event_type=None, occurred=None, figures=[], gate=None, responsible=[],
    severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), changes=[], coverage=[], hot=[],
    versions={},
    obligations=[
        Obligation(
            rule="CN-5H-AUTH", rule_version="2016-11-10", modality="must", body="檀溪市应急管理局", clock="strict",
            start=exactly(NOW, "text"), basis="occurred:text", due=Due(earliest=NOW, latest=NOW), verdict="breached",
            reason="no_statement", satisfied_by=None, elapsed_s=None, evidence=[],
        )
    ],
)  # fmt: skip


@pytest.fixture
def desk(huiying):
    """One incident that was ruled on; the pipeline's clock stands at NOW."""
    clock = Clock(id="pipeline", collected_at=NOW, wall_at=NOW, speed=0.0)
    with closing(open_backends(Settings(data=huiying.data))) as backends:
        backends.store.save_many([Save(item=clock), Save(item=JUDGEMENT)])
    return huiying


def recorded(huiying):
    with closing(open_backends(Settings(data=huiying.data), read_only=True)) as backends:
        return sorted(items(backends.store, Entry), key=lambda one: one.collected_at)


def test_a_word_on_one_duty_and_on_the_whole(desk):
    said = ("--problem", "晚了三小时", "--measure", "夜间值班", "--units", "檀溪市应急管理局")
    first = desk("ledger", "review", "i-1", "--not-done", *said, "--rule", "CN-5H-AUTH", *SIGNED)
    second = desk("ledger", "review", "i-1", "--done", *SIGNED)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    one, whole = recorded(desk)
    assert (one.what, one.subject, one.rule) == ("duty_review", "i-1", "CN-5H-AUTH")
    assert one.value == {
        "done": False, "problems": ["晚了三小时"], "measures": ["夜间值班"], "units": "檀溪市应急管理局",
    }  # fmt: skip
    assert (whole.rule, whole.value["done"]) == (None, True)
    assert whole.collected_at > one.collected_at  # the later word stands, though the clock stood still
    assert "13800138000" not in one.why


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("i-none", "--done"), "没有事项或事件 i-none"),
        (("i-1", "--done", "--rule", "CN-NONE"), "这个事件没有义务 CN-NONE；有：CN-5H-AUTH"),
        (("CN-FOI-20WD|2026-02-09|0", "--done", "--rule", "CN-5H-AUTH"), "--rule 只用于事件"),
    ],
)
def test_what_is_refused_says_why(desk, words, said):
    done = desk("ledger", "review", *words, *SIGNED)
    assert done.code == 2 and said in done.err
    assert recorded(desk) == []


def test_the_ledger_lists_no_incident(desk):
    assert desk("ledger", "review", "i-1", "--done", *SIGNED).code == 0
    listed = desk("ledger", "list", "--json")
    assert listed.code == 0 and "i-1" not in listed.out
