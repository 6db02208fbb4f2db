"""The compose files as data, and the Dockerfile's words: what the tests of this room read."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BASE = ROOT / "docker-compose.yml"
CLUSTER = ROOT / "deploy" / "cluster.yml"
IMAGE = "huiying:0.1.0"


def load(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def services(path: Path = BASE) -> dict[str, dict[str, Any]]:
    return {str(name): one for name, one in load(path)["services"].items()}


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([sm])", text).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "m": 60}[unit]


def instruction(name: str) -> str:
    """The last such line of the Dockerfile, its continuations joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, flags=re.M)[-1].strip()
