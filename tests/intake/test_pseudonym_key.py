"""The key: made once, owner's eyes only, the same for whoever comes second."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from stream.core.intervals import SHANGHAI
from stream.errors import SettingsError
from stream.intake import load_pseudonyms

NOON = datetime(2025, 3, 1, 12, tzinfo=SHANGHAI)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    one = load_pseudonyms(folder).of("李四", None, NOON)
    assert load_pseudonyms(folder).of("李四", None, NOON) == one
    (key,) = folder.iterdir()
    assert key.stat().st_mode & 0o777 == 0o600
    assert load_pseudonyms(tmp_path / "other").of("李四", None, NOON) != one


def test_a_damaged_key_is_named_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_bytes(b"short")
    with pytest.raises(SettingsError, match="删除它即可重新生成"):
        load_pseudonyms(tmp_path)
