"""The canonical zip: one way to write it, and no other way is read."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator

import pytest

from stream.proof.archive import DIRECTORY, MOST_PARTS, Refused, is_plain, pack, unpack

PARTS = {
    "README.txt": "说明\n".encode(),
    "audit.jsonl": b"",
    "captures/" + "0a" * 32 + ".warc.gz": bytes(range(256)) * 3,
    "incident.json": b'{"id": "i-1"}\n',
    "manifest.json": b"[]\n",
}
FILE = pack(PARTS)
LOCAL, CENTRAL, END = 30, 46, 22


def regions(file: bytes) -> Iterator[tuple[str, int, int]]:
    """(part, from, to) of every header, content and directory entry; the last is the end of the directory."""
    with zipfile.ZipFile(io.BytesIO(file)) as opened:
        entries = opened.infolist()
        start = opened.start_dir
    at = 0
    for one in entries:
        assert one.header_offset == at
        at += LOCAL + len(one.filename) + one.file_size
        yield one.filename, one.header_offset, at
    assert at == start
    for one in entries:
        yield one.filename, at, at + CENTRAL + len(one.filename)
        at += CENTRAL + len(one.filename)
    yield DIRECTORY, at, len(file)
    assert len(file) - at == END


def refused(file: bytes) -> str:
    with pytest.raises(Refused) as caught:
        unpack(file)
    return str(caught.value)


def test_what_was_packed_is_unpacked() -> None:
    assert unpack(FILE) == PARTS
    assert pack(dict(reversed(PARTS.items()))) == FILE
    assert unpack(pack({})) == {}


def test_every_zip_reader_opens_it() -> None:
    with zipfile.ZipFile(io.BytesIO(FILE)) as opened:
        assert opened.testzip() is None
        assert {one.filename: opened.read(one) for one in opened.infolist()} == PARTS
        assert {(one.date_time, one.compress_type, one.comment, one.extra, one.external_attr)
                for one in opened.infolist()} == {((1980, 1, 1, 0, 0, 0), 0, b"", b"", 0)}  # fmt: skip


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_one_byte_changed_anywhere_is_refused_naming_the_part(mask: int) -> None:
    for part, first, last in regions(FILE):
        for position in range(first, last):
            changed = bytearray(FILE)
            changed[position] ^= mask
            assert part in refused(bytes(changed)), position


@pytest.mark.parametrize("position", range(0, len(FILE), 41))
def test_a_byte_more_or_less_is_refused(position: int) -> None:
    refused(FILE[:position] + b"\0" + FILE[position:])
    refused(FILE[:position] + FILE[position + 1 :])


def written_by_others(order: list[str], **options: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as made:  # type: ignore[call-overload]
        for name in order:
            made.writestr(zipfile.ZipInfo(name), PARTS[name])
    return out.getvalue()


def entry(name: bytes, content: bytes, **changed: int) -> tuple[bytes, bytes]:
    """A local and a directory entry at offset 0, fields replaced."""
    import zlib

    size = changed.get("size", len(content))
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(content), size, size, len(name), 0)
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, zlib.crc32(content), size, size, len(name), 0, 0, 0, 0, 0, 0
    )
    return local + name + content, central + name


def crafted(name: bytes, **changed: int) -> bytes:
    local, central = entry(name, b"x", **changed)
    count = changed.get("count", 1)
    return local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(central), len(local), 0)


def test_the_crafted_entry_is_what_we_write() -> None:
    assert crafted(b"a.txt") == pack({"a.txt": b"x"})


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(written_by_others(list(reversed(PARTS))), id="other order"),
        pytest.param(written_by_others(list(PARTS)), id="another writer"),
        pytest.param(written_by_others(list(PARTS), compression=zipfile.ZIP_DEFLATED), id="compressed"),
        pytest.param(FILE + b"\0", id="trailing byte"),
        pytest.param(FILE + FILE, id="two files in a row"),
        pytest.param(b"\0" + FILE, id="something before it"),
        pytest.param(FILE[:-1], id="cut"),
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\3\4", id="a stub"),
        pytest.param(crafted(b"../a.txt"), id="leads out"),
        pytest.param(crafted(b"/etc/a.txt"), id="absolute"),
        pytest.param(crafted(b"a\\b.txt"), id="backslash"),
        pytest.param(crafted(b"a\0.txt"), id="NUL"),
        pytest.param(crafted("甲.txt".encode()), id="not ASCII"),
        pytest.param(crafted(b"a.txt", size=0xFFFFFFFF), id="claims 4 GB"),
        pytest.param(crafted(b"a.txt", count=0xFFFF), id="claims 65535 parts"),
        pytest.param(crafted(b"a.txt", count=MOST_PARTS), id="claims parts that are not there"),
        pytest.param(crafted(b"a" * 300 + b".txt"), id="a long name"),
    ],
)
def test_other_zips_are_refused(file: bytes) -> None:
    refused(file)


def test_a_doubled_part_is_refused() -> None:
    """Both entries point to the same content: readers that take the first and those that take the last agree, and still
    it is not what we write."""
    local, central = entry(b"a.txt", b"x")
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * len(central), len(local), 0)
    assert "a.txt" in refused(local + central + central + end)


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a.txt", True), ("captures/" + "f" * 64 + ".warc.gz", True), ("a/b/c.txt", False), ("../a.txt", False),
     (".hidden", False), ("a", False), ("a.txt\n", False), ("a.txt/", False), ("", False), ("a..txt", False)],
)  # fmt: skip
def test_names(name: str, plain: bool) -> None:
    assert is_plain(name) is plain
    if not plain:
        with pytest.raises(ValueError, match="name"):
            pack({name: b""})


def test_too_many_parts_are_not_packed() -> None:
    with pytest.raises(ValueError, match="at most"):
        pack({f"{number}.txt": b"" for number in range(MOST_PARTS + 1)})
