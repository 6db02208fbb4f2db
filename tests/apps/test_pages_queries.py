"""What the pages ask comes in pages: none lost, none twice, none outside its period."""

from datetime import timedelta

import pytest

from dashboard import names, queries

TOWNS = ("檀溪市", "蓝湾市", "青屏市", "石栏市")


@pytest.fixture
def ready(filled, point_at):
    point_at(filled)


def _last(since, until):
    *_, (_, found) = queries.review(since, until)
    return [names.region_name(one.region) for one in found]


@pytest.mark.parametrize("page", [1, 2, 3, 400])
def test_the_review_reads_on_until_the_end(ready, incidents, monkeypatch, page):
    monkeypatch.setattr(queries, "REVIEWED", page)
    opened = sorted(one.opened_at for one in incidents.values())
    assert _last(opened[0], opened[-1] + timedelta(seconds=1)) == list(TOWNS)


def test_the_review_is_by_the_day_an_incident_was_first_seen(ready, incidents):
    # The last one opened a day later; its facts and the others' went on until the end.
    opened = incidents["石栏市"].opened_at
    assert _last(opened, opened + timedelta(days=1)) == ["石栏市"]
    assert _last(opened - timedelta(days=1), opened) == ["檀溪市", "蓝湾市", "青屏市"]
    assert _last(opened + timedelta(seconds=1), opened + timedelta(days=9)) == []


def test_an_incidents_posts_come_in_pages(ready, incidents, monkeypatch):
    monkeypatch.setattr(queries, "MEMBERS", 1)
    identity = incidents["檀溪市"].id
    first = queries.members(identity)
    second = queries.members(identity, first.cursor)
    assert [one.post.id for one in (*first.members, *second.members)] == ["p002", "p001"]
    assert second.cursor is None


def test_the_board_says_when_it_leaves_something_out(ready, look, monkeypatch):
    assert not queries.board().is_cut
    monkeypatch.setattr(queries, "SHOWN", 1)
    board = queries.board()
    assert board.is_cut and board.open == 4
    looked = look("live")
    assert "<b>1+</b>" in looked.text
    assert any("只列最紧要的" in one.value for one in looked.app.caption)


def test_the_board_leads_with_what_runs(ready):
    assert names.region_name(queries.board().judgements[0].region) == "石栏市"


def test_obligations_that_run_come_by_their_deadline(ready):
    found = queries.obligations("pending").found
    assert [one.obligation.rule for one in found] == ["CN-48H-OTHER"]
    assert {one.obligation.verdict for one in queries.obligations("breached").found} == {"breached"}


def test_the_timers_say_when_they_leave_something_out(ready, look, monkeypatch):
    assert not look("timers").app.caption
    monkeypatch.setattr(queries, "LISTED", 1)
    app = look("timers").app
    app.segmented_control[0].select("breached").run()
    assert "只列最近的 1 个事件" in app.caption[0].value


@pytest.mark.parametrize(
    ("written", "prefix"),
    [("广东", "44"), ("广东省", "44"), ("440000", "44"), ("深圳市", "4403"), ("44", "44"), ("500000", "50"),
     ("500100", "5001"), ("余杭区", "330110"), ("檀溪市", "9911"), ("991100", "9911"), ("朝阳区", None),
     ("没有这里", None), ("１２", None), ("44; DROP", None), ("4403001", None)],
)  # fmt: skip
def test_a_region_is_asked_for_by_name_or_code(ready, written, prefix):
    assert names.region_prefix(written) == prefix
