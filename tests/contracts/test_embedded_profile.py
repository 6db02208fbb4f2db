"""What is special about the SQLite file: its name, read-only connections, patience, versions."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stream.backends import open_backends
from stream.backends.sqlite_file import LOG_BYTES, SqliteFile
from stream.backends.sqlite_posts import SLOTS
from stream.core.documents import Coverage, Post, in_order
from stream.errors import OutsideFailed, SettingsError
from stream.ports import Filter, Outgoing, Save, Search
from stream.settings import Backend, Settings

TABLE = ("CREATE TABLE t (x INTEGER)",)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, backend=Backend(workers=1))


def test_a_rolled_back_batch_was_never_published(settings: Settings) -> None:
    backends = open_backends(settings)
    subscription = backends.bus.subscribe(["t"], "g")
    with pytest.raises(RuntimeError), backends.together():
        backends.bus.publish("new topic", [Outgoing(body=b"lost")])
        backends.bus.publish("t", [Outgoing(body=b"lost")])
        raise RuntimeError
    backends.bus.publish("new topic", [Outgoing(body=b"kept")])
    assert subscription.poll(9, 0) == []
    assert [one.body for one in backends.bus.subscribe(["new topic"], "g").poll(9, 0)] == [b"kept"]
    backends.close()


def test_namespaces_never_meet(tmp_path: Path, items: Any) -> None:
    one, other = (open_backends(Settings(data=tmp_path, namespace=name)) for name in ("one", "two"))
    one.bus.publish("t", [Outgoing(body=b"1")])
    one.store.save_many([Save(item=items.coverage("c"))])
    assert other.bus.subscribe(["t"], "g").poll(9, 0) == []
    assert other.store.count(Coverage) == 0
    assert (tmp_path / "one.sqlite").exists()
    one.close()
    other.close()


@pytest.mark.parametrize("namespace", ["../x", "", "a/b", ".hidden", "回应钟", "x" * 101])
def test_a_namespace_is_a_plain_name(tmp_path: Path, namespace: str) -> None:
    with pytest.raises(SettingsError, match="namespace"):
        open_backends(Settings(data=tmp_path, namespace=namespace))


@pytest.mark.parametrize("backend", [Backend(bus="kafka"), Backend(store="elastic")])
def test_servers_are_refused_with_a_remedy(tmp_path: Path, backend: Backend) -> None:
    with pytest.raises(SettingsError, match="sqlite"):
        open_backends(Settings(data=tmp_path, backend=backend))


def test_read_only_reads_and_never_writes(settings: Settings, items: Any) -> None:
    early = open_backends(settings, read_only=True)
    assert early.store.count(Coverage) == 0
    early.close()
    writer = open_backends(settings)
    reader = open_backends(settings, read_only=True)
    writer.store.save_many([Save(item=items.coverage("c"))])
    assert reader.store.count(Coverage) == 1
    with pytest.raises(OutsideFailed):
        reader.store.save_many([Save(item=items.coverage("d"))])
    reader.close()
    writer.close()


def test_order_holds_when_an_instant_has_more_posts_than_its_second_has_keys(settings: Settings, items: Any) -> None:
    backends = open_backends(settings)
    spread = [(f"a{n:04}", 0.0) for n in range(SLOTS + 300)] + [(f"b{n:02}", n / 60) for n in range(1, 40)]
    spread += [(f"c{n:02}", -n / 60) for n in range(5)]
    posts = [items.post(id, minute, "停运", topics=["交通"]) for id, minute in spread]
    backends.store.save_many([Save(item=post) for post in posts])
    expected = [post.id for post in sorted(posts, key=in_order)]
    where = Filter(topic="交通", since=items.at(-1), until=items.at(0.5))
    until = [post.id for post in sorted(posts, key=in_order) if post.collected_at < items.at(0.5)]
    newest: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = backends.store.search(Search(text="停运", topic="交通", limit=700, cursor=cursor or None))
        newest += [post.id for post in page.posts]
        cursor = page.cursor
    assert newest == expected[::-1]
    listed = backends.store.listing(Post, where, order="oldest", limit=9999).items
    assert [one.item.id for one in listed] == until
    for since, end in [(-1, 0.5), (-0.05, 0.01), (0, 1 / 60), (0, 99), (1 / 7, 2 / 7), (None, 0.3), (0.1, None)]:
        first, last = (None if minute is None else items.at(minute) for minute in (since, end))
        inside = [p for p in posts if (not first or p.collected_at >= first) and (not last or p.collected_at < last)]
        assert backends.store.count(Post, Filter(topic="交通", since=first, until=last)) == len(inside)
    backends.close()


def test_a_writer_gives_up_in_time_and_recovers(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    first, second = (SqliteFile(path, TABLE, patience_s=0.05) for _ in range(2))
    with first.writing(), pytest.raises(OutsideFailed), second.writing():
        pytest.fail("two writers at once")
    with second.writing():
        second.write("INSERT INTO t VALUES (1)")
    assert first.read("SELECT x FROM t") == [(1,)]
    first.close()
    second.close()


def test_closing_twice_is_harmless(settings: Settings) -> None:
    backends = open_backends(settings)
    backends.bus.subscribe(["t"], "g").close()
    backends.close()
    backends.close()
    again = open_backends(settings)
    assert again.bus.subscribe(["t"], "g").lag() == 0
    again.close()


def test_writers_who_take_turns_do_not_let_the_log_grow(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    longest: list[int] = []

    def fill() -> None:
        writer = SqliteFile(path, ("CREATE TABLE t (x BLOB)",))
        for _ in range(250):
            with writer.writing():
                writer.write("INSERT INTO t VALUES (zeroblob(262144))")
            longest.append(path.with_name("f.sqlite-wal").stat().st_size)
        writer.close()

    threads = [threading.Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(longest) == 500
    assert max(longest) < 2 * LOG_BYTES  # without a limit: all 125 MB


def test_a_file_of_an_older_version_gets_what_is_new(tmp_path: Path) -> None:
    old = SqliteFile(tmp_path / "f.sqlite", TABLE)
    with old.writing():
        old.write("INSERT INTO t VALUES (1)")
    old.close()
    new = SqliteFile(tmp_path / "f.sqlite", (*TABLE, "CREATE TABLE u (y INTEGER)"))
    assert (new.read("SELECT x FROM t"), new.read("SELECT y FROM u")) == ([(1,)], [])
    new.close()


def test_a_file_laid_out_otherwise_is_refused(tmp_path: Path) -> None:
    SqliteFile(tmp_path / "f.sqlite", TABLE).close()
    with pytest.raises(SettingsError, match="t 的结构不同"):
        SqliteFile(tmp_path / "f.sqlite", ("CREATE TABLE t (x TEXT)",))
    again = SqliteFile(tmp_path / "f.sqlite", TABLE)
    assert again.read("SELECT x FROM t") == []
    again.close()


def test_a_folder_that_cannot_be_written_is_an_outside_failure(tmp_path: Path) -> None:
    (tmp_path / "huiying.sqlite").mkdir()
    with pytest.raises(OutsideFailed):
        open_backends(Settings(data=tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(OutsideFailed, match="数据文件夹"):
        open_backends(Settings(data=tmp_path / "file"))


def test_vault_and_channels_open_on_first_use(settings: Settings, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32 + "\n")
    sealed = msgspec.structs.replace(settings, vault=msgspec.structs.replace(settings.vault, key_file=str(key)))
    backends = open_backends(sealed)
    assert not (settings.data / "evidence").exists()
    assert backends.evidence is backends.evidence
    assert "console" in backends.notifier.channels()
    with pytest.raises(AttributeError):
        backends.nothing  # type: ignore[attr-defined]  # noqa: B018
    backends.close()


@pytest.mark.parametrize("content", [None, b"short", b"zz" * 32])
def test_a_bad_vault_key_is_named(settings: Settings, tmp_path: Path, content: bytes | None) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_bytes(content)
    backends = open_backends(
        msgspec.structs.replace(settings, vault=msgspec.structs.replace(settings.vault, key_file=str(key)))
    )
    with pytest.raises(SettingsError, match=r"vault\.key_file"):
        backends.evidence  # noqa: B018
    backends.close()
