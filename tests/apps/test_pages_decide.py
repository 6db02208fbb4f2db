"""The decision form: who and why are mandatory; what is entered becomes the value docs/formats.md defines."""

from contextlib import closing
from typing import get_args

import pytest

from dashboard import queries
from dashboard.decisions import ENTRIES, Incomplete, value_of
from stream.backends import open_backends
from stream.core.deciding import objection_of
from stream.core.documents import Capture, Decision, DecisionKind


def _saved():
    with queries.reading() as backends:
        backends.store.refresh()
        return [one.item for one in backends.store.listing(Decision, order="newest").items]


def _form(look, copied, incidents, what):
    app = look("incident", copied, id=incidents["檀溪市"].id).app
    app.selectbox(key="what").select(what).run()
    return app


def _send(app, who="值班长李明", why="工作群核实"):
    app.text_input(key="who").set_value(who)
    app.text_input(key="why").set_value(why)
    app.button(key="decided").click().run()
    assert not app.exception
    return app


def test_a_decision_is_recorded_at_the_pipelines_time(look, copied, incidents):
    app = _form(look, copied, incidents, "severity")
    app.selectbox(key="choice").select("I")
    _send(app)
    assert app.success and not app.error
    decision = _saved()[0]
    assert (decision.who, decision.what, decision.value, decision.why) == ("值班长李明", "severity", "I", "工作群核实")
    assert decision.incident_of == "p001"
    assert decision.collected_at == queries.now().at


@pytest.mark.parametrize(("who", "why"), [("", "有依据"), ("李明", ""), ("  ", "有依据"), ("李明", " \t")])
def test_nobody_decides_without_name_and_reason(look, copied, incidents, who, why):
    before = len(_saved_in(look, copied))
    app = _send(_form(look, copied, incidents, "dismiss"), who, why)
    assert app.error and not app.success
    assert len(_saved()) == before


def _saved_in(look, copied):
    look("incident", copied)
    return _saved()


def test_a_time_that_is_none_is_asked_for_again(look, copied, incidents):
    app = _form(look, copied, incidents, "conference_held")
    app.text_input(key="latest").set_value("昨天晚上")
    _send(app)
    assert "请填写时刻" in app.error[0].value
    assert not [one for one in _saved() if one.what == "conference_held"]
    app.text_input(key="latest").set_value("2026-03-02 20：05")
    _send(app)
    assert _saved()[0].value == "2026-03-02 20:05"  # as precise as it was written: that minute


def test_an_objection_comes_with_its_file(look, copied, incidents):
    app = _form(look, copied, incidents, "objection")
    app.text_input(key="body").set_value("檀溪市应急管理局")
    app.text_area(key="objection").set_value("通报早于所记")
    app.file_uploader(key="file").set_value(("../../情况 说明.pdf", b"%PDF-1.7", "application/pdf"))
    _send(app, why="来函")
    assert app.success and not app.error
    decision = _saved()[0]
    said = objection_of(decision)
    assert (said.body, said.text) == ("檀溪市应急管理局", "通报早于所记")
    assert (said.attachment.name, said.attachment.size) == ("情况_说明.pdf", 8)
    held = said.attachment.capture
    with closing(open_backends(copied.settings)) as backends:
        exchange = backends.evidence.open(Capture(sha256=held.sha256, file=held.file, offset=held.offset))
    assert exchange.body == b"%PDF-1.7"


def test_what_decides_nothing_is_refused_with_the_reason(look, copied, incidents):
    app = _form(look, copied, incidents, "attach")
    before = len(_saved())
    app.text_input(key="value").set_value("p" * 2_000)
    app.text_input(key="who").set_value("李" * 300)
    app.text_input(key="why").set_value("核实")
    app.button(key="decided").click().run()
    assert "姓名与职务最多" in app.error[0].value and not app.success
    assert len(_saved()) == before


def test_every_kind_has_its_form(look, incidents):
    app = look("incident", id=incidents["檀溪市"].id).app
    for what in get_args(DecisionKind):
        app.selectbox(key="what").select(what).run()
        assert not app.exception, what
        assert app.text_input(key="who") and app.text_input(key="why")


INSTANT = "2026-03-02 09:12"


@pytest.mark.parametrize(
    ("what", "given", "value"),
    [
        ("confirm", {}, None),
        ("severity", {"choice": None}, None),
        ("severity", {"choice": "II"}, "II"),
        ("gate", {"choice": "moral_line"}, "moral_line"),
        ("occurred", {"latest": INSTANT, "earliest": ""}, {"at": INSTANT}),
        ("occurred", {"latest": INSTANT, "earliest": INSTANT}, {"earliest": INSTANT, "latest": INSTANT}),
        ("restate", {"choice": "p002", "latest": INSTANT}, {"mention": "p002", "at": INSTANT}),
        ("reject", {"choice": "p002"}, "p002"),
        ("attach", {"text": " p009 "}, "p009"),
        ("merge", {"text": "p003"}, "p003"),
        ("split", {"text": "p003 p004"}, ["p003", "p004"]),
        ("exempt", {"choice": "EX-SECRET", "rule": ""}, {"rule": None, "ground": "EX-SECRET"}),
        ("exempt", {"choice": "EX-SECRET", "rule": "CN-5H-AUTH"}, {"rule": "CN-5H-AUTH", "ground": "EX-SECRET"}),
        ("objection", {"body": " 某局 ", "text": "不认可"}, {"body": "某局", "text": "不认可", "attachment": None}),
    ],
)  # fmt: skip
def test_values_are_those_of_the_format(what, given, value):
    assert value_of(ENTRIES[what], given) == value


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("conference_held", {"latest": ""}),
        ("occurred", {"latest": "2026-03-02 09:12", "earliest": "2026-03-02 10:12"}),
        ("occurred", {"latest": None, "earliest": "2026-03-02 10:12"}),
        ("restate", {"choice": None, "latest": "2026-03-02 09:12"}),
        ("reject", {"choice": None}),
        ("split", {"text": "  "}),
        ("exempt", {"choice": None}),
        ("objection", {"body": "", "text": "不认可"}),
        ("objection", {"body": "某局", "text": " "}),
    ],
)
def test_what_is_incomplete_is_no_decision(what, given):
    with pytest.raises(Incomplete):
        value_of(ENTRIES[what], given)
