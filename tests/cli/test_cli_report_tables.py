"""`huiying report --table …` after a small replay: the files are opened again; wrong calls are told."""

import json

import pytest
from docx import Document
from openpyxl import load_workbook

from tests.cli.posts import PLACE, ROWS

LATE = {
    "id": "m1", "kind": "complaint", "title": "路灯不亮", "text": f"{PLACE}某小区路灯不亮，请处理。",
    "published_at": "2024-03-01 09:00:00", "reply": "网友“夜行人”：您好！路灯已修复。余杭区城管局 2024年3月4日",
    "replied_at": "2024-03-04 10:00:00",
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(shared_huiying, written, tmp_path_factory):
    """A data folder with what a replay left."""
    folder = tmp_path_factory.mktemp("report")
    posts = written(folder / "posts.jsonl", [*ROWS, LATE])
    called = shared_huiying("replay", posts, "--out", folder / "out", "--assume-covered", "--keep")
    assert called.code == 0
    return next((shared_huiying.data / "replays").iterdir())


@pytest.fixture
def report(shared_huiying, kept, tmp_path):
    def run(table, suffix, *words):
        out = tmp_path / f"{table}{suffix}"
        called = shared_huiying("report", "--table", table, "--out", out, "--data", kept, *words)
        return called, out

    return run


def test_the_supervision_table_as_officials_open_it(report):
    called, out = report("supervision", ".xlsx", "--from", "2024-02-01", "--to", "2024-04-01", "--work", "政务舆情回应")
    assert called.code == 0
    sheet = load_workbook(out)["督察表"]
    assert sheet["A1"].value == "政务舆情回应工作督察表"
    assert sheet["A2"].value == "督察对象：各责任单位　　督察时间：2024-02-01 00:00 至 2024-04-01 00:00"
    assert [cell.value for cell in sheet[3]] == [
        "序号", "工作任务", "完成情况", "存在问题", "整改措施", "整改责任主体", "材料提供部门",
    ]  # fmt: skip
    tasks = {row[1].value.split("（")[0]: row for row in sheet.iter_rows(min_row=4) if row[1].value}
    late = tasks["特别重大、重大突发事件最迟在5小时内发布权威信息"]
    assert late[2].value == "未完成"
    # 08:10 to 08:10:59 and five hours; answered at 16:00, as a reader subtracts it
    assert late[3].value.startswith("1. 时限为 2024-03-01 13:10，所见最早的发布：余杭区应急管理局，2024-03-01 16:00")
    assert late[3].value.split("\n")[0].endswith("情况通报，超过时限 2小时50分")


def test_the_same_rows_in_docx_and_json(report):
    _, paper = report("supervision", ".docx")
    _, data = report("supervision", ".json")
    rows = [list(row.values()) for row in json.loads(data.read_text("utf-8"))["supervision"]]
    cells = [[cell.text for cell in row.cells] for row in Document(paper).tables[0].rows]
    assert cells[1:] == [[str(one) for one in row] for row in rows]
    assert len(rows) > 1


def test_messages_name_nobody(report):
    called, out = report("messages", ".json", "--rule", "LOCAL-WF-12345-5WD")
    assert called.code == 0
    (row,) = json.loads(out.read_text("utf-8"))["messages"]
    assert row["受理日期"] == "2024-03-01"
    assert row["答复日期"] == "2024-03-04"
    assert row["答复部门"] == "余杭区城管局"
    assert row["答复内容"] == "路灯已修复。余杭区城管局 2024年3月4日"
    assert row["用时（天）"] == 3
    assert row["按所选规则"].startswith("不适用")
    assert "夜行人" not in out.read_text("utf-8")


def test_as_of_nobody_is_late_yet(report):
    _, out = report("supervision", ".json", "--as-of", "2024-03-01 12:00")
    found = json.loads(out.read_text("utf-8"))
    assert found["head"]["督察时间"] == "截至 2024-03-01 12:00"
    assert {row["完成情况"][:3] for row in found["supervision"]} == {"计时中"}
    _, out = report("messages", ".json", "--as-of", "2024-03-02 12:00")
    assert [row["状态"] for row in json.loads(out.read_text("utf-8"))["messages"]] == ["未见答复"]


def test_the_review_stays_the_default(shared_huiying, kept, tmp_path):
    called = shared_huiying("report", "--out", tmp_path / "review.json", "--data", kept, "--by", "quarter")
    assert called.code == 0
    found = json.loads((tmp_path / "review.json").read_text("utf-8"))
    assert list(found)[:3] == ["bodies", "rules", "obligations"]
    assert [row["时期"] for row in found["periods"]] == ["2024年第1季度"]
    assert found["head"]["规则库版本"]


def test_a_body_and_a_region_narrow_it(report):
    _, out = report("review", ".json", "--body", "没有这个单位")
    assert json.loads(out.read_text("utf-8"))["obligations"] == []
    _, out = report("review", ".json", "--region", "330000")
    assert json.loads(out.read_text("utf-8"))["obligations"]
    _, out = report("review", ".json", "--region", "440000")
    assert json.loads(out.read_text("utf-8"))["obligations"] == []


def test_the_tasks_in_force_then(report):
    _, out = report("tasks", ".json", "--as-of", "2019-08-01", "--region", "370783")
    rows = json.loads(out.read_text("utf-8"))["tasks"]
    assert list(rows[0]) == ["工作任务", "具体要求", "责任单位", "时限要求"]
    assert any("SEED-SG-" in row["工作任务"] for row in rows)
    assert not any("SEED-KT-" in row["工作任务"] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--table", "reviews"), "--table reviews：应为 review、supervision、tasks、messages"),
        (("--by", "week"), "--by week：应为 month、quarter、half、year"),
        (("--region", "杭州"), "--region 杭州：不是 6 位行政区划代码"),
        (("--as-of", "明日黄花"), "--as-of 明日黄花：不是日期或时刻"),
        (("--table", "messages", "--rule", "NONE"), "没有规则 NONE"),
        (("--table", "messages", "--rule", "CN-5H-AUTH"), "不能用来判断留言答复"),
    ],
)
def test_a_wrong_call_is_told(shared_huiying, kept, tmp_path, words, said):
    called = shared_huiying("report", "--out", tmp_path / "x.json", "--data", kept, *words)
    assert (called.code, said in called.err.replace("\n", "")) == (2, True)
    assert not (tmp_path / "x.json").exists()
