"""Where things are kept and carried: `open_backends` is the only switch between the profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from stream.backends import sqlite_bus, sqlite_store
from stream.backends.sqlite_file import SqliteFile
from stream.errors import SettingsError
from stream.ports import Backends, Bus, Evidence, Notifier, Store
from stream.settings import Settings


def open_backends(settings: Settings, *, read_only: bool = False) -> Backends:
    """The backends that `settings` names, for one thread. `read_only`: for a page that lives for one query; it keeps no
    writer of the file waiting (on a cluster nothing has to be kept). Raises SettingsError, OutsideFailed."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", settings.namespace):
        raise SettingsError(
            f"namespace：{settings.namespace!r} 只能含字母、数字、点、下划线和连字符，并以字母或数字开头"
        )
    if settings.backend.bus == settings.backend.store == "sqlite":
        return EmbeddedBackends(settings, read_only=read_only)
    if settings.backend.bus == "kafka" and settings.backend.store == "elastic":
        return DistributedBackends(settings)
    raise SettingsError(
        f"backend：bus={settings.backend.bus} 与 store={settings.backend.store} 不能搭配；"
        "请都用 sqlite（单机一个文件），或用 kafka 与 elastic"
    )


def erase_namespace(settings: Settings) -> None:
    """Removes everything that bus and store hold under the namespace: the end of a replay, the start of a
    demonstration. Raises OutsideFailed."""
    if settings.backend.bus == "sqlite":
        for left in settings.data.glob(f"{settings.namespace}.sqlite*"):
            left.unlink()
        return
    from stream.backends.elastic_indices import erase_indices
    from stream.backends.kafka_bus import erase_topics

    erase_topics(settings)
    erase_indices(settings)


class _Late:
    """What is not set is opened on first use, so that a process without it starts fast."""

    evidence: Evidence
    notifier: Notifier

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        if name not in _LATE:
            raise AttributeError(name)
        opened = _LATE[name](self._settings)
        setattr(self, name, opened)
        return opened

    def _close_vault(self) -> None:
        if "evidence" in self.__dict__:
            self.evidence.close()


class EmbeddedBackends(_Late):
    """Bus and store in one SQLite file, named after the namespace, so that two namespaces never meet."""

    is_atomic = True

    def __init__(self, settings: Settings, *, read_only: bool) -> None:
        super().__init__(settings)
        path = settings.data / f"{settings.namespace}.sqlite"
        self._file = SqliteFile(path, (*sqlite_bus.SCHEMA, *sqlite_store.SCHEMA), read_only=read_only)
        self._bus = sqlite_bus.SqliteBus(self._file, settings.backend.workers, settings.max_page_bytes)
        self.bus: Bus = self._bus
        self.store: Store = sqlite_store.SqliteStore(self._file)

    def together(self) -> AbstractContextManager[None]:
        """One short write transaction over bus and store; nested calls join it."""
        return self._file.writing()

    def close(self) -> None:
        """Closes the file, and the vault where it was used."""
        self._close_vault()
        try:
            self._bus.close()
        finally:
            self._file.close()


class DistributedBackends(_Late):
    """Kafka carries, Elasticsearch keeps and searches; names of topics, groups and indices begin with the namespace.
    Each is opened on first use: a page never speaks to Kafka."""

    is_atomic = False
    bus: Bus
    store: Store

    def together(self) -> AbstractContextManager[None]:
        """Nothing holds two servers together: the runner's journal does."""
        return nullcontext()

    def close(self) -> None:
        """Leaves all groups, closes the connections and the vault."""
        self._close_vault()
        try:
            if "bus" in self.__dict__:
                self.bus.close()
        finally:
            if "store" in self.__dict__:
                self.store.close()


def _open_bus(settings: Settings) -> Bus:
    from stream.backends.kafka_bus import KafkaBus

    return KafkaBus(settings)


def _open_store(settings: Settings) -> Store:
    from stream.backends.elastic_store import ElasticStore

    return ElasticStore(settings)


def _open_evidence(settings: Settings) -> Evidence:
    from stream.backends.warc_evidence import WarcEvidence

    return WarcEvidence(settings.data / "evidence", _vault_key(settings.vault.key_file))


def _vault_key(key_file: str | None) -> bytes | None:
    """32 bytes, in the file as such or as 64 hexadecimal digits; None = keep hashes only."""
    if key_file is None:
        return None
    try:
        raw = Path(key_file).read_bytes()
        key = raw if len(raw) == 32 else bytes.fromhex(raw.decode("ascii"))
    except OSError as error:
        raise SettingsError(
            f"vault.key_file：{key_file} 无法读取（{error.strerror}）。请检查路径，或删去这一项"
        ) from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingsError(
            f"vault.key_file：{key_file} 应为 32 字节，或 64 位十六进制数。可用 `openssl rand -hex 32` 生成"
        )
    return key


def _open_notifier(settings: Settings) -> Notifier:
    from stream.backends.apprise_notifier import open_notifier

    return open_notifier(settings.data)


_LATE: Mapping[str, Callable[[Settings], Any]] = {
    "bus": _open_bus,
    "store": _open_store,
    "evidence": _open_evidence,
    "notifier": _open_notifier,
}
