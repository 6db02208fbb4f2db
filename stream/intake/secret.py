"""The pseudonym key: made once, kept in the data folder, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from stream.errors import SettingsError
from stream.reading.privacy import Pseudonyms

KEY_FILE = "pseudonym.key"
KEY_BYTES = 32


def load_pseudonyms(folder: Path) -> Pseudonyms:
    """Pseudonyms by the key in `folder`, made there (0600) if there is none. Raises SettingsError if it is damaged.

    Losing the key only means that later pseudonyms no longer match earlier ones.
    """
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path}：化名密钥应为 {KEY_BYTES} 字节，实为 {len(key)} 字节。删除它即可重新生成")
    return Pseudonyms(key)


def _create(path: Path) -> None:
    """Written aside and linked into place, so that two processes starting at once agree on one whole key."""
    draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
