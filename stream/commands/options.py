"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from stream.backends import open_backends
from stream.ports import Backends
from stream.settings import Settings, load_settings

Config = Annotated[Path, typer.Option("--config", "-c", help="运行配置", envvar="HUIYING_CONFIG", show_default=True)]
DEFAULT_CONFIG = Path("config/embedded.yaml")
Mapping = Annotated[Path | None, typer.Option("--map", help="列名对照（YAML），如 config/mappings/hotsearch.yaml")]


def settings_of(config: Path) -> Settings:
    """The settings a command runs under."""
    return load_settings(config)


@contextmanager
def opened(config: Path) -> Iterator[Backends]:
    """The backends of a configuration, for one command."""
    backends = open_backends(settings_of(config))
    try:
        yield backends
    finally:
        backends.close()
