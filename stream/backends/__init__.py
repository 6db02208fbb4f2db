"""Where things are kept and carried: `open_backends` is the only switch between the profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from stream.backends import sqlite_bus, sqlite_store
from stream.backends.sqlite_file import SqliteFile
from stream.errors import SettingsError
from stream.ports import Backends, Bus, Evidence, Notifier, Store
from stream.settings import Settings


def open_backends(settings: Settings, *, read_only: bool = False) -> Backends:
    """The backends that `settings` names, for one thread. `read_only`: for a page that lives for one query; writing
    then fails. Raises SettingsError, or OutsideFailed."""
    if settings.backend.bus != "sqlite" or settings.backend.store != "sqlite":
        raise SettingsError(
            f"backend：bus={settings.backend.bus}、store={settings.backend.store} 尚未提供；"
            "请都改为 sqlite（单机一个文件，无需服务器）"
        )
    return EmbeddedBackends(settings, read_only=read_only)


class EmbeddedBackends:
    """Bus and store in one SQLite file, named after the namespace, so that two namespaces never meet."""

    evidence: Evidence
    notifier: Notifier

    def __init__(self, settings: Settings, *, read_only: bool) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", settings.namespace):
            raise SettingsError(
                f"namespace：{settings.namespace!r} 只能含字母、数字、点、下划线和连字符，并以字母或数字开头"
            )
        self._settings = settings
        path = settings.data / f"{settings.namespace}.sqlite"
        self._file = SqliteFile(path, (*sqlite_bus.SCHEMA, *sqlite_store.SCHEMA), read_only=read_only)
        self._bus = sqlite_bus.SqliteBus(self._file, settings.backend.workers)
        self.bus: Bus = self._bus
        self.store: Store = sqlite_store.SqliteStore(self._file)

    def __getattr__(self, name: str) -> Any:
        """Evidence and notifier are opened on first use, so that a process without them starts fast."""
        if name not in _LATE:
            raise AttributeError(name)
        opened = _LATE[name](self._settings)
        setattr(self, name, opened)
        return opened

    def together(self) -> AbstractContextManager[None]:
        """One short write transaction over bus and store; nested calls join it."""
        return self._file.writing()

    def close(self) -> None:
        """Closes the file, and the vault where it was used."""
        if "evidence" in self.__dict__:
            self.evidence.close()
        try:
            self._bus.close()
        finally:
            self._file.close()


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


_LATE: Mapping[str, Callable[[Settings], Any]] = {"evidence": _open_evidence, "notifier": _open_notifier}
