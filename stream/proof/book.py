"""The rule book and the register as an evidence file carries them: the very bytes that were judged by.

Used where the file is made and where it is verified, so both read the same. The bytes may come from anybody: YAML whose
aliases would unfold into gigabytes is refused before it is unfolded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import yaml
from msgspec import Struct

from stream.core.authorities import Authorities, Channel, Registry
from stream.core.rules import Rules
from stream.errors import SettingsError
from stream.proof.archive import Fault, Refused
from stream.proof.parts import AUTHORITIES, CHANNELS, RULES, read_document
from stream.reading.places import codes_by_name, names_by_code
from stream.settings import load_yaml

MOST_YAML = 4 << 20
MOST_NODES = 500_000
MOST_DEPTH = 50
T = TypeVar("T")


class Book(Struct, frozen=True):
    """What facts are judged by."""

    rules: Rules
    registry: Registry


def read_book(parts: Mapping[str, bytes]) -> Book:
    """Rules and register of an evidence file. Raises Refused naming the part."""
    channels = read_document(CHANNELS, parts[CHANNELS], dict[str, list[Channel]])
    rules = _loaded(RULES, parts[RULES], Rules)
    authorities = _loaded(AUTHORITIES, parts[AUTHORITIES], Authorities)
    return Book(rules, Registry(authorities, names_by_code(), codes_by_name(), channels))


def _loaded(name: str, content: bytes, kind: type[T]) -> T:
    try:
        _check_size(content)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            try:
                return load_yaml(path, kind)
            except SettingsError as error:
                what = str(error).removeprefix(f"{path}：")
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        what = f"读不懂（{type(error).__name__}）"
    raise Refused(Fault(part=name, what=what[:300], remedy="请向出具方重新索取原文件"))


def _check_size(content: bytes) -> None:
    """Raises ValueError where the document is too large, or would be once its aliases are unfolded."""
    if len(content) > MOST_YAML:
        raise ValueError("too large")
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(content.decode("utf-8"), Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            # An alias inside its own anchor has no size yet: such a document has no end.
            total += sizes.get(event.anchor or "", MOST_NODES)
        elif isinstance(event, yaml.ScalarEvent):
            total += 1
            if event.anchor is not None:
                sizes[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, total))
            total += MOST_NODES if len(opened) > MOST_DEPTH else 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor is not None:
                sizes[anchor] = total - before
        if total >= MOST_NODES:
            raise ValueError("too many nodes")
