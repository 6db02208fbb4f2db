"""One invented case, lived through by the real journey: a blast, a captured bulletin, polls, a person's decision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from stream.backends import open_backends
from stream.backends.warc_evidence import WarcEvidence
from stream.core.documents import Coverage, Decision, Page, Row
from stream.core.intervals import SHANGHAI, Interval
from stream.ports import Backends, Exchange
from stream.replay import Request, replay
from stream.settings import Settings, load_settings
from stream.spool import Spool

CONFIG = Path(__file__).parents[2] / "config" / "demo" / "embedded.yaml"
DAY = datetime(2026, 3, 2, tzinfo=SHANGHAI)
BLAST, CITIZEN, BULLETIN = "blast", "citizen", "bulletin"
URL = "https://jichuan-gov.example/tz/202603/t1.html"
PSEUDONYM = "p-0123456789abcdef"
KEY = b"0123456789abcdef0123456789abcdef"


def page(at: datetime, title: str, text: str) -> bytes:
    return (
        f"<html><head><title>{title}-霁川市人民政府</title></head><body><h1>{title}</h1>"
        f"<p>发布时间：{at:%Y-%m-%d %H:%M}</p><div><p>{text}</p></div></body></html>"
    ).encode("gb18030")


def whole_day(at: datetime) -> Interval:
    start = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return Interval(earliest=start, latest=start + timedelta(days=1), precision="day", source="feed")


def minute(at: datetime) -> Interval:
    return Interval(earliest=at, latest=at + timedelta(seconds=59), precision="minute", source="feed")


def bulletin(vault: WarcEvidence, at: datetime, text: str, seen: datetime) -> Page:
    body = page(at, "情况通报", text)
    exchange = Exchange(
        url=URL, fetched_at=seen, status=200, headers=(("Content-Type", "text/html; charset=gbk"),), body=body,
        is_authority=True,
    )  # fmt: skip
    return Page(
        id=BULLETIN, collected_at=seen, source="jichuan-gov", url=URL, account="霁川市人民政府", kind="authority",
        row=Row(title="情况通报", published=whole_day(at)), html=body, encoding="gbk", capture=vault.keep(exchange),
    )  # fmt: skip


def rows(vault: WarcEvidence) -> Iterator[Page | Coverage | Decision]:
    """The journey's input, in any order."""
    told = DAY.replace(hour=8, minute=40)
    text = "3月2日8时10分许，霁川市临汀区一化工厂发生爆炸，已致12人死亡，救援正在进行。"
    news = page(told, "霁川市临汀区一化工厂发生爆炸 已致12人死亡", text)
    capture = vault.keep(
        Exchange(url="https://news.example/1", fetched_at=told, status=200, headers=(), body=news, is_authority=False)
    )
    yield Page(
        id=BLAST, collected_at=told + timedelta(minutes=5), source="yunlan-daily", url="https://news.example/1",
        account="云岚日报", kind="news", html=news, encoding="gb18030", capture=capture,
        row=Row(title="霁川市临汀区一化工厂发生爆炸 已致12人死亡", published=minute(told)),
    )  # fmt: skip
    seen = told + timedelta(minutes=20)
    yield Page(
        id=CITIZEN, collected_at=seen, source="square", url="https://square.example/u/13", account="路人甲",
        kind="post",
        row=Row(
            title="霁川市临汀区化工厂爆炸致15人死亡", text="霁川市临汀区化工厂爆炸致15人死亡，我在现场。",
            published=minute(seen), author=PSEUDONYM,
        ),
    )  # fmt: skip
    answered = DAY.replace(hour=12, minute=30)
    words = "3月2日8时10分许，霁川市临汀区一化工厂发生爆炸，截至12时已致14人死亡、6人受伤。原因正在调查。"
    words += "现场明火已扑灭，周边居民已疏散安置，市政府已成立事故调查组。"
    yield bulletin(vault, answered, words, answered + timedelta(minutes=10))
    for source in ("jichuan-gov", "jichuan-police"):
        for number in range(120):
            at = DAY + timedelta(minutes=30 * number)
            yield Coverage(
                id=f"{source}-{number}", collected_at=at + timedelta(minutes=30), source=source, from_at=at,
                to_at=at + timedelta(minutes=30), reachable=True,
            )  # fmt: skip
    yield Decision(
        id="d-1", collected_at=DAY.replace(hour=15), who="督察员甲", what="severity", incident_of=BLAST, value="II",
        why="经核，死亡14人",
    )  # fmt: skip


def lived(folder: Path) -> Settings:
    """Where the case stands after the journey."""
    settings = msgspec.structs.replace(load_settings(CONFIG), data=folder / "data")
    vault = WarcEvidence(folder / "vault", KEY)
    request = Request(files=[], out=folder / "out", assume_covered=False, keep=True)
    done = replay(request, settings, lambda path: Spool.build(path, rows(vault)), lambda *_: None)
    assert done.kept is not None
    (folder / "vault").rename(done.kept.data / "evidence")
    key = folder / "vault.key"
    key.write_bytes(KEY)
    return msgspec.structs.replace(done.kept, vault=msgspec.structs.replace(settings.vault, key_file=str(key)))


@contextmanager
def opened(settings: Settings) -> Iterator[Backends]:
    with closing(open_backends(settings)) as backends:
        yield backends
