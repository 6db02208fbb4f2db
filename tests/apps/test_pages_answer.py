"""The head of the incident page: who owed what by when, whether they did, what is not known; the text of the rules, the
command that hands out the proof, and a supervisor's word on an incident."""

import re
import shlex
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from dashboard import gists, grounds, names, queries, trail
from dashboard.exports.records import Reviews
from dashboard.exports.tables import Frame
from stream.core.cases import (
    CoverageGap,
    Due,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    Obligation,
    Response,
    SeverityView,
)
from stream.core.documents import Entry
from stream.core.intervals import SHANGHAI, Elapsed, Interval, exactly

START = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)
HOSTILE = "<img src=x onerror=alert(1)>\u202e\x00</td><script>"


def at(hours):
    return START + timedelta(hours=hours)


def duty(verdict, reason, rule="CN-5H-AUTH", **fields):
    plain = Obligation(
        rule=rule, rule_version="2016-11-10", modality="must", body="檀溪市应急管理局", clock="strict",
        start=exactly(START, "text"), basis="occurred:text", due=Due(earliest=at(5), latest=at(5)), verdict=verdict,
        reason=reason, satisfied_by=None, elapsed_s=None, evidence=[],
    )  # fmt: skip
    return replace(plain, **fields)


def release(hours, **fields):
    plain = Response(
        mention="p2", answers=None, answered=None, published=exactly(at(hours), "row"), form="statement",
        issuer="檀溪市应急管理局", issuer_kind="government", level="city", is_authoritative=True, known_at=at(hours),
        title="情况通报", url="https://tanxi.example/2",
    )  # fmt: skip
    return replace(plain, **fields)


JUDGEMENT = Judgement(
    id="i-1", collected_at=at(30), title="某事", region=None, topics=[], state="open", incident_revision=1,
    opened_at=START, is_emergency=False, event_type=None, occurred=exactly(START, "text"),
    severity=SeverityView(grade="II", basis="figures", mentions=[], history=[]), figures=[], gate=None, responsible=[],
    obligations=[], changes=[], coverage=[], hot=[], versions={},
)  # fmt: skip
INCIDENT = Incident(
    id="i-1", collected_at=at(30), title="某事", opened_at=START, state="open", merged_into=None, closed_at=None,
    first_public=FirstPublic(interval=exactly(START, "row"), mention="p001"), regions=[], topics=[], bodies=[],
    emergencies=[], occurred=[], figures=[], responses=[], decisions=[], hot=[],
    heat=Heat(posts=0, peak=0, peak_at=None, hourly=[]), terms=[],
)  # fmt: skip


def words(markup):
    """What a reader sees, and that it is markup of ours."""
    tags = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append(tag)
    reader.feed(markup)
    assert set(tags) <= {"table", "thead", "tbody", "tr", "th", "td", "div", "span", "b", "a", "br"}
    assert not re.search("[\x00\u202e]", markup)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", markup))


@pytest.fixture
def configured(embedded, point_at):
    """Names come from the scenario's configuration."""
    point_at(embedded)


def told(one, responses=(), **fields):
    incident = replace(INCIDENT, responses=list(responses))
    return words(gists.answer(incident, replace(JUDGEMENT, obligations=[one], **fields), at(2)))


@pytest.mark.usefixtures("configured")
class TestAnswer:
    """One row a duty, then what nobody knows."""

    def test_late_says_by_how_much_and_by_which_release(self):
        late = duty("breached", "statement_late", evidence=["p1", "p2"], elapsed_s=Elapsed(min=30600.0, max=30600.0))
        shown = told(late, [release(8.5), release(9.5, mention="p3")])
        assert re.search(r"超时 .*?檀溪市应急管理局 应当5小时内发布权威信息 .*?2026-03-02 14:00 .*?情况通报", shown)
        assert "2026-03-02 17:30:00，情况通报，用时 8小时30分，超过时限 3小时30分" in shown

    def test_a_reader_who_subtracts_finds_the_same(self):
        """A deadline known to the minute: 14:00:00 to 14:00:59."""
        due = Due(earliest=at(5), latest=at(5) + timedelta(seconds=59))
        late = duty("breached", "statement_late", due=due, evidence=["p2"], elapsed_s=Elapsed(min=30600.0, max=30600.0))
        assert "超过时限 3小时30分" in told(late, [release(8.5)])

    def test_in_time_names_the_release_that_satisfied(self):
        met = duty("met", "statement_in_time", satisfied_by="p2", elapsed_s=Elapsed(min=7200.0, max=7200.0))
        shown = told(met, [release(2)])
        assert "按时" in shown and "用时 2小时00分" in shown and "超过时限" not in shown

    def test_a_release_in_another_form_is_not_called_the_answer(self):
        """A notice among the evidence of a press conference that nobody held: no time was taken."""
        late = duty("breached", "no_statement", rule="CN-24H-PRESSER", evidence=["p2"])
        assert "未见能够算作回应的权威发布" in told(late, [release(2)])

    def test_running_counts_down(self):
        shown = told(duty("pending", "awaiting_statement"))
        assert "还剩 03:00:00" in shown and "尚未见权威发布" in shown

    def test_a_gap_is_told_once_with_its_channel_and_hours(self):
        gap = CoverageGap(rule="CN-5H-AUTH", clock="strict", body="檀溪市人民政府", source="tanxi", from_at=at(1),
                          to_at=at(4), reason="timeout", share=600, counts=True)  # fmt: skip
        gaps = [gap, replace(gap, rule="CN-24H-PRESSER")]
        shown = told(duty("unknown_coverage_gap", "channel_unreachable"), gaps=gaps)
        assert shown.count("檀溪市门户网站：03-02 10:00 至 03-02 13:00 之间没有看到") == 1

    def test_what_is_not_known_is_listed(self):
        wide = Interval(earliest=at(0), latest=at(2), precision="part_of_day", source="text")
        ungraded = replace(JUDGEMENT.severity, grade=None)
        shown = told(duty("indeterminate", "straddles_due"), is_emergency=True, occurred=wide, severity=ungraded)
        for said in ("等级未定", "事发时刻只知在 2026-03-02 09:00 至", "责任单位待定"):
            assert said in shown
        assert "没有影响结论的未知事项" not in shown

    def test_without_hours_it_says_why(self):
        assert "没有适用的小时时限" in words(gists.answer(INCIDENT, JUDGEMENT, at(2)))

    def test_hostile_words_stay_text(self):
        late = duty("met", "statement_in_time", body=HOSTILE, rule="CN-5H-AUTH", satisfied_by="p2")
        assert told(late, [release(2, title=HOSTILE, issuer=HOSTILE)]).count("onerror") == 3


@pytest.mark.usefixtures("configured")
def test_the_rules_are_quoted_with_source_and_version():
    ruled = replace(JUDGEMENT, obligations=[duty("met", "statement_in_time"), duty("met", "x", rule="GONE")])
    shown = words(grounds.rules_quoted(ruled))
    assert "“最迟要在5小时内发布权威信息" in shown and "国办发〔2016〕80号" in shown
    assert "5 小时" in shown and "2016-11-10 版" in shown and names.rules().version in shown
    assert "现行规则库中没有这一版" in shown


def test_the_command_is_exact_and_nothing_can_break_out_of_it(embedded, point_at):
    point_at(embedded)
    first, second = grounds.commands("i-1;rm -rf ~").splitlines()
    asked = shlex.split(first)
    assert f"HUIYING_DATA={embedded.data.resolve()}" in asked and "i-1;rm -rf ~" in asked
    assert asked[asked.index("--config") + 1] == str(embedded.config.resolve())
    assert shlex.split(second) == ["huiying", "verify", "i-1;rm -rf ~.zip"]


# --- a supervisor's word ----------------------------------------------------------------------------------------------


def _reviewed(look, copied, incidents, who="督察员张华"):
    app = look("incident", copied, id=incidents["檀溪市"].id).app
    app.selectbox(key="review-rule").select("CN-5H-AUTH")
    app.text_area(key="review-problems").set_value("发布偏晚\n未说明伤情")
    app.text_area(key="review-measures").set_value("完善夜间值班")
    app.text_input(key="review-units").set_value("檀溪市应急管理局")
    app.text_input(key="review-materials").set_value("檀溪市人民政府办公室")
    app.text_input(key="review-who").set_value(who)
    app.text_input(key="review-why").set_value("督察核实")
    app.button(key="reviewed").click().run()
    assert not app.exception
    return app


def test_a_review_reaches_the_supervision_table(look, copied, incidents):
    identity = incidents["檀溪市"].id
    app = _reviewed(look, copied, incidents)
    assert app.success and not app.error
    found = queries.entries(identity)
    assert [(one.what, one.subject, one.rule) for one in found] == [("duty_review", identity, "CN-5H-AUTH")]
    said = Reviews(found, Frame(now=found[0].collected_at)).of(identity, "CN-5H-AUTH")
    assert (said.done, said.problems, said.measures) == (False, ["发布偏晚", "未说明伤情"], ["完善夜间值班"])
    assert (said.units, said.materials_from) == (["檀溪市应急管理局"], ["檀溪市人民政府办公室"])
    assert "存在问题：发布偏晚；未说明伤情" in look("incident", copied, id=identity).text


def test_nobody_reviews_without_a_name(look, copied, incidents):
    app = _reviewed(look, copied, incidents, who="  ")
    assert app.error and not app.success
    assert queries.entries(incidents["檀溪市"].id) == []


def test_entries_are_drawn_whatever_they_hold(embedded, point_at):
    point_at(embedded)
    entry = Entry(id="n-1", collected_at=at(1), who=HOSTILE, what="duty_review", subject="i-1", rule=HOSTILE,
                  value={"done": True, "problems": HOSTILE, "measures": [HOSTILE, 3]}, why=HOSTILE)  # fmt: skip
    issued = replace(entry, what="evidence_issued", value={"sha256": "ab" * 32})
    shown = words(trail.entered([entry, issued, replace(entry, value="乱写")]))
    assert "已完成" in shown and "ab" * 32 in shown and "出具原卷" in shown
    assert trail.entered([]) == ""
