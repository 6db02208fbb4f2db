"""The project as files."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("config", "crawlers", "dashboard", "deploy", "docs", "stream", "tests")
UNREAD = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", "node_modules"}


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def files() -> list[Path]:
    """Every file that belongs to the project: those in its root, and those in its folders."""
    found = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".git")]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file() and not UNREAD & set(path.parts)]
    return sorted(found)


@pytest.fixture(scope="session")
def texts(files: list[Path]) -> dict[Path, str]:
    """Those of them that are text, as text."""
    found = {}
    for path in files:
        content = path.read_bytes()
        if b"\0" not in content:
            found[path.relative_to(ROOT)] = content.decode("utf-8", "replace")
    return found
