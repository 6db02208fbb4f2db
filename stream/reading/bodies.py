"""Names of public bodies in a text: registered ones, and <place><department> by the register's patterns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from stream.core.authorities import LONGEST_PLACE, Registry, department_names
from stream.core.documents import IssuerKind
from stream.reading import places
from stream.reading.scan import Hit, Scanner, longest

MOST = 8
# Short names of departments that are everyday words: with a place before them they are an office, alone nothing.
GOVERNMENT = ("人民政府", "政府", "县委", "市委", "区委", "省委", "管委会", "街道办事处", "街道办", "镇政府")


def words(registry: Registry) -> Mapping[str, tuple[str, IssuerKind]]:
    """What the scan looks for: ("body" | "department", kind) by name."""
    found: dict[str, tuple[str, IssuerKind]] = dict.fromkeys(GOVERNMENT, ("department", "government"))
    for department in registry.authorities.departments:
        for name in department_names(department):
            found.setdefault(name, ("department", department.kind))
    for body in registry.authorities.bodies:
        for name in (body.name, *body.aliases, *body.accounts, *(former.name for former in body.former)):
            found[name] = ("body", body.kind)
    return MappingProxyType(found)


def bodies(title: str, text: str, registry: Registry, at: datetime) -> list[str]:
    """Canonical names of at most 8 bodies, in order of appearance; `at` decides which name an old one stands for."""
    joined = f"{title}\n{text}"
    hits = Scanner({"places": places.words(), "bodies": words(registry)}).scan(joined)
    return list(dict.fromkeys(named(hits["bodies"], hits["places"], joined, registry, at).values()))[:MOST]


def named(
    hits: Iterable[Hit], place_hits: Sequence[Hit], text: str, registry: Registry, at: datetime
) -> dict[int, str]:
    """Canonical name by the offset where its last word begins, in order of appearance."""
    found: dict[int, str] = {}
    ending = _starts_by_end(place_hits)
    for hit in longest(hits):
        written = text[hit.start : hit.end]
        kind, _ = hit.value
        if kind == "department":
            start = hit.start
            while start in ending and hit.start - start <= LONGEST_PLACE:
                start = ending[start]
            if start == hit.start:
                continue
            written = text[start : hit.end]
        elif _continues(text, hit):
            continue
        body = registry.resolve(written, at)
        if body is not None or kind == "department":
            found[hit.start] = written if body is None else body.name
    return found


def _starts_by_end(place_hits: Sequence[Hit]) -> dict[int, int]:
    """Where the longest name of a place begins that ends at an offset."""
    starts: dict[int, int] = {}
    for hit in place_hits:
        if hit.value.codes:
            starts[hit.end] = min(hit.start, starts.get(hit.end, hit.start))
    return starts


def _continues(text: str, hit: Hit) -> bool:
    """教育部门, 国务院批准 …: 教育部 inside 教育部门 is another word."""
    return text.startswith("门", hit.end) and text[hit.end - 1] == "部"
