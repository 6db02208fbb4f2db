"""Files of the project: what none may name, links that lead somewhere, and how long code may be."""

import ast
import hashlib
import re
from collections import defaultdict
from pathlib import Path

import pytest

CODE = ("stream", "crawlers", "dashboard")
FILE_LINES = 400
FUNCTION_LINES = 50
# The travelling types stand together on purpose: one page shows what data becomes on its way.
LONG_FILES: dict[Path, int] = {}

# Written in pieces, so that this file does not name them itself.
FORBIDDEN = {
    "a machine's path": re.compile("(?<![\\w.:/-])/" + r"(?:work|home/\w+|Users/\w+)\b(?!\*)"),
    "a registry's host": re.compile("py" + r"pi\.org|python" + r"hosted|registry\.npm" + "js|proxy[.]golang"),
}  # fmt: skip


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str, texts: dict[Path, str]) -> None:
    found = [f"{path}: {hit[0]}" for path, text in texts.items() for hit in [FORBIDDEN[what].search(text)] if hit]
    assert found == []


def test_no_file_is_a_copy(files: list[Path], root: Path) -> None:
    """Empty files and pictures aside, what stands twice is edited once."""
    same: dict[str, list[str]] = defaultdict(list)
    for path in files:
        content = path.read_bytes()
        if len(content) > 200:
            same[hashlib.sha256(content).hexdigest()].append(str(path.relative_to(root)))
    assert [paths for paths in same.values() if len(paths) > 1] == []


def anchors(text: str) -> set[str]:
    """What a heading may be linked by."""
    heads = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", head.strip().lower()).replace(" ", "-") for head in heads}


def test_links_of_pages_lead_somewhere(texts: dict[Path, str], root: Path) -> None:
    broken = []
    for page, text in texts.items():
        if page.suffix != ".md":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.S)):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            led = (root / page).parent / path if path else root / page
            if not led.exists():
                broken.append(f"{page} → {target}")
            elif anchor and anchor not in anchors(led.read_text(encoding="utf-8")):
                broken.append(f"{page} → {target}: no such heading")
    assert broken == []


def modules(texts: dict[Path, str]) -> dict[Path, str]:
    return {path: text for path, text in texts.items() if path.suffix == ".py" and path.parts[0] in CODE}


def test_no_file_is_too_long(texts: dict[Path, str]) -> None:
    lengths = {path: text.count("\n") for path, text in modules(texts).items()}
    assert len(lengths) > 50
    assert {path: n for path, n in lengths.items() if n > LONG_FILES.get(path, FILE_LINES)} == {}
    assert [path for path in LONG_FILES if lengths[path] <= FILE_LINES] == [], "no exception is needed any more"


def test_no_function_is_too_long(texts: dict[Path, str]) -> None:
    long = []
    for path, text in modules(texts).items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                length = node.end_lineno - node.lineno + 1
                long += [f"{path}:{node.lineno} {node.name}: {length}"] if length > FUNCTION_LINES else []
    assert long == []
