"""A cluster that says no, from the command line: one line that names server, fault and remedy, exit code 3; and once it
says yes again, the same call goes on and nothing is lost."""

import json
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from elasticsearch import Elasticsearch
from msgspec import Struct

from stream.backends.elastic_client import Client
from stream.backends.elastic_indices import Indices
from stream.settings import Settings
from tests.contracts.elastic.loopback import Answer, error, serving, version
from tests.journeys.scenario import rows
from tests.servers import distributed_settings, erase

pytestmark = pytest.mark.distributed

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
EVERY = ("status", "replay", "run")
WRITING = ("replay", "run")

Huiying = Any
Written = Callable[[Path, list[dict[str, Any]]], Path]
Replay = Callable[[Settings], "subprocess.CompletedProcess[str]"]


def profile(path: Path, settings: Settings) -> Path:
    """The settings as a file."""
    fields = {name: getattr(settings, name) for name in ("backend", "kafka", "elastic", "namespace")}
    files = {name: str(ROOT / "config" / f"{name}.yaml") for name in ("sources", "authorities", "topics", "rules")}
    files["alerts"] = str(ROOT / "config" / "alerts.yaml")
    # JSON is YAML, so the file needs no writer of its own.
    path.write_text(json.dumps({**msgspec.to_builtins(fields), "files": files}), encoding="utf-8")
    return path


def called(config: Path, data: Path, *words: str | Path) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: what its logs say counts, too."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {"HUIYING_KAFKA", "HUIYING_ELASTIC"}
    }
    return subprocess.run(
        [sys.executable, "-m", "stream", *map(str, words), "--config", str(config)], cwd=ROOT,
        env={**environment, "HUIYING_DATA": str(data)}, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


# --- the faults -------------------------------------------------------------------------------------------------------


@contextmanager
def closed_port() -> Iterator[str]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        yield f"127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def no_broker(settings: Settings, _replay: Replay) -> Iterator[Settings]:
    with closed_port() as address:
        yield kafka(settings, addresses=[address])


@contextmanager
def no_node(settings: Settings, _replay: Replay) -> Iterator[Settings]:
    with closed_port() as address:
        yield elastic(settings, addresses=[f"http://{address}"])


def answering(answer: Answer) -> Callable[[Settings, Replay], AbstractContextManager[Settings]]:
    """Stands in for a server that is not ours to break."""

    @contextmanager
    def happening(settings: Settings, _replay: Replay) -> Iterator[Settings]:
        with serving(lambda _: answer) as address:
            yield elastic(settings, addresses=[address])

    return happening


@contextmanager
def no_templates(settings: Settings, _replay: Replay) -> Iterator[Settings]:
    yield elastic(settings, creates_templates=False)


@contextmanager
def no_topics(settings: Settings, _replay: Replay) -> Iterator[Settings]:
    yield kafka(settings, creates_topics=False)


@contextmanager
def read_only(settings: Settings, replay: Replay) -> Iterator[Settings]:
    """The indices that a replay (begun, so that it does not clear its namespace) and a run write to first."""
    assert replay(elastic(settings, creates_templates=False)).returncode == 3
    [folder] = (settings.data / "replays").iterdir()
    client = Client(settings.elastic)
    blocked = []
    for namespace, tag in ((settings.namespace, "clock"), (f"{settings.namespace}-{folder.name}", "progress")):
        indices = Indices(client, msgspec.structs.replace(settings, namespace=namespace))
        blocked.append(indices.names.of(tag))
        indices.ensure(blocked[-1:])
    client.close()
    with closing(Elasticsearch(settings.elastic.addresses)) as server:
        server.indices.put_settings(index=blocked, settings={"index.blocks.read_only": True})
        try:
            yield settings
        finally:
            server.indices.put_settings(index=blocked, settings={"index.blocks.read_only": None})


def kafka(settings: Settings, **changes: Any) -> Settings:
    return msgspec.structs.replace(settings, kafka=msgspec.structs.replace(settings.kafka, **changes))


def elastic(settings: Settings, **changes: Any) -> Settings:
    return msgspec.structs.replace(settings, elastic=msgspec.structs.replace(settings.elastic, **changes))


class Fault(Struct, frozen=True):
    """`commands` fail while it is `happening`; their line says so."""

    happening: Callable[[Settings, Replay], AbstractContextManager[Settings]]
    says: tuple[str, ...]
    commands: tuple[str, ...]


UNAUTHORIZED = error(401, "security_exception", "unable to authenticate")
FAULTS = {
    "no broker": Fault(no_broker, ("Kafka（127.0.0.1:", "连不上", "请检查地址"), WRITING),
    "no node": Fault(no_node, ("Elasticsearch http://127.0.0.1:", "连不上", "请确认它在运行"), EVERY),
    "wrong password": Fault(answering(UNAUTHORIZED), ("Elasticsearch http", "401", "请检查 elastic.username"), EVERY),
    "wrong version": Fault(answering(version("8.19.3")), ("Elasticsearch http", "8.19.3", "请升级服务器"), EVERY),
    "no templates": Fault(no_templates, ("Elasticsearch http", "缺少索引模板", "elastic.creates_templates"), WRITING),
    "no topics": Fault(no_topics, ("Kafka（127.0.0.1:", "缺少主题", "kafka-topics.sh --bootstrap-server"), WRITING),
    "read-only": Fault(read_only, ("Elasticsearch http", "索引不可写", "请解除 index.blocks"), WRITING),
}


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory, written: Written) -> Path:
    return written(tmp_path_factory.mktemp("posts") / "posts.jsonl", list(rows(120)))


@pytest.fixture(scope="module")
def unbroken(posts: Path, shared_huiying: Huiying, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of one machine."""
    out = tmp_path_factory.mktemp("unbroken")
    # One row is rejected.
    assert shared_huiying("replay", posts, "--out", out, "--assume-covered").code == 1
    files = output(out)
    assert files["incidents.jsonl"].count(b"\n") >= 3
    return files


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Settings]:
    chosen = distributed_settings(tmp_path / "data", f"t{uuid.uuid4().hex[:12]}")
    yield chosen
    for folder in (chosen.data / "replays").glob("*"):
        erase(msgspec.structs.replace(chosen, namespace=f"{chosen.namespace}-{folder.name}"))
    erase(chosen)


def output(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", FAULTS)
def test_one_line_exit_code_3_and_nothing_lost(
    name: str, cluster: Settings, posts: Path, unbroken: dict[str, bytes], tmp_path: Path
) -> None:
    out, fault = tmp_path / "out", FAULTS[name]

    def command(settings: Settings, name: str) -> "subprocess.CompletedProcess[str]":
        words = ("replay", posts, "--out", out, "--assume-covered") if name == "replay" else (name,)
        return called(profile(tmp_path / "profile.yaml", settings), cluster.data, *words)

    with fault.happening(cluster, lambda settings: command(settings, "replay")) as ill:
        for one in EVERY:
            if one in fault.commands:
                told = command(ill, one)
                assert told.returncode == 3, (one, told)
                [line] = told.stderr.splitlines()
                assert line.startswith("huiying：")
                assert [word for word in fault.says if word not in line] == []
            elif one == "status":
                assert command(ill, one).returncode == 0
    done = command(cluster, "replay")
    assert done.returncode == 1, done.stderr
    assert output(out) == unbroken
