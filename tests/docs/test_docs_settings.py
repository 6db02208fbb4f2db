"""docs/settings.md explains every setting of every configuration file, and none that does not exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import Struct

from crawlers.sources import Sources
from stream.core.alert_policy import AlertPolicy
from stream.core.authorities import Authorities
from stream.core.rules import Rules
from stream.core.workdays import LocalHolidays
from stream.intake.mapping import Mapping
from stream.reading.topics import TopicConfig
from stream.settings import Settings

FILES: dict[str, type[Struct]] = {
    "embedded.yaml": Settings,
    "sources.yaml": Sources,
    "authorities.yaml": Authorities,
    "topics.yaml": TopicConfig,
    "rules.yaml": Rules,
    "alerts.yaml": AlertPolicy,
    "holidays.yaml": LocalHolidays,
    "mappings": Mapping,
}


def structs_in(kind: Any) -> Iterator[tuple[str, type[Struct]]]:
    """(suffix of the path, struct) of what a field may hold: itself, items of a list `[]`, values of a mapping `.*`."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        yield "", kind
        return
    origin = getattr(kind, "__origin__", None)
    mark = "[]" if origin in {list, tuple} else ".*" if origin is dict else ""
    for inner in get_args(kind):
        for suffix, struct in structs_in(inner):
            yield mark + suffix, struct


def paths(kind: type[Struct], prefix: str, seen: set[type[Struct]]) -> Iterator[str]:
    """Every setting as a path; what stands in several places is named at the first."""
    if kind in seen:
        return
    seen.add(kind)
    for one in msgspec.structs.fields(kind):
        yield prefix + one.encode_name
        for suffix, struct in structs_in(one.type):
            yield from paths(struct, f"{prefix}{one.encode_name}{suffix}.", seen)


@pytest.fixture(scope="module")
def sections(root: Path) -> dict[str, str]:
    """The page by file."""
    parts = re.split(r"^## `?([\w.]+)`?.*$", (root / "docs" / "settings.md").read_text(encoding="utf-8"), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> dict[str, str]:
    """Path → explanation."""
    return dict(re.findall(r"^\| `([^`]+)` \|.*\| ([^|]+) \|$", section, flags=re.M))


@pytest.mark.parametrize("name", FILES)
def test_every_setting_is_explained(name: str, sections: dict[str, str]) -> None:
    explained = rows(sections[name])
    assert [path for path in paths(FILES[name], "", set()) if len(explained.get(path, "")) < 4] == []


@pytest.mark.parametrize("name", FILES)
def test_nothing_else_is_explained(name: str, sections: dict[str, str]) -> None:
    assert sorted(set(rows(sections[name])) - set(paths(FILES[name], "", set()))) == []


def test_every_file_has_its_section(sections: dict[str, str]) -> None:
    assert list(sections) == list(FILES)
