"""As-of against the truth: what is judged at T from everything equals what is judged from the rows known by T alone.

The scenario has what can go wrong: posts found late, a bulletin edited and withdrawn, coverage told late, people who
merge, split, attach, reject, dismiss, confirm, grade, restate, exempt; one incident closes and another reopens.
"""

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.cases import Incident
from stream.core.intervals import SHANGHAI
from stream.hindsight import judgements_at, records_at
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.outputs import items
from stream.replay import Request, replay
from stream.settings import load_settings
from stream.spool import Spool

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI)
SQUARE, CANTEEN, BRIDGE, MALL = "霁川市一化工厂", "砚溪市一中学食堂", "松霭市一大桥", "青岫市一商场"


def at(hours):
    return START + timedelta(hours=hours)


def post(id, hours, title, text=None, **fields):
    when = at(hours).isoformat()
    return {
        "id": id, "kind": "news", "source": "paper", "title": title, "text": title if text is None else text,
        "published_at": when, "collected_at": when, **fields,
    }  # fmt: skip


def decision(hours, what, post, value=None, why="值班核实"):
    return {"kind": "decision", "at": at(hours).isoformat(), "who": "值班长李明", "what": what, "incident_of": post,
            "value": value, "why": why}  # fmt: skip


def coverage(source, first, last, *, reachable=True):
    return {"kind": "coverage", "source": source, "from": at(first).isoformat(), "to": at(last).isoformat(),
            "reachable": reachable, **({} if reachable else {"reason": "timeout"})}  # fmt: skip


ROWS = [
    post("a1", 1.2, f"{SQUARE}发生爆炸 已致12人死亡", "3月2日9时许，霁川市一化工厂发生爆炸，已致12人死亡。",
         region="990100"),
    coverage("jichuan-gov", 0, 4),
    post("a2", 4.5, f"{SQUARE}爆炸事故情况通报", "3月2日9时许，霁川市一化工厂发生爆炸，造成12人死亡、5人受伤。",
         kind="authority", account="霁川应急", region="990100", source="jichuan-gov"),
    coverage("jichuan-gov", 4, 9),
    post("b1", 2, f"{CANTEEN}多名学生呕吐", f"{CANTEEN}多名学生呕吐，家长要求调查。",
         region="990200", kind="complaint"),
    decision(3, "gate", "b1", "vital_interest"),
    post("c1", 5, f"{BRIDGE}坍塌 3人被困", "3月2日12时许，松霭市一大桥坍塌，已致11人死亡。", region="990300"),
    post("c2", 6, "松霭市大桥事故伤者送医", "松霭市大桥事故11名死者家属抵达。", region="990300"),
    post("d1", 7, f"{MALL}起火", "3月2日15时许，青岫市一商场起火，已致3人死亡。", region="990400"),
    coverage("songai-gov", 5, 6, reachable=False), coverage("songai-gov", 6, 40), coverage("qingxiu-gov", 0, 60),
    decision(8, "severity", "d1", "II"),
    post("e1", 9, "霁川市化工厂附近居民撤离", "霁川市化工厂爆炸后附近居民撤离。", region="990100"),
    decision(10, "merge", "a1", "c1", "同一事件"), decision(11, "split", "a1", ["c2"], "不是同一事件"),
    post("x1", 12, "青岫市商场火灾处置情况", "青岫市商场火灾已扑灭，造成4人死亡。", kind="authority",
         account="青岫应急", region="990400", source="qingxiu-gov"),
    decision(13, "reject", "x1", "x1"), decision(14, "attach", "d1", "x1"),
    post("a2", 15, f"{SQUARE}爆炸事故情况通报（更正）", "3月2日9时许，霁川市一化工厂发生爆炸，造成31人死亡、8人受伤。",
         kind="authority", account="霁川应急", region="990100", source="jichuan-gov",
         published_at=at(4.5).isoformat()),
    post("a0", 16, "网友拍下霁川化工厂爆炸瞬间", "霁川市一化工厂发生爆炸。",
         region="990100", published_at=at(1).isoformat()),
    {**post("a2", 18, None), "removed_at": at(17).isoformat(), "kind": "authority",
     "account": "霁川应急", "source": "jichuan-gov"},
    decision(19, "occurred", "d1", at(6.5).isoformat()), decision(20, "dismiss", "b1"),
    post("b2", 21, f"{CANTEEN}学生呕吐 教育局回应", f"砚溪市教育局回应{CANTEEN}学生呕吐：正在调查。", answers="b1",
         kind="authority", account="砚溪教育", region="990200"),
    decision(22, "confirm", "b1"), decision(23, "restate", "d1", {"mention": "x1", "at": at(10).isoformat()}),
    decision(24, "exempt", "d1", {"ground": "EX-SECRET", "rule": "CN-24H-PRESSER"}, "涉及国家秘密，依条例第十四条"),
    decision(25, "conference_held", "a1", {"at": at(20).isoformat(), "issuer": "霁川市人民政府"}),
    decision(26, "objection", "d1", None, "责任单位认为已在官网发布"),
    coverage("jichuan-gov", 9, 40), coverage("yanxi-gov", 0, 60),
    post("f1", 61, "霁川市化工厂爆炸遇难者名单公布", "霁川市一化工厂爆炸遇难者名单公布。", region="990100"),
    post("g1", 24 * 9, "今日天气晴好", kind="post"),
    post("a3", 24 * 10, f"{SQUARE}爆炸调查报告公布",
         "霁川市应急管理局公布霁川市一化工厂爆炸事故调查报告，认定31人死亡。",
         kind="authority", account="霁川应急", region="990100", source="jichuan-gov", answers="a1"),
    post("g2", 24 * 26, "今日阴有小雨", kind="post"),
]  # fmt: skip


def when(row):
    return datetime.fromisoformat(row.get("collected_at") or row.get("at") or row["to"])


INSTANTS = sorted({when(row) for row in ROWS})


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Replays the rows known by an instant; gives the settings of what was kept."""

    def run(until):
        folder = tmp_path_factory.mktemp("known")
        path = folder / "posts.jsonl"
        rows = sorted((row for row in ROWS if when(row) <= until), key=when)
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        settings = msgspec.structs.replace(
            load_settings(ROOT / "config" / "demo" / "embedded.yaml"), data=folder / "data"
        )
        settings.data.mkdir()
        intake = Intake(pseudonyms=load_pseudonyms(settings.data))
        request = Request(files=[path], out=folder / "out", assume_covered=False, keep=True)
        done = replay(request, settings, lambda spool: Spool.build(spool, read_posts(path, intake)),
                      lambda *_: None)  # fmt: skip
        assert done.kept is not None
        return done.kept

    return run


@pytest.fixture(scope="module")
def whole(replayed):
    return replayed(INSTANTS[-1])


def as_of(settings, instant):
    with closing(open_backends(settings, read_only=True)) as backends:
        return {one.id: one for one in judgements_at(backends.store, settings, instant)}


def differing(one, other):
    """Which fields of which judgements differ: an empty answer is what is wanted."""
    missing = [f"{id}: {'later' if id in one else 'sooner'}" for id in sorted(set(one) ^ set(other))]
    fields = [
        (id, name, getattr(one[id], name), getattr(other[id], name))
        for id in sorted(set(one) & set(other))
        for name in one[id].__struct_fields__
        if getattr(one[id], name) != getattr(other[id], name)
    ]
    return [*missing, *fields]


def check(whole, replayed, instant):
    assert differing(as_of(whole, instant), as_of(replayed(instant), instant)) == []


@pytest.mark.parametrize("hours", [10, 15, 22, 24 * 10])
def test_as_of_is_what_was_known_then(whole, replayed, hours):
    assert at(hours) in INSTANTS
    check(whole, replayed, at(hours))


@pytest.mark.long
def test_as_of_every_instant(whole, replayed):
    for instant in INSTANTS:
        check(whole, replayed, instant)


def test_a_state_is_the_one_of_then(whole):
    with closing(open_backends(whole, read_only=True)) as backends:
        now = {one.id: one for one in items(backends.store, Incident)}
        states = {
            hours: sorted(one.incident.state for one in records_at(backends.store, whole, at(hours)))
            for hours in (9, 20, 24 * 9, 24 * 10)
        }
    assert sorted(one.state for one in now.values()) == ["closed"] * 4 + ["merged"]
    assert states == {
        9: ["open"] * 4, 20: ["dismissed", "merged", "open", "open", "open"],
        24 * 9: ["closed", "closed", "closed", "merged", "open"],
        24 * 10: ["closed", "closed", "closed", "merged", "open"],
    }  # fmt: skip


def test_verdicts_move_with_knowledge(whole):
    """The scenario would prove nothing if its verdicts stood still."""
    seen = {
        tuple(sorted((one.rule, one.verdict) for judgement in as_of(whole, at(hours)).values()
                     for one in judgement.obligations if one.clock == "strict"))
        for hours in (4.5, 15, 24 * 10)
    }  # fmt: skip
    assert len(seen) == 3
