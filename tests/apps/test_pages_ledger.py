"""The ledger page: duties by period, place and state; one duty with its computation; forms as the rule allows."""

from __future__ import annotations

import hashlib
from contextlib import closing
from datetime import date
from html.parser import HTMLParser

import pytest

from dashboard import ledgers, queries
from stream.backends import open_backends
from stream.bookkeeping import Deed
from stream.core.documents import Entry
from stream.core.duties import DUTY_VERDICTS
from stream.errors import UsageError
from stream.outputs import items

FOI = "CN-FOI-20WD"
HOSTILE = '<script>alert(1)</script>" onmouseover="x" \u202e=HYPERLINK("x")[甲](javascript:1)'
ALLOWED = {"a", "b", "br", "div", "dl", "dt", "dd", "span", "table", "thead", "tbody", "tr", "th", "td"}


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes.update(name for name, _ in attrs)


def _entries(filled):
    with closing(open_backends(filled.settings)) as backends:
        backends.store.refresh()
        return list(items(backends.store, Entry))


def _opened(look, copied, title="一件申请", start="2026-03-02", **more):
    """A matter, recorded as the page records it."""
    look("ledger", copied)
    identity, value = ledgers.opened(FOI, {"start": start, "title": title, "body": "云梦省某局", **more})
    ledgers.keep(Deed(who="值班长李明", why="收件登记", what="duty_open", subject=identity, value=value))
    return identity


def _send(app, who="值班长李明", why="核对原件"):
    app.text_input(key="who").set_value(who)
    app.text_input(key="why").set_value(why)
    app.button[-1].click().run()
    assert not app.exception
    return app


def test_what_the_calendar_sets_is_listed_by_itself(look):
    shown = look("ledger")
    assert "部门的信息公开年度报告" in shown.text and "2026-01-31" in shown.text
    assert all(word in shown.text for word in DUTY_VERDICTS.values())


def test_a_period_and_a_place_show_a_founding_document(look):
    app = look("ledger").app
    app.date_input(key="period").set_value((date(2019, 7, 1), date(2019, 12, 31)))
    app.selectbox(key="place").select("370783")
    app.run()
    assert not app.exception
    text = "\n".join(one.proto.body for one in app.get("html"))
    assert "SEED-SG-AIR-M" in text and "按月发布全市环境空气质量状况" in text
    assert "SEED-KT" not in text and "SEED-LN" not in text


def test_a_state_is_chosen(look):
    app = look("ledger").app
    app.get("button_group")[0].set_value("met").run()
    assert not app.exception
    assert "没有记录" in "\n".join(one.proto.body for one in app.get("html"))


def test_a_matter_is_opened_shown_and_proven(look, copied):
    app = look("ledger", copied).app
    app.selectbox(key="rule").select(FOI).run()
    app.text_input(key="start").set_value("2026-03-02")
    app.text_input(key="title").set_value("申请公开许可 13912345678")
    app.text_input(key="body").set_value("云梦省某局")
    _send(app)
    assert app.success and not app.error
    [entry] = _entries(copied)
    assert (entry.what, entry.rule, entry.who) == ("duty_open", FOI, "值班长李明")
    assert entry.value["title"] == "申请公开许可 ［手机号］"
    assert entry.collected_at == queries.now().at

    shown = look("ledger", copied, id=entry.subject)
    assert "2026-03-30" in shown.text and "第 20 个工作日" in shown.text and "13912345678" not in shown.text
    app = shown.app
    app.text_input(key="at").set_value("2026-03-02 12:00")
    app.text_input(key="url").set_value("https://gov.example/answer")
    _send(app)
    assert app.success
    assert [one.what for one in sorted(_entries(copied), key=lambda one: one.collected_at)] == [
        "duty_open",
        "duty_prove",
    ]
    assert "按期完成" in "\n".join(one.proto.body for one in app.get("html"))


@pytest.mark.parametrize(("who", "why"), [("", "有依据"), ("李明", ""), (" ", " ")])
def test_nobody_records_without_name_and_reason(look, copied, who, why):
    identity = _opened(look, copied)
    app = look("ledger", copied, id=identity).app
    app.text_input(key="at").set_value("2026-03-02 12:00")
    app.text_input(key="note").set_value("已答复")
    _send(app, who, why)
    assert app.error and not app.success
    assert len(_entries(copied)) == 1


def test_a_date_that_is_none_is_asked_for_again(look, copied):
    app = look("ledger", copied, id=_opened(look, copied)).app
    app.text_input(key="at").set_value("昨天")
    _send(app)
    assert "请填写日期或时刻" in app.error[0].value


def test_what_the_rule_does_not_give_is_refused_in_words(look, copied):
    app = look("ledger", copied, id=_opened(look, copied)).app
    app.selectbox(key="what").select("duty_extend").run()
    _send(app)
    assert "延长须先办妥" in app.error[0].value
    app.multiselect(key="needs").set_value(["工作机构负责人同意", "告知申请人"])
    _send(app)
    assert app.success
    assert "2026-04-28" in "\n".join(one.proto.body for one in app.get("html"))


def test_only_forms_that_the_rule_knows_are_offered(look, copied):
    identity = _opened(look, copied)
    now = queries.now().at
    foi = ledgers.duty(identity, now)
    annual = ledgers.duty("CN-FOI-AR-DEPT|2026年", now)
    assert {"duty_extend", "duty_suspend", "duty_restart"} <= set(ledgers.forms_of(foi))
    assert not {"duty_extend", "duty_suspend", "duty_restart"} & set(ledgers.forms_of(annual))


@pytest.mark.parametrize("what", ["duty_prove", "duty_review", "duty_suspend", "duty_restart", "duty_withdraw"])
def test_every_form_is_drawn(look, copied, what):
    app = look("ledger", copied, id=_opened(look, copied)).app
    app.selectbox(key="what").select(what).run()
    assert not app.exception
    assert app.text_input(key="who") and app.text_input(key="why")


def test_a_review_is_kept_line_by_line(look, copied):
    identity = _opened(look, copied)
    app = look("ledger", copied, id=identity).app
    app.selectbox(key="what").select("duty_review").run()
    app.selectbox(key="done").select(False)
    app.text_area(key="problems").set_value("未按期答复\n\n 未告知延期 ")
    app.text_input(key="units").set_value("某科")
    _send(app)
    duty = ledgers.duty(identity, queries.now().at)
    assert duty is not None and duty.review is not None
    assert (duty.review.done, duty.review.problems, duty.review.units) == (False, ["未按期答复", "未告知延期"], "某科")


def test_hostile_words_stay_text(look, copied):
    identity = _opened(look, copied, title=HOSTILE)
    for form in ("duty_prove", "duty_review"):
        value = {"at": "2026-03-02", "note": HOSTILE} if form == "duty_prove" else {"done": True, "problems": [HOSTILE]}
        ledgers.keep(Deed(who=HOSTILE, why=HOSTILE, what=form, subject=identity, value=value))
    for shown in (look("ledger", copied), look("ledger", copied, id=identity)):
        tags = Tags(shown.text)
        assert tags.seen <= ALLOWED and not {one for one in tags.attributes if one.startswith("on")}
        assert "\u202e" not in shown.text


def test_a_link_that_is_none_is_refused(look, copied):
    identity = _opened(look, copied)
    with pytest.raises(UsageError, match="网址"):
        ledgers.keep(Deed(who="值班长", why="核对", what="duty_prove", subject=identity,
                          value={"at": "2026-03-02", "url": "javascript:alert(1)"}))  # fmt: skip


def test_an_unknown_duty_is_told(look):
    app = look("ledger", id="CN-NONE|2026").app
    assert any("没有这个事项" in one.value for one in app.info)


def test_a_file_is_kept_as_its_hash_alone():
    value = ledgers.value_of("duty_prove", {"at": "2026-03-02", "url": "", "note": "", "file": b"answer"})
    assert value == {"at": "2026-03-02", "sha256": hashlib.sha256(b"answer").hexdigest()}


def test_the_page_without_any_data(look, empty):
    assert look("ledger", empty).app.info
