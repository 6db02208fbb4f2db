"""A store filled by a real replay of a small invented scenario, and the pages run on it: one file, and servers."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import names, queries
from stream.backends import open_backends
from stream.core.cases import Alert, Assignment, Incident, Judgement
from stream.core.codec import Item
from stream.core.documents import Decision, Post
from stream.core.intervals import SHANGHAI
from stream.core.records import AuditEntry, AuditHead, Clock
from stream.intake import Intake, load_pseudonyms, read_posts
from stream.outputs import items
from stream.ports import Save
from stream.replay import Request, replay
from stream.settings import Settings, load_settings
from stream.spool import Spool
from tests.servers import distributed_settings, erase

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "dashboard" / "app_pages"
START = datetime(2026, 3, 2, 8, tzinfo=SHANGHAI)
END = START + timedelta(hours=40)

TOWNS = {"991100": "檀溪市", "991200": "蓝湾市", "991300": "青屏市", "991400": "石栏市"}
SOURCES = {"991100": "tanxi", "991200": "lanwan", "991300": "qingping", "991400": "shilan"}


SHOWN: tuple[type[Item], ...] = (
    Post, Assignment, Incident, Judgement, Alert, Decision, AuditEntry, AuditHead, Clock,
)  # fmt: skip


class Looked(msgspec.Struct):
    """A page as it was run, and all markup it gave to the browser."""

    app: AppTest
    text: str


Look = Callable[..., Looked]


def _authorities() -> dict[str, Any]:
    regions = {"990000": "云梦省", **TOWNS}
    bodies = [
        {"name": f"{town}{office}", "level": "city", "region": code, "topics": topics,
         "channels": [{"source": SOURCES[code], "poll_minutes": 30}]}
        for code, town in TOWNS.items()
        for office, topics in (("应急管理局", ["安全生产"]), ("人民政府", []), ("教育局", ["教育"]))
    ]  # fmt: skip
    departments = [
        {"name": "应急管理局", "topics": ["安全生产"], "events": ["事故灾难", "自然灾害"]},
        {"name": "教育局", "topics": ["教育"]},
    ]
    return {"regions": regions, "departments": departments, "bodies": bodies}


def _post(number: int, hours: float, **fields: Any) -> dict[str, Any]:
    at = (START + timedelta(hours=hours)).isoformat()
    return {"id": f"p{number:03d}", "published_at": at, "collected_at": at, "kind": "news", "source": "paper",
            "url": f"https://paper.example/{number}", **fields}  # fmt: skip


def _coverage(code: str, since: float, until: float, reachable: bool = True) -> dict[str, Any]:
    return {
        "kind": "coverage", "source": SOURCES[code], "reachable": reachable,
        "from": (START + timedelta(hours=since)).isoformat(), "to": (START + timedelta(hours=until)).isoformat(),
        **({} if reachable else {"reason": "连接超时"}),
    }  # fmt: skip


def scenario() -> list[dict[str, Any]]:
    """Met with a withdrawn reprint; late; unknown because a channel was down; a 48-hour matter that still runs."""
    return [
        _post(1, 1.2, region="991100", title="檀溪市一化工厂发生爆炸 已致12人死亡",
              text="3月2日9时许，檀溪市一化工厂发生爆炸，已致12人死亡。"),
        _post(2, 3, region="991100", kind="authority", source="tanxi", account="檀溪应急",
              title="檀溪市化工厂爆炸事故情况通报",
              text="3月2日9时许，檀溪市一化工厂发生爆炸，造成12人死亡、5人受伤。檀溪市应急管理局 2026年3月2日"),
        _post(3, 2.2, region="991200", title="蓝湾市一商场发生火灾 已致11人死亡",
              text="3月2日10时许，蓝湾市一商场发生火灾，已致11人死亡。"),
        _post(4, 3.2, region="991300", title="青屏市一煤矿发生透水 已致13人死亡",
              text="3月2日11时许，青屏市一煤矿发生透水事故，已致13人死亡。"),
        _post(5, 20, region="991400", kind="complaint", title="石栏市实验小学强制购买平板",
              text="石栏市实验小学要求家长统一购买平板电脑，请教育局回应。"),
        {"kind": "decision", "at": (START + timedelta(hours=21)).isoformat(), "who": "值班长李明", "what": "gate",
         "incident_of": "p005", "value": "vital_interest", "why": "涉及学生切身利益"},
        *(_coverage(code, 0, 20) for code in ("991100", "991200", "991400")),
        _coverage("991300", 0, 6, reachable=False), _coverage("991300", 6, 39),
        *(_coverage(code, 20, 39) for code in ("991100", "991200", "991400")),
        _post(9, 40, kind="post", source="square", title=None, text="今天的晚霞真好看"),
    ]  # fmt: skip


def _profile(folder: Path, servers: dict[str, Any]) -> Path:
    config = folder / "config"
    config.mkdir()
    sources = [
        {
            "id": one,
            "kind": "feed",
            "name": f"{TOWNS[code]}门户网站",
            "found_in": "虚构",
            "enabled": False,
            "urls": [f"https://{one}.example/feed.xml"],
            "body": f"{TOWNS[code]}人民政府",
            "post_kind": "authority",
        }
        for code, one in SOURCES.items()
    ]
    files = {"sources": "sources.yaml", "authorities": "authorities.yaml",
             **{name: str(ROOT / "config" / f"{name}.yaml") for name in ("topics", "rules", "alerts")}}  # fmt: skip
    for name, content in (
        ("sources", {"sources": sources}), ("authorities", _authorities()), ("profile", {"files": files, **servers}),
    ):  # fmt: skip
        # JSON is YAML, so the files need no writer of their own.
        (config / f"{name}.yaml").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return config / "profile.yaml"


class Filled(msgspec.Struct, frozen=True):
    """A configuration, a data folder and a namespace that pages can be pointed at."""

    config: Path
    data: Path
    namespace: str = "huiying"

    @property
    def settings(self) -> Settings:
        return msgspec.structs.replace(load_settings(self.config), data=self.data, namespace=self.namespace)


def _fill(folder: Path, config: Path, namespace: str) -> Filled:
    """The scenario, replayed; its clock stopped at END."""
    posts = folder / "posts.jsonl"
    rows = sorted(scenario(), key=lambda row: row.get("collected_at") or row.get("at") or row["to"])
    posts.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    settings = Filled(config, folder / "data", namespace).settings
    settings.data.mkdir()
    request = Request(files=[posts], out=folder / "out", assume_covered=False, keep=True)
    intake = Intake(pseudonyms=load_pseudonyms(settings.data))
    done = replay(request, settings, lambda path: Spool.build(path, read_posts(posts, intake)), lambda *_: None)
    assert done.kept is not None
    with closing(open_backends(done.kept)) as backends:
        clock = Clock(id="pipeline", collected_at=END, wall_at=START, speed=600.0, watermark=END)
        backends.store.save_many([Save(item=clock)])
        backends.store.refresh()
    return Filled(config, done.kept.data, done.kept.namespace)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    folder = tmp_path_factory.mktemp("embedded")
    return _fill(folder, _profile(folder, {}), "huiying")


@pytest.fixture(scope="session")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("distributed")
    chosen = distributed_settings(folder, f"t{uuid.uuid4().hex[:12]}", workers=2)
    servers = {name: msgspec.to_builtins(getattr(chosen, name)) for name in ("backend", "kafka", "elastic")}
    filled = _fill(folder, _profile(folder, servers), chosen.namespace)
    yield filled
    erase(filled.settings)


@pytest.fixture(scope="session", params=["embedded", pytest.param("distributed", marks=pytest.mark.distributed)])
def filled(request: pytest.FixtureRequest) -> Filled:
    """The scenario in both profiles."""
    chosen: Filled = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def copied(filled: Filled, tmp_path: Path) -> Iterator[Filled]:
    """A store of its own with all that pages show, to write into."""
    own = Filled(filled.config, tmp_path / "data", f"t{uuid.uuid4().hex[:12]}")
    with closing(open_backends(filled.settings)) as old, closing(open_backends(own.settings)) as new:
        new.store.save_many([Save(item=one) for kind in SHOWN for one in items(old.store, kind)])
        new.store.refresh()
    yield own
    if own.settings.backend.bus != "sqlite":
        erase(own.settings)


@pytest.fixture
def empty(filled: Filled, tmp_path: Path) -> Filled:
    """A place where nothing ever ran."""
    return Filled(filled.config, tmp_path / "nothing", "tnothing")


@pytest.fixture
def incidents(filled: Filled) -> dict[str, Judgement]:
    """What was ruled, by the town's name."""
    with closing(open_backends(filled.settings, read_only=True)) as backends:
        judged = list(items(backends.store, Judgement))
    return {TOWNS[one.region]: one for one in judged if one.region in TOWNS}


@pytest.fixture
def point_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Filled], None]]:
    """Points the dashboard of this process at a data folder."""

    def forget() -> None:
        st.cache_data.clear()
        queries.close_idle()
        for one in vars(names).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()

    def point(filled: Filled) -> None:
        monkeypatch.setenv("HUIYING_CONFIG", str(filled.config))
        monkeypatch.setenv("HUIYING_DATA", str(filled.data))
        monkeypatch.setenv("HUIYING_NAMESPACE", filled.namespace)
        forget()

    yield point
    forget()


@pytest.fixture
def look(filled: Filled, point_at: Callable[[Filled], None]) -> Look:
    """Runs one page on the filled store (or on another)."""

    def run(page: str, at: Filled = filled, **query: str) -> Looked:
        point_at(at)
        app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=30)
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception
        return Looked(app=app, text="\n".join(one.proto.body for one in app.get("html")))

    return run
