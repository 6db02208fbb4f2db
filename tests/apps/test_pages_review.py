"""The review's denominators add up, and its exports hold the same cells, none of them a formula."""

from io import BytesIO

import msgspec
import pytest
from docx import Document
from openpyxl import load_workbook

from dashboard import names
from dashboard.exports import review as exports
from dashboard.tallies import by_body, by_rule, standing, total
from dashboard.words import REASONS

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


def _written(write, judged):
    out = BytesIO()
    write(judged, names.rule_titles(), out)
    return BytesIO(out.getvalue())


def _expected(judged):
    titles = names.rule_titles()
    return {
        "按机关": [list(exports.BODIES), *(exports.summary(row) for row in (*by_body(judged), total(by_body(judged))))],
        "按义务": [list(exports.RULES), *(exports.summary(row) for row in by_rule(judged, titles))],
        "按事件": [list(exports.DETAILS), *exports.details(judged, titles)],
    }


def test_xlsx_cell_by_cell(judged):
    book = load_workbook(_written(exports.write_xlsx, judged))
    expected = _expected(judged)
    assert book.sheetnames == list(expected)
    for name, rows in expected.items():
        cells = [[cell.value for cell in row] for row in book[name].iter_rows()]
        assert cells == [[None if value == "" else value for value in row] for row in rows]
        assert {cell.data_type for row in book[name].iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


def test_docx_cell_by_cell(judged):
    document = Document(_written(exports.write_docx, judged))
    for table, rows in zip(document.tables, _expected(judged).values(), strict=True):
        assert [[cell.text for cell in row.cells] for row in table.rows] == [[str(one) for one in row] for row in rows]
    assert any(one.text == exports.NOTE for one in document.paragraphs)


def test_json_holds_the_same_tables(judged):
    tables = msgspec.json.decode(_written(exports.write_json, judged).read())
    assert list(tables) == ["bodies", "rules", "obligations"]
    late = [row for row in tables["obligations"] if row["结论"] == "超时" and row["性质"] == "应当"]
    assert {row["责任单位"] for row in late} == {"蓝湾市应急管理局"}
    assert {row["理由"] for row in tables["obligations"]} <= set(REASONS.values())


def test_exports_of_nothing_are_files_too():
    for write in (exports.write_xlsx, exports.write_docx, exports.write_json):
        out = BytesIO()
        write([], {}, out)
        assert len(out.getvalue()) > 50
