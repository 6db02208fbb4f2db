"""Gather: membership, answers, redelivery, closing and rebuilding, over a State that is a dictionary."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from stream.core.cases import Assignment, Incident, TopicHeat
from stream.core.codec import Item, decode, encode
from stream.core.documents import Answer, Coverage, Decision, Emergency, Figures, Mention, Post, TopicScore
from stream.core.heat import SpikeRule
from stream.core.incidents import incident_id
from stream.core.intervals import SHANGHAI, exactly
from stream.errors import MessageRejected
from stream.ports import Filter
from stream.reading.fingerprint import fingerprint
from stream.steps.gather import Gather, GatherRules

START = datetime(2024, 3, 4, 8, tzinfo=SHANGHAI)
STATEMENT = Answer(
    form="statement", issuer="云溪市应急管理局", issuer_kind="government", level="city", is_authoritative=True
)


def everything(_id: str) -> bool:
    return True


class Shelf:
    """stream.ports.State over a dictionary; what lies in it has been through JSON, as in a store."""

    def __init__(self) -> None:
        self.items: dict[tuple[type, str], bytes] = {}
        self.revisions: dict[tuple[type, str], int] = {}
        self._made: dict[tuple[type, str], Any] = {}

    def get(self, kind: type, id: str) -> Any:
        return self._made.get((kind, id))

    def put(self, item: Item) -> None:
        key = (type(item), item.id)
        self._made[key] = item
        self.items[key] = encode(item)
        self.revisions[key] = self.revisions.get(key, 0) + 1

    def revision(self, kind: type, id: str) -> int:
        return self.revisions.get((kind, id), 0)

    def listing(self, kind: type, where: Filter, *, order: str = "id", limit: int = 1000) -> list[Any]:
        found = [self._made[key] for key in sorted(self._made, key=lambda one: one[1]) if key[0] is kind]
        found = [one for one in found if where.state is None or one.state == where.state]
        found = [one for one in found if where.since is None or one.collected_at >= where.since]
        return sorted(found, key=lambda one: one.collected_at, reverse=order == "newest")[:limit]

    def each(self, kind: type, where: Filter) -> Any:
        return iter(self.listing(kind, where, limit=10**9))

    def incidents(self) -> list[Incident]:
        return self.listing(Incident, Filter())

    def incident_of(self, post: str) -> str | None:
        assignment = self.get(Assignment, post)
        return None if assignment is None else assignment.incident


def post(id: str, title: str, minutes: float = 0, **fields: Any) -> Mention:
    terms, simhash = fingerprint(title, fields.get("quote", ""))
    at = START + timedelta(minutes=minutes)
    known: dict[str, Any] = {
        "collected_at": at, "source": None, "url": None, "account": None, "kind": "post", "quote": "",
        "published": exactly(at, "row"), "heat": None, "answers": None, "removed_at": None, "relevant": True,
        "topics": [TopicScore(topic="安全生产", score=0.9)], "emergency": Emergency(is_emergency=False),
        "figures": Figures(), "severity": None, "occurred": None, "regions": [], "bodies": [], "response": None,
        "content_sha256": title, "model_version": "test", "fingerprint": terms, "simhash": simhash,
    }  # fmt: skip
    return Mention(id=id, title=title, **(known | fields))


def kept(mention: Mention) -> Post:
    return Post(
        id=mention.id, collected_at=mention.collected_at, mention=mention, text="", author=None, site=None,
        versions=[], observations=[],
    )  # fmt: skip


def decision(what: Any, of: str, value: Any = None, minutes: float = 600, id: str = "d1") -> Decision:
    at = START + timedelta(minutes=minutes)
    return Decision(id=id, collected_at=at, who="值班员", what=what, incident_of=of, value=value, why="核实")


def play(messages: Iterable[Any], gather: Gather | None = None, shelf: Shelf | None = None) -> tuple[list[Any], Shelf]:
    gather, shelf = gather or Gather(), shelf or Shelf()
    out: list[Any] = []
    for message in messages:
        if isinstance(message, Mention):
            shelf.put(kept(message))
        out.extend(gather.handle(message, shelf))
    return out, shelf


FIRE = post("fire", "云溪化工园储罐爆燃浓烟滚滚")
FIRE_AGAIN = post("fire2", "实拍云溪化工园储罐爆燃现场", 20)
FIRE_ANSWER = post("fire3", "云溪市通报化工园储罐爆燃", 90, response=STATEMENT, kind="authority")
FLOOD = post("flood", "青禾县暴雨致村道塌方", 30)
STORY = [FIRE, FIRE_AGAIN, FLOOD, FIRE_ANSWER]


@pytest.mark.parametrize(
    ("posts", "groups"),
    [
        ([FIRE, FIRE_AGAIN], 1),
        ([FIRE, FLOOD], 2),
        ([FIRE_ANSWER, FIRE], 1),
        ([FIRE_ANSWER], 1),
        ([post("a", "警方通报一起纠纷"), post("b", "警方通报一起盗窃", 5)], 2),
        (
            [
                post("a", "星河学校食堂饭菜变质", regions=["440300"]),
                post("b", "星河学校食堂饭菜变质了", 5, regions=["110105"]),
            ],
            1,
        ),
        (
            [post("a", "多名学生腹泻送医", regions=["440300"]), post("b", "学生腹泻送医检查", 5, regions=["110105"])],
            2,
        ),
    ],
)
def test_posts_gather_by_what_they_share(posts: list[Mention], groups: int) -> None:
    _, shelf = play(posts)
    assert len(shelf.incidents()) == groups
    assert all(shelf.incident_of(one.id) for one in posts)


def test_only_changed_facts_are_told() -> None:
    out, shelf = play([FIRE, FIRE_AGAIN, FIRE_ANSWER])
    assert [len(one.responses) for one in out] == [0, 1]
    assert shelf.incidents()[0].heat.posts == 3


@pytest.mark.parametrize("cut", range(len(STORY)))
def test_redelivery_counts_nothing_twice(cut: int) -> None:
    gather, shelf = Gather(), Shelf()
    play(STORY, gather, shelf)
    before = dict(shelf.items)
    again, _ = play(STORY[cut:], gather, shelf)
    assert shelf.items == before
    assert {one.id for one in again} == {shelf.incident_of(one.id) for one in STORY[cut:]}


@pytest.mark.parametrize("cut", range(len(STORY) + 1))
def test_a_rebuilt_gatherer_goes_on_as_the_unbroken_one(cut: int) -> None:
    _, unbroken = play(STORY)
    _, shelf = play(STORY[:cut])
    fresh = Gather()
    fresh.rebuild(shelf, everything)
    play(STORY[max(0, cut - 1) :], fresh, shelf)
    assert shelf.items == unbroken.items


ASIDE = post("aside", "化工园储罐爆燃云溪", 60, relevant=False)


def test_irrelevant_post_joins_what_is_open_and_teaches_it_nothing() -> None:
    out, shelf = play([FIRE, ASIDE])
    assert shelf.incident_of("aside") == incident_id("fire") and len(out) == 1
    (incident,) = shelf.incidents()
    assert incident.heat.posts == 2
    assert incident.terms == play([FIRE])[1].incidents()[0].terms


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_irrelevant_post_seen_again_does_not_join_what_opened_later(is_rebuilt: bool) -> None:
    early = post("early", ASIDE.title, -5, relevant=False)
    gather, shelf = Gather(), Shelf()
    play([early, FIRE], gather, shelf)
    if is_rebuilt:
        gather = Gather()
        gather.rebuild(shelf, everything)
    play([early, FIRE, ASIDE], gather, shelf)
    assert shelf.incident_of("early") is None and shelf.incident_of("aside") == incident_id("fire")


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_moment_it_ends_as_if_unbroken(seed: int) -> None:
    chance = random.Random(seed)
    names = ["云溪化工园储罐爆燃", "青禾县暴雨村道塌方", "星河学校食堂饭菜变质", "白鹭湖鱼群翻塘"]
    story: list[Any] = [
        post(
            f"p{n:03}", chance.choice(names)[chance.randrange(3) :] + chance.choice("甲乙丙丁戊己"), n // 3,
            relevant=chance.random() < 0.6, response=STATEMENT if chance.random() < 0.1 else None,
        )
        for n in range(120)
    ]  # fmt: skip
    story.insert(60, decision("split", story[50].id, minutes=19.9))
    _, unbroken = play(story)
    shelf, at = Shelf(), 0
    while at < len(story):
        gather = Gather()
        gather.rebuild(shelf, everything)
        saved = at + chance.randrange(1, 40)
        play(story[at:saved], gather, shelf)
        at = saved if chance.random() < 0.5 or saved >= len(story) else chance.randrange(at, saved)
    assert shelf.items == unbroken.items


def test_irrelevant_post_leaves_nothing() -> None:
    out, shelf = play([post("x", "周末去哪儿赏花", relevant=False)])
    assert not out and not shelf.incidents() and shelf.get(Assignment, "x") is None


def test_answer_opens_an_incident_for_an_irrelevant_post() -> None:
    asked = post("q", "门口路灯什么时候修", relevant=False, kind="complaint")
    reply = post("q#reply", "您好来信收悉", 3000, answers="q", response=STATEMENT, kind="authority")
    out, shelf = play([asked, reply])
    (incident,) = shelf.incidents()
    assert shelf.incident_of("q") == shelf.incident_of("q#reply") == incident.id == incident_id("q")
    assert incident.responses[0].answered == asked.published
    assert incident.first_public.mention == "q"
    assert out[-1].responses == incident.responses


def test_answer_that_comes_first_waits_for_its_post() -> None:
    reply = post("q#reply", "您好来信收悉", 0, answers="q", response=STATEMENT, kind="authority")
    asked = post("q", "门口路灯什么时候修", 5, relevant=False, kind="complaint")
    _, shelf = play([reply, asked])
    (incident,) = shelf.incidents()
    assert incident.heat.posts == 2
    assert incident.responses[0].answered == asked.published
    assert incident.first_public.mention == "q"


def test_every_answer_to_a_post_is_kept_though_it_repeats() -> None:
    posts = [post(f"q{n}", f"云溪化工园异味扰民{n}", n, kind="complaint") for n in range(3)]
    text = "您好来信收悉已转云溪市有关部门办理"
    replies = [
        post(f"q{n}#reply", text, 100 + n, answers=f"q{n}", response=STATEMENT, kind="authority") for n in range(3)
    ]
    _, shelf = play([*posts, *replies])
    answered = {one.answers for incident in shelf.incidents() for one in incident.responses}
    assert answered == {"q0", "q1", "q2"}


def test_reprint_is_kept_and_named() -> None:
    quote = "三月四日清晨云溪化工园一座储罐发生爆燃，消防部门赶赴现场，周边居民已经疏散，目前没有人员伤亡的报告。" * 3
    first = post("n1", "云溪化工园储罐爆燃", quote=quote)
    copy = post("n2", "云溪化工园储罐爆燃", 9, quote=quote + "（转载）")
    _, shelf = play([first, copy])
    assert shelf.get(Assignment, "n2").duplicate_of == "n1"
    assert shelf.get(Assignment, "n1").duplicate_of is None
    assert shelf.incidents()[0].heat.posts == 2


def test_removal_counts_from_when_it_was_seen() -> None:
    gather, shelf = Gather(), Shelf()
    play([FIRE, FIRE_ANSWER], gather, shelf)
    removed = START + timedelta(hours=3)
    seen = post("fire3", FIRE_ANSWER.title, 300, response=STATEMENT, removed_at=removed, is_new_content=False)
    out, _ = play([seen], gather, shelf)
    (response,) = out[0].responses
    assert (response.removed_at, response.removal_known_at) == (removed, seen.collected_at)
    assert out[0].heat.posts == 2


def test_observed_again_unchanged_says_nothing() -> None:
    gather, shelf = Gather(), Shelf()
    play([FIRE], gather, shelf)
    out, _ = play([post("fire", FIRE.title, 60, is_new_content=False, heat=9.0)], gather, shelf)
    assert not out and shelf.incidents()[0].heat.posts == 1


def test_quiet_incident_closes_and_reopens_for_a_while() -> None:
    gather, shelf = Gather(), Shelf()
    play([FIRE], gather, shelf)
    (incident,) = shelf.incidents()
    assert incident.due_at is not None
    (closed,) = gather.tick(incident, incident.due_at, shelf)
    assert isinstance(closed, Incident) and (closed.state, closed.closed_at) == ("closed", incident.due_at)
    out, _ = play([post("late", FIRE.title + "后续", 60 * 24 * 9)], gather, shelf)
    assert [one.state for one in out] == ["open"] and shelf.incident_of("late") == incident.id


def test_closed_for_long_is_left_alone() -> None:
    gather, shelf = Gather(), Shelf()
    play([FIRE], gather, shelf)
    for _ in range(2):
        (incident,) = shelf.incidents()
        assert incident.due_at is not None
        list(gather.tick(incident, incident.due_at, shelf))
    assert shelf.incidents()[0].due_at is None
    play([post("late", FIRE.title, 60 * 24 * 20)], gather, shelf)
    assert len(shelf.incidents()) == 2


def test_coverage_passes_through() -> None:
    span = Coverage(id="c", collected_at=START, source="s", from_at=START, to_at=START, reachable=True)
    assert play([span])[0] == [span]


@pytest.mark.parametrize(("what", "state"), [("dismiss", "dismissed"), ("confirm", "open"), ("severity", "open")])
def test_decisions_are_recorded_once(what: str, state: str) -> None:
    gather, shelf = Gather(), Shelf()
    made = decision(what, "fire", "II")
    out, _ = play([FIRE, made, made], gather, shelf)
    assert out[-1] == out[-2] and out[-1].decisions == [made] and out[-1].state == state


def test_merge_follows_and_adds_up() -> None:
    gather, shelf = Gather(), Shelf()
    out, _ = play([FIRE, FLOOD, decision("merge", "fire", "flood")], gather, shelf)
    grown, gone = (shelf.get(Incident, incident_id(one)) for one in ("fire", "flood"))
    assert {one.id for one in out[-2:]} == {grown.id, gone.id}
    assert gone.state == "merged" and gone.merged_into == grown.id and grown.heat.posts == 2
    play([post("flood2", "青禾县暴雨村道塌方抢通", 700)], gather, shelf)
    assert shelf.incident_of("flood2") == grown.id


def test_split_takes_posts_and_their_answers_along() -> None:
    gather, shelf = Gather(), Shelf()
    play([*STORY, decision("split", "fire", ["fire3"])], gather, shelf)
    old, new = shelf.get(Incident, incident_id("fire")), shelf.get(Incident, shelf.incident_of("fire3"))
    assert old.id != new.id
    assert [len(one.responses) for one in (old, new)] == [0, 1]
    assert [one.heat.posts for one in (old, new)] == [2, 1]


def test_attach_and_reject_move_a_post() -> None:
    gather, shelf = Gather(), Shelf()
    play([FIRE, FLOOD, decision("attach", "fire", ["flood"])], gather, shelf)
    assert shelf.incident_of("flood") == incident_id("fire")
    play([decision("reject", "flood", id="d2")], gather, shelf)
    assert shelf.incident_of("flood") is None
    assert shelf.get(Incident, incident_id("fire")).heat.posts == 1


@pytest.mark.parametrize(
    "made",
    [
        decision("split", "fire3"),
        decision("split", "fire", ["fire2", "fire3"]),
        decision("merge", "fire", "flood"),
        decision("attach", "fire", "flood"),
        decision("reject", "fire2"),
        decision("reject", "flood"),
    ],
    ids=lambda one: f"{one.what} {one.incident_of} {one.value}",
)
def test_a_decision_seen_again_changes_nothing_and_tells_the_same(made: Decision) -> None:
    gather, shelf = Gather(), Shelf()
    play(STORY, gather, shelf)
    first, _ = play([made], gather, shelf)
    before = dict(shelf.items)
    assert play([made], gather, shelf)[0] == first
    fresh = Gather()
    fresh.rebuild(shelf, everything)
    assert play([made], fresh, shelf)[0] == first
    assert shelf.items == before


@pytest.mark.parametrize("made", [decision("confirm", "nobody"), decision("attach", "dull", ["nobody"])])
def test_decision_on_an_unknown_post_is_rejected_and_leaves_no_trace(made: Decision) -> None:
    gather, shelf = Gather(), Shelf()
    play([post("dull", "云溪化工园储罐爆燃", relevant=False)], gather, shelf)
    before = dict(shelf.items)
    with pytest.raises(MessageRejected):
        play([made], gather, shelf)
    assert shelf.items == before
    assert play([FIRE_AGAIN], gather, shelf)[0][0].id == incident_id("fire2")


def test_topics_heat_up_against_their_history() -> None:
    rules = GatherRules(topic_spike=SpikeRule(least=8, needs_history=True))
    calm = [post(f"c{n}", f"第{n}号线路检修公告", 60 * n) for n in range(30)]
    burst = [post(f"b{n}", f"云溪化工园储罐爆燃{n}", 60 * 30 + n) for n in range(9)]
    out, shelf = play([*calm, *burst], Gather(rules))
    series = shelf.get(TopicHeat, "安全生产|")
    assert sum(count for _, count in series.hourly) == 39
    assert [one.id for one in out if isinstance(one, TopicHeat)] == ["安全生产|"]


def test_what_it_tells_survives_the_bus() -> None:
    out, _ = play(STORY)
    assert [decode(encode(one)) for one in out] == out
