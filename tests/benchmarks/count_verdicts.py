"""Count what a replay ruled: `python tests/benchmarks/count_verdicts.py OUT_DIR`.

Prints the Markdown tables of docs/walkthrough.md: how many incidents owe something, and their final obligations by
rule, clock, modality, verdict and reason.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = ("rule", "clock", "modality", "verdict", "reason", "rows", "incidents")


def lines_of(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with (folder / name).open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def print_table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join("–" if cell is None else str(cell) for cell in row) + " |")
    print()


def count_incidents(incidents: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    owing = [one for one in incidents if one["obligations"]]
    late = [one for one in owing if any(row["verdict"] == "breached" for row in one["obligations"])]
    return [
        ("incidents", len(incidents)),
        ("… with obligations", len(owing)),
        ("… with a grade from figures", sum(one["severity"]["grade"] is not None for one in owing)),
        ("… with an authoritative answer", sum(any(r["is_authoritative"] for r in one["responses"]) for one in owing)),
        ("… with any row breached", len(late)),
    ]


def count_obligations(incidents: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    rows: Counter[tuple[str, ...]] = Counter()
    where: dict[tuple[str, ...], set[str]] = {}
    for one in incidents:
        for row in one["obligations"]:
            reason = (row["reason"] or "–").split(":")[0]
            key = (row["rule"], row["clock"], row["modality"], row["verdict"], reason)
            rows[key] += 1
            where.setdefault(key, set()).add(one["id"])
    return [(*key, rows[key], len(where[key])) for key in sorted(rows)]


def main() -> None:
    folder = Path(sys.argv[1])
    incidents = list(lines_of(folder, "incidents.jsonl"))
    print_table(("what", "count"), count_incidents(incidents))
    print_table(HEAD, count_obligations(incidents))
    verdicts = Counter(row["verdict"] for one in incidents for row in one["obligations"])
    print_table(("verdict", "rows"), sorted(verdicts.items()))


if __name__ == "__main__":
    main()
