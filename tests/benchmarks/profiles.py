"""The two profiles for a benchmark: where they are, under a namespace of its own."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import msgspec

from stream.settings import Settings, load_settings

CONFIG = Path(__file__).parents[2] / "config"
KAFKA, ELASTIC = "HUIYING_TEST_KAFKA", "HUIYING_TEST_ELASTIC"
PROFILES = ("embedded", "distributed")


def add_options(parser: argparse.ArgumentParser) -> None:
    """`--profile`, and what keeps a stock between runs."""
    parser.add_argument("--profile", choices=[*PROFILES, "both"], default="embedded")
    parser.add_argument("--namespace", help="keep the stock under this name and use it again (distributed)")
    parser.add_argument("--data", type=Path, help="keep the stock in this folder and use it again (embedded)")


def chosen(profile: str) -> tuple[str, ...]:
    """The profiles that an option names."""
    return PROFILES if profile == "both" else (profile,)


def settings_of(profile: str, data: Path, namespace: str = "huiying", workers: int | None = None) -> Settings:
    """A profile as configured, on the servers that the environment names. `workers`: partitions of new topics."""
    settings = load_settings(CONFIG / f"{profile}.yaml")
    settings = msgspec.structs.replace(settings, data=data, namespace=namespace)
    if workers is not None:
        settings = msgspec.structs.replace(settings, backend=msgspec.structs.replace(settings.backend, workers=workers))
    if profile == "embedded":
        return settings
    if missing := [one for one in (KAFKA, ELASTIC) if not os.environ.get(one)]:
        raise SystemExit(f"{', '.join(missing)} not set: start servers (make test-distributed says how) or name yours")
    kafka = msgspec.structs.replace(settings.kafka, addresses=[os.environ[KAFKA]])
    elastic = msgspec.structs.replace(settings.elastic, addresses=[os.environ[ELASTIC]])
    return msgspec.structs.replace(settings, kafka=kafka, elastic=elastic)
