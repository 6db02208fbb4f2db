"""`huiying backup`: snapshots as a person takes them, and what is refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from stream.backends import erase_namespace, open_backends
from stream.core.intervals import SHANGHAI
from stream.core.records import Progress
from stream.ports import Save
from stream.settings import Settings, load_settings
from tests.cli.conftest import CommandLine
from tests.servers import distributed_settings

AT = datetime(2030, 5, 1, 8, tzinfo=SHANGHAI)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Path, Settings]]:
    """A namespace of its own, its configuration as a file."""
    settings = distributed_settings(tmp_path / "data", f"b{uuid.uuid4().hex[:10]}")
    path = tmp_path / "cluster.yaml"
    path.write_text(
        json.dumps({
            "backend": {"bus": "kafka", "store": "elastic"}, "namespace": settings.namespace,
            "kafka": {"addresses": settings.kafka.addresses}, "elastic": {"addresses": settings.elastic.addresses},
        }),
        encoding="utf-8",
    )  # fmt: skip
    assert load_settings(path).namespace == settings.namespace
    yield path, settings
    erase_namespace(settings)


def test_one_machine_has_no_snapshots(huiying: CommandLine, tmp_path: Path) -> None:
    told = huiying("backup", "list", "--config", "config/embedded.yaml")
    assert told.code == 2
    assert "数据目录" in told.err


@pytest.mark.distributed
def test_a_snapshot_is_taken_listed_and_comes_back(huiying: CommandLine, cluster: tuple[Path, Settings]) -> None:
    config, settings = cluster
    with closing(open_backends(settings)) as backends:
        backends.store.save_many([Save(item=Progress(id="x", collected_at=AT, done=7))])
        assert huiying("backup", "open", settings.namespace, "--config", config).code == 0
        assert "1 个索引" in huiying("backup", "take", "first", "--config", config).out
        assert huiying("backup", "list", "--config", config).out.split() == ["first"]
        refused = huiying("backup", "restore", "first", "--config", config)
        assert (refused.code, refused.err.count("\n")) == (3, 1)
        erase_namespace(settings)
        assert huiying("backup", "restore", "first", "--config", config).code == 0
        (stored,) = backends.store.get_many(Progress, ["x"]).values()
        assert isinstance(stored.item, Progress)
        assert stored.item.done == 7
