"""Whose answer satisfies: any authority with jurisdiction; one of another province answers for nobody here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from stream.core.cases import NamedFact
from stream.core.register import Body
from tests.core.verdict_scenes import (
    BUREAU,
    CITY,
    HOUR,
    NOON,
    Register,
    an_incident,
    at,
    decided,
    judge,
    row,
    said,
)

HOME, NEAR, AWAY = "440399", "440100", "610100"
BODIES = {
    "邻省公安局": Body(name="邻省公安局", level="city", region=AWAY),
    "邻市公安局": Body(name="邻市公安局", level="city", region=NEAR),
    "某部": Body(name="某部", level="national"),
    BUREAU: Body(name=BUREAU, level="city", region=AWAY),  # registered elsewhere by mistake, and still responsible
}


class Known(Register):
    """A register that knows where these bodies are."""

    def resolve(self, name: str, at: datetime) -> Any:
        return BODIES.get(name)


def judged(issuer: str | None, hours: float = 30, **changes: Any) -> Any:
    given: dict[str, Any] = {"regions": [HOME], "responses": [said("r1", at(1), issuer)]}
    return judge(an_incident(**(given | changes)), hours, register=Known())


@pytest.mark.parametrize(
    ("issuer", "verdict"),
    [
        ("邻省公安局", "breached"),
        ("邻市公安局", "met"),  # the province stands above both
        ("某部", "met"),
        ("官方", "met"),  # whose? has the benefit of the doubt
        (None, "met"),
        (BUREAU, "met"),
    ],
)
def test_only_who_has_jurisdiction_satisfies(issuer: str | None, verdict: str) -> None:
    found = row(judged(issuer))
    assert found is not None
    assert found.verdict == verdict


@pytest.mark.parametrize("regions", [[], [HOME, AWAY]])
def test_a_place_unknown_or_its_own_leaves_it_in(regions: list[str]) -> None:
    found = row(judged("邻省公安局", regions=regions))
    assert found is not None
    assert found.verdict == "met"


def test_by_body_it_answered_without_jurisdiction() -> None:
    found = {one.body: one for one in judged("邻省公安局").by_body if one.rule == "CN-5H-AUTH"}
    away = found["邻省公安局"]
    assert (away.role, away.verdict, away.reason) == ("answered", "not_applicable", "no_jurisdiction")
    assert away.satisfied_by is None
    assert found[BUREAU].verdict == found[CITY].verdict == "breached"


def test_a_place_learnt_later_gives_it_from_then_on() -> None:
    learnt = NamedFact(kind="region", name=AWAY, known_at=NOON + 8 * HOUR)
    one = {"regions": [HOME, AWAY], "named": [learnt]}
    before, after = row(judged("邻省公安局", 7, **one)), row(judged("邻省公安局", 9, **one))
    assert before is not None
    assert after is not None
    assert (before.verdict, after.verdict) == ("breached", "met")
    changes = [
        (change.known_at, change.after)
        for change in judged("邻省公安局", 9, **one).changes
        if (change.rule, change.clock) == ("CN-5H-AUTH", "strict")
    ]
    assert changes[-2:] == [(NOON + 5 * HOUR, "breached"), (NOON + 8 * HOUR, "met")]


def test_what_a_person_put_on_record_counts_as_decided() -> None:
    held = {"at": (NOON + 2 * HOUR).isoformat(), "issuer": "邻省公安局"}
    found = row(judged(None, responses=[], decisions=[decided("conference_held", 3, held)]), "CN-24H-PRESSER")
    assert found is not None
    assert found.verdict == "met"
