"""Builds the steps and the readers from the configuration files: where settings become objects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from crawlers.sources import load_sources
from stream.core.alert_policy import AlertPolicy
from stream.core.authorities import Authorities, Channel, Registry
from stream.core.rules import Rules
from stream.core.workdays import LocalHolidays
from stream.errors import UsageError
from stream.intake import load_pseudonyms
from stream.ports import Step
from stream.reading.places import codes_by_name, names_by_code
from stream.reading.post import Reader
from stream.reading.topics import TopicConfig
from stream.settings import Files, Settings, load_yaml
from stream.steps.alert import AlertStep
from stream.steps.classify import Classify
from stream.steps.extract import Extract
from stream.steps.gather import Gather
from stream.steps.judge import Judge
from stream.training import load_classifier


def load_rules(settings: Settings) -> Rules:
    """config/rules.yaml. Raises SettingsError."""
    return load_yaml(settings.file("rules"), Rules)


def load_holidays(settings: Settings) -> LocalHolidays:
    """config/holidays.yaml; none where the file of that name is not there. Raises SettingsError."""
    path = settings.file("holidays")
    if settings.files.holidays == Files().holidays and not path.exists():
        return LocalHolidays()
    return load_yaml(path, LocalHolidays)


def load_alert_policy(settings: Settings) -> AlertPolicy:
    """config/alerts.yaml. Raises SettingsError."""
    return load_yaml(settings.file("alerts"), AlertPolicy)


def load_registry(settings: Settings) -> Registry:
    """config/authorities.yaml with the names of all regions. Raises SettingsError."""
    authorities = load_yaml(settings.file("authorities"), Authorities)
    return Registry(authorities, names_by_code(), codes_by_name(), own_channels(settings))


def own_channels(settings: Settings) -> dict[str, list[Channel]]:
    """The channels of each body that sources.yaml fetches: what is polled there is watched. Raises SettingsError."""
    found: dict[str, list[Channel]] = {}
    for source in load_sources(settings.file("sources")):
        if source.enabled and source.body is not None:
            channel = Channel(source=source.id, poll_minutes=max(1, round(source.poll_minutes)))
            found.setdefault(source.body, []).append(channel)
    return found


def make_reader(settings: Settings) -> Reader:
    """What reads one post. Raises SettingsError."""
    config = load_yaml(settings.file("topics"), TopicConfig)
    return Reader(config, load_registry(settings), load_classifier(config, settings.folder))


def make_extract(settings: Settings) -> Extract:
    """What makes an article of a page. Raises SettingsError."""
    return Extract(load_pseudonyms(settings.data), load_registry(settings))


def step_maker(name: str, settings: Settings, *, assume_covered: bool = False) -> Callable[[], Step]:
    """Makes step `name` of stream/journey.py, as often as there are lanes; the configuration is read once. Raises
    SettingsError, UsageError."""
    match name:
        case "extract":
            return partial(make_extract, settings)
        case "classify":
            return partial(Classify, make_reader(settings))
        case "gather":
            return partial(Gather, book=load_rules(settings))
        case "judge":
            return partial(Judge, load_rules(settings), load_registry(settings), assume_covered=assume_covered)
        case "alert":
            return partial(AlertStep, load_alert_policy(settings), load_registry(settings).region_name)
    raise UsageError(f"没有步骤 {name}")
