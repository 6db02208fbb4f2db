"""What stands beside the verdicts, drawn from built records: bodies, contradictions, gaps, the view without people; and
what people did: objections, decisions, the chain."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from dashboard import rulings, trail
from stream.core.cases import (
    BodyStanding,
    Conflict,
    CoverageGap,
    Due,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    SeverityView,
    StatedFigure,
)
from stream.core.documents import Decision, EntryKind
from stream.core.intervals import SHANGHAI, Elapsed, exactly
from stream.core.records import AuditEntry

START = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x00</td><script>"


def at(hours):
    return START + timedelta(hours=hours)


def obligation(verdict, reason, rule="CN-5H-AUTH"):
    return Obligation(
        rule=rule, rule_version="1", modality="must", body="檀溪市应急管理局", clock="strict",
        start=exactly(START, "text"), basis="occurred:text", due=Due(earliest=at(5), latest=at(5)), verdict=verdict,
        reason=reason, satisfied_by=None, elapsed_s=None, evidence=[],
    )  # fmt: skip


JUDGEMENT = Judgement(
    id="i-1", collected_at=at(30), title="某事", region=None, topics=[], state="open", incident_revision=1,
    opened_at=START, is_emergency=True, event_type="事故灾难", occurred=None,
    severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), figures=[], gate=None, responsible=[],
    obligations=[obligation("exempt_claimed", "exempt_by_person")], changes=[], coverage=[], hot=[], versions={},
)  # fmt: skip
INCIDENT = Incident(
    id="i-1", collected_at=at(30), title="某事", opened_at=START, state="open", merged_into=None, closed_at=None,
    first_public=FirstPublic(interval=exactly(START, "row"), mention="p001"), regions=[], topics=[], bodies=[],
    emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[],
    heat=Heat(posts=0, peak=0, peak_at=None, hourly=[]), terms=[],
)  # fmt: skip


@pytest.fixture(autouse=True)
def configured(embedded, point_at):
    """Names come from the scenario's configuration."""
    point_at(embedded)


def words(markup):
    """What a reader sees, and that it is markup of ours."""
    tags = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append(tag)
    reader.feed(markup)
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "div", "span", "b"}
    assert not re.search("[\x00\u202e]", markup)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup))


def test_the_automatic_view_stands_beside_the_decided_one():
    assert "没有改变任何结论" in words(rulings.automatic(JUDGEMENT))
    alone = obligation("breached", "no_statement")
    other = obligation("breached", "no_statement", rule="CN-24H-PRESSER")
    shown = words(rulings.automatic(replace(JUDGEMENT, automatic=[alone, other])))
    assert re.search(r"5小时内发布权威信息 .*?超时 .*?豁免 .*?没有这一项", shown)
    assert shown.count("时限 03-02 14:00") == 3


def test_each_body_by_itself():
    found = [
        BodyStanding(body="檀溪市应急管理局", role="topic:安全生产", rule="CN-5H-AUTH", verdict="breached",
                     reason="no_statement", satisfied_by=None, elapsed_s=None),
        BodyStanding(body="云梦省应急管理厅", role="answered", rule="CN-5H-AUTH", verdict="met",
                     reason="statement_in_time", satisfied_by="p002", elapsed_s=Elapsed(min=7200.0, max=7200.0)),
        BodyStanding(body=HOSTILE, role=HOSTILE, rule=HOSTILE, verdict="pending", reason="awaiting_statement",
                     satisfied_by=None, elapsed_s=None),
    ]  # fmt: skip
    ruled = replace(JUDGEMENT, by_body=found)
    shown = words(rulings.by_body(ruled))
    assert re.search(r"檀溪市应急管理局 按主题：安全生产 .*?未自行按时发布", shown)
    assert "这不是结论" in shown and "超时" not in shown and "hy-late" not in rulings.by_body(ruled)
    assert re.search(r"云梦省应急管理厅 不负此责，但作出了回应 .*?自行按时发布 .*?2小时00分", shown)


@pytest.mark.parametrize(
    ("role", "said"),
    [("event:事故灾难", "按事件类型：事故灾难"), ("territorial", "属地政府"), ("named", "信息中点名"),
     ("common_superior", "跨地区，由共同的上级部门负责"), ("unified:food", "依法由其统一发布：food"), ("new", "new")],
)  # fmt: skip
def test_roles_have_words(role, said):
    assert rulings.role_words(role) == said


def test_contradictions_name_who_said_what():
    stated = [
        StatedFigure(
            issuer="檀溪市应急管理局", value=12, mention="p1", known_at=at(1), published=exactly(at(1), "row")
        ),
        StatedFigure(issuer=HOSTILE, value=1013, mention="p2", known_at=at(2), published=None),
    ]
    running = Conflict(name="deaths", stated=stated, known_at=at(2), resolved_at=None)
    shown = words(rulings.conflicts(replace(JUDGEMENT, conflicts=[running, replace(running, resolved_at=at(3))])))
    assert "死亡（人）" in shown and "12" in shown and "1,013" in shown
    assert "仍不一致" in shown and "03-02 12:00" in shown


def test_gaps_say_which_channel_when_how_long_and_whether_it_counts():
    gap = CoverageGap(
        rule="CN-5H-AUTH", clock="strict", body="檀溪市人民政府", source="tanxi", from_at=at(1), to_at=at(2.5),
        reason="channel_unreachable", share=300, counts=True,
    )  # fmt: skip
    small = replace(gap, share=4, counts=False, reason="coverage_gap", source=HOSTILE, body=HOSTILE)
    shown = words(rulings.gaps(replace(JUDGEMENT, gaps=[gap, small])))
    assert re.search(
        r"檀溪市门户网站 檀溪市人民政府 .*?03-02 10:00 .*?03-02 11:30 01:30:00 .*?30\.0% .*?沉默不能作证 无法访问",
        shown,
    )
    assert re.search(r"0\.4% .*?不影响 没有监看", shown)
    assert "没有监看缺口" in words(rulings.gaps(JUDGEMENT))


def test_long_lists_are_cut_and_say_so():
    gap = CoverageGap(rule="r", clock="strict", body="b", source="s", from_at=at(1), to_at=at(2), reason="coverage_gap",
                      share=4, counts=False)  # fmt: skip
    assert f"共 1000 条，只列前 {rulings.SHOWN} 条" in words(rulings.gaps(replace(JUDGEMENT, gaps=[gap] * 1000)))


# --- what people did --------------------------------------------------------------------------------------------------


def decision(what, value=None, **fields):
    plain = Decision(
        id="d-1", collected_at=at(3), who="值班长李明", what=what, incident_of="p001", value=value, why="来函"
    )
    return replace(plain, **fields)


ATTACHMENT = {"name": "情况说明.pdf", "size": 12345, "sha256": "ab" * 32, "capture": {"sha256": "ab" * 32, "file": "x",
              "offset": 0}}  # fmt: skip


def test_an_objection_stands_out():
    value = {"body": "檀溪市应急管理局", "text": "通报时间有误", "attachment": ATTACHMENT}
    shown = words(trail.objections(replace(INCIDENT, decisions=[decision("confirm"), decision("objection", value)])))
    assert "被判定单位的异议 · 1（记录在案，不改变结论）" in shown
    assert "檀溪市应急管理局：通报时间有误" in shown
    assert "附件：情况说明.pdf（12,345 字节）" in shown and "ab" * 32 in shown
    assert trail.objections(replace(INCIDENT, decisions=[decision("confirm"), decision("objection", "乱写")])) == ""


def test_hostile_names_and_files_stay_text():
    value = {"body": HOSTILE, "text": HOSTILE, "attachment": {**ATTACHMENT, "name": HOSTILE, "sha256": HOSTILE}}
    incident = replace(INCIDENT, decisions=[decision("objection", value, who=HOSTILE, why=HOSTILE, id=HOSTILE)])
    assert "onerror" in words(trail.objections(incident))
    assert "onerror" in words(trail.decisions(incident))


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("severity", "I", "特别重大"), ("severity", None, "按数字推算"), ("severity", ["I"], "['I']"),
        ("gate", "moral_line", "严重冲击社会道德底线"), ("gate", {"x": 1}, "{'x': 1}"),
        ("exempt", {"ground": "EX-SECRET", "rule": None}, "全部时限"), ("exempt", "EX-SECRET", "全部时限"),
        ("exempt", {"ground": "EX-SECRET", "rule": "CN-5H-AUTH"}, "5小时内发布权威信息"),
        ("occurred", {"at": "2026-03-02 09:12"}, "2026-03-02 09:12"), ("occurred", "昨天", "昨天"),
        ("restate", {"mention": "p002", "at": "2026-03-02 09:12"}, "p002：2026-03-02 09:12"),
        ("split", ["p1", "p2"], "p1、p2"), ("objection", {"body": "某局", "text": "不认可"}, "某局：不认可"),
        ("confirm", None, ""),
    ],
)  # fmt: skip
def test_decisions_in_words(what, value, said):
    assert said in trail.content(decision(what, value))


SPAN = {"earliest": None, "latest": "2026-03-02T09:12:00+08:00", "precision": "unknown", "source": "decision"}
PLACE = {"id": "i-1", "state": "open", "members": 3}


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (None, "无"),
        ({"grade": "II", "basis": "decision"}, "等级 重大；由人定级"),
        ({"grade": None, "basis": "none"}, "等级 未定；没有可据以定级的数字"),
        ({"occurred": SPAN}, "事发 不晚于 2026-03-02 09:12"),
        ({"occurred": None}, "事发 不详"),
        ({"gates": ["moral_line"]}, "须回应的依据：严重冲击社会道德底线"),
        ({"exempt": []}, "豁免：无"),
        ({"exempt": [{"rule": None, "ground": "EX-SECRET", "who": "李明"}]}, "（李明）"),
        ({"conferences": [{"held": SPAN, "issuer": None}]}, "发布会：不晚于"),
        ({"post": "p2", "published": SPAN}, "信息 p2；发布于 不晚于"),
        ({"incident": PLACE, "posts": []}, "进行中，3 条信息"),
        ({"incident": None, "posts": [{"post": "p2", "incident": PLACE,
          "response": {"form": "statement", "issuer": "某局", "published": SPAN}}]},
         "没有事件；信息 p2：在事件 i-1，为某局的情况通报"),
        ({"objection": 2}, "异议 2 件"),
        # A store that was tampered with must not break the page.
        ({"occurred": "很久以前"}, "occurred 很久以前"),
        ({"posts": {"a": 1}}, "posts {'a': 1}"),
        ({"grade": ["I"]}, "grade ['I']"),
        ({"what": "ever"}, "what ever"),
    ],
)  # fmt: skip
def test_what_stood_is_said_in_words(state, said):
    assert said in trail.stood(state)


def test_the_chain_is_listed():
    link = AuditEntry(
        id="d-1", collected_at=at(3), seq=7, of="d-1", of_type="decision", of_sha256="0" * 64, who="值班长李明",
        what="severity", subject="p001", why="核实", incident="i-1", before={"grade": None, "basis": "none"},
        after={"grade": "I", "basis": "decision"}, previous="1" * 64, sha256="2" * 64,
    )  # fmt: skip
    forged = replace(link, who=HOSTILE, what=HOSTILE, why=HOSTILE, sha256=HOSTILE, after={HOSTILE: HOSTILE}, id=HOSTILE)
    shown = words(trail.links([link, forged]))
    assert re.search(
        r"7 .*?2026-03-02 12:00:00 .*?值班长李明 .*?定级 d-1 .*?等级 未定.*? → 等级 特别重大；由人定级 2{12}",
        shown,
    )
    assert set(trail.ENTRIES) == set(EntryKind.__args__)
