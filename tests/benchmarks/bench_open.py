"""What a judge needs with 10⁶ obligations open: starting again, the next deadline, deadlines passing, coverage coming.

`python tests/benchmarks/bench_open.py [--obligations 10000 1000000] [--profile embedded|distributed|both]`. The
smallest size is the baseline of the others. Every obligation is one that the judge ruled itself: accidents that killed
twelve, first public over four hours, seven clocks each, nothing answered; one of three hundred bodies owes the answer
and has one watched channel. Each size is measured in a process of its own, which says what memory it took at most; one
before it opens the same store and does nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from profiles import CONFIG, chosen, settings_of

from stream.backends import erase_namespace, open_backends
from stream.core.cases import (
    CaseFile,
    EmergencyFact,
    FigureFact,
    FirstPublic,
    Heat,
    Incident,
    Judgement,
    OccurredFact,
    Responsible,
)
from stream.core.documents import Coverage, Emergency, Mark
from stream.core.intervals import SHANGHAI, StatedInterval, exactly
from stream.core.judgement import judge_incident
from stream.core.rules import Rules
from stream.ports import Backends, Save
from stream.runner import Worker
from stream.settings import Settings, load_yaml
from stream.steps.judge import Judge
from stream.wire import addressed

RULES = load_yaml(CONFIG / "rules.yaml", Rules)
START = datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI)
SPREAD = timedelta(hours=4)
FIRST_DUE = START + timedelta(hours=5)
BODIES = 300
RINGING = 2_000
ROWS = 10
BATCH = 2_000


class Watched(Struct, frozen=True):
    source: str
    poll_minutes: int = 30


class Register:
    """Three hundred bodies with a channel each."""

    def responsible(self, topics: Any, regions: Any, named_bodies: Sequence[str], event_type: Any, at: Any) -> Any:
        return [Responsible(body=one, rule="named") for one in named_bodies]

    def resolve(self, name: str, at: Any) -> None:
        """Whose region is unknown has the benefit of the doubt."""

    def channels(self, body: str, at: datetime) -> list[Watched]:
        return [Watched(f"channel-{body}")]


def an_incident(number: int, of: int) -> Incident:
    """An accident with twelve dead, public at its own instant."""
    at = START + SPREAD * number / of
    mention = f"p{number:08}"
    stated = StatedInterval(earliest=at, latest=at, precision="second", source="text", text="")
    kind = Emergency(is_emergency=True, type="事故灾难", in_china=True)
    return Incident(
        id=f"i-{number:016x}", collected_at=at, title=f"虚构县一厂房爆炸{number}", opened_at=at, state="open",
        merged_into=None, closed_at=None, first_public=FirstPublic(interval=exactly(at, "row"), mention=mention),
        regions=["440300"], topics=["安全生产"], bodies=[f"虚构局{number % BODIES}"], responses=[], decisions=[],
        hot=[],
        emergencies=[EmergencyFact(emergency=kind, mention=mention, known_at=at)],
        occurred=[OccurredFact(interval=stated, mention=mention, known_at=at)],
        figures=[FigureFact(name="deaths", value=12, mention=mention, known_at=at, published=exactly(at, "row"))],
        heat=Heat(posts=1, peak=1, peak_at=None, hourly=[]), terms=[],
    )  # fmt: skip


def pending(judgement: Judgement) -> int:
    """Obligations that run."""
    return sum(one.verdict == "pending" for one in judgement.obligations)


def fill(backends: Backends, obligations: int) -> tuple[int, int]:
    """Incidents and pending obligations that were saved."""
    first = an_incident(0, 1)
    each = pending(judge_incident(first, {}, RULES, Register(), first.collected_at))
    incidents, total = -(-obligations // each), 0
    for start in range(0, incidents, BATCH):
        saves: list[Save] = []
        for number in range(start, min(start + BATCH, incidents)):
            incident = an_incident(number, incidents)
            judged = judge_incident(incident, {}, RULES, Register(), incident.collected_at)
            total += pending(judged)
            file = CaseFile(id=incident.id, collected_at=incident.collected_at, incident=incident)
            saves += [Save(item=judged), Save(item=file)]
        with backends.together():
            backends.store.save_many(saves)
    backends.store.refresh()
    return incidents, total


class Judging:
    """The step judge in this process, fed by marks and coverage rows."""

    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._worker = Worker("judge", lambda: Judge(RULES, Register()), backends)

    def until(self, at: datetime, rows: Sequence[Coverage] = ()) -> float:
        """Seconds until everything before `at` is judged and published."""
        mark = Mark(id="mark:bench", collected_at=at, publisher="bench")
        self._backends.bus.publish("incidents", [addressed(one) for one in (*rows, mark)])
        began = time.perf_counter()
        while self._worker.passed is None or self._worker.passed < at:
            self._worker.work(0.2)
        return time.perf_counter() - began

    def close(self) -> None:
        self._worker.close()


def measured(settings: Settings, incidents: int, is_bare: bool) -> dict[str, float]:
    """Everything that is asked of one store, in this process."""
    with closing(open_backends(settings)) as backends:
        if is_bare:
            backends.store.get_many(Judgement, ["none"])
            return {"peak MB": _peak_mb()}
        with closing(Judging(backends)) as judging:
            found = {"restart s": judging.until(START + SPREAD)}
            found["restart MB"] = _peak_mb()
            found |= _next_due(backends)
            ringing = min(RINGING, incidents)
            span = SPREAD * ringing / incidents
            found["a deadline ms"] = judging.until(FIRST_DUE + span) / ringing * 1000
            rows = list(_rows(FIRST_DUE + span))
            turned = sum(1 for number in range(ringing) if number % BODIES < ROWS)
            found["a judgement turned by coverage ms"] = (
                judging.until(FIRST_DUE + span + timedelta(seconds=1), rows) / turned * 1000
            )
            found["peak MB"] = _peak_mb()
            return found


def _next_due(backends: Backends) -> dict[str, float]:
    took = []
    for _ in range(50):
        began = time.perf_counter()
        page = backends.store.listing(Judgement, order="due", limit=1)
        took.append((time.perf_counter() - began) * 1000)
        assert page.items[0].item.due_at == FIRST_DUE  # type: ignore[union-attr]
    return {"next due p50 ms": statistics.median(took), "next due p95 ms": sorted(took)[47]}


def _rows(at: datetime) -> Iterator[Coverage]:
    for number in range(ROWS):
        source = f"channel-虚构局{number}"
        yield Coverage(
            id=f"{source}-1", collected_at=at, source=source, from_at=START - timedelta(hours=1), to_at=at,
            reachable=True,
        )  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(profile: str, settings: Settings, incidents: int, *, is_bare: bool) -> dict[str, float]:
    told = json.dumps([profile, str(settings.data), settings.namespace, incidents, is_bare])
    done = subprocess.run([sys.executable, __file__, "--child", told], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--obligations", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--profile", choices=["embedded", "distributed", "both"], default="embedded")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.child:
        profile, data, namespace, incidents, is_bare = json.loads(wanted.child)
        settings = settings_of(profile, Path(data), namespace, workers=1)
        print(json.dumps(measured(settings, incidents, is_bare)))
        return
    for profile in chosen(wanted.profile):
        _compare(profile, wanted.obligations, print)


def _compare(profile: str, sizes: Sequence[int], tell: Callable[[str], None]) -> None:
    found: list[dict[str, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            settings = settings_of(profile, Path(folder), f"bench-open-{size}", workers=1)
            try:
                with closing(open_backends(settings)) as backends:
                    began = time.perf_counter()
                    incidents, total = fill(backends, size)
                    took = time.perf_counter() - began
                tell(f"{profile}: {total:,} obligations open on {incidents:,} incidents, filled in {took:.0f} s")
                bare = _child(profile, settings, incidents, is_bare=True)
                found.append(_child(profile, settings, incidents, is_bare=False) | {"bare MB": bare["peak MB"]})
            finally:
                erase_namespace(settings)
    heads = "".join(f"{size:>14,}" for size in sizes)
    tell(f"{profile:<36}{heads}{'last : first':>14}")
    for name in found[0]:
        values = [one[name] for one in found]
        cells = "".join(f"{value:>14,.2f}" for value in values)
        tell(f"{name:<36}{cells}{values[-1] / max(values[0], 1e-9):>13.1f}×")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    main()
