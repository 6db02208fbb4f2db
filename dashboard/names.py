"""Names out of the configuration: rules, topics, regions, sources, grounds. Read once a process."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from msgspec import Struct

from stream.core.alert_policy import AlertPolicy
from stream.core.authorities import Authorities
from stream.core.rules import Rules
from stream.core.workdays import LocalHolidays
from stream.reading.places import codes_by_name, name_of
from stream.reading.topics import TopicConfig
from stream.settings import Settings, load_settings, load_yaml


class _Source(Struct, frozen=True, kw_only=True):
    """Of a source only what it is called; the crawlers know the rest."""

    id: str
    name: str | None = None


class _Sources(Struct, frozen=True, kw_only=True):
    sources: list[_Source]


@cache
def settings() -> Settings:
    """The profile the command line started us with."""
    return load_settings(Path(os.environ.get("HUIYING_CONFIG", "config/embedded.yaml")))


@cache
def rules() -> Rules:
    """The rule book."""
    return load_yaml(settings().file("rules"), Rules)


@cache
def rule_titles() -> dict[str, str]:
    """What each rule demands, in its own words."""
    return {rule.id: rule.text for rule in rules().rules}


@cache
def rule_names() -> dict[str, str]:
    """What each rule is called in short: the alerts' name, else its own words."""
    return {**rule_titles(), **load_yaml(settings().file("alerts"), AlertPolicy).rule_names}


@cache
def holidays() -> LocalHolidays:
    """Days off that only single regions have; none where that file is not there."""
    path = settings().file("holidays")
    return load_yaml(path, LocalHolidays) if path.exists() else LocalHolidays()


@cache
def own_regions() -> list[str]:
    """The places whose recurring duties this desk keeps."""
    return load_yaml(settings().file("alerts"), AlertPolicy).duties.regions


@cache
def grounds() -> dict[str, str]:
    """The legal bases a person may quote for an exemption."""
    return {one.id: one.basis for one in rules().exempt_grounds if one.excuses}


@cache
def topic_names() -> list[str]:
    """The configured topics."""
    return [one.name for one in load_yaml(settings().file("topics"), TopicConfig).topics]


@cache
def _added_regions() -> dict[str, str]:
    return load_yaml(settings().file("authorities"), Authorities).regions


def region_name(code: str | None) -> str | None:
    """A region's name; its code where it has none; None for none."""
    if code is None:
        return None
    return _added_regions().get(code) or name_of(code) or code


def region_prefix(written: str) -> str | None:
    """The beginning of the codes that a name or a (partial) code stands for: 广东 and 440000 → 44. None if it is none,
    or if several regions share the name."""
    added = {name: code for code, name in _added_regions().items()}
    codes = (added[written],) if written in added else codes_by_name().get(written, (written,))
    if len(codes) != 1 or not (codes[0].isascii() and codes[0].isdecimal()) or len(codes[0]) > 6:
        return None
    code = codes[0]
    while len(code) > 2 and len(code) % 2 == 0 and code.endswith("00"):
        code = code[:-2]
    return code


@cache
def source_names() -> dict[str, str]:
    """What each source is called."""
    return {one.id: one.name or one.id for one in load_yaml(settings().file("sources"), _Sources).sources}
