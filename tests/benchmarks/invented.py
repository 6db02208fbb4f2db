"""Invented posts for benchmarks: the same ones for the same arguments, about places that do not exist."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from stream.core.intervals import SHANGHAI

START = datetime(2030, 3, 1, 8, tzinfo=SHANGHAI)
TOWNS = ("澄江", "云岚", "白鹭", "青屏", "临沅", "望溪", "枫桥湾", "北渡", "石栏", "双泉")
SUBJECTS = (
    "小区停水三天无人答复", "学校门口道路积水严重", "农贸市场电子秤短斤少两", "公交线路调整后老人出行不便",
    "工地夜间施工扰民", "新楼盘延期交房", "医院挂号系统瘫痪", "路灯不亮存在隐患", "垃圾清运不及时",
    "幼儿园收费标准不清",
)  # fmt: skip
CHATTER = (
    "今天的晚霞真好看", "新歌发布登上榜首", "球队客场取胜", "电影票房再创新高", "周末去哪里吃火锅", "手机新品开箱",
    "综艺嘉宾阵容公布", "早餐店的豆浆涨价了", "猫咪学会开门", "演唱会门票秒空",
)  # fmt: skip
ACCIDENTS = ("仓库发生火灾致{n}人受伤", "客车与货车相撞致{n}人死亡", "化工厂爆炸致{n}人受伤", "桥梁坍塌{n}人失联")
ANSWERS = (
    "{town}市应急管理局通报：{what}，救援正在进行",
    "警方通报{town}{what}",
    "{town}市人民政府：{what}的调查结果公布",
)
FILLER = "".join(
    "居民介绍说附近道路已经恢复通行相关部门表示将继续跟进处理并及时公布进展大家可以通过热线反映问题工作人员会逐一登记核实"
)


def posts(
    count: int, characters: int, seed: int = 7, share_of_accidents: float = 0.03, start: datetime = START
) -> Iterator[dict[str, Any]]:
    """`count` rows from `start` on, one every two seconds; texts of about `characters` Chinese characters (0 = title
    only). Their ids tell starts apart."""
    random_ = random.Random(seed)
    run = "bench" if start == START else f"bench-{start:%d%H%M%S}"
    for number in range(count):
        at = start + timedelta(seconds=number * 2)
        title = _title(random_, share_of_accidents)
        yield {
            "id": f"{run}-{number:07d}", "kind": "news" if characters else "hotlist", "source": "bench",
            "title": title, "text": _text(random_, title, characters), "published_at": at.isoformat(),
            "collected_at": at.isoformat(), "url": f"http://example.invalid/{number}",
        }  # fmt: skip


def write(path: Path, rows: Iterator[dict[str, Any]]) -> Path:
    """The rows as JSONL."""
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def _title(random_: random.Random, share_of_accidents: float) -> str:
    town = random_.choice(TOWNS)
    chance = random_.random()
    if chance < share_of_accidents:
        what = random_.choice(ACCIDENTS).format(n=random_.randint(1, 12))
        return random_.choice(ANSWERS).format(town=town, what=what) if chance < share_of_accidents / 3 else town + what
    if chance < 0.2:
        return f"{town}{random_.randint(1, 400)}号{random_.choice(SUBJECTS)}"
    return f"{random_.choice(CHATTER)}{random_.randint(1, 9999)}"


def _text(random_: random.Random, title: str, characters: int) -> str:
    if not characters:
        return ""
    parts = [title, "。"]
    length = len(title) + 1
    while length < characters:
        start = random_.randrange(len(FILLER) - 20)
        piece = FILLER[start : start + random_.randint(12, 20)] + random_.choice("，。；")
        parts.append(piece)
        length += len(piece)
    return "".join(parts)[:characters]
