"""Incidents: facts are added once, kept when they say something new, and stay few however many posts come."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from stream.core.cases import Incident
from stream.core.codec import encode
from stream.core.documents import Answer, Decision, Emergency, Figures, Mention, TopicScore
from stream.core.event_facts import VALUES_KEPT
from stream.core.incidents import (
    PRINTS_KEPT,
    RESPONSES_KEPT,
    Lifetime,
    awake,
    incident_id,
    is_alive,
    opened,
    reprint_of,
    rung,
    with_decision,
    with_facts,
    with_mention,
)
from stream.core.intervals import SHANGHAI, Interval, StatedInterval, exactly
from stream.core.moves import merged, without
from stream.core.naming import REGIONS_KEPT

NOON = datetime(2024, 5, 20, 12, tzinfo=SHANGHAI)
BLAST = Emergency(is_emergency=True, type="事故灾难", subtype="爆炸", in_china=True)


def answer(issuer: str = "青禾县应急管理局", form: Any = "statement", is_authoritative: bool = True) -> Answer:
    return Answer(form=form, issuer=issuer, issuer_kind="government", level="county", is_authoritative=is_authoritative)


def mention(id: str, minutes: float = 0, **fields: Any) -> Mention:
    at = NOON + timedelta(minutes=minutes)
    known: dict[str, Any] = {
        "collected_at": at, "title": id, "source": None, "url": None, "account": None, "kind": "post", "quote": "",
        "published": exactly(at, "row"), "heat": None, "answers": None, "removed_at": None, "relevant": True,
        "topics": [], "emergency": Emergency(is_emergency=False), "figures": Figures(), "severity": None,
        "occurred": None, "regions": [], "bodies": [], "response": None, "content_sha256": "", "model_version": "",
    }  # fmt: skip
    return Mention(id=id, **(known | fields))


def incident(*members: Mention) -> Incident:
    made = opened(members[0], members[0].collected_at)
    for one in members:
        made = with_facts(with_mention(made, one), one)
    return made


def stated(hour: int) -> StatedInterval:
    at = NOON.replace(hour=hour)
    return StatedInterval(earliest=at, latest=at, precision="hour", source="text", text=f"{hour}时")


def values(made: Incident) -> list[tuple[str, int, str | None]]:
    return [(one.name, one.value, one.issuer) for one in made.figures]


def test_id_is_that_of_the_first_mention() -> None:
    assert opened(mention("p1"), NOON).id == incident_id("p1") == "i-" + hashlib.sha256(b"p1").hexdigest()[:16]
    assert incident_id("\ud800") != incident_id("\ud801")


@pytest.mark.parametrize(
    ("posts", "kept"),
    [
        ([mention("a", figures=Figures(deaths=2)), mention("b", 1, figures=Figures(deaths=2))], [("deaths", 2, None)]),
        (
            [mention("a", figures=Figures(deaths=2)), mention("b", 1, figures=Figures(deaths=2), response=answer())],
            [("deaths", 2, None), ("deaths", 2, "青禾县应急管理局")],
        ),
        (
            [mention("a", figures=Figures(deaths=2), response=answer()), mention("b", 1, figures=Figures(deaths=2))],
            [("deaths", 2, "青禾县应急管理局")],
        ),
        (
            [mention("a", figures=Figures(deaths=2, injuries=5)), mention("b", 1, figures=Figures(deaths=3))],
            [("deaths", 2, None), ("injuries", 5, None), ("deaths", 3, None)],
        ),
        (
            [mention("a", figures=Figures(deaths=0), response=answer(is_authoritative=False))],
            [("deaths", 0, None)],
        ),
    ],
)
def test_figures_are_kept_when_new_or_an_authoritys(posts: list[Mention], kept: list[Any]) -> None:
    assert values(incident(*posts)) == kept


def test_the_same_figure_is_kept_again_where_its_publication_may_matter() -> None:
    """Found later but published sooner, by anybody; by an authority also published after all that said the same."""

    def told(response: Answer | None) -> Incident:
        hours = [(0, 11), (1, 12), (2, 10), (3, 13)]
        counted = {"figures": Figures(deaths=12), "response": response}
        said = [exactly(NOON.replace(hour=hour), "row") for _, hour in hours]
        return incident(*(mention(str(n), n, published=at, **counted) for (n, _), at in zip(hours, said, strict=True)))

    assert [one.mention for one in told(None).figures] == ["0", "2"]
    assert [one.mention for one in told(answer()).figures] == ["0", "1", "2", "3"]


def test_occurred_and_emergency_are_kept_once() -> None:
    posts = [mention(str(n), n, occurred=stated(9 + n % 2), emergency=BLAST) for n in range(6)]
    made = incident(*posts)
    assert [one.mention for one in made.occurred] == ["0", "1"]
    assert [one.mention for one in made.emergencies] == ["0"]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (mention("a", response=answer()), mention("b", 5, response=answer()), ["a", "b"]),
        (mention("a", 5, response=answer()), mention("b", 1, response=answer()), ["a", "b"]),
        (mention("a", response=answer()), mention("a", response=answer()), ["a"]),
    ],
)
def test_responses_of_distinct_posts_are_kept(first: Mention, second: Mention, kept: list[str]) -> None:
    assert [one.mention for one in incident(first, second).responses] == kept


@pytest.mark.parametrize(
    ("copy", "is_kept"),
    [
        (mention("copy", 9, response=answer()), False),
        (mention("copy", 9, response=answer(), published=exactly(NOON - timedelta(hours=1), "row")), True),
        (mention("copy", 9, response=answer(form="result")), True),
        (mention("copy", 9, response=answer(), answers="asked"), True),
    ],
)
def test_a_reprinted_response_is_kept_only_if_it_adds(copy: Mention, is_kept: bool) -> None:
    made = with_facts(incident(mention("own", response=answer())), copy, None, "own")
    assert [one.mention for one in made.responses] == (["own", "copy"] if is_kept else ["own"])


def test_what_says_nothing_new_is_the_same_object() -> None:
    made = incident(mention("a", response=answer(), figures=Figures(deaths=1), emergency=BLAST))
    assert with_facts(made, mention("a", response=answer(), figures=Figures(deaths=1), emergency=BLAST)) is made
    assert with_facts(made, mention("b", 3)) is not made  # the first post that is no answer
    talked = incident(mention("a"), mention("b", 1), mention("c", 2))
    assert with_facts(talked, mention("d", 3)) is talked


@pytest.mark.parametrize(
    ("posts", "first"),
    [
        ([mention("talk"), mention("later", 5)], "talk"),
        ([mention("word", response=answer()), mention("talk", 5)], "talk"),
        ([mention("word", response=answer()), mention("more", 5, response=answer())], "word"),
        ([mention("talk"), mention("old", 5, published=exactly(NOON - timedelta(days=1), "row"))], "old"),
        ([mention("talk", published=None), mention("dated", 5)], "talk"),
    ],
)
def test_first_public_is_the_earliest_post_that_answers_nothing(posts: list[Mention], first: str) -> None:
    assert incident(*posts).first_public.mention == first


def test_unstated_publication_lies_before_collection() -> None:
    made = incident(mention("a", published=None))
    assert made.first_public.interval == Interval(earliest=None, latest=NOON, precision="unknown", source="collected")


@pytest.mark.parametrize(
    ("forms", "news"),
    [
        (["statement", "statement"], [True, False]),
        (["statement", "result"], [True, True]),
        (["acknowledgement", "statement"], [False, True]),
        (["statement", "update"], [True, True]),
    ],
)
def test_a_follow_up_says_whether_it_has_a_new_fact(forms: list[Any], news: list[bool]) -> None:
    made = incident(*(mention(str(n), n, response=answer(form=form)) for n, form in enumerate(forms)))
    assert [one.is_new_fact for one in made.responses] == news


def test_regions_go_from_the_specific_to_the_wide() -> None:
    made = incident(mention("a", regions=["440000"]), mention("b", 1, regions=["440305", "440300"]))
    assert made.regions == ["440305", "440300", "440000"]
    many = incident(*(mention(str(n), n, regions=[f"{11 + n}0000"]) for n in range(20)))
    assert len(many.regions) == REGIONS_KEPT


def test_an_irrelevant_post_warms_but_does_not_define() -> None:
    made = incident(mention("a", fingerprint=[257, 513]))
    told = with_mention(made, mention("b", 1, fingerprint=[769], relevant=False, regions=["440300"], bodies=["某局"]))
    assert (told.terms, told.regions, told.bodies) == (made.terms, [], [])
    assert told.heat.posts == 2


def test_reprints_are_told_by_few_differing_bits() -> None:
    made = incident(mention("a", simhash=0b1010 << 20), mention("b", 1, simhash=0x7FFF_0000_0000))
    assert reprint_of(made, mention("c", simhash=0b1011 << 20)) == "a"
    assert reprint_of(made, mention("c", simhash=0x7F00_0000_0000)) is None
    assert reprint_of(made, mention("a", simhash=0b1010 << 20)) is None
    assert reprint_of(made, mention("c", simhash=0)) is None


def test_five_thousand_members_stay_cheap() -> None:
    made = incident(mention("first", topics=[TopicScore(topic="教育", score=0.9)]))
    for n in range(5000):
        post = mention(
            f"p{n}", n, fingerprint=[(n * 31 + k) << 8 | 90 for k in range(16)], simhash=n * 0x9E3779B97F4A7C15 % 2**63,
            figures=Figures(injuries=n), regions=[f"{440100 + n % 90}"], bodies=[f"第{n}局"], occurred=stated(n % 24),
            response=answer(f"第{n}公司", is_authoritative=False),
        )  # fmt: skip
        made = with_facts(with_mention(made, post), post)
    assert made.heat.posts == 5001
    assert (len(made.responses), len(made.figures), len(made.prints)) == (RESPONSES_KEPT, VALUES_KEPT, PRINTS_KEPT)
    assert len(encode(made)) < 200_000


def test_closing_and_reopening_follow_the_rule() -> None:
    lifetime = Lifetime(quiet=timedelta(days=3), reopens_within=timedelta(days=2))
    made = awake(incident(mention("a")), NOON, lifetime)
    assert made.due_at == NOON + timedelta(days=3) and is_alive(made)
    closed = rung(made, made.due_at, lifetime)
    assert (closed.state, closed.closed_at, closed.due_at) == ("closed", made.due_at, NOON + timedelta(days=5))
    assert is_alive(closed)
    reopened = awake(closed, NOON + timedelta(days=4), lifetime)
    assert (reopened.state, reopened.closed_at, reopened.due_at) == ("open", None, NOON + timedelta(days=7))
    assert closed.due_at is not None
    left = rung(closed, closed.due_at, lifetime)
    assert left.due_at is None and not is_alive(left)


def test_news_of_the_past_does_not_shorten_the_quiet_time() -> None:
    made = awake(incident(mention("a")), NOON, Lifetime())
    assert awake(made, NOON - timedelta(days=1), Lifetime()) is made


@pytest.mark.parametrize(("what", "state"), [("dismiss", "dismissed"), ("confirm", "open"), ("gate", "open")])
def test_decisions_are_facts(what: Any, state: str) -> None:
    decision = Decision(id="d", collected_at=NOON + timedelta(hours=1), who="值班员", what=what, incident_of="a")
    made = with_decision(incident(mention("a")), decision)
    assert made.decisions == [decision] and made.state == state and made.collected_at == decision.collected_at


def test_merged_facts_leave_again_with_their_posts() -> None:
    one = incident(mention("a", figures=Figures(deaths=1)))
    other = incident(
        mention("b", 90, figures=Figures(deaths=2), response=answer(), occurred=stated(9), emergency=BLAST)
    )
    grown, gone = merged(one, other, NOON + timedelta(hours=3))
    assert (gone.state, gone.merged_into, gone.due_at) == ("merged", one.id, None) and not is_alive(gone)
    assert values(grown) == [*values(one), *values(other)] and grown.heat.posts == 2
    back = without(grown, [("b", NOON + timedelta(minutes=90))], NOON + timedelta(hours=4))
    assert (back.figures, back.responses, back.occurred, back.emergencies) == (one.figures, [], [], [])
    assert back.heat.hourly == one.heat.hourly
