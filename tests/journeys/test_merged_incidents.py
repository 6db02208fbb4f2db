"""A person merges two incidents: their posts stand under the one that remains, also where merges follow each other."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stream.core.intervals import SHANGHAI
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.replay import Request, replay
from stream.settings import Settings
from stream.spool import Spool

START = datetime(2030, 3, 1, 8, tzinfo=SHANGHAI)
TITLES = (
    "浙江省杭州市余杭区一仓库起火2人受伤",
    "四川省绵阳市三台县客车侧翻3人死亡",
    "湖北省黄冈市麻城市桥梁坍塌1人失联",
)


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def merge(post: str, into: str, minute: int) -> dict[str, str]:
    return {"kind": "decision", "at": (START + timedelta(minutes=minute)).isoformat(), "who": "值班员", "what": "merge",
            "incident_of": into, "value": post, "why": "同一事件"}  # fmt: skip


def test_members_follow_the_merges(tmp_path: Path) -> None:
    posts: list[dict[str, str]] = [
        {"id": f"p{number}", "kind": "news", "title": title,
         "published_at": (START + timedelta(minutes=number)).isoformat()}
        for number, title in enumerate(TITLES)
    ]  # fmt: skip
    posts += [merge("p0", into="p1", minute=10), merge("p1", into="p2", minute=20)]
    path = tmp_path / "posts.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in posts), encoding="utf-8")

    def build(spool: Path) -> None:
        Spool.build(spool, read_posts(path, Intake(pseudonyms=load_pseudonyms(tmp_path))))

    out = tmp_path / "out"
    replay(Request(files=[path], out=out, assume_covered=True), Settings(data=tmp_path), build, lambda *_: None)
    states = {one["title"]: (one["state"], one["members"]) for one in lines(out, "incidents")}
    assert states[TITLES[2]] == ("open", ["p0", "p1", "p2"])
    assert states[TITLES[0]] == states[TITLES[1]] == ("merged", [])
    assert len({one["incident"] for one in lines(out, "mentions")}) == 1
