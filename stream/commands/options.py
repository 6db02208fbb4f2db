"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stream.settings import Settings, load_settings

Config = Annotated[Path, typer.Option("--config", "-c", help="运行配置", envvar="HUIYING_CONFIG", show_default=True)]
DEFAULT_CONFIG = Path("config/embedded.yaml")
Mapping = Annotated[Path | None, typer.Option("--map", help="列名对照（YAML），如 config/mappings/hotsearch.yaml")]


def settings_of(config: Path) -> Settings:
    """The settings a command runs under."""
    return load_settings(config)
