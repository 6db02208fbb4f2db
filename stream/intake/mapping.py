"""A mapping: another system's columns as ours, so that its files are read as they are (`--map FILE`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct, field

from stream.settings import load_yaml


class Mapping(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`columns`: our column ← theirs (a path such as `seen.0.2` looks into lists and objects); `constants`: our column
    ← a fixed value, where the row has none; `ignore`: their columns that are known and not wanted."""

    columns: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    ignore: list[str] = field(default_factory=list)

    def sources(self) -> frozenset[str]:
        """Their columns that need no report."""
        return frozenset(self.ignore) | {path.split(".")[0] for path in self.columns.values()}

    def apply(self, cells: dict[str, Any]) -> dict[str, Any]:
        """The row in our columns; what is not mapped keeps its name."""
        if not self.columns and not self.constants:
            return cells
        ours = {**self.constants, **cells}
        for target, path in self.columns.items():
            ours[target] = cells[path] if path in cells else _look(cells, path)
        return ours


def load_mapping(path: Path) -> Mapping:
    """The mapping in a YAML file. Raises SettingsError naming file, path and remedy."""
    return load_yaml(path, Mapping)


def _look(cells: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for part in path.split("."):
        if isinstance(cells, dict):
            cells = cells.get(part)
        elif isinstance(cells, list) and part.isdecimal() and int(part) < len(cells):
            cells = cells[int(part)]
        else:
            return None
    return cells
