"""`huiying check`: every fault of a whole configuration, each with its file, its place and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from crawlers import sources as source_files
from stream.assembly import load_holidays
from stream.core import alert_policy, authorities, register_checks, rules, workdays
from stream.core.intervals import SHANGHAI
from stream.errors import SettingsError
from stream.reading import topics
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import Settings, load_settings, load_yaml

# A source is fetched now and later: the register as it stands after every change it knows of.
NEWEST = datetime(2999, 1, 1, tzinfo=SHANGHAI)

T = TypeVar("T")


def problems(config: Path) -> list[str]:
    """All of them; a file that cannot be read is one, and what hangs on it is left unchecked."""
    found: list[str] = []
    settings = _tried(lambda: load_settings(config), found)
    if settings is not None:
        _check(settings, found)
    return found


def _check(settings: Settings, found: list[str]) -> None:
    book = _tried(lambda: load_yaml(settings.file("rules"), rules.Rules), found)
    if book is not None:
        found += _placed(settings.file("rules"), rules.problems(book))
    overlay = _tried(lambda: load_holidays(settings), found)
    if overlay is not None:
        found += _placed(settings.file("holidays"), workdays.problems(overlay))
    lexicon = _tried(lambda: load_yaml(settings.file("topics"), topics.TopicConfig), found)
    if lexicon is not None:
        found += _placed(settings.file("topics"), topics.problems(lexicon))
    watched = _tried(lambda: source_files.load_sources(settings.file("sources")), found)
    registry: authorities.Registry | None = None
    register = _tried(lambda: load_yaml(settings.file("authorities"), authorities.Authorities), found)
    if register is not None:
        registry = authorities.Registry(register, names_by_code(), codes_by_name())
        names = [one.name for one in lexicon.topics] if lexicon is not None else []
        ids = {one.id for one in watched} if watched is not None else None
        found += _placed(settings.file("authorities"), register_checks.problems(registry, names, ids))
    if watched is not None:
        found += _placed(settings.file("sources"), source_files.problems(watched, _known_bodies(watched, registry)))
    policy = _tried(lambda: load_yaml(settings.file("alerts"), alert_policy.AlertPolicy), found)
    if policy is not None:
        known = {one.id for one in book.rules} if book is not None else None
        found += _placed(settings.file("alerts"), alert_policy.problems(policy, known))
    found += _secrets(settings)


def _known_bodies(watched: Sequence[source_files.Source], registry: authorities.Registry | None) -> list[str] | None:
    """Those of the sources' bodies that the register knows, by name or by a department's pattern."""
    if registry is None:
        return None
    return [one.body for one in watched if one.body is not None and registry.resolve(one.body, NEWEST) is not None]


def _secrets(settings: Settings) -> Iterator[str]:
    key_file = settings.vault.key_file
    if key_file is not None and not Path(key_file).is_file():
        yield f"{settings.folder}：vault.key_file `{key_file}` 不存在；请生成密钥文件，或删去这一项（只留哈希）"
    signing = settings.vault.signing_key_file
    if signing is not None and not Path(signing).is_file():
        yield f"{settings.folder}：vault.signing_key_file `{signing}` 不存在；请生成密钥文件，或删去这一项（不签名）"


def _placed(path: Path, faults: list[str]) -> list[str]:
    """Each fault behind its file's name."""
    return [fault if fault.startswith(str(path)) else f"{path}：{fault}" for fault in faults]


def _tried(load: Callable[[], T], found: list[str]) -> T | None:
    try:
        return load()
    except SettingsError as error:
        found.append(str(error))
        return None
