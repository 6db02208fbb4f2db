"""The chain of a whole journey: the same whatever the batch and after any kill; tampering with the store is found."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from stream.auditing import audit, links_of
from stream.backends import open_backends
from stream.core.audit import Fault
from stream.core.cases import Incident
from stream.core.codec import Item
from stream.core.documents import Decision, Entry
from stream.core.records import AuditEntry, AuditHead
from stream.feed import Feed
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.journey import STEPS
from stream.migration import migrate
from stream.outputs import items
from stream.pipeline import Options, Pipeline
from stream.ports import Save, Store
from stream.replay import Request, replay
from stream.settings import Settings
from stream.spool import Spool
from tests.journeys.scenario import START, rows
from tests.servers import distributed_settings

ROWS = 400
OBJECTION = {"body": "余杭区应急管理局", "text": "通报早于所记", "attachment": None}
DECISIONS: tuple[tuple[int, str, str, Any], ...] = (
    (30, "confirm", "r00000", None), (31, "severity", "r00000", "I"), (50, "occurred", "r00000", "2030-03-01T07:40"),
    (52, "reject", "r00000", "r00030"), (70, "attach", "r00000", "r00030"), (90, "merge", "r00000", "r00040"),
    (91, "split", "r00000", ["r00003", "r00007"]), (150, "conference_held", "r00080", "2030-03-01T12:00"),
    (151, "restate", "r00000", {"mention": "r00030", "at": "2030-03-01T08:10"}), (152, "gate", "r00001", "moral_line"),
    (200, "exempt", "r00080", {"ground": "EX-SECRET", "rule": "CN-5H-AUTH"}), (201, "objection", "r00080", OBJECTION),
    (202, "acknowledge", "r00080", None), (203, "dismiss", "r00120", None), (204, "severity", "r00080", "很严重"),
    (205, "confirm", "r99999", None),
)  # fmt: skip
REFUSED = 1


def written(path: Path) -> Path:
    decided = [
        {"kind": "decision", "at": (START + timedelta(minutes=minute)).isoformat(), "who": "值班长李明", "what": what,
         "incident_of": post, "value": value, "why": f"第{number}次核实"}
        for number, (minute, what, post, value) in enumerate(DECISIONS)
    ]  # fmt: skip
    known = [*rows(ROWS), *decided]
    known.sort(key=lambda row: row.get("published_at") or row.get("at") or row["to"])
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in known), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("posts") / "posts.jsonl")


def replayed(posts: Path, settings: Settings, batch: int) -> Settings:
    """A replay whose store stays; where that is."""
    request = Request(files=[posts], out=settings.data / "out", assume_covered=True, keep=True, batch=batch)

    def build(path: Path) -> None:
        Spool.build(path, read_posts(posts, Intake(pseudonyms=load_pseudonyms(settings.data))))

    kept = replay(request, settings, build, lambda *_: None).kept
    assert kept is not None
    return kept


def chain(kept: Settings) -> list[AuditEntry]:
    with closing(open_backends(kept)) as backends:
        finding = audit(backends.store)
        links = links_of(backends.store)
        assert (finding.faults, finding.waiting, finding.refused) == ([], 0, 0)  # refused before it was kept
        assert finding.links == len(links) == len(DECISIONS) - REFUSED
    return links


@pytest.fixture(scope="module")
def whole(posts: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return replayed(posts, Settings(data=tmp_path_factory.mktemp("whole")), 500)


def test_every_kind_left_what_was_and_what_is(whole: Settings) -> None:
    links = chain(whole)
    assert [(one.what, one.subject) for one in links] == [(what, post) for _, what, post, _ in DECISIONS[:-REFUSED]]
    same = [one.what for one in links if one.before == one.after]
    assert same == ["confirm", "severity"]  # it was open before; a grade that is none changes nothing
    assert all(one.after is not None for one in links)


@pytest.mark.parametrize("batch", [7])
def test_batches_give_the_same_chain(batch: int, posts: Path, whole: Settings, tmp_path: Path) -> None:
    assert chain(replayed(posts, Settings(data=tmp_path), batch)) == chain(whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_broken_off_anywhere_has_the_same_chain(seed: int, posts: Path, whole: Settings, tmp_path: Path) -> None:
    """The steps work by turns, some ahead of others; every so often all of it is dropped and begun anew."""
    random_, settings = random.Random(seed), Settings(data=tmp_path)
    Spool.build(tmp_path / "spool", read_posts(posts, Intake(pseudonyms=load_pseudonyms(tmp_path))))
    is_over = False
    while not is_over:
        options = Options(assume_covered=True, batch=random_.choice((3, 7, 50)))
        with (
            closing(Spool(tmp_path / "spool")) as spool,
            closing(open_backends(settings)) as backends,
            closing(Pipeline(settings, STEPS, backends, options)) as pipeline,
        ):
            feed = Feed(spool, backends)
            for _ in range(random_.randrange(4, 12)):
                feed.publish(11)
                for worker in pipeline.workers:
                    for _ in range(random_.choice((0, 1, 1, 2))):
                        worker.work(0.0)
            is_over = feed.is_done
            mark = feed.publish(0)
            while is_over and pipeline.watermark() != mark:
                pipeline.work(0.0)
    assert chain(settings) == chain(whole)


def test_a_killed_replay_has_the_same_chain(posts: Path, whole: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stream", "replay", str(posts), "--out", str(tmp_path / "out"), "--keep",
               "--assume-covered"]  # fmt: skip
    environment = {**os.environ, "HUIYING_DATA": str(tmp_path / "data")}
    random_, killed = random.Random(5), 0
    for _ in range(3):
        began = time.monotonic()
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        replays = tmp_path / "data" / "replays"
        # From the moment that it writes.
        while process.poll() is None and time.monotonic() - began < 60 and not list(replays.glob("*/huiying.sqlite")):
            time.sleep(0.02)
        try:
            process.wait(random_.uniform(0.1, 1.2))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, killed >= 1) == (1, True), done.stderr
    [folder] = replays.iterdir()
    assert chain(Settings(data=folder)) == chain(whole)


def test_a_chain_that_moved_house_goes_on(posts: Path, whole: Settings, tmp_path: Path) -> None:
    target = Settings(data=tmp_path, namespace="moved")
    migrated = migrate(whole, target, lambda *_: None)
    assert {one.kind: one.is_same for one in migrated.kinds}["audit_entry"]
    assert chain(target) == chain(whole)
    with closing(open_backends(target)) as backends:
        head = backends.store.get_many(AuditHead, ["head"])["head"].item
        assert isinstance(head, AuditHead)
        assert audit(backends.store, noted=head).faults == []


# --- tampering with a store -------------------------------------------------------------------------------------------


@pytest.fixture(params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def store(request: pytest.FixtureRequest, whole: Settings, tmp_path: Path) -> Iterator[Store]:
    """The chain of the journey and what must agree with it, in a store that may be written into."""
    settings = Settings(data=tmp_path)
    if request.param == "distributed":
        settings = distributed_settings(tmp_path, f"t{uuid.uuid4().hex[:12]}")
    with closing(open_backends(whole)) as old, closing(open_backends(settings)) as new:
        kinds: tuple[type[Item], ...] = (AuditEntry, AuditHead, Decision, Entry, Incident)
        new.store.save_many([Save(item=one) for kind in kinds for one in items(old.store, kind)])
        new.store.refresh()
        yield new.store
    if request.param == "distributed":
        from stream.backends.elastic_indices import erase_indices

        erase_indices(settings)


def found(store: Store) -> set[tuple[str, int | None, str]]:
    faults: list[Fault] = audit(store).faults
    return {(one.kind, one.seq, one.id) for one in faults}


def test_an_untouched_store_is_sound(store: Store) -> None:
    assert found(store) == set()


@pytest.mark.parametrize("field", ["who", "what", "why", "collected_at", "before", "after", "of_sha256", "previous"])
def test_an_altered_link_is_found(field: str, store: Store) -> None:
    link = links_of(store)[4]
    value = link.collected_at + timedelta(hours=1) if field == "collected_at" else None
    texts = {"who": "他人", "what": "confirm", "why": "别的依据", "of_sha256": "0" * 64, "previous": "0" * 64}
    store.save_many([Save(item=replace(link, **{field: value or texts.get(field)}))])
    assert ("tampered", 5, link.id) in found(store)


def test_links_that_change_places_are_found(store: Store) -> None:
    one, other = links_of(store)[2], links_of(store)[6]
    store.save_many([Save(item=replace(one, seq=other.seq)), Save(item=replace(other, seq=one.seq))])
    assert found(store) == {("reordered", 7, one.id), ("reordered", 3, other.id)}


def test_a_rewritten_decision_is_found(store: Store) -> None:
    link = links_of(store)[1]
    [decision] = [one for one in items(store, Decision) if one.id == link.of]
    store.save_many([Save(item=replace(decision, value="IV"))])
    assert found(store) == {("tampered", 2, link.id)}


def test_a_decision_rewritten_or_slipped_in_among_the_facts_is_found(store: Store) -> None:
    incident = next(one for one in items(store, Incident) if len(one.decisions) > 2)
    first, *rest = incident.decisions
    slipped = replace(first, id="d-slipped")
    store.save_many([Save(item=replace(incident, decisions=[replace(first, who="他人"), *rest, slipped]))])
    seq = next(one.seq for one in links_of(store) if one.of == first.id)
    assert found(store) == {("tampered", seq, first.id), ("outside", None, "d-slipped")}


def test_a_head_set_back_is_found(store: Store) -> None:
    last = links_of(store)[-2]
    store.save_many([Save(item=AuditHead(id="head", collected_at=last.collected_at, seq=last.seq, sha256=last.sha256))])
    assert found(store) == {("tampered", last.seq, "head")}
