"""Which programs judged and read: digests of their sources, by which another verdict of another version is told."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable


def software() -> str:
    """The version of this distribution."""
    return version("huiying")


@cache
def judging_sha256() -> str:
    """Of what turns facts into verdicts: stream/core and the table of regions. Hex."""
    regions = files("stream.reading") / "data" / "regions.tsv"
    return _digest([*_sources("stream.core"), regions])


@cache
def reading_sha256() -> str:
    """Of what turns a captured page into text and time: stream/reading and the extract step. Hex."""
    return _digest([*_sources("stream.reading"), files("stream.steps") / "extract.py"])


def _sources(package: str) -> list[Traversable]:
    return sorted((one for one in files(package).iterdir() if one.name.endswith(".py")), key=lambda one: one.name)


def _digest(sources: list[Traversable]) -> str:
    digest = hashlib.sha256()
    for one in sources:
        # Line ends may differ between checkouts; the program does not.
        content = one.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{one.name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()
