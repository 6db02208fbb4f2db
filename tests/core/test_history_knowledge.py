"""No fact that becomes known later rewrites what was ruled before: laws over random histories, and the named cases."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.core.cases import Incident, Judgement
from stream.core.judgement import facts_in
from stream.core.knowledge import as_known
from tests.core.history_scenes import INSTANT, Course, Ruled

seeds = st.integers(0, 2**32)


def differing(one: Judgement, other: Judgement) -> list[tuple[str, object, object]]:
    return [
        (name, getattr(one, name), getattr(other, name))
        for name in Judgement.__struct_fields__
        if getattr(one, name) != getattr(other, name)
    ]


def check_the_past_stays(seed: int, messages: int) -> None:
    """After each message the changes known before it are those that were known just before it."""
    course = Course(random.Random(seed), assume_covered=seed % 2 == 0)
    told = []
    for before, ruled in course.told(messages):
        told.append((ruled.at, ruled.message))
        for id, incident in before.items():
            known = course.judged(incident, ruled.at - INSTANT).changes
            now = [one for one in ruled.judgements[id].changes if one.known_at < ruled.at]
            assert now == known, (id, told)
            after = course.shelf.get(Incident, id)
            assert facts_in(after) >= facts_in(incident), (id, told)


def check_as_of(seed: int, messages: int) -> None:
    """What is ruled in the end as of any message is what was ruled then; the incident as known then is that one."""
    course = Course(random.Random(seed), assume_covered=seed % 2 == 0)
    ruled: list[Ruled] = [found for _, found in course.told(messages)]
    for then in ruled:
        for id, judged in then.judgements.items():
            incident = course.shelf.get(Incident, id)
            again = course.judged(as_known(incident, then.at), then.at)
            assert differing(again, judged) == [], (id, then.at, [(one.at, one.message) for one in ruled])
            late = course.judged(incident, then.at)
            assert (late.obligations, late.changes) == (judged.obligations, judged.changes), (id, then.at)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=seeds, messages=st.integers(3, 12))
def test_no_message_changes_what_was_ruled_before_it(seed: int, messages: int) -> None:
    check_the_past_stays(seed, messages)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=seeds, messages=st.integers(3, 12))
def test_as_of_is_what_was_ruled_then(seed: int, messages: int) -> None:
    check_as_of(seed, messages)


@pytest.mark.parametrize(("seed", "messages"), [(452, 40), (100159, 40), (2006, 30)])
def test_what_the_long_law_found(seed: int, messages: int) -> None:
    """A release rejected later changed what a dismissed incident had rested on before; a first post that had stayed
    behind when it was split off, and was attached again, was known only since then."""
    check_as_of(seed, messages)


@pytest.mark.long
@settings(max_examples=3000, deadline=None)
@given(seed=seeds, messages=st.integers(3, 40))
def test_no_message_of_long_histories_changes_the_past(seed: int, messages: int) -> None:
    check_the_past_stays(seed, messages)
    check_as_of(seed, messages)


def test_the_histories_hold_what_the_laws_are_about() -> None:
    """Else they would compare nothing."""
    kinds: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for seed in range(40):
        course = Course(random.Random(seed), assume_covered=seed % 2 == 0)
        for _, ruled in course.told(16):
            kinds[ruled.message.split()[0]] += "refused" not in ruled.message
        for incident in course.shelf.incidents():
            kinds["left"] += bool(incident.left)
            kinds["joined"] += bool(incident.joined)
            kinds["named"] += bool(incident.named)
            kinds["first"] += incident.first_publics[0].mention != incident.first_public.mention
            verdicts.update(one.after for one in course.judged(incident, course.at).changes)
    assert {"reject", "attach", "split", "merge", "restate", "removed:", "left", "joined", "named", "first"} <= {
        kind for kind, number in kinds.items() if number > 3
    }
    assert {
        "met", "breached", "indeterminate", "pending", "not_applicable", "met_then_retracted", "unknown_coverage_gap",
        "exempt_claimed",
    } <= set(verdicts)  # fmt: skip
