"""The exported tables, opened again with openpyxl and python-docx and compared cell by cell with what was meant."""

from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from docx import Document
from docx.oxml.ns import qn
from openpyxl import load_workbook

from dashboard.exports import review, supervision
from dashboard.exports.boards import Letter, Reply
from dashboard.exports.messages import messages_paper
from dashboard.exports.papers import write_docx
from dashboard.exports.records import Reviews, RuleBook
from dashboard.exports.sheets import write_xlsx
from dashboard.exports.tables import Frame, Paper, Table, write_json
from dashboard.exports.tasks import tasks_paper
from stream.core.cases import (
    Conflict,
    CoverageSpan,
    Due,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    Response,
    SeverityView,
    StatedFigure,
)
from stream.core.documents import Decision, Entry
from stream.core.duties import Duty
from stream.core.intervals import SHANGHAI, Elapsed, exactly
from stream.core.rules import Rules, rule_named
from stream.hindsight import Record
from stream.settings import load_yaml

ROOT = Path(__file__).parents[2]
RULES = load_yaml(ROOT / "config" / "rules.yaml", Rules)
BOOK = RuleBook(RULES, {"990100": "霁川市", "990200": "砚溪市"}.get)
NOW = datetime(2026, 3, 4, 8, tzinfo=SHANGHAI)
START = datetime(2026, 3, 2, 8, 40, tzinfo=SHANGHAI)
FRAME = Frame(now=NOW, book=RULES.version)
BODY = "霁川市应急管理局"
HOSTILE = '=HYPERLINK("http://x")\x00\ud800\u202e' + "长" * 10_000


def duty(verdict, reason, **changes):
    """A five-hour duty; `changes` in its fields."""
    due = START + timedelta(hours=5)
    return msgspec.structs.replace(
        Obligation(
            rule="CN-5H-AUTH", rule_version="2016-11-10", modality="must", body=BODY, clock="strict",
            start=exactly(START, "text"), basis="occurred:text", due=Due(earliest=due, latest=due), verdict=verdict,
            reason=reason, satisfied_by=None, elapsed_s=None, evidence=[],
        ), **changes,
    )  # fmt: skip


def response(mention, hours, **changes):
    at = START + timedelta(hours=hours)
    return msgspec.structs.replace(
        Response(
            mention=mention, answers=None, answered=None, published=exactly(at, "row"), form="statement", issuer=BODY,
            issuer_kind="government", level="city", is_authoritative=True, known_at=at, title="情况通报",
        ), **changes,
    )  # fmt: skip


def record(id, *duties, title="霁川市一化工厂爆炸", responses=(), decisions=(), **changes):
    """An incident and its judgement."""
    incident = Incident(
        id=id, collected_at=NOW, title=title, opened_at=START, state="open", merged_into=None, closed_at=None,
        first_public=FirstPublic(interval=exactly(START, "row"), mention="p1"), regions=["990100"], topics=[],
        bodies=[], emergencies=[], occurred=[], figures=[], responses=list(responses), hot=[],
        decisions=list(decisions),
        heat=Heat(posts=1, peak=1, peak_at=START, hourly=[]), terms=[],
    )  # fmt: skip
    judgement = msgspec.structs.replace(
        Judgement(
            id=id, collected_at=NOW, title=title, region="990100", topics=[], state="open", incident_revision=1,
            opened_at=START, is_emergency=True, event_type="事故灾难", occurred=None,
            severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), figures=[], gate=None,
            responsible=[], obligations=list(duties), changes=[], coverage=[], hot=[],
            versions={"rules": "1", "coverage": "polled"},
        ), **changes,
    )  # fmt: skip
    return Record(incident=incident, judgement=judgement)


def supervised(*records, duties=(), entries=(), frame=FRAME):
    return supervision.supervision_paper(records, list(duties), Reviews(entries, frame), BOOK, frame)


def rows_of(paper):
    return paper.tables[0].rows


# --- what stands in the cells -----------------------------------------------------------------------------------------


def test_the_form_is_the_founding_document_s():
    paper = supervised(frame=msgspec.structs.replace(FRAME, body=BODY))
    assert paper.title == "全面推进政务公开工作督察表"
    assert [name for name, _ in paper.head] == ["督察对象", "督察时间"]
    assert paper.head[0][1] == BODY
    assert paper.tables[0].columns == (
        "序号", "工作任务", "完成情况", "存在问题", "整改措施", "整改责任主体", "材料提供部门",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "reason", "changes", "status"),
    [
        ("met", "statement_in_time", {}, "已完成"),
        ("breached", "no_statement", {}, "未完成"),
        ("breached_but_fair_clock_met", "fair_clock_met", {}, "未完成"),
        ("breached", "no_statement", {"modality": "in_principle"}, "未完成（原则上的时限）"),
        ("met_then_retracted", "statement_retracted", {}, "按时完成后撤回"),
        ("pending", "awaiting_statement", {}, "计时中（时限 2026-03-02 13:40）"),
        ("exempt_claimed", "exempt_by_person", {}, "已登记豁免"),
        ("indeterminate", "statement_straddles_deadline", {}, "无法判断（发布时间与时限的区间重叠，无法分出先后）"),
        ("unknown_coverage_gap", "unwatched", {}, "无法判断（责任单位没有登记监看渠道）"),
    ],
)
def test_only_met_and_breached_are_done_or_not(verdict, reason, changes, status):
    (row,) = rows_of(supervised(record("i-1", duty(verdict, reason, **changes))))
    assert row[2] == status


def test_what_is_no_duty_is_counted_and_left_out():
    paper = supervised(
        record(
            "i-1", duty("indeterminate", "grade_not_evident", provisional=True),
            duty("not_applicable", "no_longer_applies"),
        )
    )  # fmt: skip
    assert rows_of(paper) == []
    assert any("共 2 项，未列入" in note for note in paper.notes)


def test_a_late_answer_says_how_late_and_nothing_else():
    late = response("a1", 7.25)
    one = duty("breached", "statement_late", evidence=["p1", "a1"], elapsed_s=Elapsed(min=26100, max=26100))
    (row,) = rows_of(supervised(record("i-1", one, responses=[late])))
    assert row == [
        1,
        "特别重大、重大突发事件最迟在5小时内发布权威信息（CN-5H-AUTH，2016-11-10 版，"
        f"{rule_named(RULES, 'CN-5H-AUTH').source.document}）\n"
        "事件：霁川市一化工厂爆炸（霁川市，重大，首次公开 2026-03-02 08:40:00，i-1）\n"
        "起算：2026-03-02 08:40:00（事发：信息所述）",
        "未完成",
        "1. 时限为 2026-03-02 13:40，所见最早的发布：霁川市应急管理局，2026-03-02 15:55:00，情况通报，"
        "超过时限 2小时15分",
        "1.\n2.\n3.", "1.\n2.\n3.", BODY,
    ]  # fmt: skip


def test_silence_is_told_as_of_when():
    (row,) = rows_of(supervised(record("i-1", duty("breached", "no_statement"))))
    assert row[3] == "1. 时限为 2026-03-02 13:40，截至 2026-03-04 08:00 未见权威发布"


def test_a_gap_of_ours_is_told_as_ours():
    down = CoverageSpan(source="jichuan-gov", from_at=START, to_at=START + timedelta(hours=1), reachable=False,
                        reason="http_502")  # fmt: skip
    (row,) = rows_of(supervised(record("i-1", duty("unknown_coverage_gap", "channel_unreachable"), coverage=[down])))
    assert row[3] == "1. 监看渠道 jichuan-gov 在 2026-03-02 08:40 至 2026-03-02 09:40 未能访问（服务器答 502）"
    assert "超时" not in "".join(map(str, row))


def test_facts_of_the_incident_stand_in_its_first_row():
    removed = response("a1", 2, removed_at=START + timedelta(hours=9), removal_known_at=START + timedelta(hours=10))
    stated = [
        StatedFigure(issuer=who, value=value, mention="a", known_at=START, published=None)
        for who, value in ((BODY, 12), ("霁川市公安局", 13))
    ]
    objection = Decision(
        id="d1", collected_at=START + timedelta(hours=30), who="值班长李明", what="objection", incident_of="p1",
        why="已在官网首页发布\n见附件",
    )  # fmt: skip
    follow_up = duty("pending", "advisory_gap", rule="CN-CONT-UPDATE", modality="advisory", due=None, clock="strict")
    seen = CoverageSpan(source="jichuan-gov", from_at=START, to_at=NOW, reachable=True, reason=None)
    first, second = rows_of(
        supervised(
            record(
                "i-1", duty("met", "statement_in_time"), duty("met", "statement_in_time", rule="CN-24H-PRESSER"),
                follow_up, responses=[removed], decisions=[objection], coverage=[seen],
                conflicts=[Conflict(name="deaths", stated=stated, known_at=START, resolved_at=None)],
            )
        )
    )  # fmt: skip
    assert first[3].split("\n") == [
        "1. 霁川市应急管理局 2026-03-02 10:40:00 的情况通报，2026-03-02 17:40 起已不可见",
        "2. 各机关所报死亡（人）不一致：霁川市应急管理局 12、霁川市公安局 13；尚未一致",
        "3. 2026-03-02 08:40:00 发布之后，截至 2026-03-04 08:00 "
        "所监看渠道未见含新情况的后续发布（规则未定时限，仅提示）",
        "4. 2026-03-03 14:40 已登记异议：已在官网首页发布 见附件",
    ]
    assert second[3] == "1.\n2.\n3."


def test_what_nobody_watched_is_no_silence_of_theirs():
    follow_up = duty("pending", "advisory_gap", rule="CN-CONT-UPDATE", modality="advisory", due=None)
    (row,) = rows_of(supervised(record("i-1", duty("met", "statement_in_time"), follow_up)))
    assert row[3] == "1.\n2.\n3."


def entry(hours, value, subject="i-1", rule=None):
    return Entry(id=f"e{hours}", collected_at=START + timedelta(hours=hours), who="督察员张华", what="duty_review",
                 subject=subject, rule=rule, value=value)  # fmt: skip


def test_measures_and_units_stand_as_people_put_them_down():
    said = {"done": True, "problems": ["联络机制不畅"], "measures": ["修订预案", "月底前演练"],
            "units": "办公室\n宣传科",
            "materials_from": ["市政府办公室"]}  # fmt: skip
    entries = [entry(60, {"measures": ["后来的"]}), entry(20, said), entry(10, {"measures": ["旧的"]})]
    (row,) = rows_of(supervised(record("i-1", duty("breached", "no_statement")), entries=entries))
    assert row[2] == "未完成\n（督察员张华 2026-03-03 核定：已完成）"
    assert row[3].split("\n")[1] == "2. 联络机制不畅（督察员张华 2026-03-03 记）"
    assert row[4:] == ["1. 修订预案\n2. 月底前演练", "1. 办公室\n2. 宣传科", "市政府办公室"]


@pytest.mark.parametrize("value", [None, 7, "文字", {"measures": 3, "done": "是"}, {"units": [1], "problems": [{}]}])
def test_a_record_of_another_shape_says_nothing(value):
    (row,) = rows_of(supervised(record("i-1", duty("met", "statement_in_time")), entries=[entry(1, value)]))
    assert row[2:6] == ["已完成", "1.\n2.\n3.", "1.\n2.\n3.", "1.\n2.\n3."]


def listed(verdict, reason, **changes):
    return msgspec.structs.replace(
        Duty(
            id="SEED-SG-AIR-M|2019-08", rule="SEED-SG-AIR-M", rule_version="2019-07-09", modality="must",
            text="按月发布环境空气质量状况", title="按月发布环境空气质量状况", period="2019-08",
            bodies=["市生态环境局"],
            region="990200", document="002", quote="", start=START.date(), due=START.date(), verdict=verdict,
            reason=reason, needed=1, steps=[],
        ), **changes,
    )  # fmt: skip


def test_a_duty_of_the_ledger_is_a_row_too():
    (row,) = rows_of(supervised(duties=[listed("breached", "no_proof")]))
    assert row == [
        1,
        "按月发布环境空气质量状况（SEED-SG-AIR-M，2019-07-09 版，002，砚溪市）\n期间：2019-08\n期限：2026-03-02",
        "未完成", "1. 期限为 2026-03-02，期限已过，台账中没有证明（未登记不等于未做，请责任单位提供材料）",
        "1.\n2.\n3.", "1.\n2.\n3.", "市生态环境局",
    ]  # fmt: skip


def test_nobody_is_accused_by_a_duty_of_nobody():
    assert rows_of(supervised(duties=[listed("breached", "no_proof", bodies=[])])) == []
    frame = msgspec.structs.replace(FRAME, body="砚溪市生态环境局")
    assert len(rows_of(supervised(duties=[listed("met", "proof_in_time")], frame=frame))) == 0 + 1
    frame = msgspec.structs.replace(FRAME, body="砚溪市教育局")
    assert rows_of(supervised(duties=[listed("met", "proof_in_time")], frame=frame)) == []


def reviewed():
    return review.review_paper(
        [
            record("i-1", duty("met", "statement_in_time"), duty("breached", "no_statement", clock="opinion")),
            record("i-2", duty("breached", "no_statement"), opened_at=datetime(2026, 7, 1, tzinfo=SHANGHAI)),
            record("i-3", duty("breached", "no_statement", modality="in_principle")),
            record("i-4", duty("exempt_claimed", "exempt_by_person")),
        ],
        {"CN-5H-AUTH": "5小时内发布权威信息"}, FRAME, "half",
    )  # fmt: skip


def test_the_review_by_body_and_period_adds_up():
    tables = {one.key: one.rows for one in reviewed().tables}
    assert tables["bodies"] == [[BODY, 2, 1, 1, 0, 0, 0, 2], ["合计", 2, 1, 1, 0, 0, 0, 2]]
    assert tables["periods"] == [["2026年上半年", 1, 1, 0, 0, 0, 0, 2], ["2026年下半年", 1, 0, 1, 0, 0, 0, 0]]
    assert tables["body_periods"] == [[BODY, *row] for row in tables["periods"]]
    assert [(row[4], row[8], row[9]) for row in tables["exclusions"]] == [
        ("性质为“原则上”，不是“应当”", "2016-11-10", "i-3"), ("已登记豁免", "2016-11-10", "i-4"),
    ]  # fmt: skip
    assert {row[13] for row in tables["obligations"]} == {"2016-11-10"}
    excluded = sum(row[-1] for row in tables["periods"])
    assert excluded == len(tables["exclusions"])


def test_silence_that_was_assumed_is_said_to_be():
    one = record("i-1", duty("breached", "no_statement"), versions={"rules": "1", "coverage": "assumed"})
    assert review.ASSUMED in review.review_paper([one], {}, FRAME).notes
    assert supervision.ASSUMED in supervised(one).notes


def test_the_task_table_has_the_columns_of_document_002():
    frame = Frame(now=datetime(2019, 8, 1, tzinfo=SHANGHAI), region="3707")
    paper = tasks_paper(BOOK, frame)
    assert paper.tables[0].columns == ("工作任务", "具体要求", "责任单位", "时限要求")
    rows = {row[0].split("\n")[0]: row for row in rows_of(paper)}
    assert "〔寿光市〕" in rows and "〔酒泉市〕" not in rows
    found = [row for row in rows.values() if "SEED-SG-AIR-M" in row[0]]
    assert len(found) == 1
    assert "按月发布全市环境空气质量状况及各镇(街区)排名等信息" in found[0][1]


# --- messages ---------------------------------------------------------------------------------------------------------


def said(day, form="statement", text="已责成有关科室办理。", **changes):
    published = exactly(datetime(2025, 9, day, 10, tzinfo=SHANGHAI), "row")
    return msgspec.structs.replace(
        Reply(department="砚溪市教育局", published=published, form=form, text=text, is_removed=False), **changes
    )


def letter(id, day, *replies, region="370700"):
    accepted = exactly(datetime(2025, 9, day, 9, tzinfo=SHANGHAI), "row")
    return Letter(id=id, title=f"留言{id}", region=region, accepted=accepted, replies=list(replies))


LETTERS = [
    letter("m1", 1, said(3)),  # two days
    letter("m2", 1, said(8)),  # the fifth working day: in time
    letter("m3", 1, said(9)),  # the sixth
    letter("m4", 1, said(2, "acknowledgement")),
    letter("m5", 1),
    letter("m6", 1, said(2), region="110000"),
    letter("m7", 5, said(4)),  # a fault of the data
]


def test_messages_by_a_chosen_rule():
    rule = rule_named(RULES, "LOCAL-WF-12345-5WD")
    paper = messages_paper(LETTERS, rule, Frame(now=datetime(2025, 10, 1, tzinfo=SHANGHAI)))
    messages, counted, departments = (table.rows for table in paper.tables)
    assert messages[0] == [
        1, "m1", "留言m1", "2025-09-01", "2025-09-03", "砚溪市教育局", "已责成有关科室办理。", 2, "已答复",
        "2025-09-08", "时限内",
    ]  # fmt: skip
    assert [row[10] for row in messages] == [
        "时限内", "时限内", "超过时限", "时限已过，未见答复", "时限已过，未见答复",
        "不适用（留言地点不在规则适用地区，或地点不详）", "无法判断（答复日期早于受理日期）",
    ]  # fmt: skip
    assert [row[8] for row in messages[3:5]] == ["仅已收悉（不算答复）", "未见答复"]
    numbers = {row[0]: row[1] for row in counted}
    # 2, 7, 8 and 1 days; the one answered before it was asked is no speed
    assert numbers == {
        "受理件数": 7, "已答复": 5, "仅已收悉": 1, "未见答复": 1, "用时中位数（天）": "4.5", "用时 90 分位（天）": 8,
        "最长用时（天）": 8, "可按所选规则判断": 5, "时限内": 2, "超过时限": 1, "时限已过，未见答复": 2, "时限未到": 0,
        "无法判断": 1, "不适用": 1,
    }  # fmt: skip
    assert departments == [["砚溪市教育局", 5, "4.5", 8, "1／3", 1]]


def test_without_a_rule_nothing_is_late():
    paper = messages_paper(LETTERS, None, Frame(now=NOW))
    assert {row[10] for row in paper.tables[0].rows} == {""}
    assert not any("时限" in str(row) for row in paper.tables[1].rows)


def test_beyond_the_published_calendar_nobody_is_late():
    late = msgspec.structs.replace(LETTERS[4], accepted=exactly(datetime(2026, 12, 30, 9, tzinfo=SHANGHAI), "row"))
    rule = rule_named(RULES, "LOCAL-WF-12345-5WD")
    paper = messages_paper([late], rule, Frame(now=datetime(2027, 3, 1, tzinfo=SHANGHAI)))
    assert paper.tables[0].rows[0][9:] == ["", "无法判断（当年的放假调休安排尚未公布，不推算）"]


# --- the files --------------------------------------------------------------------------------------------------------


def papers():
    hostile = record("i-1", duty("breached", "no_statement", body=HOSTILE), title=HOSTILE, responses=[
        response("a", 1, issuer=HOSTILE, removed_at=START + timedelta(hours=2))])  # fmt: skip
    reviews = [entry(1, {"measures": [HOSTILE] * 50, "problems": HOSTILE})]
    return {
        "supervision": supervised(record("i-0", duty("met", "statement_in_time")), hostile, entries=reviews),
        "review": reviewed(),
        "hostile review": review.review_paper([hostile], {"CN-5H-AUTH": HOSTILE}, FRAME),
        "tasks": tasks_paper(BOOK, FRAME),
        "messages": messages_paper(
            [*LETTERS, letter(HOSTILE, 1, said(2, text=HOSTILE, department=HOSTILE))], None, FRAME
        ),
    }  # fmt: skip


def written(write, paper):
    out = BytesIO()
    write(paper, out)
    return BytesIO(out.getvalue())


@pytest.mark.parametrize("name", papers())
def test_xlsx_cell_by_cell(name):
    paper = papers()[name]
    book = load_workbook(written(write_xlsx, paper))
    assert book.sheetnames == ([] if paper.is_form else ["说明"]) + [one.name for one in paper.tables]
    above = 2 if paper.is_form else 0
    for table in paper.tables:
        sheet = book[table.name]
        rows = [[cell.value for cell in row[: len(table.columns)]] for row in sheet.iter_rows(min_row=above + 1)]
        wanted = [list(table.columns), *table.rows]
        assert rows[: len(wanted)] == [[None if value == "" else value for value in row] for row in wanted]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
        assert sheet.freeze_panes == f"A{above + 2}"
        assert sheet.print_title_rows == f"${above + 1}:${above + 1}"
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert all(
            cell.alignment.wrap_text for row in sheet.iter_rows(min_row=above + 1, max_row=above + 1) for cell in row
        )
    if paper.is_form:
        sheet = book[paper.tables[0].name]
        assert sheet["A1"].value == paper.title
        assert sheet["A2"].value == "　　".join(f"{head}：{value}" for head, value in paper.head)
        assert [row[0].value for row in sheet.iter_rows(min_row=4 + len(paper.tables[0].rows))] == list(paper.notes)


@pytest.mark.parametrize("name", papers())
def test_docx_cell_by_cell(name):
    paper = papers()[name]
    document = Document(written(write_docx, paper))
    for made, table in zip(document.tables, paper.tables, strict=True):
        cells = [[cell.text for cell in row.cells] for row in made.rows]
        assert cells == [list(table.columns), *([str(one) for one in row] for row in table.rows)]
        assert made.style.name == "Table Grid"
        heads = [row._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in made.rows]
        assert heads == [True, *[False] * len(table.rows)]
    section = document.sections[0]
    assert section.page_width > section.page_height
    assert document.styles["Normal"].element.rPr.rFonts.get(qn("w:eastAsia")) == "宋体"
    texts = [one.text for one in document.paragraphs]
    assert texts[:2] == [paper.title, "　　".join(f"{head}：{value}" for head, value in paper.head)]
    assert set(paper.notes) <= set(texts)


@pytest.mark.parametrize("name", papers())
def test_json_holds_the_same_rows(name):
    paper = papers()[name]
    whole = msgspec.json.decode(written(write_json, paper).read())
    assert list(whole) == [*(one.key for one in paper.tables), "title", "head", "notes"]
    for table in paper.tables:
        assert [list(row.values()) for row in whole[table.key]] == table.rows


def test_long_tables_end_with_a_sentence(monkeypatch):
    rows = [[number] for number in range(12)]
    paper = Paper(
        title="题", head=(("甲", "乙"),), notes=(), is_form=True,
        tables=(Table(key="k", name="表", columns=("号",), widths=(5,), rows=rows),),
    )  # fmt: skip
    monkeypatch.setattr("dashboard.exports.papers.PAPER_ROWS", 10)
    monkeypatch.setattr("dashboard.exports.sheets.SHEET_ROWS", 10)
    sentence = "“表”共 12 行，此处列出前 10 行；请缩小日期、地区或对象，或改用 json。"
    document = Document(written(write_docx, paper))
    assert len(document.tables[0].rows) == 11
    assert document.paragraphs[-1].text == sentence
    sheet = load_workbook(written(write_xlsx, paper))["表"]
    assert [row[0].value for row in sheet.iter_rows(min_row=13)] == [9, sentence]


def test_nothing_is_a_file_too():
    for paper in (supervised(), review.review_paper([], {}, FRAME), messages_paper([], None, FRAME)):
        for write in (write_xlsx, write_docx, write_json):
            assert len(written(write, paper).read()) > 100
