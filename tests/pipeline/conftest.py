"""Fixtures of the pipeline's own machinery: real backends in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.backends import open_backends
from stream.ports import Backends
from stream.settings import Backend, Settings


@pytest.fixture
def backends(tmp_path: Path) -> Iterator[Backends]:
    """Three partitions."""
    opened = open_backends(Settings(data=tmp_path, backend=Backend(workers=3)))
    yield opened
    opened.close()


@pytest.fixture
def single(tmp_path: Path) -> Iterator[Backends]:
    """One partition, so that a keyed step has one lane."""
    opened = open_backends(Settings(data=tmp_path / "single", backend=Backend(workers=1)))
    yield opened
    opened.close()
