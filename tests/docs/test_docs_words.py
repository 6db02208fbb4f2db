"""Every word that the code says to its users is explained: commands, exit codes, environment, verdicts, reasons."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

from stream import errors
from stream.cli import app
from stream.core import cases, documents, reasons
from stream.intake.rejects import Reason as RejectReason
from stream.journey import JOURNEY

READ = re.compile(r"""(?:environ(?:\.get\(|\[)|getenv\(|envvar=)["']([A-Z_]+)["']""")
READERS = ("stream", "crawlers", "dashboard")


@pytest.fixture(scope="module")
def formats(root: Path) -> str:
    return (root / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def words(root: Path, formats: str) -> set[str]:
    """Every word of formats.md and of the glossary."""
    return set(re.findall(r"\w+", formats + (root / "docs" / "glossary.md").read_text(encoding="utf-8")))


def commands(group: Any, prefix: str = "") -> list[str]:
    found = []
    for name, one in group.commands.items():
        inner = getattr(one, "commands", None)
        found += commands(one, f"{prefix}{name} ") if inner else [f"{prefix}{name}"]
    return found


@pytest.mark.parametrize("command", commands(typer.main.get_command(app)))
def test_every_command_is_documented(command: str, formats: str) -> None:
    family, _, name = command.rpartition(" ")
    lines = [line for line in formats.splitlines() if line.startswith("| `huiying")]
    spoken = [" ".join(re.findall(r"[\w-]+", code)) for line in lines for code in re.findall(r"`(.*?)`", line)]
    wanted = re.compile(rf"\b{family}\b.*\b{name}\b" if family else rf"(^|huiying ){name}\b")
    assert any(wanted.search(one) for one in spoken), f"{command} stands in no line of formats.md"


def test_every_exit_code_is_documented(formats: str) -> None:
    found = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.HuiyingError)]
    [line] = [one for one in formats.splitlines() if one.startswith("Exit codes:")]
    assert {str(one.exit_code) for one in found} | {"0"} == set(re.findall(r"\b\d\b", line))


def test_every_environment_variable_is_documented(root: Path, formats: str) -> None:
    """Whatever our code reads."""
    named: set[str] = set()
    for folder in READERS:
        for path in (root / folder).rglob("*.py"):
            named |= set(READ.findall(path.read_text(encoding="utf-8")))
    operations = root / "docs" / "operations.md"
    pages = formats + (operations.read_text(encoding="utf-8") if operations.exists() else "")
    assert len(named) >= 5
    assert sorted(named - set(re.findall(r"\bHUIYING_[A-Z_]+\b", pages))) == []


@pytest.mark.parametrize(
    "kind",
    [
        cases.Verdict, reasons.Reason, reasons.CalendarReason, documents.Form, documents.IssuerKind,
        documents.DecisionKind, documents.PostKind, documents.Level, documents.Grade, documents.EventType, RejectReason,
    ],
    ids=["verdict", "reason", "calendar reason", "form", "issuer kind", "decision", "post kind", "level", "grade",
         "event type", "reject"],
)  # fmt: skip
def test_every_word_is_explained(kind: Any, words: set[str]) -> None:
    assert [word for word in get_args(kind) if word not in words] == []


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_journey_is_the_map(name: str, root: Path) -> None:
    """The table of both READMEs is stream/journey.py, in its order; the English one in its very words."""
    lines = [line for line in (root / name).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    steps = {leg.step for leg in JOURNEY}
    found = [row for row in table if row[0] in steps]
    assert [row[:4] for row in found] == [[leg.step, ", ".join(leg.reads), leg.writes, leg.key] for leg in JOURNEY]
    if name == "README.md":
        assert [row[4] for row in found] == [leg.does for leg in JOURNEY]
    assert all(len(row[4]) > 3 for row in found)
