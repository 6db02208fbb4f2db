"""Every command explains itself in Chinese."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import typer.main

from stream.cli import app


def names(group: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command and every family, as it is typed."""
    found = [prefix]
    for name, one in getattr(group, "commands", {}).items():
        found += names(one, (*prefix, name))
    return found


EVERY = names(typer.main.get_command(app))


def parts(group: Any, words: tuple[str, ...]) -> Any:
    for word in words:
        group = group.commands[word]
    return group


@pytest.mark.parametrize("words", EVERY, ids=lambda words: " ".join(words) or "huiying")
def test_help_is_chinese(words: tuple[str, ...], huiying: Callable[..., Any]) -> None:
    told = huiying(*words, "--help")
    assert told.code == 0
    sentence = next(line for line in told.out.splitlines() if line.strip() and not line.startswith("Usage"))
    assert re.search("[\u4e00-\u9fff]{2}", sentence), told.out


@pytest.mark.parametrize("words", EVERY, ids=lambda words: " ".join(words) or "huiying")
def test_every_option_is_explained_in_chinese(words: tuple[str, ...]) -> None:
    command = parts(typer.main.get_command(app), words)
    unexplained = [one.name for one in command.params if not re.search("[\u4e00-\u9fff]", one.help or "")]
    assert unexplained == []


@pytest.mark.parametrize(
    "words", [(), ("rules",), ("rejected",), ("sources",)], ids=lambda words: " ".join(words) or "huiying"
)
def test_a_bare_family_shows_its_commands(words: tuple[str, ...], huiying: Callable[..., Any]) -> None:
    told = huiying(*words)
    listed = {path[-1] for path in EVERY if len(path) == len(words) + 1 and path[:-1] == words}
    assert listed
    assert listed <= set((told.out + told.err).split())
