"""Invented posts for the journeys: accidents that grow, statements, a conference, coverage with a gap."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

ZONE = timezone(timedelta(hours=8))
START = datetime(2030, 3, 1, 8, tzinfo=ZONE)
PLACES = ("浙江省杭州市余杭区", "江苏省徐州市沛县", "四川省绵阳市三台县", "湖北省黄冈市麻城市", "甘肃省陇南市成县")
EVENTS = (
    ("化工厂", "爆炸"), ("居民楼", "火灾"), ("大桥", "垮塌"), ("煤矿", "透水事故"), ("客运大巴", "侧翻"),
    ("养老院", "起火"), ("烟花厂", "爆燃"), ("商场", "踩踏事件"),
)  # fmt: skip
BLOCK = 40


def rows(count: int, seed: int = 3) -> Iterator[dict[str, Any]]:
    """Chatter, accidents with growing figures, statements and a conference, coverage with a gap."""
    random_ = random.Random(seed)
    for number in range(count):
        at = START + timedelta(minutes=number * 1.5)
        place = PLACES[number // BLOCK % len(PLACES)]
        where, what = EVENTS[number // BLOCK // len(PLACES) % len(EVENTS)]
        shape = number % BLOCK
        title = f"周末去看{random_.choice('甲乙丙丁')}队的比赛{number}"
        if shape == 0:
            title = f"{place}一{where}发生{what} 已致12人死亡"
        elif shape in {3, 7, 9}:
            title = f"{place}{where}{what}现场 居民{number}号拍下视频"
        elif shape == 12:
            title = f"{place}{where}{what}已致{12 + number % 5}人死亡 救援仍在进行"
        elif shape == 30:
            title = f"{place}应急管理局通报：{where}{what}致14人死亡，原因正在调查"
        elif shape == 35:
            yield {"kind": "coverage", "source": f"channel-{number % 3}", "from": (at - timedelta(hours=1)).isoformat(),
                   "to": at.isoformat(), "reachable": number % 2 == 0, "reason": "timeout"}  # fmt: skip
            continue
        yield {"id": f"r{number:05d}", "kind": "news", "title": title, "text": title + "。" * (number % 3),
               "published_at": at.isoformat(), "author": f"作者{number % 50}"}  # fmt: skip
    yield {"id": "empty", "kind": "news", "published_at": START.isoformat()}
