"""Expands story.yaml into scenario.jsonl (docs/formats.md, "In: posts"): `python config/demo/build_scenario.py`.

Deterministic: every choice is drawn from a hash of its name, never from a random generator or the clock. The story is
about fictional places only.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")
Row = dict[str, Any]

HERE = Path(__file__).parent
START = datetime(2026, 3, 2)  # noqa: DTZ001  all times of the story are Asia/Shanghai, as rows without offset are
END = datetime(2026, 3, 5, 9)  # noqa: DTZ001
POLL = timedelta(minutes=30)
CHATTER_POSTS = 210
NEWS = {"evening": ("云岚晚报", "yunlan-evening"), "daily": ("云岚日报", "yunlan-daily")}
OPENINGS = (
    "",
    "",
    "看到消息，",
    "我在附近，",
    "转：",
    "朋友圈都在说，",
    "心里难受，",
    "蹲一个后续，",
    "求证，",
    "同事说，",
)
ENDINGS = (
    "",
    "",
    "，大家注意安全",
    "，希望有个说法",
    "，持续关注",
    "，转给更多人看看",
    "，唉",
    "，谁有最新消息",
    "，等通报",
)
REGIONS = ("990100", "990200", "990300", "990400", "990500", "990600", None)


def rows(story: dict[str, Any]) -> list[Row]:
    """All rows in the order in which they were seen."""
    made: list[tuple[datetime, Row]] = []
    for incident in story["incidents"]:
        made += _posts(incident)
        made += _crowd(incident)
        made += _hot(incident["hot"]["title"], incident["hot"], incident["region"]) if "hot" in incident else []
        made += _decision(incident["decision"]) if "decision" in incident else []
    for channel in story["channels"]:
        made += _coverage(channel)
    made += _complaints(story["complaints"])
    made += _chatter(story)
    return [row for _, row in sorted(made, key=lambda one: (one[0], one[1].get("id", ""), one[1].get("source", "")))]


def write(path: Path) -> None:
    """Writes the scenario to `path`, one row a line."""
    story = yaml.safe_load((HERE / "story.yaml").read_text(encoding="utf-8"))
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows(story))
    path.write_text("".join(lines), encoding="utf-8")


def _posts(incident: dict[str, Any]) -> Iterator[tuple[datetime, Row]]:
    for post in incident["posts"]:
        at = _at(post["at"])
        seen = _at(post["seen"]) if "seen" in post else at + timedelta(minutes=1 + _draw(post["id"], 4))
        row: Row = {"id": post["id"], **_publisher(post), "kind": post["kind"]}
        row |= {name: post[name] for name in ("title", "text", "answers") if name in post}
        row |= {"published_at": _text(at), "collected_at": _text(seen), "region": incident["region"]}
        yield seen, row
        if "removed_at" in post:
            gone = _at(post["removal_seen"])
            yield gone, row | {"collected_at": _text(gone), "removed_at": _text(_at(post["removed_at"]))}


def _publisher(post: dict[str, Any]) -> Row:
    number = hashlib.sha256(post["id"].encode()).hexdigest()[:8]
    if post["kind"] == "authority":
        _, account, source = post["by"].split("|")
        return {"source": source, "account": account, "url": f"https://{source}.example/tzgg/{number}.html"}
    if post["kind"] == "news":
        name, source = NEWS[post["by"]]
        return {"source": source, "account": name, "url": f"https://{source}.example/{number}.html"}
    return {"source": "square", "author": f"u{_draw(post['id'], 900) + 100}", "url": f"https://square.example/{number}"}


def _crowd(incident: dict[str, Any]) -> Iterator[tuple[datetime, Row]]:
    """Citizens' posts: dense at first, then thinning out."""
    crowd, name = incident["crowd"], incident["name"]
    span = timedelta(hours=crowd["hours"])
    for number in range(crowd["posts"]):
        key = f"{name}-{number}"
        share = ((number + _draw(key + "when", 100) / 100) / crowd["posts"]) ** 2
        at = _at(crowd["from"]) + timedelta(seconds=round(span.total_seconds() * share))
        lines = [line for line in map(_line, incident["lines"]) if line[0] <= at]
        text = _pick(OPENINGS, key + "o") + _pick(lines, key + "l")[1] + _pick(ENDINGS, key + "e")
        yield _square(key, at, text, incident["region"])


def _line(line: str | dict[str, str]) -> tuple[datetime, str]:
    """A sentence and from when on people could have said it."""
    return (START, line) if isinstance(line, str) else (_at(line["after"]), line["text"])


def _square(key: str, at: datetime, text: str, region: str | None) -> tuple[datetime, Row]:
    seen = at + timedelta(minutes=1 + _draw(key + "seen", 4))
    row: Row = {
        "id": f"s-{key}",
        "source": "square",
        "author": f"u{_draw(key, 900) + 100}",
        "kind": "post",
        "text": text,
    }
    row |= {"published_at": _text(at), "collected_at": _text(seen)}
    return seen, row | ({"region": region} if region else {})


def _hot(title: str, hot: dict[str, Any], region: str | None) -> Iterator[tuple[datetime, Row]]:
    """One title of the hot-search list, seen again and again with another heat: rising fast, falling slowly."""
    steps = min(int(hot["hours"]), 8)
    first = _at(hot["from"])
    for step in range(steps):
        at = first + timedelta(minutes=round(hot["hours"] * 60 / steps * step))
        shape = (0.35, 1.0, 0.92, 0.74, 0.55, 0.38, 0.24, 0.12)[step]
        number = hashlib.sha256(title.encode()).hexdigest()[:8]
        row: Row = {"id": f"hot-{number}", "source": "hotlist", "kind": "hotlist", "title": title}
        row |= {"published_at": _text(first), "collected_at": _text(at), "heat": round(hot["peak"] * shape)}
        yield at, row | ({"region": region} if region else {})


def _decision(made: dict[str, Any]) -> Iterator[tuple[datetime, Row]]:
    at = _at(made["at"])
    row: Row = {"kind": "decision", "at": _text(at), "who": made["who"], "what": made["what"]}
    yield at, row | {"incident_of": made["of"], "value": made["value"], "why": made["why"]}


def _coverage(channel: dict[str, Any]) -> Iterator[tuple[datetime, Row]]:
    down: dict[str, str] | None = channel.get("down")
    at = START
    while at < END:
        to = at + POLL
        row: Row = {"kind": "coverage", "source": channel["source"], "from": _text(at), "to": _text(to)}
        if down is not None and _at(down["from"]) <= at < _at(down["to"]):
            yield to, row | {"reachable": False, "reason": down["reason"]}
        else:
            yield to, row | {"reachable": True}
        at = to


def _complaints(complaints: Sequence[dict[str, Any]]) -> Iterator[tuple[datetime, Row]]:
    for number, made in enumerate(complaints, 1):
        at = _at(made["at"])
        row: Row = {"id": f"board-{number:03}", "source": "board", "kind": "complaint", "title": made["title"]}
        row |= {"text": made["text"], "published_at": _text(at), "region": made["region"]}
        if "reply" in made:
            row |= {"reply": made["reply"], "replied_at": _text(_at(made["replied_at"]))}
        yield at, row


def _chatter(story: dict[str, Any]) -> Iterator[tuple[datetime, Row]]:
    minutes = (END - START) // timedelta(minutes=1)
    for number in range(CHATTER_POSTS):
        key = f"chat-{number:03}"
        at = START + timedelta(minutes=minutes * number // CHATTER_POSTS + _draw(key, 20))
        if at.hour < 6:
            continue  # people sleep
        text = story["chatter"][(number * 7) % len(story["chatter"])].format(n=2 + _draw(key + "n", 40))
        yield _square(key, at, text, _pick(REGIONS, key + "r"))
    for number, title in enumerate(story["hot_chatter"]):
        start = START + timedelta(hours=9 + 8 * number)
        yield from _hot(title, {"from": f"{start:%m-%d %H:%M}", "peak": 300000 + 70000 * number, "hours": 4}, None)


def _at(text: str) -> datetime:
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M")  # noqa: DTZ007


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}" + (f":{at:%S}" if at.second else "")


def _draw(key: str, below: int) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") % below


def _pick(choices: Sequence[T], key: str) -> T:
    return choices[_draw(key, len(choices))]


if __name__ == "__main__":
    write(HERE / "scenario.jsonl")
