"""The canonical zip: the same parts give the same bytes, and only those bytes are accepted.

Entries are stored (not compressed), sorted by name, dated 1980-01-01, without extra fields, comments or attributes. So
every byte of the file follows from the names and contents of its parts, and reading one is comparing it with what
would be written: a byte that differs belongs to a part that can be named. Layout: PKWARE APPNOTE 6.3.10, 4.3.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping

from msgspec import Struct

MOST_BYTES = 512 << 20
MOST_PARTS = 10_000
MAGIC = b"PK\x03\x04"
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION = 20
_NO_TIME, _FIRST_DAY = 0, (1 << 5) | 1  # 00:00 on 1980-01-01, the first date that the format knows
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}(?:/[a-z0-9][a-z0-9_-]{0,79})?(?:\.[a-z0-9]{1,8}){1,3}", re.A)
_LONGEST_NAME = 200
DIRECTORY = "（zip 目录）"


class Fault(Struct, frozen=True, kw_only=True):
    """Why an evidence file is refused: in which part, what is wrong, what to do; in Chinese."""

    part: str
    what: str
    remedy: str


class Refused(Exception):
    """原卷不成立"""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.part}：{fault.what}；{fault.remedy}")
        self.fault = fault


_AGAIN = "请向出具方重新索取原文件"


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The zip of these parts. Raises ValueError for a name that is not plain, too many parts, or too many bytes."""
    if len(parts) > MOST_PARTS or sum(len(one) + 300 for one in parts.values()) > MOST_BYTES:
        raise ValueError(f"at most {MOST_PARTS} parts and {MOST_BYTES} bytes")
    for name in parts:
        if not is_plain(name):
            raise ValueError(f"{name!r} is no name of a part")
    body, directory, at = [], [], 0
    for name in sorted(parts):
        content = parts[name]
        entry = _Entry(name, zlib.crc32(content), len(content), at)
        body += [entry.local(), content]
        directory.append(entry.central())
        at = entry.ends
    listed = b"".join(directory)
    return b"".join([*body, listed, _end(len(parts), len(listed), at)])


def unpack(file: bytes) -> dict[str, bytes]:
    """The parts of a canonical zip. Raises Refused, naming the part, where a single byte is not as `pack` writes it;
    nothing is allocated by what the file claims of itself."""
    if len(file) > MOST_BYTES:
        raise _refused(DIRECTORY, f"文件超过 {MOST_BYTES >> 20} MB", "这不是本系统出具的原卷")
    parts = {entry.name: _content(file, entry) for entry in _listed(file)}
    if pack(parts) != file:
        raise _refused(DIRECTORY, "整个文件与按各部分重新生成的不一致", _AGAIN)
    return parts


def is_plain(name: str) -> bool:
    """Whether a part may be called so: ASCII, one folder at most, nothing that leads out of it."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


class _Entry(Struct, frozen=True):
    """What the zip says of one part."""

    name: str
    crc: int
    size: int
    at: int

    @property
    def ends(self) -> int:
        return self.at + _LOCAL.size + len(self.name) + self.size

    def local(self) -> bytes:
        packed = _LOCAL.pack(
            MAGIC, _VERSION, 0, 0, _NO_TIME, _FIRST_DAY, self.crc, self.size, self.size, len(self.name), 0
        )
        return packed + self.name.encode("ascii")

    def central(self) -> bytes:
        packed = _CENTRAL.pack(
            b"PK\x01\x02", _VERSION, _VERSION, 0, 0, _NO_TIME, _FIRST_DAY, self.crc, self.size, self.size,
            len(self.name), 0, 0, 0, 0, 0, self.at,
        )  # fmt: skip
        return packed + self.name.encode("ascii")


def _end(count: int, size: int, at: int) -> bytes:
    return _END.pack(b"PK\x05\x06", 0, 0, count, count, size, at, 0)


def _ending(file: bytes) -> tuple[int, int, int]:
    """How many parts, and the size and place of the directory, by the last 22 bytes."""
    if len(file) < _END.size:
        raise _refused(DIRECTORY, "文件不完整", _AGAIN)
    _, _, _, _, count, size, at, _ = _END.unpack(file[-_END.size :])
    if file[-_END.size :] != _end(count, size, at) or at + size + _END.size != len(file):
        raise _refused(DIRECTORY, "结尾记录不符，或文件后面多出内容", _AGAIN)
    if count > MOST_PARTS:
        raise _refused(DIRECTORY, f"超过 {MOST_PARTS} 个部分", "这不是本系统出具的原卷")
    return count, size, at


def _listed(file: bytes) -> list[_Entry]:
    """The directory: plain names, each once and in order, lying one after another from the beginning to the directory.

    Where an entry cannot be read its part is called by the name in front of the content, which lies where the entry
    before it ended."""
    count, size, directory = _ending(file)
    found: list[_Entry] = []
    position, at = directory, 0
    for number in range(count):
        label = _name_at(file, at, directory) or f"第 {number + 1} 个部分"
        entry = _entry_at(file, position, directory + size, label)
        if entry.name != label and is_plain(label):
            raise _refused(label, f"目录里的名称是 {_shown(entry.name)}", _AGAIN)
        if not is_plain(entry.name):
            raise _refused(label, "名称不合规定", "这不是本系统出具的原卷")
        if found and entry.name <= found[-1].name:
            raise _refused(entry.name, "重复，或次序不对", _AGAIN)
        if file[position : position + _CENTRAL.size] != entry.central()[: _CENTRAL.size]:
            raise _refused(entry.name, "目录项不是本系统的写法", _AGAIN)
        if entry.at != at or entry.ends > directory:
            raise _refused(entry.name, "目录所记的位置或大小与内容不符", _AGAIN)
        if not file.startswith(entry.local(), at):
            raise _refused(entry.name, "部分头与目录不符", _AGAIN)
        found.append(entry)
        position += _CENTRAL.size + len(entry.name)
        at = entry.ends
    if at != directory or position != directory + size:
        raise _refused(found[-1].name if found else DIRECTORY, "各部分之间或目录之后多出内容", _AGAIN)
    return found


def _entry_at(file: bytes, position: int, end: int, label: str) -> _Entry:
    if position + _CENTRAL.size > end:
        raise _refused(label, "目录项不完整", _AGAIN)
    fields = _CENTRAL.unpack_from(file, position)
    name = file[position + _CENTRAL.size : position + _CENTRAL.size + fields[10]]
    if fields[10] > _LONGEST_NAME or position + _CENTRAL.size + fields[10] > end:
        raise _refused(label, "目录项的名称不完整", _AGAIN)
    return _Entry(name.decode("ascii", "replace"), fields[7], fields[9], fields[16])


def _name_at(file: bytes, at: int, end: int) -> str:
    """The name that stands before the content at `at`; empty where none can be read."""
    if at + _LOCAL.size > end:
        return ""
    length = _LOCAL.unpack_from(file, at)[9]
    name = file[at + _LOCAL.size : at + _LOCAL.size + min(length, _LONGEST_NAME)].decode("ascii", "replace")
    return name if is_plain(name) else ""


def _content(file: bytes, entry: _Entry) -> bytes:
    content = file[entry.at + _LOCAL.size + len(entry.name) : entry.ends]
    if zlib.crc32(content) != entry.crc:
        raise _refused(entry.name, "内容与校验码不符", _AGAIN)
    return content


def _refused(part: str, what: str, remedy: str) -> Refused:
    return Refused(Fault(part=part, what=what, remedy=remedy))


def _shown(name: str) -> str:
    """A name from a file that may be anything: printable, short."""
    return ascii(name)[1:-1][:_LONGEST_NAME]
