"""Matching: shared rare terms decide, place and kind speak for or against, every decision has its reason."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from stream.core.cases import Incident
from stream.core.documents import Answer, Emergency, Figures, Mention
from stream.core.incidents import opened, with_facts, with_mention
from stream.core.intervals import SHANGHAI, exactly
from stream.core.matching import (
    TERMS_KEPT,
    TERMS_SLACK,
    Match,
    MatchReason,
    OpenIncidents,
    joined_terms,
    reach,
    reaches,
    touch,
    with_terms,
)

NOON = datetime(2024, 5, 20, 12, tzinfo=SHANGHAI)
STATEMENT = Answer(form="statement", issuer="青禾县公安局", issuer_kind="police", level="county", is_authoritative=True)
STORM = Emergency(is_emergency=True, type="自然灾害", subtype="暴雨", in_china=True)


def term(name: int, rarity: int) -> int:
    return name << 8 | rarity


RARE = [term(n, 88) for n in range(1, 5)]
DULL = [term(n, 49) for n in range(20, 30)]


def mention(id: str, terms: list[int], hours: float = 0, **fields: Any) -> Mention:
    at = NOON + timedelta(hours=hours)
    known: dict[str, Any] = {
        "source": None, "url": None, "account": None, "kind": "post", "quote": "", "published": exactly(at, "row"),
        "heat": None, "answers": None, "removed_at": None, "relevant": True, "topics": [],
        "emergency": Emergency(is_emergency=False), "figures": Figures(), "severity": None, "occurred": None,
        "regions": [], "bodies": [], "response": None, "content_sha256": "", "model_version": "",
    }  # fmt: skip
    return Mention(id=id, collected_at=at, title=id, fingerprint=terms, **(known | fields))


def incident(*members: Mention) -> Incident:
    made = opened(members[0], members[0].collected_at)
    for one in members:
        made = with_facts(with_mention(made, one), one)
    return made


def match(post: Mention, *open_incidents: Incident) -> Match:
    index = OpenIncidents()
    for one in open_incidents:
        index.put(one)
    return index.match(post)


HERE = incident(mention("here", [*RARE, *DULL], regions=["440300"], emergency=STORM, bodies=["青禾县公安局"]))


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        (mention("same", RARE), MatchReason.SHARED_TERMS),
        (mention("two rare", RARE[:2]), MatchReason.SHARED_TERMS),
        (mention("one rare", RARE[:1]), MatchReason.TOO_WEAK),
        (mention("one rare, an answer", RARE[:1], response=STATEMENT, regions=["440300"]), MatchReason.ANSWER),
        (mention("one rare, body", RARE[:1], bodies=["青禾县公安局"], regions=["440305"]), MatchReason.SHARED_TERMS),
        (mention("one rare, same storm", RARE[:1], emergency=STORM, regions=["440300"]), MatchReason.SHARED_TERMS),
        (mention("dull words only", DULL), MatchReason.TOO_WEAK),
        (mention("nothing", [term(99, 90)]), MatchReason.NOTHING_SHARED),
        (mention("no terms", []), MatchReason.NOTHING_SHARED),
        (mention("two rare elsewhere", RARE[:2], regions=["110000"]), MatchReason.OTHER_PLACE),
        (mention("two rare, weeks later", RARE[:2], hours=24 * 12), MatchReason.TOO_WEAK),
        (mention("a drop in a sea", [*[term(n, 120) for n in range(50, 57)], *RARE[:2]]), MatchReason.TOO_WEAK),
    ],
    ids=lambda value: value.id if isinstance(value, Mention) else value.name,
)  # fmt: skip
def test_every_decision_has_its_reason(post: Mention, reason: MatchReason) -> None:
    decided = match(post, HERE)
    assert decided.reason == reason
    assert (decided.incident == HERE.id) == (reason in (MatchReason.SHARED_TERMS, MatchReason.ANSWER))


def test_an_incidents_own_word_is_enough_though_strays_have_it() -> None:
    big = incident(*(mention(f"b{n}", [RARE[0], term(200 + n, 80)], n / 10) for n in range(20)))
    strays = [incident(mention(f"s{n}", [RARE[0], term(300 + n, 80)])) for n in range(6)]
    assert match(mention("next", [RARE[0]], 3), big, *strays).incident == big.id
    assert match(mention("next", [RARE[0]], 3), *strays).incident is None


def test_a_word_of_many_incidents_joins_none() -> None:
    crowd = [incident(mention(f"c{n}", [*RARE[:2], term(400 + n, 90)])) for n in range(40)]
    assert match(mention("next", RARE[:2]), *crowd).incident is None


def test_ties_go_to_the_smaller_id_in_any_order_of_arrival() -> None:
    twins = [incident(mention(f"t{n}", RARE)) for n in range(5)]
    for seed in range(5):
        random.Random(seed).shuffle(twins)
        assert match(mention("next", RARE), *twins).incident == min(one.id for one in twins)


def test_index_rebuilt_from_the_last_state_decides_as_the_one_that_lived() -> None:
    chance = random.Random(3)
    lived, known = OpenIncidents(), {}
    for n in range(400):
        post = mention(f"p{n}", [term(chance.randrange(120), 90) for _ in range(chance.randrange(3, 16))], n / 50)
        decided = lived.match(post)
        rebuilt = OpenIncidents()
        for one in known.values():
            rebuilt.put(one)
        assert rebuilt.match(post) == decided
        before = known.get(decided.incident) if decided.incident else opened(post, post.collected_at)
        assert before is not None
        known[before.id] = with_mention(before, post)
        lived.put(known[before.id])
        if n % 37 == 36:
            gone = min(known)
            del known[gone]
            lived.remove(gone)
    assert len(lived) == len(known)


def test_removed_incidents_match_nothing() -> None:
    index = OpenIncidents()
    index.put(HERE)
    index.remove(HERE.id)
    index.remove(HERE.id)
    assert index.match(mention("same", RARE)).reason == MatchReason.NOTHING_SHARED


def test_terms_stay_bounded_and_keep_what_is_repeated() -> None:
    terms: list[int] = []
    for n in range(200):
        terms = with_terms(terms, [RARE[0], term(1000 + n, 90), term(2000 + n, 90)])
    assert len(terms) <= TERMS_KEPT + TERMS_SLACK
    assert with_terms(terms, [RARE[0]]) == joined_terms(terms, with_terms([], [RARE[0]]))
    assert {one & 0xFFFFFFFFFF: one >> 40 for one in terms}[RARE[0]] == 200


@pytest.mark.parametrize(
    ("ours", "theirs", "together"),
    [
        (["440305"], ["440300"], True),
        (["440000"], ["440300"], True),
        (["440300"], ["440100"], False),
        (["500000"], ["510100"], False),
        (["110105"], ["110000"], True),
        (["440300"], ["110000", "440300"], True),
    ],
)
def test_places_touch_within_a_prefecture(ours: list[str], theirs: list[str], together: bool) -> None:
    assert touch(reaches(ours), reaches(theirs)) == touch(reaches(theirs), reaches(ours)) == together


def test_reach_keeps_what_a_code_says() -> None:
    assert [reach(code) for code in ("500000", "440300", "440310")] == ["50", "4403", "440310"]
