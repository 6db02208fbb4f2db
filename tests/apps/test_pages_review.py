"""The review's denominators add up, and its exports hold the same cells, none of them a formula."""

from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO

import msgspec
import pytest

from dashboard.exports import review as exports
from dashboard.exports.asked import WRITERS, Asked, paper_of
from dashboard.exports.tables import Frame
from dashboard.tallies import by_body, by_rule, standing, total
from stream.backends import open_backends
from stream.core.intervals import SHANGHAI

END = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI) + timedelta(hours=40)

TOWNS = ("檀溪市", "蓝湾市", "青屏市", "石栏市")


@pytest.fixture
def judged(incidents, filled, point_at):
    point_at(filled)
    return [incidents[town] for town in TOWNS]


def test_each_body_is_counted_once_a_duty(judged):
    rows = {row.name: exports.summary(row)[1:] for row in by_body(judged)}
    # judged, met, late, retracted, unknown, pending, excluded (the 24 hours are a rule in principle since 2025)
    assert rows == {
        "檀溪市应急管理局": [1, 1, 0, 0, 0, 0, 1],
        "蓝湾市应急管理局": [1, 0, 1, 0, 0, 0, 1],
        "青屏市应急管理局": [1, 0, 0, 0, 1, 0, 1],
        "石栏市教育局": [0, 0, 0, 0, 0, 1, 0],
    }
    assert next(iter(rows)) == "蓝湾市应急管理局"
    assert exports.summary(total(by_body(judged))) == ["合计", 3, 1, 1, 0, 1, 1, 3]


def test_denominators_add_up(judged):
    for row in (*by_body(judged), *by_rule(judged, {}), total(by_body(judged))):
        assert row.judged == row.met + row.late + row.retracted + row.unknown


def test_a_rule_in_principle_is_labelled_and_enters_no_total(judged):
    rows = {row.name: exports.summary(row)[1:] for row in by_rule(judged, {"CN-24H-PRESSER": "发布会"})}
    assert rows["发布会（原则上）"] == [3, 0, 2, 0, 1, 0, 0]
    assert rows["CN-5H-AUTH"] == [3, 1, 1, 0, 1, 0, 0]


def _ruled(judgement, verdict, **changes):
    """The judgement with one strict obligation."""
    first = msgspec.structs.replace(judgement.obligations[0], verdict=verdict, **changes)
    return msgspec.structs.replace(judgement, obligations=[first])


@pytest.mark.parametrize(
    ("verdict", "changes", "outcome"),
    [
        ("breached", {}, "late"),
        ("breached", {"modality": "in_principle"}, "unknown"),
        ("breached", {"provisional": True}, "unknown"),
        ("breached_but_fair_clock_met", {}, "late"),
        ("met_then_retracted", {}, "retracted"),
        ("indeterminate", {}, "unknown"),
        ("met", {"modality": "in_principle"}, "met"),
        ("pending", {"provisional": True}, "pending"),
        ("not_applicable", {}, "none"),
        ("exempt_claimed", {}, "none"),
        ("breached", {"clock": "opinion"}, "none"),
    ],
)
def test_nobody_is_late_by_a_clock_that_does_not_count(judged, verdict, changes, outcome):
    assert standing(_ruled(judged[0], verdict, **changes)).outcome == outcome


def test_the_page_shows_what_the_tallies_say(look):
    looked = look("review")
    for name in ("檀溪市应急管理局", "5小时内发布权威信息", "24小时内举行新闻发布会（原则上）"):
        assert name in looked.text
    assert [one.label for one in looked.app.get("download_button")] == ["下载 xlsx", "下载 docx", "下载 json"]
    assert looked.text.count('href="incident?id=') == 7


def test_tables_are_chosen_beside_the_buttons(look):
    looked = look("review")
    app = looked.app.selectbox[0].set_value("messages").run()
    assert [one.label for one in app.selectbox] == ["表", "时限规则", "督察对象"]
    app.text_input[0].set_value("不是时刻").run()
    assert [one.value for one in app.warning] == ["读不出时刻；请写成 2026-03-02 18:00 这样。"]
    app.text_input[0].set_value("2026-03-02 18:00").run()
    assert not app.exception and not app.warning


@pytest.mark.parametrize("suffix", [".xlsx", ".docx", ".json"])
@pytest.mark.parametrize("table", ["review", "supervision", "tasks", "messages"])
def test_every_table_is_made_from_the_store(filled, table, suffix):
    out = BytesIO()
    frame = Frame(now=END)
    with closing(open_backends(filled.settings, read_only=True)) as backends:
        made = paper_of(Asked(table=table, frame=frame), backends.store, filled.settings)
    WRITERS[suffix](made.paper, out)
    assert len(out.getvalue()) > 500
    assert made.of == {"review": 4, "supervision": 4, "tasks": 0, "messages": 1}[table]
