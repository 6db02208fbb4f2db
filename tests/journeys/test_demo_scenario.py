"""The demonstration's story, replayed through the real steps: every verdict that was promised, and only once told."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from crawlers.sources import load_sources
from crawlers.sources import problems as source_problems
from stream.core.alert_policy import AlertPolicy
from stream.core.alert_policy import problems as alert_problems
from stream.core.authorities import Authorities, Registry
from stream.core.register_checks import problems as authority_problems
from stream.intake.columns import KINDS
from stream.reading import places
from stream.settings import load_settings, load_yaml
from tests.servers import distributed_settings, environment, erase

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "config" / "demo"
SCENARIO = DEMO / "scenario.jsonl"
ROWS = [json.loads(line) for line in SCENARIO.read_text(encoding="utf-8").splitlines()]

# What each story shows: a post of it, and (rule, verdict, reason) by the strict clock.
PROMISED = {
    "met in 5 h and 24 h": (
        "a-first",
        [("CN-5H-AUTH", "met", "statement_in_time"), ("CN-24H-PRESSER", "met", "statement_in_time")],
    ),
    "late in 5 h": ("b-first", [("CN-5H-AUTH", "breached", "statement_late")]),
    "unknown: the channel was down": (
        "c-first",
        [
            ("CN-5H-AUTH", "unknown_coverage_gap", "channel_unreachable"),
            ("CN-24H-PRESSER", "unknown_coverage_gap", "channel_unreachable"),
        ],
    ),
    "graver in the middle": (
        "d-first",
        [
            ("CN-5H-AUTH", "met", "statement_in_time"),
            ("CN-24H-PRESSER", "breached_but_fair_clock_met", "fair_clock_met"),
            ("CN-48H-OTHER", "not_applicable", "no_longer_applies"),
        ],
    ),
    "stated, then withdrawn": ("e-first", [("CN-5H-AUTH", "met_then_retracted", "statement_retracted")]),
    "48 hours, answered": ("f1-first", [("CN-48H-OTHER", "met", "statement_in_time")]),
    "48 hours, silent": ("f2-first", [("CN-48H-OTHER", "breached", "no_statement")]),
    "a conference announced, never held": (
        "g-first",
        [("CN-5H-AUTH", "met", "statement_in_time"), ("CN-24H-PRESSER", "breached", "no_statement")],
    ),
    "a disaster without a scale": ("h-first", [("CN-24H-PRESSER", "indeterminate", "grade_not_evident")]),
    "one dead: 48 hours": ("k-first", [("CN-48H-OTHER", "met", "statement_in_time")]),
    "public health is not graded": (
        "j-first",
        [("CN-5H-AUTH", "indeterminate", "grade_not_evident"), ("CN-48H-OTHER", "met", "statement_in_time")],
    ),
}


def replay(out: Path, profile: str, environ: dict[str, str]) -> Path:
    """The files of `huiying replay`, as a user gets them."""
    command = [sys.executable, "-m", "stream", "replay", str(SCENARIO), "--config", str(DEMO / f"{profile}.yaml")]
    done = subprocess.run(
        [*command, "--out", str(out)], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return out


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedded")
    return replay(folder / "files", "embedded", {**os.environ, "HUIYING_DATA": str(folder / "data")})


@pytest.fixture(scope="module")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("distributed")
    settings = distributed_settings(folder / "data", f"t{uuid.uuid4().hex[:12]}")
    yield replay(folder / "files", "distributed", environment(settings))
    for left in (settings.data / "replays").glob("*"):
        erase(msgspec.structs.replace(settings, namespace=f"{settings.namespace}-{left.name}"))


@pytest.fixture(scope="module", params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def replayed(request: pytest.FixtureRequest) -> Path:
    """What both profiles must give."""
    chosen: Path = request.getfixturevalue(request.param)
    return chosen


@pytest.mark.distributed
def test_the_cluster_gives_the_same_files(embedded: Path, distributed: Path) -> None:
    files = {path.name: path.read_bytes() for path in embedded.iterdir()}
    assert len(files) == 5
    assert {path.name: path.read_bytes() for path in distributed.iterdir()} == files


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def incident_with(folder: Path, member: str) -> dict[str, Any]:
    return next(one for one in rows_of(folder, "incidents") if member in one["members"])


@pytest.mark.parametrize("story", PROMISED)
def test_the_promised_verdicts(replayed: Path, story: str) -> None:
    member, promised = PROMISED[story]
    strict = [one for one in incident_with(replayed, member)["obligations"] if one["clock"] == "strict"]
    found = {(one["rule"], one["verdict"], one["reason"]) for one in strict}
    assert set(promised) <= found


def test_the_stories_stay_apart(replayed: Path) -> None:
    found = {incident_with(replayed, member)["id"] for member, _ in PROMISED.values()}
    assert len(found) == len(PROMISED)


def test_the_grade_rises_with_the_dead(replayed: Path) -> None:
    history = incident_with(replayed, "d-first")["severity"]["history"]
    assert [step["grade"] for step in history if step["grade"]] == ["IV", "III", "II"]


def test_the_withdrawn_statement_stands_with_its_removal(replayed: Path) -> None:
    responses = incident_with(replayed, "e-first")["responses"]
    assert [one["removed_at"] is not None for one in responses if one["mention"] == "e-notice-1"] == [True]


def test_the_announced_conference_satisfies_nothing(replayed: Path) -> None:
    incident = incident_with(replayed, "g-first")
    assert "conference_announced" in {one["form"] for one in incident["responses"]}
    assert "g-plan" not in {one["satisfied_by"] for one in incident["obligations"]}


def test_nothing_is_rejected(replayed: Path) -> None:
    assert rows_of(replayed, "rejected") == []


def test_alerts_are_told_once_and_never_accuse_beyond_the_verdict(replayed: Path) -> None:
    alerts = rows_of(replayed, "alerts")
    assert max(Counter((one["incident"], one["topic"], one["rule"], one["rung"]) for one in alerts).values()) == 1
    unknown = incident_with(replayed, "c-first")["id"]
    for one in alerts:
        if one["incident"] == unknown:
            assert "超时" not in one["title"]
    kinds = Counter(one["kind"] for one in alerts)
    assert set(kinds) >= {"opened", "ladder", "verdict", "hot"}
    rungs = {(one["incident"], one["rule"], one["rung"]) for one in alerts}
    late = incident_with(replayed, "b-first")["id"]
    assert {(late, "CN-5H-AUTH", rung) for rung in ("T-1h", "T-30m", "breached", "overdue")} <= rungs
    met = incident_with(replayed, "a-first")["id"]
    assert (met, "CN-5H-AUTH", "T-1h") not in rungs


def test_most_of_each_story_is_gathered(replayed: Path) -> None:
    for incident in yaml.safe_load((DEMO / "story.yaml").read_text(encoding="utf-8"))["incidents"]:
        members = set(incident_with(replayed, incident["posts"][0]["id"])["members"])
        crowd = [f"s-{incident['name']}-{number}" for number in range(incident["crowd"]["posts"])]
        assert len(members.intersection(crowd)) >= 0.8 * len(crowd), incident["name"]


# --- the file itself --------------------------------------------------------------------------------------------------


def test_the_scenario_is_what_the_story_expands_to(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("build_scenario", DEMO / "build_scenario.py")
    assert spec is not None and spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    builder.write(tmp_path / "scenario.jsonl")
    assert (tmp_path / "scenario.jsonl").read_bytes() == SCENARIO.read_bytes()


def test_the_file_is_small_and_in_order() -> None:
    assert SCENARIO.stat().st_size <= 400_000
    seen = [row.get("collected_at") or row.get("to") or row.get("at") or row["published_at"] for row in ROWS]
    instants = [one if len(one) > 16 else one + ":00" for one in seen]
    assert instants == sorted(instants)


def test_rows_are_of_known_kinds_and_enough_to_look_alive() -> None:
    kinds = Counter(row["kind"] for row in ROWS)
    assert set(kinds) <= KINDS
    assert 400 <= sum(kinds.values()) - kinds["coverage"] - kinds["decision"] <= 800


def test_its_places_and_bodies_are_fictional_and_registered() -> None:
    settings = load_settings(DEMO / "embedded.yaml")
    authorities = load_yaml(settings.file("authorities"), Authorities)
    registry = Registry(authorities, places.names_by_code(), places.codes_by_name())
    sources = load_sources(settings.file("sources"))
    assert authority_problems(registry, (), [one.id for one in sources]) == []
    assert source_problems(sources, [body.name for body in authorities.bodies]) == []
    assert alert_problems(load_yaml(settings.file("alerts"), AlertPolicy)) == []
    for code, name in authorities.regions.items():
        assert code not in places.names_by_code()
        assert name not in places.codes_by_name()
        assert name.rstrip("省市县区") not in places.codes_by_name()
    assert {row["region"] for row in ROWS if "region" in row} <= set(authorities.regions)
    known = {one.id for one in sources}
    assert {row["source"] for row in ROWS if "source" in row} <= known


def test_no_row_names_a_person_or_a_real_address() -> None:
    text = SCENARIO.read_text(encoding="utf-8")
    assert not re.search(r"1[3-9]\d{9}|\d{17}[\dXx]|[\w.]+@\w", text)
    assert all(".example" in row["url"] for row in ROWS if "url" in row)
