"""Poison on the bus: put aside, listed, explained, put back, handled once; on both profiles."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.core.cases import Incident
from stream.core.codec import encode
from stream.core.documents import Decision, Mark, Page, Row
from stream.core.intervals import SHANGHAI, exactly
from stream.core.records import Rejected
from stream.journey import STEPS
from stream.pipeline import Options, Pipeline
from stream.ports import Backends, Outgoing, Save
from stream.settings import Backend, Settings
from stream.wire import addressed
from tests.servers import distributed_settings, erase

AT = datetime(2030, 4, 1, 8, tzinfo=SHANGHAI)
BLAST = Page(
    id="blast", collected_at=AT + timedelta(hours=1), kind="news",
    row=Row(title="浙江省杭州市余杭区一化工厂发生爆炸 已致12人死亡", published=exactly(AT, "row")),
)  # fmt: skip
DISMISSED = Decision(id="d-1", collected_at=AT, who="值班长", what="dismiss", incident_of="blast", why="演练")

Huiying = Any


@pytest.fixture(params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def settings(request: pytest.FixtureRequest, huiying: Huiying) -> Iterator[Settings]:
    if request.param == "embedded":
        yield Settings(data=huiying.data, backend=Backend(workers=2))
        return
    chosen = distributed_settings(huiying.data, f"t{uuid.uuid4().hex[:12]}", workers=2)
    yield chosen
    erase(chosen)


@pytest.fixture
def rejected(settings: Settings, huiying: Huiying, tmp_path: Path) -> Callable[..., Any]:
    """`huiying rejected …` over these settings."""
    fields = msgspec.to_builtins({"backend": settings.backend, "kafka": settings.kafka, "elastic": settings.elastic})
    config = tmp_path / "profile.yaml"
    config.write_text(json.dumps({**fields, "namespace": settings.namespace}), encoding="utf-8")
    return lambda *words: huiying("rejected", *words, config=config)


@contextmanager
def opened(settings: Settings) -> Iterator[Backends]:
    with closing(open_backends(settings)) as backends:
        yield backends


def worked(settings: Settings, *outgoing: Outgoing, until: datetime) -> None:
    """Publishes, then works the whole journey up to `until`."""
    mark = Mark(id="mark:test", collected_at=until, publisher="test")
    with opened(settings) as backends:
        backends.bus.publish("pages", [*outgoing, addressed(mark)])
        with closing(Pipeline(settings, STEPS, backends, Options())) as pipeline:
            while pipeline.watermark() != until:
                pipeline.work(0.05)
        backends.store.refresh()


def incidents(settings: Settings) -> list[Incident]:
    with opened(settings) as backends:
        return [one.item for one in backends.store.listing(Incident).items if isinstance(one.item, Incident)]


def test_poison_is_put_back_and_handled_once(settings: Settings, rejected: Callable[..., Any]) -> None:
    """A decision came before the post that it is about."""
    worked(settings, addressed(DISMISSED), until=AT + timedelta(minutes=1))
    listed = rejected("list").out
    assert all(word in listed for word in ("gather:d-1", "gather", "unknown_post"))
    explained = rejected("explain", "gather:d-1").out
    assert "unknown_post" in explained and encode(DISMISSED).decode() in explained
    worked(settings, addressed(BLAST), until=AT + timedelta(hours=2))
    assert [one.state for one in incidents(settings)] == ["open"]
    for hour in (3, 4):
        told = rejected("requeue", "gather:d-1")
        assert told.code == 0, told.err
        worked(settings, until=AT + timedelta(hours=hour))
        assert [(one.state, len(one.decisions)) for one in incidents(settings)] == [("dismissed", 1)]


def test_bytes_that_are_no_message_stop_nothing(settings: Settings, rejected: Callable[..., Any]) -> None:
    poison = [Outgoing(body=b'{"type": "pag\xff', partition=0), Outgoing(body=b"[/b]", partition=1)]
    worked(settings, *poison, addressed(BLAST), until=AT + timedelta(hours=2))
    assert [one.state for one in incidents(settings)] == ["open"]
    with opened(settings) as backends:
        ids = [one.item.id for one in backends.store.listing(Rejected).items]
    assert len(ids) == 2 and rejected("list", "--reason", "undecodable").out.count("undecodable") == 2
    assert any("[/b]" in rejected("explain", id).out for id in ids)
    told = rejected("requeue", ids[0])
    assert (told.code, "重新发布" in told.err) == (2, True)


# --- on the embedded profile alone ------------------------------------------------------------------------------------


def kept(huiying: Huiying, *rejects: Rejected) -> None:
    with opened(Settings(data=huiying.data)) as backends:
        backends.store.save_many([Save(item=one) for one in rejects])


def reject(id: str, step: str, reason: str, payload: str) -> Rejected:
    return Rejected(id=id, collected_at=AT, step=step, reason=reason, payload=payload)


def test_the_list_is_narrowed(huiying: Huiying) -> None:
    kept(huiying, reject("r-1", "extract", "no_text", ""), reject("r-2", "extract", "undecodable", ""),
         reject("r-3", "intake", "no_text", ""))  # fmt: skip

    def ids(*words: str) -> list[str]:
        out = huiying("rejected", "list", *words).out
        return [id for id in ("r-1", "r-2", "r-3") if id in out]

    assert ids() == ["r-1", "r-2", "r-3"]
    assert ids("--step", "extract") == ["r-1", "r-2"]
    assert ids("--reason", "no_text") == ["r-1", "r-3"]
    assert ids("--step", "extract", "--reason", "no_text") == ["r-1"]
    assert len(ids("--step", "extract", "--limit", "1")) == 1


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        (reject("r", "intake", "no_text", encode(BLAST).decode()), "重新输入"),
        (reject("r", "classify", "failed:ValueError", '{"type": "arti'), "只保留了开头"),
        (reject("r", "extract", "undecodable", '{"type": "x"}'), "重新发布"),
        (
            reject("r", "extract", "no_text", encode(Page(id="p", collected_at=AT, url="x" * 70_000)).decode()),
            "max_page",
        ),
    ],
    ids=["a row", "cut", "no message", "too large"],
)
def test_what_cannot_go_back_says_why(one: Rejected, hint: str, huiying: Huiying, tmp_path: Path) -> None:
    kept(huiying, one)
    (tmp_path / "small.yaml").write_text("max_page_bytes: 65536\n", encoding="utf-8")
    told = huiying("rejected", "requeue", "r", config=tmp_path / "small.yaml")
    assert (told.code, hint in told.err) == (2, True)
