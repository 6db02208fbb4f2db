"""The same posts seen in any order, or seen twice, end in the same verdicts: gathered and judged step by step."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from stream.core.cases import Incident, Responsible
from stream.core.documents import Answer, Emergency, Figures, Mention
from stream.core.intervals import SHANGHAI, Interval, StatedInterval
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.settings import load_yaml
from tests.steps.test_gather import play, post

RULES = load_yaml(Path(__file__).parents[2] / "config" / "rules.yaml", Rules)
NOON = datetime(2024, 3, 4, 12, 0, tzinfo=SHANGHAI)
HOUR = timedelta(hours=1)
BODY = "云溪市应急管理局"
WORDS = [
    "现场浓烟滚滚居民撤离",
    "消防多支队伍赶到扑救",
    "伤者送往医院救治中",
    "附近道路实行交通管制",
    "企业负责人被控制调查",
    "明火已经扑灭正在冷却",
]
EXPLOSION = Emergency(is_emergency=True, type="事故灾难", subtype="爆炸", in_china=True)


class Register:
    def responsible(self, topics: Any, regions: Any, named_bodies: Any, event_type: Any, at: datetime) -> Any:
        return [Responsible(body=BODY, rule="territorial")]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> Any:
        raise AssertionError(f"asked for the channels of {body}")


def interval(draw: random.Random, first: int) -> Interval:
    """A minute, or some hours, `first` minutes after NOON."""
    at = NOON + timedelta(minutes=first)
    if draw.random() < 0.5:
        return Interval(earliest=at, latest=at + timedelta(seconds=59), precision="minute", source="text")
    return Interval(earliest=at, latest=at + draw.randint(1, 3) * HOUR, precision="part_of_day", source="text")


def a_post(draw: random.Random, number: int) -> Mention:
    """One that tells of the explosion; perhaps when it was, how many died, or what the authority says."""
    told: dict[str, Any] = {"published": interval(draw, draw.randint(0, 600)), "emergency": EXPLOSION}
    if draw.random() < 0.4:
        at = interval(draw, -draw.randint(0, 240))
        told["occurred"] = StatedInterval(
            earliest=at.earliest, latest=at.latest, precision=at.precision, source="text", text="当日"
        )
    if draw.random() < 0.6:
        told["figures"] = Figures(deaths=draw.choice([2, 12, 15, 31]))
    if draw.random() < 0.5:
        form = draw.choice(["statement", "update", "conference_held", "acknowledgement", "result"])
        told["kind"] = "authority"
        told["response"] = Answer(form=form, issuer=BODY, issuer_kind="government", level="city", is_authoritative=True)
    return post(f"p{number}", f"云溪化工园储罐爆燃{WORDS[number]}", regions=["440399"], **told)


def seen(posts: list[Mention], minutes: list[int]) -> list[Mention]:
    """The posts as they were collected: each at its minute, all after everything was published."""
    late = NOON + 20 * HOUR
    found = [replace(one, collected_at=late + timedelta(minutes=at)) for one, at in zip(posts, minutes, strict=True)]
    return sorted(found, key=lambda one: (one.collected_at, one.id))


def final(posts: list[Mention]) -> tuple[dict[tuple[str, str], tuple[str, Any]], list[str]]:
    """The verdicts of the one incident they form, with their due times, and its members' responses."""
    _, shelf = play(posts)
    [incident] = shelf.incidents()
    found = judge_incident(incident, {}, RULES, Register(), NOON + 200 * HOUR, assume_covered=True).obligations
    ran = [one for one in found if one.verdict != "not_applicable" and one.modality != "advisory"]
    return {(one.rule, one.clock): (one.verdict, one.due) for one in ran}, sorted(
        one.mention for one in incident.responses
    )


@settings(max_examples=40, deadline=None, derandomize=True)
@given(draw=st.randoms(use_true_random=False), number=st.integers(2, len(WORDS)))
def test_the_order_in_which_posts_are_seen_decides_nothing(draw: random.Random, number: int) -> None:
    posts = [a_post(draw, one) for one in range(number)]
    minutes = list(range(number))
    first = final(seen(posts, minutes))
    draw.shuffle(minutes)
    assert final(seen(posts, minutes)) == first


@settings(max_examples=20, deadline=None, derandomize=True)
@given(draw=st.randoms(use_true_random=False), number=st.integers(2, len(WORDS)))
def test_posts_seen_again_change_no_verdict(draw: random.Random, number: int) -> None:
    posts = seen([a_post(draw, one) for one in range(number)], list(range(number)))
    place = draw.randint(0, number)
    assert final([*posts[:place], *posts[:place], *posts[place:], *posts]) == final(posts)


def test_the_posts_of_a_case_are_one_incident_with_verdicts() -> None:
    """Else the laws above would compare nothing."""
    draw = random.Random(3)
    kinds = {
        verdict
        for _ in range(20)
        for verdict, _ in final(seen([a_post(draw, n) for n in range(5)], list(range(5))))[0].values()
    }
    assert {"met", "breached", "indeterminate"} <= kinds
    assert isinstance(play([a_post(draw, 0)])[1].incidents()[0], Incident)
