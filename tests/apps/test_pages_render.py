"""Every page renders on a replayed scenario and says in Chinese what the store says."""

import re
from contextlib import closing
from datetime import datetime

import pytest

from stream.backends import open_backends
from stream.core.cases import Alert
from stream.core.intervals import SHANGHAI
from stream.core.reasons import REASONS
from stream.ports import Save

ALL = ("live", "timers", "search", "review", "incident")


@pytest.mark.parametrize("page", ALL)
def test_an_empty_store_shows_what_to_do(look, empty, page):
    looked = look(page, empty, **({"id": "i-1"} if page == "incident" else {}))
    assert [one.value for one in looked.app.info], page
    assert not list(empty.data.glob("*.sqlite"))


@pytest.mark.parametrize("page", ALL)
def test_no_code_of_the_record_reaches_a_reader(look, incidents, page):
    text = look(page, id=incidents["檀溪市"].id).text
    shown = re.sub(r"<[^>]*>", " ", text)
    assert not [one for one in REASONS if one in shown]
    assert not re.search(r"(?<!（)\b(99\d{4}|strict|must|in_principle|statement|authority)\b", shown)


def test_live_says_what_runs_what_is_late_and_what_nobody_can_tell(look):
    looked = look("live")
    groups = re.findall(r'class="hy-group[^"]*">(.*?)</div>', looked.text)
    assert groups == ["正在计时 · 1", "超时 · 1", "无法判断（证据不足，不是超时） · 1", "已按时回应 · 1"]
    tiles = dict(re.findall(r'class="hy-tile [^"]*">(.*?)<b>(.*?)</b>', looked.text))
    assert tiles == {
        "现在（北京时间）": "03-04 00:00:00", "正在计时的事件": "1", "已超时的事件": "1", "无法判断或已撤回": "1",
        "已按时的事件": "1",
    }  # fmt: skip
    assert "时限内监看渠道曾无法访问，可能有未被看到的发布" in looked.text
    assert "青屏市 · 事故灾难 · 重大" in looked.text
    # The pipeline stopped long ago: said, not hidden.
    assert "流水线没有在运行" in looked.app.warning[0].value


def test_the_countdown_is_the_pipelines_not_the_walls(look):
    # Opinion first public on 3 March 04:00, 48 hours; the clock stands at 4 March 00:00.
    assert "还剩 1天04:00:00" in look("live").text
    assert "还剩 1天04:00:00" in look("timers").text


def test_timers_list_one_verdict_each(look):
    looked = look("timers")
    assert "石栏市实验小学" in looked.text and "蓝湾市" not in looked.text
    looked.app.segmented_control[0].select("breached").run()
    text = "".join(one.proto.body for one in looked.app.get("html"))
    assert "蓝湾市一商场发生火灾" in text and "石栏市实验小学" not in text


def test_a_reminder_of_the_ledger_leads_to_its_duty(look, copied):
    now = datetime(2026, 3, 4, tzinfo=SHANGHAI)
    told = Alert(id="CN-FOI-20WD|2026-02-09|497bec9d|2026-03-10|T-7d", collected_at=now, at=now, incident=None,
                 topic=None, region=None, rule="CN-FOI-20WD", rung="T-7d", kind="duty", title="【台账】某事项",
                 text="")  # fmt: skip
    with closing(open_backends(copied.settings)) as backends:
        backends.store.save_many([Save(item=told)])
        backends.store.refresh()
    text = look("live", copied).text
    assert re.search(r'台账到期.*?href="ledger\?id=CN-FOI-20WD%7C2026-02-09%7C497bec9d"[^>]*>【台账】某事项', text)


def test_the_incident_page_shows_clocks_proof_and_gaps(look, incidents):
    text = look("incident", id=incidents["青屏市"].id).text
    assert text.index("5小时内发布权威信息") < text.index("24小时内举行新闻发布会")
    assert re.search(r"青屏市门户网站.*?无法访问.*?连接超时", text)
    assert re.search(r"内容 SHA-256 [0-9a-f]{64}", text)
    assert "由信息所报数字推得" in text and "云梦省" not in text
    # What is owed and what nobody knows stand first; the clocks, answers and gaps below.
    order = ["谁应当做什么", "还不清楚的", "从严（据以定结论）", "<th>权威发布</th>", "沉默不能作证"]
    assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)


def test_the_incident_page_names_who_decided(look, incidents):
    text = look("incident", id=incidents["石栏市"].id).text
    assert re.search(r"值班长李明.*?认定须回应.*?涉及公众切身利益且影响较大.*?涉及学生切身利益", text, re.DOTALL)


def test_an_unknown_incident_is_said_to_be_unknown(look):
    assert "没有这个事件" in look("incident", id="i-0000000000000000").app.info[0].value


@pytest.mark.parametrize(
    ("region", "found"), [("檀溪市", 2), ("991100", 2), ("云梦省", 5), ("99", 5), ("991400", 1), ("没有这里", 6)]
)
def test_search_by_region_takes_names_and_codes(look, region, found):
    looked = look("search")
    looked.app.text_input(key="region").set_value(region).run()
    text = "".join(one.proto.body for one in looked.app.get("html"))
    assert len(re.findall("<tr><td>", text)) == found
    assert bool(looked.app.warning) == (region == "没有这里")


def test_search_marks_the_words_it_looked_for(look):
    looked = look("search")
    looked.app.text_input(key="text").set_value("爆炸 死亡").run()
    text = "".join(one.proto.body for one in looked.app.get("html"))
    assert '<span class="hy-found">爆炸</span>' in text
    assert "查看事件" in text and "石栏市" not in text
